#!/usr/bin/env bash
# Packs each crate that is meant to be published, and makes a copy of the
# workspace under target/ in which these crates are what was packed, and nothing
# else: a file that was left out, or is outside of its package, is missing there.
# Prints the path of its Cargo.toml.
#
# `cargo publish --workspace --dry-run` packs the same crates, and builds each of
# them with its packed sisters. But what it builds has neither the profiles nor the
# patches of this workspace, so that every dependency, the SDK of DynamoDB among
# them, is compiled a second time, and it documents nothing. The copy made here
# shares all of that with the lints and the tests.
set -euo pipefail
cd "$(dirname "$0")/.."

packed="${CARGO_TARGET_DIR:-target}/package"
stage="$packed/workspace"
rm -rf "$packed"

# Takes the crates whose manifest does not say otherwise, and uploads nothing.
cargo publish --workspace --dry-run --no-verify --locked --allow-dirty --quiet

# The others are as they are.
mkdir -p "$stage"
cp Cargo.lock clippy.toml "$stage"
tar --exclude target --create benches examples fuzz testing | tar --extract --directory "$stage"

# A packed crate asks the registry for its sisters, which are here.
patches=""
for crate in "$packed"/tmp-crate/*.crate; do
    name=$(basename "$crate" .crate)
    name=${name%-*}
    id=$(cargo pkgid --offline --package "$name")
    folder=${id#*"$PWD/"}
    folder=${folder%%#*}
    rm -rf "${stage:?}/$folder"
    mkdir -p "$stage/$folder"
    tar --extract --file "$crate" --directory "$stage/$folder" --strip-components 1
    patches+="$name = { path = \"$folder\" }"$'\n'
done
cp -R backend-dynamodb/shims "$stage/backend-dynamodb"
# The last table of the manifest is that of the patches.
{ cat Cargo.toml && printf '%s' "$patches"; } >"$stage/Cargo.toml"
printf '%s\n' "$stage/Cargo.toml"
