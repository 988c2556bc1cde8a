#!/bin/sh
# Puts a release on this host and switches to it, if it becomes healthy; else everything is as it was.
#
#   deploy/install.sh RELEASE.tar.gz [UNIT]...        units: those of Maestro that are enabled, without arguments
#
# Needs root. MAESTRO_PREFIX (default /opt/maestro); MAESTRO_HEALTH_SECONDS (default 60).
set -eu

prefix=${MAESTRO_PREFIX:-/opt/maestro}
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

new=$(mktemp -d "$prefix/.new.XXXXXX" 2>/dev/null) || { mkdir -p "$prefix"; new=$(mktemp -d "$prefix/.new.XXXXXX"); }
trap 'rm -rf "$new"' EXIT
tar -xzf "$archive" -C "$new" --strip-components=1
chmod 755 "$new"
version=$("$new/maestro" --version | awk '{print $2}') || fail "the release does not run here" "is it for this system?"
[ -n "$version" ] || fail "the release says no version" "use an archive of a release"
target=$prefix/$version
if [ -e "$target" ]; then
    say "$version is here already"
else
    mv "$new" "$target"
fi

before=$(readlink "$prefix/current" 2>/dev/null || true)
switch() { ln -sfn "$1" "$prefix/current.new" && mv -T "$prefix/current.new" "$prefix/current"; }

units=$*
[ -n "$units" ] || units=$(systemctl list-unit-files --state=enabled --no-legend 'maestro-*' | awk '{print $1}')

# A unit is well when it has been active, in one run, for five seconds; the server says so itself.
healthy() {
    unit=$1
    waited=0
    since=
    while [ "$waited" -lt "$seconds" ]; do
        if systemctl is-active --quiet "$unit"; then
            now=$(systemctl show --property=MainPID --value "$unit")
            if [ "$now" = "$since" ]; then
                steady=$((steady + 1))
                [ "$steady" -lt 5 ] || return 0
            else
                since=$now
                steady=0
            fi
        fi
        sleep 1
        waited=$((waited + 1))
    done
    return 1
}

restart_all() {
    for unit in $units; do
        say "$unit"
        systemctl restart "$unit" && healthy "$unit" || { say "$unit is not well"; return 1; }
    done
}

switch "$target"
if restart_all; then
    say "$version serves"
    exit 0
fi
[ -n "$before" ] || fail "$version does not become healthy, and there was none before" "journalctl --unit 'maestro-*' --since -5min"
say "back to $(basename "$before")"
switch "$before"
restart_all || fail "the release before does not become healthy either" "journalctl --unit 'maestro-*' --since -5min"
fail "$version did not become healthy; $(basename "$before") serves again" "journalctl --unit 'maestro-*' --since -10min"
