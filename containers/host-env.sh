#!/bin/bash
# Prints the settings with which programs on this host reach the stack of `docker compose up`: for the `maestro` command
# line, or with the argument `spawner` for a `maestro-spawner` that joins it.   eval "$(make -s compose-env)"
set -euo pipefail
cd "$(dirname "$0")/.."
compose() { ${DOCKER_COMPOSE:-docker compose} "$@"; }

password() { compose run --rm --no-deps -T --entrypoint cat init "/secrets/own/$1" </dev/null; }

ports=
for broker in nats nats-2 nats-3; do
    if found=$(compose port "$broker" 4222 2>/dev/null) && [ -n "$found" ]; then
        ports+="$found "
    fi
done
[ -n "$ports" ] || {
    echo "compose-env: no broker of this stack is running" >&2
    echo "hint: docker compose up --detach --wait" >&2
    exit 1
}

# Every broker that runs, so that one of them may go away.
addresses() {
    local list='' port secret
    secret=$(password "$1")
    for port in $ports; do
        list+=${list:+,}nats://$1:$secret@$port
    done
    printf '%s' "$list"
}

case ${1:-cli} in
cli)
    printf "export MAESTRO_NATS_URL='%s'\n" "$(addresses edge)"
    ;;
spawner)
    printf "export MAESTRO_NATS_URL='%s'\n" "$(addresses spawner)"
    printf "export MAESTRO_EDGE_URL='%s'\n" "$(addresses edge)"
    ;;
*)
    echo "usage: containers/host-env.sh [cli|spawner]" >&2
    exit 2
    ;;
esac
