# shellcheck shell=bash
# The steps of run.sh over TLS.

tls_is_turned_on() {
    export MAESTRO_NATS_TLS=1
    docker compose up --detach --wait --wait-timeout 60 >"$work/up.log" 2>&1 || fail "not healthy over TLS"
    eval "$(containers/host-env.sh)"
    "$maestro" project get web --quiet >/dev/null || fail "the project of before is not there"
}

plain_text_is_refused() {
    local code=0 answer
    answer=$(MAESTRO_NATS_URL=${MAESTRO_NATS_URL//tls:/nats:} "$maestro" task list --timeout 5s --json 2>/dev/null) || code=$?
    [ "$code" -eq 6 ] || fail "the command line without TLS ends with $code: $answer"
    python3 - "$MAESTRO_NATS_PORT" "$MAESTRO_NATS_URL" <<'PY' || fail "the broker talks to a client without TLS"
import json, socket, sys, urllib.parse
url = urllib.parse.urlparse(sys.argv[2].split(",")[0])
assert url.scheme == "tls", url.scheme
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5) as plain:
    plain.settimeout(10)
    said = plain.recv(65536)
    assert json.loads(said.removeprefix(b"INFO "))["tls_required"], said
    words = {"user": url.username, "pass": url.password, "verbose": False, "pedantic": False}
    plain.sendall(b"CONNECT " + json.dumps(words).encode() + b"\r\nPING\r\n")
    answer = b""
    try:
        while more := plain.recv(4096): answer += more
    except ConnectionResetError:
        pass
    assert b"PONG" not in answer, answer
PY
}

# On the same volumes: another authority than the one that `init` made.
certificates_of_ones_own_are_taken() {
    local before=$work/ca.before
    cp "$MAESTRO_NATS_CA_FILE" "$before"
    mkdir "$work/certs"
    docker compose run --rm --no-deps -T --entrypoint bash -e MAESTRO_SECRETS=/tmp/other init -c \
        'mkdir -p /tmp/other/{own,nats,server,bridge,spawner,cli} && maestro-init >&2 && tar -C /tmp/other/nats -c ca.crt tls.crt tls.key' \
        </dev/null 2>/dev/null | tar -C "$work/certs" --no-same-owner -x
    mv "$work/certs/tls.crt" "$work/certs/nats.crt"
    mv "$work/certs/tls.key" "$work/certs/nats.key"
    chmod 755 "$work/certs"
    chmod 644 "$work"/certs/*
    export MAESTRO_NATS_CERTS=$work/certs
    docker compose up --detach --wait --wait-timeout 60 >"$work/up.log" 2>&1 || fail "not healthy with certificates of one's own"
    eval "$(containers/host-env.sh)"
    cmp "$MAESTRO_NATS_CA_FILE" "$work/certs/ca.crt" || fail "the host trusts another authority"
    an_agent_works
    ! MAESTRO_NATS_CA_FILE=$before "$maestro" task list --timeout 5s >/dev/null 2>&1 || fail "the authority of before is still good"
    unset MAESTRO_NATS_CERTS
}
