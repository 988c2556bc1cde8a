#!/usr/bin/env bash
# A scripted orchestrator: one task a crate, a summary that depends on all of them, three workers, answers to questions.
# It runs as a session and uses nothing but the command line.
set -euo pipefail
root=$1
here=$root/tests/demo

m() { "$MAESTRO_BIN" --json "$@"; }
# The value at a path of the answer's data, as in `data id`.
data() { python3 "$here/data.py" "$@"; }

m update "reading the workspace" >/dev/null
members=$(python3 -c '
import re, sys
text = open(sys.argv[1]).read()
print(*re.findall(r"\"([^\"]+)\"", re.search(r"members = \[(.*?)\]", text, re.S).group(1)))' "$root/Cargo.toml")

tasks=()
for crate in $members; do
    flags=()
    # Somebody has to ask about this one.
    [ "$crate" != shared/domain ] || flags=(--label question --priority high)
    tasks+=("$(m task create "Measure $crate" --label crate ${flags[@]+"${flags[@]}"} \
        --desc "Measure the Rust sources under \`$crate\`. Compile nothing." \
        --accept "every figure comes with the command that gave it" \
        --subtask "count the lines" --subtask "count the public items" \
        --subtask "count what is left to do" --subtask "find the longest functions" | data id)")
done
depends=()
for task in "${tasks[@]}"; do depends+=(--depends-on "$task"); done
summary=$(m task create "Summarise the figures" --label summary "${depends[@]}" \
    --desc "Add the figures of all crates up." --subtask "add up" | data id)

# The first one stops in the middle of its work, where it is killed.
for worker in "one pause" two three; do
    set -- $worker
    m session spawn --agent shell --name "Worker: $1" --reason "measure crates" \
        -- bash "$here/worker.sh" "$root" "${2:-}" >/dev/null
done
m update "${#tasks[@]} tasks, three workers" >/dev/null

cursor=0
while :; do
    # Nothing within the time is no failure: it is asked again.
    answer=$(m wait "${tasks[@]}" "$summary" --any --since "$cursor" --timeout 60s) || { [ $? -eq 8 ] && continue; exit 1; }
    cursor=$(data cursor <<<"$answer")
    for task in $(data --tasks blocked <<<"$answer"); do
        m task unblock "$task" "yes: everything below the crate's directory counts" >/dev/null
    done
    [ -z "$(data --tasks completed <<<"$answer" | grep -x "$summary" || true)" ] || break
done
m update "everything is measured" >/dev/null
