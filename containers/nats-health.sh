#!/bin/bash
# Whether this container's nats-server serves clients and JetStream. Its monitoring port is open on loopback only.
set -u
exec 3<>/dev/tcp/127.0.0.1/8222 || exit 1
printf 'GET /healthz HTTP/1.0\r\n\r\n' >&3
IFS= read -r -t 3 status <&3
case $status in *' 200 '*) exit 0 ;; esac
printf 'nats-server: %s\n' "$status" >&2
exit 1
