#!/bin/bash
# Prints the settings with which programs on this host reach the stack of `docker compose up`: for the `maestro` command
# line, or with the argument `spawner` for a `maestro-spawner` that joins it.   eval "$(make -s compose-env)"
set -euo pipefail
cd "$(dirname "$0")/.."
compose() { ${DOCKER_COMPOSE:-docker compose} "$@"; }

secret() { compose run --rm --no-deps -T --entrypoint cat init "/secrets/own/$1" </dev/null; }

ports=
for broker in nats nats-2 nats-3; do
    if found=$(compose port "$broker" 4222 2>/dev/null) && [ -n "$found" ]; then
        ports+="${found/#0.0.0.0:/127.0.0.1:} "
    fi
done
[ -n "$ports" ] || {
    echo "compose-env: no broker of this stack is running" >&2
    echo "hint: docker compose up --detach --wait" >&2
    exit 1
}

scheme=$(secret scheme)
# The brokers' authority is no secret; it is named after the stack, for there may be several.
if [ "$scheme" = tls ]; then
    read -r stack < <(compose ps --format '{{.Project}}')
    ca=${MAESTRO_HOME:-$HOME/.maestro}/ca-$stack.crt
    mkdir -p -m 700 "${ca%/*}"
    secret ca.crt >"$ca"
    printf "export MAESTRO_NATS_CA_FILE='%s'\n" "$ca"
fi

# Every broker that runs, so that one of them may go away.
addresses() {
    local list='' port password
    password=$(secret "$1")
    for port in $ports; do
        list+=${list:+,}$scheme://$1:$password@$port
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
