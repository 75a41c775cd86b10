//! A game to play on a test's server, and a network that can fail.
#![allow(dead_code, unreachable_pub, unused_imports)] // Every test binary uses a part of it.
#![allow(clippy::unwrap_used)] // It is test code, though the example uses it too.

mod moving;
mod post;
mod proxy;

use std::{sync::Arc, time::Duration};

use playerdata_core::{IdSource as _, RandomIds, backend::Backend};
use playerdata_redis::{RedisBackend, RedisOptions};

pub use moving::{Move, with_new_node};
pub use playerdata_raw_session::{RawSession, body};
pub use playerdata_redis_server::{
    TestCluster, TestSentinels, TestServer, TlsFront, shared_cluster, until,
};
pub use post::{ids, letter, unsettled};
pub use proxy::{Plan, Proxy};

/// A namespace that nobody else uses.
pub fn namespace() -> String {
    format!("test-{}", RandomIds.next_id())
}

/// Options for tests: a namespace of their own, and patience, since a busy
/// machine may be late.
pub fn options() -> RedisOptions {
    let mut options = RedisOptions::default();
    options.namespace = namespace();
    options.operation_timeout = Duration::from_secs(20);
    options.replica_timeout = Duration::from_secs(10);
    options
}

/// The same with little patience, for what never comes.
pub fn impatient() -> RedisOptions {
    let mut options = options();
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
