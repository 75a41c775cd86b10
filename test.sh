#!/usr/bin/env bash
# Everything that has to hold before a change is taken: formatting, lints,
# documentation, and every test, against real servers that are found or
# installed for it. Ends with the test runner's own count.
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n== %s\n' "$*"; }

# A missing server fails, instead of leaving its tests out.
export CI=true
export RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings"
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"

step "toolchain: $(rustc --version)"
cargo fetch --locked

step 'formatting'
cargo fmt --all --check
cargo fmt --check --manifest-path benches/comparisons/Cargo.toml

step 'lints'
cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
# A workspace of its own; built into the same folder, for what both depend on.
cargo clippy --locked --manifest-path benches/comparisons/Cargo.toml --all-targets \
    --target-dir "${CARGO_TARGET_DIR:-target}" -- -D warnings

step 'documentation'
cargo doc --locked --workspace --all-features --no-deps

step 'documentation tests'
cargo test --locked --workspace --all-features --doc

step 'a Redis or Valkey server for the tests'
REDIS_SERVER_BIN=$(scripts/redis-server.sh)
export REDIS_SERVER_BIN

step 'tests'
if cargo nextest --version >/dev/null 2>&1; then
    run=(cargo nextest run --locked --workspace --all-features)
else
    run=(cargo test --locked --workspace --all-features --tests --examples)
fi
# Built first, so that the Cluster that all tests share is up only while they run.
"${run[@]}" --no-run
cargo run --quiet --locked -p playerdata-redis --example with_test_cluster -- "${run[@]}"
