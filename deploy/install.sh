#!/bin/sh
# Puts a release on this host and switches to it, if it becomes healthy; else everything is as it was.
#
#   deploy/install.sh RELEASE.tar.gz [UNIT]...        units: without arguments those of Maestro that are enabled, and
#                                                     every spawner that is loaded (maestro-spawner@USER)
#
# On a host without any it only puts the release and the unit files in place: docs/systemd.md says what comes next.
# Needs root. MAESTRO_PREFIX (default /opt/maestro); MAESTRO_UNITS, where unit files lie (default /etc/systemd/system);
# MAESTRO_HEALTH_SECONDS, for each unit (default 60).
set -eu
# What runs has another user than root.
umask 022

prefix=${MAESTRO_PREFIX:-/opt/maestro}
unit_files=${MAESTRO_UNITS:-/etc/systemd/system}
seconds=${MAESTRO_HEALTH_SECONDS:-60}
say() { printf 'install: %s\n' "$*" >&2; }
fail() { say "$1"; say "hint: $2"; exit 1; }

[ $# -ge 1 ] || fail "no release is named" "deploy/install.sh maestro-1.2.3-linux-x86_64.tar.gz"
archive=$1
shift
[ -r "$archive" ] || fail "$archive cannot be read" "name the archive of a release"
if [ -r "$archive.sha256" ]; then
    (cd "$(dirname "$archive")" && sha256sum --check --quiet "$(basename "$archive").sha256") ||
        fail "$archive is not what its checksum says" "fetch it again"
fi

# ---- the release, in a directory of its own

mkdir -p "$prefix"
new=$(mktemp -d "$prefix/.new.XXXXXX")
trap 'rm -rf "$new"' EXIT
# Whoever packed it owns nothing here, and nobody else may write.
tar -xzf "$archive" -C "$new" --strip-components=1 --no-same-owner || fail "$archive cannot be unpacked" "fetch it again"
chmod -R a+rX,go-w "$new"
said=$("$new/maestro" --version) || fail "the release does not run here" "is it for this system?"
version=${said##* }
case $version in
'' | .* | *[!0-9A-Za-z.+-]*) fail "the release says no version: '$said'" "use an archive of a release" ;;
esac

before=$(readlink "$prefix/current" 2>/dev/null || true)
target=$prefix/$version
same() { diff -rq "$1" "$2" >/dev/null 2>&1; }
if [ -e "$target" ] && ! same "$new" "$target"; then
    target=$prefix/$version-$(sha256sum <"$archive" | cut -c1-8)
    say "another build of $version is here already: this one goes to $target"
fi
fresh=
if [ -e "$target" ] && same "$new" "$target"; then
    say "$target is here already"
else
    [ "$target" != "$before" ] || fail "$target was changed, and it is what runs" "install another build first, or restore its files"
    rm -rf "$target"
    mv "$new" "$target"
    fresh=1
fi
name=${target##*/}

# ---- what of it runs

# In the order in which they need each other; a template is none, its instances are.
units_here() {
    # Some versions end with 1 when there are none.
    enabled=$(systemctl list-unit-files --state=enabled --no-legend 'maestro-*.service' || true)
    loaded=$(systemctl list-units --all --plain --no-legend 'maestro-spawner@*' || true)
    printf '%s\n%s\n' "$enabled" "$loaded" | awk '
        $1 ~ /@\.service$/ || $1 == "" { next }
        { rank = 5 }
        $1 ~ /^maestro-nats/ { rank = 1 }
        $1 ~ /^maestro-server/ { rank = 2 }
        $1 ~ /^maestro-bridge/ { rank = 3 }
        $1 ~ /^maestro-spawner/ { rank = 4 }
        { print rank, $1 }' | sort -u | awk '{ print $2 }'
}
units=$*
[ -n "$units" ] || units=$(units_here)
if [ -z "$units" ] && [ -n "$before" ]; then
    [ -z "$fresh" ] || rm -rf "$target"
    fail "no unit of Maestro is enabled or loaded, so nothing would be restarted or checked" \
        "name what runs: deploy/install.sh RELEASE.tar.gz maestro-server.service"
fi

switch() { ln -sfn "$1" "$prefix/current.new" && mv -T "$prefix/current.new" "$prefix/current"; }

# A unit file as the release $1 brings it, for this prefix.
unit_file() { sed "s|/opt/maestro/|$prefix/|g" "$1/systemd/$2"; }

# Puts the unit files of the release $1 in place of those of the release $2. One that somebody changed stays: changes
# belong into a drop-in (systemctl edit).
added=
put_unit_files() {
    changed=
    [ -d "$1/systemd" ] || return 0
    mkdir -p "$unit_files"
    for file in "$1"/systemd/*.service; do
        file=${file##*/}
        there=$unit_files/$file
        ! unit_file "$1" "$file" | cmp -s - "$there" || continue
        if [ ! -e "$there" ]; then
            added="$added $file"
        elif [ -z "$2" ] || [ ! -r "$2/systemd/$file" ] || ! unit_file "$2" "$file" | cmp -s - "$there"; then
            say "$there was changed here and stays; the release's own is $1/systemd/$file"
            continue
        fi
        unit_file "$1" "$file" >"$there.new"
        mv "$there.new" "$there"
        changed=1
    done
    # What cannot be read again is not started either, and that is noticed.
    [ -z "$changed" ] || systemctl daemon-reload || say "systemd does not read the unit files again"
}

# What a program says of itself, with the settings and the credentials that the unit gave it. Whoever the unit runs as can
# write into its process's environment whatever they like: it is taken apart, and the program run, with their rights, never
# with ours, and without our terminal.
asked() {
    case $1 in
    maestro-server*) program=maestro-server ;;
    maestro-bridge*) program=maestro-bridge ;;
    maestro-spawner*) program=maestro-spawner ;;
    *) return 0 ;;
    esac
    user=$(id_of Uid "$2")
    group=$(id_of Gid "$2")
    [ -n "$user" ] && [ -n "$group" ] || return 1
    rights=
    [ "$(id -u)" -ne 0 ] || rights="setsid --wait setpriv --reuid=$user --regid=$group --clear-groups --no-new-privs"
    # The first word is $0 of what xargs runs. What has no name that settings have would be a command, or LD_PRELOAD.
    # shellcheck disable=SC2016,SC2086
    $rights env -i PATH=/usr/bin:/bin xargs -0 sh -c '
        for entry; do
            shift
            case $entry in HOME=* | MAESTRO_*=*) ;; *) continue ;; esac
            case ${entry%%=*} in *[!A-Z0-9_]*) continue ;; esac
            set -- "$@" "$entry"
        done
        exec env -i "$@" "$0" health' "$prefix/current/$program" <"/proc/$2/environ" >/dev/null 2>"$prefix/.health"
}

# Whose rights the process $2 has. Not the owner of /proc/PID, which is root as soon as a process wants it so.
id_of() { awk -v field="$1:" '$1 == field { print $3 }' "/proc/$2/status" 2>/dev/null || true; }

# A unit is well when it has been active, in one run, for five seconds, and says that it serves.
healthy() {
    waited=0
    since=
    steady=0
    rm -f "$prefix/.health"
    while [ "$waited" -lt "$seconds" ]; do
        if systemctl is-active --quiet "$1"; then
            now=$(systemctl show --property=MainPID --value "$1")
            if [ "$now" != "$since" ]; then
                since=$now
                steady=0
            fi
            steady=$((steady + 1))
            if [ "$steady" -gt 5 ] && asked "$1" "$now"; then
                rm -f "$prefix/.health"
                return 0
            fi
        fi
        sleep 1
        waited=$((waited + 1))
    done
    [ ! -s "$prefix/.health" ] || say "$1 says: $(head -n 3 "$prefix/.health")"
    rm -f "$prefix/.health"
    return 1
}

restart_all() {
    for unit in $units; do
        say "$unit"
        systemctl restart "$unit" && healthy "$unit" || { say "$unit is not well"; return 1; }
    done
}

switch "$target"
put_unit_files "$target" "$before"
if [ -z "$units" ]; then
    say "$name is in place; no unit of Maestro is enabled here, so nothing was started and nothing checked"
    say "hint: docs/systemd.md: sudo $prefix/current/configure.sh, then" \
        "systemctl enable --now maestro-nats maestro-server maestro-bridge maestro-spawner@USER"
    exit 0
fi
if restart_all; then
    say "$name serves"
    exit 0
fi
if [ -z "$before" ]; then
    for unit in $units; do
        systemctl stop "$unit" || true
    done
    rm -f "$prefix/current"
    for file in $added; do
        rm -f "$unit_files/$file"
    done
    systemctl daemon-reload || true
    [ -z "$fresh" ] || rm -rf "$target"
    fail "$name does not become healthy, and there was none before: it is removed" "journalctl --unit 'maestro-*' --since -5min"
fi
say "back to ${before##*/}"
switch "$before"
for file in $added; do
    rm -f "$unit_files/$file"
done
put_unit_files "$before" "$target"
[ -z "$fresh" ] || rm -rf "$target"
restart_all || fail "the release before does not become healthy either" "journalctl --unit 'maestro-*' --since -5min"
fail "$name did not become healthy; ${before##*/} serves again" "journalctl --unit 'maestro-*' --since -10min"
