//! Servers to test against, and a game to play on them.
//!
//! A test that treats its server badly starts one of its own. All others share
//! one server and one Cluster, in a namespace each: those that
//! `examples/with_test_servers.rs` has started for the whole run, or else
//! those of their own test binary.
#![allow(dead_code, unreachable_pub, unused_imports)] // Every test binary uses a part of it.

mod cluster;
mod game;
mod proxy;
mod server;

use std::{env, time::Duration};

use playerdata_core::{IdSource as _, RandomIds};
use playerdata_redis::{RedisBackend, RedisOptions};
use tokio::{sync::OnceCell, time::Instant};

pub use cluster::TestCluster;
pub use game::{Game, body};
pub use proxy::{Plan, Proxy};
pub use server::TestServer;

/// Where the shared server is: a URL.
pub const SERVER_VARIABLE: &str = "PLAYERDATA_TEST_REDIS";

/// Where the nodes of the shared Cluster are: URLs, separated by commas.
pub const CLUSTER_VARIABLE: &str = "PLAYERDATA_TEST_REDIS_CLUSTER";

/// The URL of the shared server.
pub async fn shared_server() -> String {
    static OWN: OnceCell<TestServer> = OnceCell::const_new();
    match env::var(SERVER_VARIABLE) {
        Ok(url) => url,
        Err(_) => OWN.get_or_init(|| TestServer::start(&[])).await.url(),
    }
}

/// The URLs of the nodes of the shared Cluster.
pub async fn shared_cluster() -> Vec<String> {
    static OWN: OnceCell<TestCluster> = OnceCell::const_new();
    match env::var(CLUSTER_VARIABLE) {
        Ok(urls) => urls.split(',').map(str::to_owned).collect(),
        Err(_) => OWN.get_or_init(TestCluster::start).await.urls(),
    }
}

/// A namespace that nobody else uses.
pub fn namespace() -> String {
    format!("test-{}", RandomIds.next_id())
}

/// Options for tests: a namespace of one's own, and little patience.
pub fn options() -> RedisOptions {
    let mut options = RedisOptions::default();
    options.namespace = namespace();
    options.operation_timeout = Duration::from_secs(2);
    options.replica_timeout = Duration::from_millis(500);
    options
}

/// A backend at some URLs.
pub async fn connect(urls: &[String], options: &RedisOptions) -> RedisBackend {
    let urls = urls.iter().map(String::as_str);
    RedisBackend::connect_with(urls, options.clone())
        .await
        .expect("the test's server takes connections")
}

/// Waits until something is so, for 20 s at most.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
