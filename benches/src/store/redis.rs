//! A Redis server of a measurement's own.

use std::sync::Arc;

use playerdata_core::backend::Backend;
use playerdata_redis::{RedisBackend, RedisOptions};
use playerdata_redis_server::{TestServer, program};
use thiserror::Error;

/// There is no server to measure against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no redis-server or valkey-server; `scripts/redis-server.sh` installs one")]
pub struct NoServer;

/// Whether the server keeps a log, which is what makes it durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// It keeps nothing.
    Off,
    /// It writes each change to its log, and syncs that every second.
    EverySecond,
}

impl Log {
    /// In a word or two.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "without a log",
            Self::EverySecond => "with a log",
        }
    }
}

/// A server on a free port of this machine, stopped when it is dropped.
#[derive(Debug)]
pub struct Redis {
    server: TestServer,
}

impl Redis {
    /// Starts an empty one.
    ///
    /// # Errors
    ///
    /// [`NoServer`] if there is no program to start.
    ///
    /// # Panics
    ///
    /// If the program does not start.
    pub async fn start(log: Log) -> Result<Self, NoServer> {
        program().ok_or(NoServer)?;
        let settings: &[_] = match log {
            Log::Off => &["--appendonly", "no"],
            Log::EverySecond => &["--appendfsync", "everysec"],
        };
        let server = TestServer::start(settings).await;
        Ok(Self { server })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// A backend on it, with its keys in a namespace.
    ///
    /// # Panics
    ///
    /// If it can't be reached.
    pub async fn backend(&self, namespace: &str) -> Arc<dyn Backend> {
        let mut options = RedisOptions::default();
        options.namespace = namespace.to_owned();
        let backend = RedisBackend::connect_with([&*self.url()], options).await;
        Arc::new(backend.expect("the server has just been started"))
    }
}
