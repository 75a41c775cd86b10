//! Servers to test against, and a game to play on them.
//!
//! A server starts in no time, so every test has its own. A Cluster takes two
//! seconds, so all tests that treat it well share one, in a namespace each: the
//! one that `examples/with_test_cluster.rs` has started for the whole run, or
//! else one of their own process.
#![allow(dead_code, unreachable_pub, unused_imports)] // Every test binary uses a part of it.
#![allow(clippy::unwrap_used)] // It is test code, though the example uses it too.

mod cluster;
mod game;
mod proxy;
mod server;

use std::{env, sync::Arc, time::Duration};

use playerdata_core::{IdSource as _, RandomIds, backend::Backend};
use playerdata_redis::{RedisBackend, RedisOptions};
use tokio::{sync::OnceCell, time::Instant};

pub use cluster::TestCluster;
pub use game::{Game, body};
pub use proxy::{Plan, Proxy};
pub use server::TestServer;

/// Where the nodes of the shared Cluster are: URLs, separated by commas.
pub const CLUSTER_VARIABLE: &str = "PLAYERDATA_TEST_REDIS_CLUSTER";

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
    options.operation_timeout = Duration::from_secs(3);
    options.replica_timeout = Duration::from_millis(1_500);
    options
}

/// A backend at some URLs.
pub async fn connect(urls: &[String], options: &RedisOptions) -> RedisBackend {
    let urls = urls.iter().map(String::as_str);
    RedisBackend::connect_with(urls, options.clone())
        .await
        .expect("the test's server takes connections")
}

/// Two clients in one namespace, as independent as two game servers.
pub async fn two_clients(urls: &[String], options: &RedisOptions) -> [Arc<dyn Backend>; 2] {
    let one = Arc::new(connect(urls, options).await);
    let other = Arc::new(connect(urls, options).await);
    [one, other]
}

/// Waits until something is so, for 20 s at most.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
