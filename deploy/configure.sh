#!/bin/sh
# Makes the settings that the systemd units read, for a stack with one broker on this host: passwords, the broker's
# configuration, and an address for every user of the broker. Run again it leaves alone what is there.
#
#   deploy/configure.sh [DIRECTORY]        where they lie (default /etc/maestro)
#
# Needs root: passwords are for root alone, systemd hands each program a copy of what it needs.
set -eu
umask 077

there=${1:-/etc/maestro}
templates=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)/nats
[ -d "$templates" ] || templates=${templates%/deploy/nats}/nats
fail() { printf 'configure: %s\nhint: %s\n' "$1" "$2" >&2; exit 1; }
[ -r "$templates/laptop.conf" ] || fail "no templates in $templates" "run the script of a release, where it was installed: /opt/maestro/current/configure.sh"

mkdir -p "$there"
chmod 755 "$there"

# The content of standard input, unless the file is there.
put() {
    if [ -e "$there/$1" ]; then
        cat >/dev/null
        printf 'configure: %s is there and stays\n' "$there/$1" >&2
        return 0
    fi
    cat >"$there/$1.new"
    mv "$there/$1.new" "$there/$1"
    printf 'configure: %s\n' "$there/$1" >&2
}

# The password in an address that is there already, else a new one.
password() {
    if [ -s "$there/$2" ]; then
        sed -n "1s|.*://$1:\([^@]*\)@.*|\1|p" "$there/$2"
    else
        head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'
    fi
}
core=$(password core core-url)
core_work=$(password core-work work-url)
spawner=$(password spawner spawner-url)
edge=$(password edge edge-url)
[ -n "$core" ] && [ -n "$core_work" ] && [ -n "$spawner" ] && [ -n "$edge" ] ||
    fail "an address in $there has no password, or another user" "nats://core:PASSWORD@127.0.0.1:4222 in core-url, and so on"

at=127.0.0.1:4222
echo "nats://core:$core@$at" | put core-url
echo "nats://core-work:$core_work@$at" | put work-url
echo "nats://spawner:$spawner@$at" | put spawner-url
echo "nats://edge:$edge@$at" | put edge-url
sed -e 's|{{server_name}}|maestro|' -e 's|{{host}}|127.0.0.1|' -e 's|{{port}}|4222|' -e 's|{{monitor_port}}|0|' \
    -e 's|{{store_dir}}|/var/lib/maestro-nats|' "$templates/laptop.conf" | put nats.conf
# A password is letters and digits, so it can stand in sed's words; these are no arguments, which everybody here can read.
sed -f - "$templates/accounts.conf" <<EOF | put accounts.conf
s|{{core_password}}|$core|
s|{{core_work_password}}|$core_work|
s|{{spawner_password}}|$spawner|
s|{{edge_password}}|$edge|
EOF
for password in "$core" "$core_work" "$spawner" "$edge"; do
    printf '"%s"\n' "$password" | grep -qF -f - "$there/accounts.conf" ||
        fail "$there/accounts.conf does not know a password of the addresses beside it" "remove it, run this again and restart the broker"
done
printf '# Who the dashboard is to the others.\nMAESTRO_USER=operator\n' | put bridge.env
