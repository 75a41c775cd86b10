//! The store that is put to the test.

use std::{path::PathBuf, str::FromStr, sync::Arc};

use playerdata_core::backend::{Backend, BackendError};
use playerdata_redis::{RedisBackend, redis};
use playerdata_sqlite::{OpenError, SqliteBackend};
use tempfile::TempDir;
use thiserror::Error;

use crate::store::redis::{Log, NoServer, Redis};

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreAddress {
    /// A SQLite file; `None` for one that is made for it and removed.
    Sqlite(Option<PathBuf>),
    /// A Redis server; `None` for one that is started for it, with a log that
    /// is synced every second.
    Redis(Option<String>),
}

/// A text that names no store.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a store: it should be sqlite, sqlite:PATH, redis or redis://HOST:PORT")]
pub struct InvalidStore(String);

impl FromStr for StoreAddress {
    type Err = InvalidStore;

    fn from_str(text: &str) -> Result<Self, InvalidStore> {
        match text.split_once(':') {
            None if text == "sqlite" => Ok(Self::Sqlite(None)),
            None if text == "redis" => Ok(Self::Redis(None)),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(Some(path.into()))),
            Some(("redis" | "rediss", _)) => Ok(Self::Redis(Some(text.to_owned()))),
            _ => Err(InvalidStore(text.to_owned())),
        }
    }
}

/// A store that could not be opened.
#[derive(Debug, Error)]
pub enum Unopened {
    /// There is no server to start.
    #[error(transparent)]
    NoServer(#[from] NoServer),
    /// The file can't be used.
    #[error("the file can't be opened")]
    Sqlite(#[from] OpenError),
    /// There is no disk for it.
    #[error("no temporary folder could be created")]
    Folder(#[from] std::io::Error),
    /// The server can't be used.
    #[error("the server can't be used")]
    Redis(#[from] BackendError),
}

/// A store that is open.
#[derive(Debug)]
pub struct Store {
    pub(super) backend: Arc<dyn Backend>,
    url: Option<String>,
    _folder: Option<TempDir>,
    _server: Option<Redis>,
}

impl Store {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// [`Unopened`] if that is not possible.
    pub async fn open(place: &StoreAddress) -> Result<Self, Unopened> {
        let (mut folder, mut server) = (None, None);
        let (backend, url): (Arc<dyn Backend>, _) = match place {
            StoreAddress::Sqlite(Some(path)) => (Arc::new(SqliteBackend::open(path)?), None),
            StoreAddress::Sqlite(None) => {
                let made = folder.insert(tempfile::tempdir()?);
                let path = made.path().join("scale.db");
                (Arc::new(SqliteBackend::open(path)?), None)
            }
            StoreAddress::Redis(Some(url)) => (
                Arc::new(RedisBackend::connect(url).await?),
                Some(url.clone()),
            ),
            StoreAddress::Redis(None) => {
                let started = server.insert(Redis::start(Log::EverySecond).await?);
                let url = started.url();
                (Arc::new(RedisBackend::connect(&url).await?), Some(url))
            }
        };
        Ok(Self {
            backend,
            url,
            _folder: folder,
            _server: server,
        })
    }

    /// Seconds of processor time that the store's server has used, and bytes
    /// of its memory; `None` if it has none of its own, or does not say.
    pub(super) async fn usage(&self) -> Option<(f64, f64)> {
        let client = redis::Client::open(self.url.as_deref()?).ok()?;
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        let mut info = redis::cmd("INFO");
        info.arg("everything");
        let info: String = info.query_async(&mut connection).await.ok()?;
        let field = |name: &str| {
            let mut lines = info.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            value.trim().parse::<f64>().ok()
        };
        let processor = field("used_cpu_user")? + field("used_cpu_sys")?;
        Some((processor, field("used_memory")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_by_its_kind_and_its_place() {
        let place = |text: &str| text.parse::<StoreAddress>();
        assert_eq!(place("sqlite"), Ok(StoreAddress::Sqlite(None)));
        let file = StoreAddress::Sqlite(Some("/tmp/a:b.db".into()));
        assert_eq!(place("sqlite:/tmp/a:b.db"), Ok(file));
        assert_eq!(place("redis"), Ok(StoreAddress::Redis(None)));
        let url = "redis://localhost:6379".to_owned();
        assert_eq!(place(&url), Ok(StoreAddress::Redis(Some(url.clone()))));
        for other in ["", "sqlite:", "memory", "http://localhost"] {
            assert_eq!(place(other), Err(InvalidStore(other.to_owned())));
        }
    }
}
