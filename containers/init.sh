#!/bin/bash
# Makes what a stack of containers needs once: the broker's passwords, its configuration, and for every service the files
# that only it may see, each on a volume of its own. Run again it keeps the passwords and writes the rest anew, so that
# an upgrade brings its own configuration.
#
# /secrets/own        the passwords, for this script alone
# /secrets/nats[-N]   nats.conf and accounts.conf
# /secrets/server, bridge, spawner, cli   addresses with the password of the users that each may be
set -euo pipefail
umask 077

templates=${MAESTRO_TEMPLATES:-/usr/local/share/maestro/nats}
root=${MAESTRO_SECRETS:-/secrets}
fail() {
    printf 'maestro-init: %s\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

case ,${MAESTRO_PROFILES:-}, in
*,cluster,*) shape=cluster ;;
*) shape=single ;;
esac
# The streams of one shape are not those of the other: 1 replica or 3.
if [ -e "$root/own/shape" ] && [ "$(cat "$root/own/shape")" != "$shape" ]; then
    fail "these volumes belong to a stack of shape '$(cat "$root/own/shape")', not '$shape'" \
        "set COMPOSE_PROFILES as it was, or take a backup, remove the volumes (docker compose down --volumes) and restore"
fi

password() {
    local file=$root/own/$1
    if [ ! -s "$file" ]; then
        head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$file.new"
        mv "$file.new" "$file"
    fi
    cat "$file"
}

# Fills a template in from `name=value` arguments; a placeholder without a value is an error.
render() {
    local template=$1 target=$2 text pair
    shift 2
    text=$(cat "$template")
    for pair in "$@"; do
        text=${text//"{{${pair%%=*}}}"/"${pair#*=}"}
    done
    case $text in
    *'{{'*) fail "$template has placeholders that nobody fills in" "use the templates and the script of one version" ;;
    esac
    printf '%s\n' "$text" >"$target.new"
    mv "$target.new" "$target"
}

write() {
    printf '%s\n' "$2" >"$root/$1.new"
    mv "$root/$1.new" "$root/$1"
}

core=$(password core)
core_work=$(password core-work)
spawner=$(password spawner)
edge=$(password edge)
route=$(password route)

brokers=nats
[ $shape = single ] || brokers='nats nats-2 nats-3'
for name in $brokers; do
    common=(server_name="$name" host=0.0.0.0 port=4222 monitor_port=8222 store_dir=/var/lib/maestro)
    if [ $shape = single ]; then
        render "$templates/laptop.conf" "$root/$name/nats.conf" "${common[@]}"
    else
        render "$templates/cluster.conf" "$root/$name/nats.conf" "${common[@]}" \
            cluster_name=maestro cluster_host=0.0.0.0 cluster_port=6222 route_password="$route" \
            route_1=nats:6222 route_2=nats-2:6222 route_3=nats-3:6222
    fi
    render "$templates/accounts.conf" "$root/$name/accounts.conf" core_password="$core" \
        core_work_password="$core_work" spawner_password="$spawner" edge_password="$edge"
done

# All brokers, for a start while one of them is away.
addresses() {
    local list='' name
    for name in $brokers; do
        list+=${list:+,}nats://$1:$2@$name:4222
    done
    printf '%s' "$list"
}

for program in server bridge; do
    write "$program/core-url" "$(addresses core "$core")"
    write "$program/work-url" "$(addresses core-work "$core_work")"
done
write server/stream-replicas "$([ $shape = single ] && echo 1 || echo 3)"
write spawner/nats-url "$(addresses spawner "$spawner")"
write spawner/edge-url "$(addresses edge "$edge")"
write cli/config.toml "server = \"$(addresses edge "$edge")\""
write cli/edge-password "$edge"
write own/shape "$shape"
printf 'maestro-init: ready (%s)\n' "$shape"
