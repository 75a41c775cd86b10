#!/usr/bin/env bash
# Everything that has to hold before a change is taken: formatting, lints,
# documentation, packaging, and every test, against real servers that are found
# or installed for it. Ends with the test runner's own count.
#
#   ./test.sh         all of it
#   ./test.sh quick   what is quick: no server, no DynamoDB, no simulation
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n== %s\n' "$*"; }

export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"
export RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings"

# The library on the stores that need no server.
quick=(-p playerdata -p playerdata-core -p playerdata-memory -p playerdata-sqlite)

tests() {
    if cargo nextest --version >/dev/null 2>&1; then
        printf 'nextest run'
    else
        printf 'test --tests --examples'
    fi
}
read -ra run <<<"$(tests)"

case "${1:-all}" in
quick)
    cat <<'SAY'
This checks formatting, the lints of playerdata, playerdata-core, playerdata-memory
and playerdata-sqlite, and runs their tests. On two busy cores it took three and a half
minutes, compiling included.
SAY
    step 'formatting'
    cargo fmt --all --check
    step 'lints'
    cargo clippy --locked "${quick[@]}" --all-targets -- -D warnings
    step 'tests'
    cargo "${run[@]}" --locked "${quick[@]}"
    exit
    ;;
all) ;;
*)
    echo "usage: ./test.sh [quick]" >&2
    exit 2
    ;;
esac

cat <<'SAY'
This checks formatting, dependencies, lints, documentation and packaging, looks for a Redis or Valkey
server (and installs one under target/ if there is none), and runs every test against
it. On two cores that took about 20 minutes with the dependencies compiled already; the
first time it takes longer. `./test.sh quick` is for daily work.
SAY

# A missing server fails, instead of leaving its tests out.
export CI=true

step "toolchain: $(rustc --version)"
cargo fetch --locked

step 'formatting'
cargo fmt --all --check
cargo fmt --check --manifest-path benches/comparisons/Cargo.toml

step 'dependencies: licences, versions, sources'
# Found, or installed once under target/.
cargo_deny=0.20.2
tools=$PWD/target/tools
PATH=$tools/bin:$PATH
if [[ "$(cargo deny --version 2>/dev/null)" != "cargo-deny $cargo_deny" ]]; then
    echo "installing cargo-deny $cargo_deny into $tools"
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --debug --locked --root "$tools" \
        "cargo-deny@$cargo_deny"
fi
cargo deny --offline check -D unmatched-skip licenses bans sources

step 'packaging'
# Each crate for users is made of its own folder alone; those that build soon
# are built from that.
published=(playerdata playerdata-core playerdata-memory playerdata-sqlite playerdata-redis
    playerdata-dynamodb playerdata-cli playerdata-conformance playerdata-faults)
cargo package --locked --allow-dirty --no-verify --quiet "${published[@]/#/-p}"
cargo package --locked --allow-dirty --quiet -pplayerdata-core -pplayerdata-memory \
    -pplayerdata-sqlite

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
run=(cargo "${run[@]}" --locked --workspace --all-features)
# Built first, so that the Cluster that all tests share is up only while they run.
"${run[@]}" --no-run
cargo run --quiet --locked -p playerdata-redis --example with_test_cluster -- "${run[@]}"
