# shellcheck shell=bash
# What the steps of run.sh have in common, and those of one broker: each fails by its exit code, with a sentence.

step() {
    local begun=$SECONDS
    printf '== %s\n' "${1//_/ }"
    "$@"
    printf '   %d s\n' "$((SECONDS - begun))"
}

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# One field of a JSON document: field data.summary
field() {
    python3 -c '
import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    value = value[int(name)] if isinstance(value, list) else value.get(name)
    if value is None: break
print("" if value is None else value)' "$1"
}

free_ports() {
    local names=(MAESTRO_NATS_PORT MAESTRO_NATS_2_PORT MAESTRO_NATS_3_PORT MAESTRO_BRIDGE_PORT MAESTRO_BRIDGE_2_PORT)
    local ports name
    read -ra ports < <(python3 - "${#names[@]}" <<'PY'
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for each in sockets: each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in sockets))
PY
    )
    for name in "${!names[@]}"; do
        export "${names[$name]}=${ports[$name]}"
    done
}

build_images() {
    # What it fetches may fail once; what is built stays in the cache.
    local images=(init nats server bridge spawner-image)
    timeout --kill-after=30 1500 docker compose build --quiet "${images[@]}" ||
        timeout --kill-after=30 1500 docker compose build --quiet "${images[@]}"
}

compose_down() {
    docker compose --profile '*' down --volumes --timeout 5 >/dev/null 2>&1
}

# Fresh volumes to healthy, within what is promised.
comes_up() {
    local begun=$SECONDS
    docker compose up --detach --wait --wait-timeout 60 --quiet-pull >"$work/up.log" 2>&1 ||
        { tail -n 20 "$work/up.log" >&2; fail "not healthy within 60 s"; }
    printf '   healthy after %d s\n' "$((SECONDS - begun))"
    eval "$(containers/host-env.sh)"
    "$maestro" project create web --title "Web shop" --quiet >/dev/null
}

# `wait` also ends for a message, and another session's end is one.
completed() {
    local begun=$SECONDS
    while [ $((SECONDS - begun)) -lt 60 ]; do
        "$maestro" wait "$1" --timeout 10s --quiet >/dev/null 2>&1 || true
        [ "$("$maestro" task get "$1" --json | field data.status)" != completed ] || return 0
    done
    fail "$1 is not completed after 60 s"
}

an_agent_works() {
    local task summary
    task=$("$maestro" task create "Say where you are" --json | field data.id)
    "$maestro" session spawn --agent shell --task "$task" --quiet -- \
        sh -c 'echo "at work on $MAESTRO_TASK_IDS"; maestro task start "$MAESTRO_TASK_IDS" && maestro task log "$MAESTRO_TASK_IDS" "at work" && maestro task complete "$MAESTRO_TASK_IDS" --summary "done on $(hostname)"' >/dev/null
    completed "$task"
    summary=$("$maestro" task get "$task" --json | field data.summary)
    case $summary in "done on spawner" | "done on spawner-2") ;; *) fail "the summary is '$summary'" ;; esac
}

the_dashboard_opens() {
    local address base
    address=$(docker compose exec -T bridge maestro-bridge code)
    base=http://127.0.0.1:$MAESTRO_BRIDGE_PORT
    case $address in "$base/?code="*) ;; *) fail "the address is $address" ;; esac
    python3 - "$address" "$base" <<'PY' || fail "the dashboard does not open"
import http.cookiejar, json, sys, urllib.request
address, base = sys.argv[1:]
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), urllib.request.ProxyHandler({}))
page = opener.open(address, timeout=5).read().decode()
assert "/assets/" in page, "a placeholder instead of the page"
assert json.load(opener.open(base + "/api/session", timeout=5))["user"] == "tester"
assert json.load(opener.open(base + "/readyz", timeout=5))["ready"]
PY
}

# Agents run in the spawner's container: what the others know must not be there.
secrets_stay_where_they_belong() {
    local core
    core=$(docker compose run --rm --no-deps -T --entrypoint cat init /secrets/own/core </dev/null)
    [ ${#core} -ge 48 ] || fail "no password of core"
    ! docker compose exec -T spawner sh -c 'cat /run/maestro/* ; env; ls -R /secrets 2>/dev/null' | grep -q "$core" ||
        fail "the spawner's container knows core's password"
    [ "$(docker compose exec -T server id -u)" = 10001 ] || fail "the server runs as root"
    ! docker compose exec -T server touch /usr/local/here 2>/dev/null || fail "the server's root can be written"
}

# Kills what a container runs as a crash would, so that its restart policy acts; an engine that is not ours is asked.
crash() {
    local container pid tries
    container=$(docker compose ps --quiet "$1")
    pid=$(docker inspect --format '{{.State.Pid}}' "$container")
    if [ "$(id -u)" -ne 0 ] || [ -z "$engine_pid" ]; then
        docker compose kill "$1" >/dev/null 2>&1 && docker compose start "$1" >/dev/null 2>&1
        return
    fi
    kill -KILL "$pid"
    # Until then its health is that of before.
    for tries in $(seq 100); do
        [ "$(docker inspect --format '{{.State.Pid}}' "$container")" = "$pid" ] || return 0
        sleep 0.1
    done
    fail "the engine has not seen after $tries looks that $1 was killed"
}

healthy_within() {
    local service=$1 seconds=$2 begun=$SECONDS state=
    while [ $((SECONDS - begun)) -le "$seconds" ]; do
        state=$(docker compose ps --all --format '{{.Health}}' "$service" 2>/dev/null || true)
        [ "$state" != healthy ] || { recovery=$((SECONDS - begun)); return 0; }
        sleep 0.3
    done
    fail "$service is '$state' after $seconds s"
}

# Creates tasks until told to stop, and notes down each that was acknowledged.
load_begin() {
    rm -f "$work/load.stop" "$work/acknowledged" "$work/refused"
    touch "$work/acknowledged" "$work/refused"
    (
        number=0
        while [ ! -e "$work/load.stop" ] && [ "$number" -lt 3000 ]; do
            number=$((number + 1))
            if answer=$("$maestro" task create "load $number" --json 2>/dev/null); then
                printf '%s load %d\n' "$(field data.id <<<"$answer")" "$number" >>"$work/acknowledged"
            else
                printf '%s\n' "$(field error <<<"$answer")" >>"$work/refused"
            fi
            sleep 0.05
        done
    ) &
    load_pid=$!
}

load_end() {
    touch "$work/load.stop"
    wait "$load_pid"
    local count
    count=$(wc -l <"$work/acknowledged")
    [ "$count" -ge "$1" ] || fail "only $count commands were acknowledged"
    printf '   %d acknowledged, %d refused\n' "$count" "$(wc -l <"$work/refused")"
    "$maestro" task export >"$work/export"
    python3 - "$work/acknowledged" "$work/export" <<'PY' || fail "an acknowledged command is not there once"
import collections, json, sys
titles = {}
seen = collections.Counter()
for line in open(sys.argv[2]):
    task = json.loads(line)
    if str(task.get("title", "")).startswith("load "):
        titles[task["key"]] = task["title"]
        seen[task["title"]] += 1
lost = [line for line in map(str.strip, open(sys.argv[1])) if titles.get(line.split(" ", 1)[0]) != line.split(" ", 1)[1]]
twice = [title for title, count in seen.items() if count > 1]
print("lost:", lost[:5], "twice:", twice[:5], file=sys.stderr) if lost or twice else None
sys.exit(bool(lost or twice))
PY
}

killed_one_after_the_other() {
    local service
    load_begin
    for service in server nats bridge spawner; do
        sleep 2
        crash "$service"
        healthy_within "$service" 45
        printf '   %s is healthy %d s after it was killed\n' "$service" "$recovery"
    done
    for service in server nats bridge spawner; do healthy_within "$service" 30; done
    load_end 50
    an_agent_works
}

restarted_as_a_whole() {
    "$maestro" task export >"$work/before"
    docker compose down --timeout 10 >/dev/null 2>&1
    docker compose up --detach --wait --wait-timeout 60 >"$work/up.log" 2>&1 || fail "not healthy after a restart"
    eval "$(containers/host-env.sh)"
    "$maestro" task export >"$work/after"
    cmp "$work/before" "$work/after" || fail "the restarted stack says something else"
    [ "$(wc -l <"$work/after")" -ge 50 ] || fail "the export is empty"
}

# The commands of docs/containers.md, with another stack's empty volumes in between.
what_is_backed_up_can_be_restored() {
    local file name
    nobody_lives
    "$maestro" task export >"$work/before"
    "$maestro" session logs s1 >"$work/printed" 2>/dev/null
    grep -q "at work on t1" "$work/printed" || fail "the first session has printed nothing: $(cat "$work/printed")"
    file=$(docker compose exec -T server maestro-server backup /var/lib/maestro | field data.file)
    name=${file##*/}
    docker compose cp "server:$file" "$work/$name" >/dev/null 2>&1 || fail "no backup $file"
    compose_down
    docker compose up --detach --wait nats >"$work/up.log" 2>&1 || fail "no empty broker: $(tail -n 1 "$work/up.log")"
    docker compose run --rm --no-deps -T --entrypoint sh server -c "cat >/var/lib/maestro/$name" <"$work/$name" 2>/dev/null
    docker compose run --rm -T restore </dev/null >"$work/restored" 2>"$work/up.log" ||
        fail "not restored: $(cat "$work/restored"; tail -n 1 "$work/up.log")"
    docker compose up --detach --wait --wait-timeout 60 >"$work/up.log" 2>&1 || fail "not healthy after the restore"
    eval "$(containers/host-env.sh)"
    "$maestro" task export >"$work/after"
    cmp "$work/before" "$work/after" || fail "the restored stack says something else"
    "$maestro" session logs s1 2>/dev/null | cmp - "$work/printed" || fail "the restored terminal says something else"
    # Over one that holds something it wants to be told so.
    docker compose stop server bridge spawner >/dev/null 2>&1
    ! docker compose run --rm -T restore </dev/null >"$work/restored" 2>/dev/null || fail "restored over what was there"
    [ "$(field error <"$work/restored")" = target_not_empty ] || fail "refused with $(cat "$work/restored")"
    docker compose run --rm -T restore --replace </dev/null >"$work/restored" 2>/dev/null || fail "not restored: $(cat "$work/restored")"
    docker compose up --detach --wait --wait-timeout 60 >"$work/up.log" 2>&1 || fail "not healthy after the second restore"
    "$maestro" task export >"$work/after"
    cmp "$work/before" "$work/after" || fail "the stack that was restored twice says something else"
    an_agent_works
}

# What a session that ends gives back would be in one export and not in the other.
nobody_lives() {
    local begun=$SECONDS living
    "$maestro" session stop --all --quiet >/dev/null 2>&1 || true
    while [ $((SECONDS - begun)) -lt 60 ]; do
        living=$("$maestro" session list --fields id --quiet | wc -l)
        [ "$living" -gt 0 ] || return 0
        sleep 0.3
    done
    fail "$living sessions live after 60 s"
}
