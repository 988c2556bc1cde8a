# shellcheck shell=bash
# A container engine for the tests: the one that is there, or one of our own under target/engine, as root on Debian. Its
# programs are unpacked there, nothing of it but three small packages is installed; it keeps its images and build caches
# between runs and is ended by its process id.
#
# `engine_start` sets DOCKER_HOST and PATH; answers 1, having said why, where no engine can run. Whatever it waits for has
# a limit: a machine without a network or without root is told so within a minute or two.

engine_suite=trixie
engine_mirror=${MAESTRO_TEST_MIRROR:-http://deb.debian.org/debian}
engine_base=debian:trixie-slim
engine_pid=
engine_patience=(-o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15 -o Acquire::Retries=1 -o DPkg::Lock::Timeout=60)

# Not on every system; then what is waited for has no limit.
command -v timeout >/dev/null || timeout() {
    while [[ $1 == -* ]]; do shift; done
    "${@:2}"
}

engine_start() {
    engine_dir=$root/target/engine
    if engine_answers && docker compose version >/dev/null 2>&1; then
        engine_reaches_packages
        return
    fi
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        engine_skip "no container engine answers, and one of our own needs root on Debian"
        return 1
    fi
    mkdir -p "$engine_dir"/{run,bin,plugins}
    engine_timed engine_unpack || { engine_skip "Debian's packages of the engine could not be had"; return 1; }
    export PATH=$engine_dir/root/usr/sbin:$engine_dir/root/usr/bin:$PATH
    export DOCKER_CONFIG=$engine_dir/config DOCKER_HOST=unix://$engine_dir/run/docker.sock
    mkdir -p "$DOCKER_CONFIG/cli-plugins"
    ln -sf "$engine_dir"/root/usr/libexec/docker/cli-plugins/* "$DOCKER_CONFIG/cli-plugins/"
    # One that a killed run has left behind is ours to end.
    if engine_answers; then
        engine_pid=$(cat "$engine_dir/run/dockerd.pid")
    else
        engine_timed engine_daemon || return 1
    fi
    docker image inspect "$engine_base" >/dev/null 2>&1 || engine_timed engine_make_base || return 1
    engine_reaches_packages
}

engine_answers() {
    timeout 20 docker info >/dev/null 2>&1
}

engine_timed() {
    local begun=$SECONDS
    "$@" || return 1
    printf '   %s: %d s\n' "${1//_/ }" "$((SECONDS - begun))"
}

engine_skip() {
    printf '\n!!! SKIPPED: %s\n!!! The containers are NOT tested here.\n\n' "$1" >&2
}

# Every image begins with Debian's packages.
engine_reaches_packages() {
    local said
    said=$(timeout 120 docker run --rm "$engine_base" apt-get "${engine_patience[@]}" -o APT::Update::Error-Mode=any -qq update 2>&1) &&
        return 0
    engine_skip "a container of this engine does not reach Debian's packages: $(head -n 1 <<<"$said")"
    return 1
}

# The engine of the suite that the images are made from, wherever we are: older ones build differently.
engine_unpack() {
    [ ! -e "$engine_dir/root/.complete" ] || return 0
    export DEBIAN_FRONTEND=noninteractive
    engine_install 2>/dev/null || { timeout 120 apt-get "${engine_patience[@]}" -qq update && engine_install; } || return 1
    local apt=$engine_dir/apt
    rm -rf "$engine_dir/root" "$apt"
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,debs} "$engine_dir/root"
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
        "$engine_mirror" "$engine_suite" >"$apt/sources.list"
    local options=("${engine_patience[@]}" -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache"
        -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o APT::Sandbox::User=root)
    timeout 120 apt-get "${options[@]}" -qq update &&
        (cd "$apt/debs" && timeout 300 apt-get "${options[@]}" -qq download \
            docker.io docker-cli docker-compose docker-buildx containerd tini) ||
        return 1
    local package
    for package in "$apt"/debs/*.deb; do
        dpkg-deb -x "$package" "$engine_dir/root" || return 1
    done
    rm -rf "$apt"
    touch "$engine_dir/root/.complete"
}

# What is there stays at its version.
engine_install() {
    local package missing=()
    for package in runc iptables debootstrap ca-certificates; do
        [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] ||
        timeout 300 apt-get "${engine_patience[@]}" install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

engine_daemon() {
    local log=$engine_dir/run/dockerd.log
    rm -f "$engine_dir/run/docker.sock"
    dockerd --data-root "$engine_dir/data" --exec-root "$engine_dir/exec" --host "$DOCKER_HOST" \
        --pidfile "$engine_dir/run/dockerd.pid" --userland-proxy-path "$engine_dir/root/usr/sbin/docker-proxy" \
        --init-path "$engine_dir/root/usr/bin/docker-init" >"$log" 2>&1 </dev/null &
    engine_pid=$!
    local tries
    for tries in $(seq 100); do
        engine_answers && return 0
        kill -0 "$engine_pid" 2>/dev/null || break
        sleep 0.2
    done
    engine_skip "dockerd does not run here (tried $tries times): $(grep -E 'level=(fatal|error)|failed' "$log" | tail -n 1)"
    engine_stop
    return 1
}

# What the Dockerfile names and this engine cannot pull: the same suite from the same packages, with the certificate
# authorities that this host trusts besides the usual ones.
engine_make_base() {
    local base=$engine_dir/base
    rm -rf "$base"
    timeout 600 debootstrap --variant=minbase --include=ca-certificates "$engine_suite" "$base" "$engine_mirror" >"$engine_dir/run/base.log" 2>&1 ||
        { tail -n 5 "$engine_dir/run/base.log" >&2; engine_skip "the base image could not be made"; return 1; }
    printf 'deb %s %s main\n' "$engine_mirror" "$engine_suite" "$engine_mirror" "$engine_suite-updates" \
        "${engine_mirror%/debian}/debian-security" "$engine_suite-security" >"$base/etc/apt/sources.list"
    if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
        cp /usr/local/share/ca-certificates/*.crt "$base/usr/local/share/ca-certificates/"
        chroot "$base" update-ca-certificates >/dev/null 2>&1
    fi
    # As the image that it stands for: an image is not kept by syncing each file of each package.
    printf 'force-unsafe-io\n' >"$base/etc/dpkg/dpkg.cfg.d/docker-apt-speedup"
    rm -rf "$base"/var/cache/apt/archives/*.deb "$base"/var/lib/apt/lists/*
    tar -C "$base" -c . | docker import -c 'CMD ["bash"]' \
        -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - "$engine_base" >/dev/null
    rm -rf "$base"
}

# It takes its containerd along. The bound is for a disk that does not let go.
engine_stop() {
    [ -n "$engine_pid" ] || return 0
    local tries
    kill "$engine_pid" 2>/dev/null || true
    for tries in $(seq 150); do
        kill -0 "$engine_pid" 2>/dev/null || break
        [ "$tries" -lt 150 ] || kill -KILL "$engine_pid" 2>/dev/null || true
        sleep 0.2
    done
    engine_pid=
}
