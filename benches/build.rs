//! The build script of packages whose tests start a server: informs the tests
//! whether there is one to start, so that without it they are shown as ignored.
//! It changes nothing else.

use std::{env, path::Path};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(no_redis_server)");
    for name in ["REDIS_SERVER_BIN", "PATH", "CI"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    // There a missing server must fail the tests.
    let in_ci = env::var_os("CI").is_some_and(|ci| ci == "true");
    if !in_ci && !has_server() {
        println!("cargo::rustc-cfg=no_redis_server");
    }
}

fn has_server() -> bool {
    if let Some(binary) = env::var_os("REDIS_SERVER_BIN") {
        return Path::new(&binary).is_file();
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| {
        ["redis-server", "valkey-server"]
            .iter()
            .any(|name| folder.join(name).is_file())
    })
}
