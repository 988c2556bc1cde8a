#!/usr/bin/env bash
# Lines that the tests reach, those included that a program reaches which a test starts, and kills: programs and tests are
# built with counters that live in a mapped file (%c, with counters that can be moved), a few files for all processes
# of one program (%4m). Arguments name crates as for cargo (-p maestro-wire); without any it is the whole workspace.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
report=$target/coverage.lcov

# A profile of its own, so that the programs of `make build` are not built anew afterwards.
export RUSTFLAGS="${RUSTFLAGS:-} -Cllvm-args=-runtime-counter-relocation"
export LLVM_PROFILE_FILE_NAME=maestro-%4m%c.profraw
settings=$(cargo llvm-cov show-env --sh)
eval "$settings"
cargo llvm-cov clean --workspace --profraw-only

if [ $# -eq 0 ]; then
    cargo build --profile coverage --workspace --bins
fi
# A test that fails has reached what it has reached: the figures are shown, and the target fails.
failed=0
if command -v cargo-nextest >/dev/null; then
    cargo nextest run --cargo-profile coverage "${@:---workspace}" --no-fail-fast || failed=$?
else
    cargo test --profile coverage "${@:---workspace}" --no-fail-fast || failed=$?
fi
cargo llvm-cov report --profile coverage --lcov --output-path "$report"
if [ $# -eq 0 ]; then
    tests/coverage.py "$report"
else
    tests/coverage.py "$report" --some
fi
exit "$failed"
