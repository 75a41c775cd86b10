//! What can be set about the backend.

use std::{collections::BTreeMap, time::Duration};

use playerdata_core::backend::DEFAULT_OPERATION_TIMEOUT;

use crate::Credentials;

/// How a [`RedisBackend`](crate::RedisBackend) uses its servers.
///
/// ```
/// use playerdata_redis::RedisOptions;
///
/// let mut options = RedisOptions::default();
/// options.namespace = "mygame".to_owned();
/// options.min_replicas = 1;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisOptions {
    /// What all keys start with: 1 to 64 bytes of `A-Z a-z 0-9 _ - .`, so that
    /// several games can share a server. `playerdata` by default.
    pub namespace: String,
    /// The longest that a command takes from when it is its turn, connecting
    /// and repeating it included, and never longer than the session manager
    /// waits; [`DEFAULT_OPERATION_TIMEOUT`], 5 s, by default. Time in the queue
    /// that [`max_bytes_in_flight`](Self::max_bytes_in_flight) makes does not
    /// count.
    pub operation_timeout: Duration,
    /// How many replicas must have a change before it is acknowledged; none by
    /// default. While fewer have it in time, every change is an error that
    /// says that it may have been applied.
    pub min_replicas: u32,
    /// How long to wait for them, and for the disk; 1 s by default, and shorter
    /// than the operation's timeout.
    pub replica_timeout: Duration,
    /// How many changes wait for replicas at the same time, per server: each
    /// has a connection of its own meanwhile. 16 by default.
    pub replica_connections: usize,
    /// Whether a change is acknowledged only once it is in the append-only
    /// file, on disk, of the primary and of
    /// [`min_replicas`](Self::min_replicas) replicas: `WAITAOF`, which takes
    /// Redis 7.2 or Valkey. Off by default.
    pub confirm_on_disk: bool,
    /// How many bytes of values are on their way to a server at the same time,
    /// or one value if that is longer; 4 MiB by default. What is more waits its
    /// turn here, where it can still be withdrawn.
    pub max_bytes_in_flight: usize,
    /// How often one of a player's saves also looks whether the player's lock
    /// is still there, which costs it a second round trip; 1 min by default. A
    /// save that finds it gone is an error. With [`Duration::ZERO`] every save
    /// looks, and on a server that can evict players each does anyway.
    pub lock_check_interval: Duration,
    /// What the connections are called in the server's `CLIENT LIST`, without
    /// blanks; `playerdata` by default. No name if it is empty.
    pub client_name: String,
    /// User and password for each new connection, in the place of those in the
    /// URL; none by default.
    pub credentials: Option<Credentials>,
    /// Where nodes are, by the address that the Cluster or Sentinel gives for
    /// them, both as `HOST:PORT`: for networks that translate addresses.
    pub addresses: BTreeMap<String, String>,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            namespace: "playerdata".to_owned(),
            operation_timeout: DEFAULT_OPERATION_TIMEOUT,
            min_replicas: 0,
            replica_timeout: Duration::from_secs(1),
            replica_connections: 16,
            confirm_on_disk: false,
            max_bytes_in_flight: 4 * 1024 * 1024,
            lock_check_interval: Duration::from_secs(60),
            client_name: "playerdata".to_owned(),
            credentials: None,
            addresses: BTreeMap::new(),
        }
    }
}

impl RedisOptions {
    /// Where a node is that is said to be at an address.
    pub(crate) fn reachable<'a>(&'a self, address: &'a str) -> &'a str {
        self.addresses.get(address).map_or(address, String::as_str)
    }

    /// Whether a change is acknowledged only when more than the primary's
    /// memory has it.
    pub(crate) fn confirms(&self) -> bool {
        self.min_replicas > 0 || self.confirm_on_disk
    }
}
