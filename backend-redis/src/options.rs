//! What can be set about the backend.

use std::time::Duration;

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
    /// The longest that a call takes, connecting included; 3 s by default.
    /// Make it shorter than the session manager's own timeout: the backend's
    /// error knows whether the operation may have been applied.
    pub operation_timeout: Duration,
    /// How many replicas must have a change before it is acknowledged; none by
    /// default. While fewer have it in time, every change is an error that
    /// says that it may have been applied.
    pub min_replicas: u32,
    /// How long to wait for them; 1 s by default, and shorter than the
    /// operation's timeout.
    pub replica_timeout: Duration,
    /// How many changes wait for replicas at the same time, per server: each
    /// has a connection of its own meanwhile. 16 by default.
    pub replica_connections: usize,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            namespace: "playerdata".to_owned(),
            operation_timeout: Duration::from_secs(3),
            min_replicas: 0,
            replica_timeout: Duration::from_secs(1),
            replica_connections: 16,
        }
    }
}
