#!/bin/bash
# Makes what a stack of containers needs once: the broker's passwords, its configuration, and for every service the files
# that only it may see, each on a volume of its own. Run again it keeps the passwords and the certificate authority and
# writes the rest anew, so that an upgrade brings its own configuration.
#
# /secrets/own        the passwords and the authority's key, for this script alone
# /secrets/nats[-N]   nats.conf and accounts.conf; with TLS the broker's certificate and key
# /secrets/server, bridge, spawner, cli   addresses with the password of the users that each may be
# With TLS each holds ca.crt, the authority that the brokers' certificates are of; /certs has those that somebody else
# made (MAESTRO_NATS_CERTS).
set -euo pipefail
umask 077

templates=${MAESTRO_TEMPLATES:-/usr/local/share/maestro/nats}
root=${MAESTRO_SECRETS:-/secrets}
given=${MAESTRO_CERTS:-/certs}
fail() {
    printf 'maestro-init: %s\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

case ,${MAESTRO_PROFILES:-}, in
*,cluster,*) shape=cluster ;;
*) shape=single ;;
esac
case ${MAESTRO_NATS_TLS:-} in
'') scheme=nats ;;
1) scheme=tls ;;
*) fail "MAESTRO_NATS_TLS is '$MAESTRO_NATS_TLS'" "1 for TLS, nothing for none" ;;
esac
# The streams of one shape are not those of the other: 1 replica or 3.
if [ -e "$root/own/shape" ] && [ "$(cat "$root/own/shape")" != "$shape" ]; then
    fail "these volumes belong to a stack of shape '$(cat "$root/own/shape")', not '$shape'" \
        "set COMPOSE_PROFILES as it was, or take a backup, remove the volumes (docker compose down --volumes) and restore"
fi

password() {
    local file=$root/own/$1
    if [ ! -s "$file" ]; then
        head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$file.new"
        mv "$file.new" "$file"
    fi
    cat "$file"
}

# Fills a template in from `name=value` arguments; a placeholder without a value is an error.
render() {
    local template=$1 target=$2 text pair
    shift 2
    text=$(cat "$template")
    for pair in "$@"; do
        text=${text//"{{${pair%%=*}}}"/"${pair#*=}"}
    done
    case $text in
    *'{{'*) fail "$template has placeholders that nobody fills in" "use the templates and the script of one version" ;;
    esac
    printf '%s\n' "$text" >"$target.new"
    mv "$target.new" "$target"
}

write() {
    printf '%s\n' "$2" >"$root/$1.new"
    mv "$root/$1.new" "$root/$1"
}

# What the arguments say, and nothing that a system's openssl.cnf adds.
new_certificate() {
    local said
    said=$(openssl req -x509 -config <(printf '[req]\ndistinguished_name=dn\n[dn]\n') -newkey ec \
        -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650 "$@" 2>&1) ||
        fail "openssl makes no certificate: $said" "check MAESTRO_NATS_NAMES and the space on the disk"
}

authority() {
    [ ! -s "$root/own/authority.crt" ] || return 0
    new_certificate -subj "/CN=Maestro brokers" -keyout "$root/own/authority.key" -out "$root/own/authority.crt.new" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
    mv "$root/own/authority.crt.new" "$root/own/authority.crt"
}

# A broker is a server, and among brokers a client too.
broker_certificate() {
    local names="DNS:$1,DNS:localhost,IP:127.0.0.1" name
    for name in ${MAESTRO_NATS_NAMES:+${MAESTRO_NATS_NAMES//,/ }}; do
        case $name in
        *:*) names+=,IP:$name ;;
        *[!0-9.]*) names+=,DNS:$name ;;
        *) names+=,IP:$name ;;
        esac
    done
    new_certificate -subj "/CN=$1" -CA "$root/own/authority.crt" -CAkey "$root/own/authority.key" \
        -keyout "$root/$1/tls.key" -out "$root/$1/tls.crt" -addext "subjectAltName=$names" \
        -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature \
        -addext extendedKeyUsage=serverAuth,clientAuth
}

given_certificate() {
    local file said
    for file in ca.crt "$1.crt" "$1.key"; do
        [ -r "$given/$file" ] || fail "MAESTRO_NATS_CERTS has no $file that user $(id -u) can read" \
            "it holds ca.crt and the .crt and .key of $brokers: docs/containers.md"
    done
    said=$(openssl verify -CAfile "$given/ca.crt" -untrusted "$given/$1.crt" -verify_hostname "$1" "$given/$1.crt" 2>&1) ||
        fail "$1.crt of MAESTRO_NATS_CERTS is not one of ca.crt for the name '$1': $said" "docs/containers.md says what it must hold"
    cat "$given/$1.crt" >"$root/$1/tls.crt"
    cat "$given/$1.key" >"$root/$1/tls.key"
}

# One certificate for clients and for the other brokers. These tell each other names, not addresses, which no certificate
# is good for; clients know all names already.
encrypt() {
    local file=$root/$1/nats.conf own='cert_file: "/run/maestro/tls.crt", key_file: "/run/maestro/tls.key"' text
    text=$(cat "$file")
    text=${text/$'\n'"include 'accounts.conf'"/$'\n'"tls { $own }"$'\n'"include 'accounts.conf'"}
    text=${text/$'\n'"cluster {"$'\n'/$'\n'"cluster {"$'\n'"  tls { $own, ca_file: \"/run/maestro/ca.crt\" }"$'\n'"  advertise: \"$1:6222\""$'\n'"  no_advertise: true"$'\n'}
    [ "$(grep -c 'tls {' <<<"$text")" -eq "$([ $shape = single ] && echo 1 || echo 2)" ] ||
        fail "$file has no place for TLS" "use the templates and the script of one version"
    printf '%s\n' "$text" >"$file"
}

core=$(password core)
core_work=$(password core-work)
spawner=$(password spawner)
edge=$(password edge)
route=$(password route)

brokers=nats
[ $shape = single ] || brokers='nats nats-2 nats-3'
for name in $brokers; do
    common=(server_name="$name" host=0.0.0.0 port=4222 monitor_port=8222 store_dir=/var/lib/maestro)
    if [ $shape = single ]; then
        render "$templates/laptop.conf" "$root/$name/nats.conf" "${common[@]}"
    else
        render "$templates/cluster.conf" "$root/$name/nats.conf" "${common[@]}" \
            cluster_name=maestro cluster_host=0.0.0.0 cluster_port=6222 route_password="$route" \
            route_1=nats:6222 route_2=nats-2:6222 route_3=nats-3:6222
    fi
    render "$templates/accounts.conf" "$root/$name/accounts.conf" core_password="$core" \
        core_work_password="$core_work" spawner_password="$spawner" edge_password="$edge"
done

if [ $scheme = tls ]; then
    if [ -n "$(ls -A "$given" 2>/dev/null)" ]; then
        make=given_certificate ca=$given/ca.crt
    else
        authority
        make=broker_certificate ca=$root/own/authority.crt
    fi
    for name in $brokers; do
        "$make" "$name"
        encrypt "$name"
    done
    for name in own $brokers server bridge spawner cli; do
        cat "$ca" >"$root/$name/ca.crt"
    done
fi

# All brokers, for a start while one of them is away.
addresses() {
    local list='' name
    for name in $brokers; do
        list+=${list:+,}$scheme://$1:$2@$name:4222
    done
    printf '%s' "$list"
}

for program in server bridge; do
    write "$program/core-url" "$(addresses core "$core")"
    write "$program/work-url" "$(addresses core-work "$core_work")"
done
write server/stream-replicas "$([ $shape = single ] && echo 1 || echo 3)"
write spawner/nats-url "$(addresses spawner "$spawner")"
write spawner/edge-url "$(addresses edge "$edge")"
write cli/config.toml "server = \"$(addresses edge "$edge")\""
write cli/edge-password "$edge"
write own/shape "$shape"
write own/scheme "$scheme"
printf 'maestro-init: ready (%s, %s)\n' "$shape" "$([ $scheme = tls ] && echo TLS || echo 'no TLS')"
