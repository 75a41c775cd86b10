#!/usr/bin/env bash
# Finds the cargo-deny that the checks are made with, installs it under target/
# if it is not there, and prints its path.
#
# Looked for in this order: the PATH, what an earlier run of this script has
# installed, crates.io (about a minute).
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
tools="${CARGO_TARGET_DIR:-$PWD/target}/tools"

say() { printf '%s\n' "cargo-deny.sh: $*" >&2; }

# Prints the path and ends, if it is the program in the right version.
take() {
    if [[ "$("$1" --version 2>/dev/null)" == "cargo-deny $version" ]]; then
        printf '%s\n' "$1"
        exit 0
    fi
}

if found=$(command -v cargo-deny); then take "$found"; fi
take "$tools/bin/cargo-deny"
mkdir -p "$tools"

say "building cargo-deny $version into $tools"
CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --debug --locked --root "$tools" \
    "cargo-deny@$version" >&2
take "$tools/bin/cargo-deny"
say "cargo-deny $version could not be installed"
exit 1
