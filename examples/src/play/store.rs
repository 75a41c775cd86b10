//! Which store the command line names, and opening it.

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use playerdata_core::{Settings, backend::Backend};
use playerdata_memory::MemoryBackend;
use playerdata_sqlite::{OpenError, SqliteBackend};
use thiserror::Error;

#[cfg(any(feature = "redis", feature = "dynamodb"))]
use playerdata_core::backend::BackendError;

/// The address of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreAddress {
    /// `memory:`, gone with the process.
    Memory,
    /// `sqlite:PATH`, made if it is missing.
    Sqlite(PathBuf),
    /// `redis://HOST[:PORT][?namespace=NAMESPACE]`, or the same with `rediss`.
    #[cfg(feature = "redis")]
    Redis(playerdata_redis::RedisUrl),
    /// `dynamodb://TABLE[?region=REGION][&endpoint=URL]`.
    #[cfg(feature = "dynamodb")]
    DynamoDb(playerdata_dynamodb::DynamoDbUrl),
}

/// Why a text is the address of no store.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum NoStore {
    /// It is none that is known.
    #[error("a store is sqlite:PATH, memory:, redis://HOST:PORT, or dynamodb://TABLE?endpoint=URL")]
    Unknown,
    /// There is no path in it.
    #[error("a path is missing, as in sqlite:playerdata.db")]
    NoPath,
    /// The program was built without it.
    #[error("this program was built without {store}; build it with `--features {feature}`")]
    FeatureOff {
        /// The store.
        store: &'static str,
        /// The feature of this package that adds it.
        feature: &'static str,
    },
    /// The address of a Redis server makes no sense.
    #[cfg(feature = "redis")]
    #[error("the address of a Redis server can't be used: {}", super::console::chain(.0))]
    Redis(#[from] playerdata_redis::InvalidUrl),
    /// The address of a table makes no sense.
    #[cfg(feature = "dynamodb")]
    #[error(transparent)]
    DynamoDb(#[from] playerdata_dynamodb::InvalidUrl),
}

impl FromStr for StoreAddress {
    type Err = NoStore;

    fn from_str(address: &str) -> Result<Self, NoStore> {
        match address.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("sqlite", "")) => Err(NoStore::NoPath),
            Some(("sqlite", path)) => Ok(Self::Sqlite(path.into())),
            Some(("redis", _)) => redis(address),
            Some(("rediss", _)) => redis_with_tls(address),
            Some(("dynamodb", _)) => dynamodb(address),
            _ => Err(NoStore::Unknown),
        }
    }
}

#[cfg(feature = "redis")]
fn redis(address: &str) -> Result<StoreAddress, NoStore> {
    Ok(StoreAddress::Redis(address.parse()?))
}

#[cfg(not(feature = "redis"))]
fn redis(_: &str) -> Result<StoreAddress, NoStore> {
    Err(NoStore::FeatureOff {
        store: "Redis",
        feature: "redis",
    })
}

#[cfg(feature = "redis-tls")]
fn redis_with_tls(address: &str) -> Result<StoreAddress, NoStore> {
    redis(address)
}

#[cfg(not(feature = "redis-tls"))]
fn redis_with_tls(_: &str) -> Result<StoreAddress, NoStore> {
    Err(NoStore::FeatureOff {
        store: "Redis with TLS",
        feature: "redis-tls",
    })
}

#[cfg(feature = "dynamodb")]
fn dynamodb(address: &str) -> Result<StoreAddress, NoStore> {
    Ok(StoreAddress::DynamoDb(address.parse()?))
}

#[cfg(not(feature = "dynamodb"))]
fn dynamodb(_: &str) -> Result<StoreAddress, NoStore> {
    Err(NoStore::FeatureOff {
        store: "DynamoDB",
        feature: "dynamodb",
    })
}

/// As a message names it: without the password that may be in its address.
impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Sqlite(path) => path.display().fmt(f),
            #[cfg(feature = "redis")]
            Self::Redis(url) => write!(f, "{url}"),
            #[cfg(feature = "dynamodb")]
            Self::DynamoDb(url) => write!(f, "the DynamoDB table {}", url.table()),
        }
    }
}

/// Why a store could not be opened.
#[derive(Debug, Error)]
#[error(transparent)]
pub(super) enum OpenFailure {
    Sqlite(#[from] OpenError),
    #[cfg(any(feature = "redis", feature = "dynamodb"))]
    Server(#[from] BackendError),
}

/// A store that is open.
#[derive(Debug)]
pub(super) struct OpenStore {
    backend: Arc<dyn Backend>,
    /// The same, if it is one that wants to be closed.
    file: Option<SqliteBackend>,
    /// For how long after its end a lease counts, because the clocks of two
    /// servers may differ.
    clock_skew: Duration,
}

impl StoreAddress {
    /// Opens the store; `settings` are those that it will be used with.
    #[cfg_attr(
        not(any(feature = "redis", feature = "dynamodb")),
        expect(unused_variables)
    )]
    pub(super) async fn open(&self, settings: &Settings) -> Result<OpenStore, OpenFailure> {
        let backend: Arc<dyn Backend> = match self {
            Self::Memory => Arc::new(MemoryBackend::new()),
            Self::Sqlite(path) => return Ok(OpenStore::file(SqliteBackend::open(path)?)),
            #[cfg(feature = "redis")]
            Self::Redis(url) => Arc::new(open_redis(url, settings).await?),
            #[cfg(feature = "dynamodb")]
            Self::DynamoDb(url) => return Ok(open_dynamodb(url, settings).await?),
        };
        Ok(OpenStore::server(backend, Duration::ZERO))
    }
}

/// Gives up before the session manager does: who sees each attempt knows
/// whether it may have been applied.
#[cfg(feature = "redis")]
async fn open_redis(
    url: &playerdata_redis::RedisUrl,
    settings: &Settings,
) -> Result<playerdata_redis::RedisBackend, BackendError> {
    let mut options = playerdata_redis::RedisOptions::default();
    let within = settings.operation_timeout * 4 / 5;
    options.operation_timeout = options.operation_timeout.min(within);
    url.connect(options).await
}

/// Makes the table in an emulator; one in the cloud is its owner's to make.
/// Gives up in time, as above: four attempts, and the pauses between them.
#[cfg(feature = "dynamodb")]
async fn open_dynamodb(
    url: &playerdata_dynamodb::DynamoDbUrl,
    settings: &Settings,
) -> Result<OpenStore, BackendError> {
    // Who plays on an emulator plays on its machine, by one clock.
    let clock_skew = match url.is_local() {
        true => Duration::ZERO,
        false => Duration::from_secs(5),
    };
    let options = url.options().attempts(4);
    let options = options.attempt_timeout(settings.operation_timeout / 5);
    let backend = url.connect_with(options.max_clock_skew(clock_skew)).await?;
    if url.is_local() {
        backend.create_table().await?;
    } else {
        backend.check_table().await?;
    }
    Ok(OpenStore::server(Arc::new(backend), clock_skew))
}

impl OpenStore {
    fn file(backend: SqliteBackend) -> Self {
        Self {
            backend: Arc::new(backend.clone()),
            file: Some(backend),
            clock_skew: Duration::ZERO,
        }
    }

    fn server(backend: Arc<dyn Backend>, clock_skew: Duration) -> Self {
        Self {
            backend,
            file: None,
            clock_skew,
        }
    }

    /// How long a lease that was just renewed may count at the most, if it is
    /// not renewed any more.
    pub(super) fn lease_lasts(&self, settings: &Settings) -> Duration {
        settings.lock_expiry + self.clock_skew
    }

    pub(super) fn backend(&self) -> Arc<dyn Backend> {
        Arc::clone(&self.backend)
    }

    /// Lets go of a file, with everything in it.
    pub(super) async fn close(self) {
        if let Some(file) = self.file {
            file.close().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_store() {
        assert_eq!("memory:".parse(), Ok(StoreAddress::Memory));
        let file = StoreAddress::Sqlite("a b/c:d.db".into());
        assert_eq!("sqlite:a b/c:d.db".parse(), Ok(file));
    }

    #[test]
    fn what_names_none_is_told_why() {
        let told = |address: &str| match address.parse::<StoreAddress>() {
            Ok(store) => panic!("{address}: {store}"),
            Err(error) => error.to_string(),
        };
        for address in [
            "",
            "playerdata.db",
            "memory",
            "memory:x",
            "mysql://x",
            "SQLITE:x",
        ] {
            assert!(
                told(address).contains("a store is sqlite:PATH"),
                "{address}"
            );
        }
        assert!(told("sqlite:").contains("a path is missing"));
        #[cfg(not(feature = "redis"))]
        assert!(told("redis://localhost").contains("--features redis`"));
        #[cfg(not(feature = "redis-tls"))]
        assert!(told("rediss://localhost").contains("--features redis-tls`"));
        #[cfg(not(feature = "dynamodb"))]
        assert!(told("dynamodb://t").contains("--features dynamodb"));
    }

    #[cfg(feature = "redis")]
    #[test]
    fn a_password_is_in_no_message() {
        let store: StoreAddress = "redis://u:p@ss@localhost:1".parse().unwrap();
        assert_eq!(store.to_string(), "redis://localhost:1");
    }
}
