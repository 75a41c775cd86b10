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
target="${CARGO_TARGET_DIR:-target}"

# The library on the stores that need no server.
quick=(-p playerdata -p playerdata-core -p playerdata-memory -p playerdata-sqlite)

if cargo nextest --version >/dev/null 2>&1; then
    # Many tests wait for a server or for time to pass, and not for a core.
    tests=(nextest run)
    export NEXTEST_TEST_THREADS="${NEXTEST_TEST_THREADS:-$((2 * $(nproc)))}"
else
    tests=(test --tests --examples)
fi

# Tests sync what they write, thousands of times: in memory that takes no time.
# They end processes and never cut the power, so that a disk would prove no more.
if [[ -z "${TMPDIR:-}" && -w /dev/shm ]] &&
    (($(df --output=avail -k /dev/shm | tail -n 1) > 2000000)); then
    memory=$(mktemp -d /dev/shm/playerdata-tests.XXXXXX)
    trap 'rm -rf "$memory"' EXIT
    # Some tests are programs that another account runs.
    chmod 711 "$memory"
    cp "$(type -P true)" "$memory"
    if "$memory/true" 2>/dev/null; then export TMPDIR=$memory; fi
fi

case "${1:-all}" in
quick)
    cat <<'SAY'
This checks formatting, the lints of playerdata, playerdata-core, playerdata-memory
and playerdata-sqlite, and runs their tests. On two cores that takes less than two
minutes, and some more the first time, when the dependencies are compiled.
SAY
    step 'formatting'
    cargo fmt --all --check
    step 'lints'
    cargo clippy --locked "${quick[@]}" --all-targets -- -D warnings
    step 'tests'
    cargo "${tests[@]}" --locked "${quick[@]}"
    exit
    ;;
all) ;;
*)
    echo "usage: ./test.sh [quick]" >&2
    exit 2
    ;;
esac

cat <<'SAY'
This looks for a Redis or Valkey server and for cargo-deny (and installs what is not
there under target/), checks formatting, dependencies, lints, packaging and
documentation, and runs every test. On two cores that takes 15 to 20 minutes with
nothing compiled yet, and about 10 once the dependencies are. `./test.sh quick` is for
daily work.
SAY

# A test that can't be made here fails, instead of being left out.
export CI=true

step "toolchain: $(rustc --version)"
cargo fetch --locked

step 'a Redis or Valkey server for the tests'
REDIS_SERVER_BIN=$(scripts/redis-server.sh)
export REDIS_SERVER_BIN

step 'formatting'
cargo fmt --all --check
cargo fmt --check --manifest-path benches/comparisons/Cargo.toml

step 'dependencies: licences, versions, sources'
cargo_deny=$(scripts/cargo-deny.sh)
"$cargo_deny" --offline check -D unmatched-skip licenses bans sources

step 'lints'
cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
# A workspace of its own; built into the same folder, for what both depend on.
cargo clippy --locked --manifest-path benches/comparisons/Cargo.toml --all-targets \
    --target-dir "$target" -- -D warnings

step 'packaging, and the documentation of what was packed'
packed=$(scripts/packed-workspace.sh)
cargo doc --offline --manifest-path "$packed" --target-dir "$target" \
    --workspace --all-features --no-deps

step 'documentation tests'
cargo test --locked --workspace --all-features --doc

step 'tests'
run=(cargo "${tests[@]}" --locked --workspace --all-features)
# Built first, so that the Cluster that all tests share is up only while they run.
"${run[@]}" --no-run
"$target/debug/examples/with_test_cluster" "${run[@]}"
