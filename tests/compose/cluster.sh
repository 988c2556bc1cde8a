# shellcheck shell=bash
# The steps of run.sh with two or three of everything.

# One of each kind goes away: nothing acknowledged is lost, and commands are taken again within 10 s.
one_of_each_is_killed() {
    local service begun
    [ "$(docker compose ps --format '{{.Service}}' | sort | tr '\n' ' ')" = \
        "bridge bridge-2 nats nats-2 nats-3 server server-2 spawner spawner-2 " ] || fail "not all nine are there"
    load_begin
    # `nats` is the one that everybody is connected to, and while it is away its name leads nowhere.
    for service in nats server bridge; do
        sleep 2
        docker compose kill "$service" >/dev/null 2>&1
        begun=$SECONDS
        "$maestro" task create "after $service" --timeout 10s --quiet >/dev/null ||
            fail "no command was taken within 10 s after $service was killed"
        printf '   a command is taken %d s after %s was killed\n' "$((SECONDS - begun))" "$service"
        docker compose start "$service" >/dev/null 2>&1
        healthy_within "$service" 60
    done
    load_end 30
    an_agent_works
}

without_a_majority_nothing_is_written() {
    local code=0 answer
    "$maestro" task export >"$work/before"
    docker compose kill nats-2 nats-3 >/dev/null 2>&1
    answer=$("$maestro" task create "nobody may keep this" --timeout 6s --json 2>/dev/null) || code=$?
    # 8: a leader that does not know yet that it is alone gives no answer.
    case $code in 6 | 8) ;; *) fail "a write without a majority ends with $code: $answer" ;; esac
    printf '   refused with %s\n' "$(field error <<<"$answer")"
    docker compose start nats-2 nats-3 >/dev/null 2>&1
    healthy_within nats-2 60
    healthy_within nats-3 60
    "$maestro" task create "they are back" --timeout 20s --quiet >/dev/null || fail "no command is taken after they came back"
    "$maestro" task export >"$work/after"
    # Nothing half-done: what was there is there, and the refused one at most once.
    python3 - "$work/before" "$work/after" <<'PY' || fail "what was there has changed"
import sys
before, after = (open(path).read().splitlines() for path in sys.argv[1:])
missing = [line for line in before if line not in set(after)]
kept = sum("nobody may keep this" in line for line in after)
print("missing:", missing[:3], "kept:", kept, file=sys.stderr) if missing or kept > 1 else None
sys.exit(bool(missing or kept > 1))
PY
}
