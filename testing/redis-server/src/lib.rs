//! Servers to test against.
//!
//! A server starts in no time, so every test has its own. A Cluster takes two
//! seconds, so all tests that treat it well share one, in a namespace each: the
//! one that the example `with_test_cluster` of `playerdata-redis` has started
//! for the whole run, or else one of their own process.
//!
//! [`program`] says which program is the server. Without one the tests fail, and
//! say what installs it.

mod cluster;
mod program;
mod sentinel;
mod server;
#[cfg(feature = "tls")]
mod tls;

use std::{env, time::Duration};

use tokio::{sync::OnceCell, time::Instant};

pub use cluster::TestCluster;
pub use program::program;
pub use sentinel::TestSentinels;
pub use server::TestServer;
#[cfg(feature = "tls")]
pub use tls::TlsFront;

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

/// Waits until something is so, for a minute at most.
///
/// # Panics
///
/// If it is not so by then.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so().await {
        assert!(Instant::now() < deadline, "timed out waiting until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
