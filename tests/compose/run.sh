#!/usr/bin/env bash
# The containers, for real: build, up, health, work from this host's command line by an agent in a container, containers
# killed one after the other under load, everything restarted, and nothing lost; then a backup put back, the same
# over TLS, and the cluster.
#
#   tests/compose/run.sh [build|single|tls|cluster]...     parts; all of them without arguments
#
# MAESTRO_BUILD_PROFILE: cargo's profile for the images (quick here, for time). Ends with 0, having said so loudly, where no
# engine can run; with 1 when MAESTRO_TEST_COMPOSE=required.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd -P)
cd "$root"
# shellcheck source=tests/compose/engine.sh
. tests/compose/engine.sh
# shellcheck source=tests/compose/steps.sh
. tests/compose/steps.sh
# shellcheck source=tests/compose/tls.sh
. tests/compose/tls.sh
# shellcheck source=tests/compose/cluster.sh
. tests/compose/cluster.sh

parts=${*:-build single tls cluster}
maestro=${MAESTRO_BIN:-${CARGO_TARGET_DIR:-$root/target}/debug/maestro}
[ -x "$maestro" ] || { echo "test-compose: $maestro is missing; run 'make build'" >&2; exit 1; }
# Nothing of an enclosing session or stack may leak in.
for name in $(compgen -e MAESTRO_ || true); do
    case $name in MAESTRO_BUILD_PROFILE | MAESTRO_TEST_MIRROR | MAESTRO_TEST_COMPOSE | MAESTRO_NATS_TLS) ;; *) unset "$name" ;; esac
done

started=$SECONDS
work=$(mktemp -d "${TMPDIR:-/tmp}/maestro-compose.XXXXXX")
export COMPOSE_PROJECT_NAME=maestro-test-$$ COMPOSE_FILE=$root/compose.yaml COMPOSE_DISABLE_ENV_FILE=1
unset COMPOSE_PROFILES
clean_up() {
    local code=$?
    trap - EXIT
    if [ "$code" -ne 0 ] && [ -n "${DOCKER_HOST:-}${engine_pid}" ]; then
        docker compose ps --all >&2 || true
        docker compose logs --tail 25 >&2 || true
    fi
    compose_down || true
    engine_stop
    rm -rf "$work"
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

printf '== an engine\n'
engine_start || exit "$([ "${MAESTRO_TEST_COMPOSE:-}" = required ] && echo 1 || echo 0)"
export MAESTRO_BUILD_PROFILE=${MAESTRO_BUILD_PROFILE:-quick}
free_ports
export MAESTRO_HOME=$work/home MAESTRO_USER=tester MAESTRO_PROJECT_ID=web

for part in $parts; do
    case $part in
    build) step build_images ;;
    single)
        step comes_up
        step an_agent_works
        step the_dashboard_opens
        step secrets_stay_where_they_belong
        step killed_one_after_the_other
        step restarted_as_a_whole
        step what_is_backed_up_can_be_restored
        step compose_down
        ;;
    tls)
        step comes_up
        step tls_is_turned_on
        step an_agent_works
        step plain_text_is_refused
        step certificates_of_ones_own_are_taken
        step compose_down
        unset MAESTRO_NATS_TLS MAESTRO_NATS_CA_FILE
        ;;
    cluster)
        export COMPOSE_PROFILES=cluster
        step comes_up
        step one_of_each_is_killed
        step without_a_majority_nothing_is_written
        step compose_down
        unset COMPOSE_PROFILES
        ;;
    *) echo "usage: tests/compose/run.sh [build|single|tls|cluster]..." >&2; exit 2 ;;
    esac
done
printf '\ntest-compose: all checks hold, %d s\n' "$((SECONDS - started))"
