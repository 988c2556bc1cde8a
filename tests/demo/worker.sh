#!/usr/bin/env bash
# A scripted worker: takes the best ready task as long as there is one, measures, reports, completes. With `pause` it stops
# in the middle of its first task and says under which process id. It uses nothing but the command line.
set -euo pipefail
root=$1 pause=${2:-}
here=$root/tests/demo
pace=${DEMO_PACE:-0.2}

m() { "$MAESTRO_BIN" --json "$@"; }
data() { python3 "$here/data.py" "$@"; }

# Runs a command in the repository and reports it with what it gave.
declare -A figures commands
measure() {
    local task=$1 step=$2 name=$3 command=$4
    commands[$name]=$command
    figures[$name]=$(cd "$root" && bash -c "$command")
    m task log "$task" "$name: $(tr '\n' ';' <<<"${figures[$name]}") from: $command" >/dev/null
    m subtask complete "$task" "$step" >/dev/null
    sleep "$pace"
}

ask() {
    local task=$1 since
    since=$(m task block "$task" --reason "do the tests and examples of a crate count?" | data --seq)
    while [ "$(m task get "$task" | data status)" = blocked ]; do
        m wait "$task" --since "$since" --timeout 30s >/dev/null || [ $? -eq 8 ]
    done
    m task log "$task" "answered; going on" >/dev/null
}

crate() {
    local task=$1 directory=$2
    local rust="find $directory -name '*.rs' -not -path '*/target/*' -print0"
    measure "$task" st1 lines "$rust | xargs -0 cat | wc -l"
    if [ -n "$pause" ]; then
        m task log "$task" "stopping here for a while, as process $$" >/dev/null
        sleep 600
    fi
    case $(m task get "$task" | data labels) in *question*) ask "$task" ;; esac
    measure "$task" st2 public "$rust | xargs -0 cat | grep -cE '^ *pub (const |async |unsafe )*(fn|struct|enum|trait|type|mod|static|union) ' || true"
    measure "$task" st3 todos "$rust | xargs -0 cat | grep -cE '(TODO|FIXME)[:(]' || true"
    measure "$task" st4 longest "python3 tests/demo/longest.py $directory 3"
    python3 - "$directory" "$MAESTRO_SESSION_ID" "${figures[lines]}" "${commands[lines]}" "${figures[public]}" "${commands[public]}" \
        "${figures[todos]}" "${commands[todos]}" "${figures[longest]}" "${commands[longest]}" <<'PY' |
import json, sys
crate, session, *rest = sys.argv[1:]
names = ["lines", "public", "todos", "longest"]
figures = {n: {"value": v if n == "longest" else int(v), "command": c} for n, v, c in zip(names, rest[::2], rest[1::2])}
print(json.dumps({"crate": crate, "session": session, "figures": figures}))
PY
        m task complete "$task" --summary - >/dev/null
}

summary() {
    local task=$1
    m task get "$task" | python3 -c '
import json, sys
parts = [(d["id"], json.loads(d["summary"])["figures"]) for d in json.load(sys.stdin)["data"]["dependencies"]]
total = {name: sum(f[name]["value"] for _, f in parts) for name in ("lines", "public", "todos")}
print(json.dumps({"total": total, "from": [task for task, _ in parts]}))' >"$MAESTRO_SESSION_ID.summary"
    m subtask complete "$task" st1 >/dev/null
    m task complete "$task" --summary - <"$MAESTRO_SESSION_ID.summary" >/dev/null
}

while :; do
    answer=$(m task next --claim)
    task=$(data id <<<"$answer")
    if [ -z "$task" ]; then
        open=$(m task list --status pending --status in_progress --status blocked --limit 100 | data --ids)
        [ -n "$open" ] || exit 0
        since=$(data --seq <<<"$answer")
        # shellcheck disable=SC2086
        m wait $open --any --since "$since" --timeout 30s >/dev/null || [ $? -eq 8 ]
        continue
    fi
    title=$(data title <<<"$answer")
    m update "$task: $title" >/dev/null
    case $title in
    "Measure "*) crate "$task" "${title#Measure }" ;;
    *) summary "$task" ;;
    esac
done
