#!/bin/sh
# Packs what `cargo build --release` made, with the nats-server it was tested with, as deploy/install.sh takes it.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
name=${1:-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)}
version=$("$target/release/maestro" --version)
version=${version##* }
folder=maestro-$version-$name
out=$target/dist
rm -rf "${out:?}/$folder"
mkdir -p "$out/$folder"
for program in maestro maestro-server maestro-bridge maestro-spawner; do
    cp "$target/release/$program" "$out/$folder/"
done
cp "$(nats/get-nats-server.sh)" "$out/$folder/nats-server"
cp LICENSE README.md compose.env.example "$out/$folder/"
cp -R docs nats deploy/systemd deploy/install.sh deploy/configure.sh "$out/$folder/"
chmod -R a+rX,go-w "$out/$folder"
# Who packs is nobody where it is unpacked.
if tar --version 2>/dev/null | grep -q GNU; then set -- --owner=0 --group=0 --numeric-owner
else set -- --uid 0 --gid 0 --uname '' --gname ''; fi
tar -C "$out" "$@" -czf "$out/$folder.tar.gz" "$folder"
cd "$out"
if command -v sha256sum >/dev/null; then sha256sum "$folder.tar.gz" >"$folder.tar.gz.sha256"
else shasum -a 256 "$folder.tar.gz" >"$folder.tar.gz.sha256"; fi
printf '%s\n' "$out/$folder.tar.gz"
