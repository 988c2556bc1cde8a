#!/usr/bin/env bash
# The demonstration: a stack of its own, an orchestrator and three workers (scripts that use nothing but the `maestro`
# command line) that measure this repository, one question, one worker killed in the middle, and a report that says where
# every figure came from. Ends with 0 when all of it holds.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd -P)
maestro=${MAESTRO_BIN:-${CARGO_TARGET_DIR:-$root/target}/debug/maestro}
[ -x "$maestro" ] || { echo "demo: $maestro is missing; run 'make build'" >&2; exit 1; }

# Nothing of an enclosing session or stack may leak in.
for name in $(compgen -e MAESTRO_ || true); do
    [ "$name" = MAESTRO_NATS_SERVER ] || unset "$name"
done
work=$(mktemp -d "${TMPDIR:-/tmp}/maestro-demo.XXXXXX")
export MAESTRO_HOME=$work/home MAESTRO_PROJECT_ID=demo MAESTRO_USER=demo
watchers=
stop_watching() {
    # shellcheck disable=SC2086
    [ -z "$watchers" ] || kill $watchers 2>/dev/null || true
    watchers=
}
clean_up() {
    code=$?
    stop_watching
    if [ "$code" -ne 0 ] && [ -d "$MAESTRO_HOME/logs" ]; then
        echo "--- the stack's last words" >&2
        "$maestro" logs --lines 15 >&2 || true
        for log in "$MAESTRO_HOME"/spawner/sessions/demo/*/output.log; do
            [ ! -f "$log" ] || { echo "--- $log" >&2; tail -n 15 "$log" >&2; }
        done
    fi
    "$maestro" down --quiet >/dev/null || true
    rm -rf "$work"
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '\n== %s\n' "$*"; }

started=$SECONDS
say "a stack of its own"
"$maestro" up --ephemeral-ports --detach --quiet
"$maestro" project create demo --title "Measure this repository" --quiet >/dev/null

# A copy as it stands now: figures of files that somebody edits meanwhile would agree with nothing.
repository=$work/repository
mkdir "$repository"
tar -C "$root" --exclude ./target --exclude ./.git --exclude node_modules --exclude dist -cf - . | tar -C "$repository" -xf -

say "the orchestrator and its workers"
mkfifo "$work/events"
"$maestro" events --follow --json --since 0 --timeout 10m >"$work/events" 2>/dev/null &
watchers=$!
python3 "$root/tests/demo/watch.py" <"$work/events" &
watchers="$watchers $!"
orchestrator=$("$maestro" session spawn --json --agent shell --role orchestrator --name Orchestrator \
    --reason "measure every crate of this repository" -- bash "$repository/tests/demo/orchestrator.sh" "$repository" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["sessionId"])')
"$maestro" wait "$orchestrator" --timeout 5m --quiet >/dev/null

say "the report"
stop_watching
"$maestro" session list --all --json >"$work/sessions.json"
"$maestro" task list --limit 1000 --json >"$work/tasks.json"
"$maestro" events --limit 1000 --json >"$work/events.json"
for task in $(python3 -c 'import json, sys; print(*(t["id"] for t in json.load(sys.stdin)["data"]["items"]))' <"$work/tasks.json"); do
    "$maestro" task get "$task" --json >"$work/$task.json"
done
python3 "$root/tests/demo/report.py" "$work" "$repository"
printf '\ndemo: all checks hold, %d s\n' "$((SECONDS - started))"
