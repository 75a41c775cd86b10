//! Which program is the server.

use std::{
    env,
    path::{Path, PathBuf},
};

/// Where `scripts/redis-server.sh` puts the server that it installs.
const INSTALLED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../target/test-servers/redis-server"
);

/// The server's program: `REDIS_SERVER_BIN`, or `redis-server` or
/// `valkey-server` on the `PATH`, or what `scripts/redis-server.sh` has
/// installed. `None` if there is none of them.
#[must_use]
pub fn program() -> Option<PathBuf> {
    if let Some(binary) = env::var_os("REDIS_SERVER_BIN") {
        return Some(binary.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).find_map(|folder| {
        let names = ["redis-server", "valkey-server"];
        names
            .map(|name| folder.join(name))
            .into_iter()
            .find(|file| file.is_file())
    });
    found.or_else(|| {
        let installed = Path::new(INSTALLED);
        installed.is_file().then(|| installed.to_owned())
    })
}
