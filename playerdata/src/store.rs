//! Which store an address names, and opening it.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use playerdata_core::{
    Builder, Document, GameDocument, PlayerId, SessionManager, Settings,
    backend::{Backend, BackendError},
};
use thiserror::Error;

/// The address of a store, such as `sqlite:players.db`.
///
/// ```
/// use playerdata::{InvalidStoreUrl, StoreUrl};
///
/// let url: StoreUrl = "sqlite:players.db".parse()?;
/// assert_eq!(url, StoreUrl::Sqlite("players.db".into()));
///
/// let error = "players.db".parse::<StoreUrl>().unwrap_err();
/// assert!(error.to_string().ends_with("did you mean sqlite:players.db?"));
/// # Ok::<(), InvalidStoreUrl>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// `memory:`, gone with the process.
    #[cfg(feature = "memory")]
    Memory,
    /// `sqlite:PATH`, created if it is missing. Its folder has to be there.
    #[cfg(feature = "sqlite")]
    Sqlite(std::path::PathBuf),
    /// `redis://…`, `rediss://…`, `redis+sentinel://…` or
    /// `rediss+sentinel://…`; see [`RedisUrl`](crate::redis::RedisUrl).
    #[cfg(feature = "redis")]
    Redis(crate::redis::RedisUrl),
    /// `dynamodb://TABLE[?region=REGION][&endpoint=URL]`; see
    /// [`DynamoDbUrl`](crate::dynamodb::DynamoDbUrl).
    #[cfg(feature = "dynamodb")]
    DynamoDb(crate::dynamodb::DynamoDbUrl),
}

/// Why a text is not the address of a store.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum InvalidStoreUrl {
    /// There is no scheme in it: it looks like the path of a file.
    #[error("{text:?} is not the address of a store; did you mean sqlite:{text}?")]
    NoScheme {
        /// The text.
        text: String,
    },
    /// No store has this scheme.
    #[error(
        "there is no store with the scheme {scheme:?}; a store is sqlite:PATH, memory:, \
         redis://HOST:PORT, redis+sentinel://HOST:PORT/NAME, or dynamodb://TABLE"
    )]
    UnknownScheme {
        /// The scheme.
        scheme: String,
    },
    /// It is empty, or more or less than its scheme takes.
    #[error("the address of the store should be {expected}")]
    Incomplete {
        /// What addresses with this scheme look like.
        expected: &'static str,
    },
    /// This program was built without the backend.
    #[error("{scheme}: addresses need the feature {feature:?} of the crate `playerdata`")]
    FeatureDisabled {
        /// The scheme.
        scheme: &'static str,
        /// The feature that adds it.
        feature: &'static str,
    },
    /// The address of a Redis server can't be used.
    #[cfg(feature = "redis")]
    #[error("the address of the Redis server can't be used")]
    Redis(#[from] crate::redis::InvalidUrl),
    /// The address of a DynamoDB table can't be used.
    #[cfg(feature = "dynamodb")]
    #[error("the address of the DynamoDB table can't be used")]
    DynamoDb(#[from] crate::dynamodb::InvalidUrl),
}

/// Each scheme, the feature that adds it, and whether that is on.
const SCHEMES: [(&str, &str, bool); 7] = [
    ("memory", "memory", cfg!(feature = "memory")),
    ("sqlite", "sqlite", cfg!(feature = "sqlite")),
    ("redis", "redis", cfg!(feature = "redis")),
    ("redis+sentinel", "redis", cfg!(feature = "redis")),
    ("rediss", "redis-tls", cfg!(feature = "redis-tls")),
    ("rediss+sentinel", "redis-tls", cfg!(feature = "redis-tls")),
    ("dynamodb", "dynamodb", cfg!(feature = "dynamodb")),
];

impl FromStr for StoreUrl {
    type Err = InvalidStoreUrl;

    fn from_str(text: &str) -> Result<Self, InvalidStoreUrl> {
        let Some((given, rest)) = text.split_once(':') else {
            return Err(without_scheme(text));
        };
        let Some((scheme, feature, is_on)) = SCHEMES.iter().find(|(name, ..)| *name == given)
        else {
            return Err(unknown_scheme(given, text));
        };
        match *scheme {
            _ if !is_on => Err(InvalidStoreUrl::FeatureDisabled { scheme, feature }),
            "memory" if !rest.is_empty() => Err(without_scheme("memory")),
            "sqlite" if rest.is_empty() => Err(without_scheme("sqlite")),
            #[cfg(feature = "memory")]
            "memory" => Ok(Self::Memory),
            #[cfg(feature = "sqlite")]
            "sqlite" => Ok(Self::Sqlite(rest.into())),
            #[cfg(feature = "dynamodb")]
            "dynamodb" => Ok(Self::DynamoDb(text.parse()?)),
            #[cfg(feature = "redis")]
            _ => Ok(Self::Redis(text.parse()?)),
            #[cfg(not(feature = "redis"))]
            _ => unreachable!("every scheme whose feature is on is above"),
        }
    }
}

fn without_scheme(text: &str) -> InvalidStoreUrl {
    let expected = match text {
        "" | "sqlite" => "sqlite:PATH, such as sqlite:players.db",
        "memory" => "memory:, with nothing after the colon",
        // It may have a password in it, or be anything.
        _ if text.contains('@') || text.len() > 100 => {
            "one with a scheme, such as redis://HOST:PORT"
        }
        _ => {
            let text = text.to_owned();
            return InvalidStoreUrl::NoScheme { text };
        }
    };
    InvalidStoreUrl::Incomplete { expected }
}

fn unknown_scheme(scheme: &str, text: &str) -> InvalidStoreUrl {
    // The letter of a drive, or a colon within a path.
    if scheme.len() < 2 || scheme.contains(['/', '\\', '.']) {
        return without_scheme(text);
    }
    let scheme = scheme.chars().take(32).collect();
    InvalidStoreUrl::UnknownScheme { scheme }
}

/// As a message names it: without the password that may be in its address.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "memory")]
            Self::Memory => f.write_str("memory:"),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            #[cfg(feature = "redis")]
            Self::Redis(url) => url.fmt(f),
            #[cfg(feature = "dynamodb")]
            Self::DynamoDb(url) => write!(f, "dynamodb://{}", url.table()),
            #[cfg(not(any(
                feature = "memory",
                feature = "sqlite",
                feature = "redis",
                feature = "dynamodb"
            )))]
            _ => {
                let _ = f;
                unreachable!("no address can be made without a backend")
            }
        }
    }
}

/// Why a store could not be opened: in words down to the last cause, also when
/// it is returned from `main`.
#[derive(Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address does not name a store, or one that this program was built without.
    #[error(transparent)]
    Url(#[from] InvalidStoreUrl),
    /// The database file can't be used.
    #[cfg(feature = "sqlite")]
    #[error("could not open {url}")]
    Sqlite {
        /// The address.
        url: StoreUrl,
        /// Why.
        source: playerdata_sqlite::OpenError,
    },
    /// The server can't be reached, or refuses.
    #[error("could not open {url}")]
    Server {
        /// The address.
        url: StoreUrl,
        /// Why.
        source: BackendError,
    },
}

impl fmt::Debug for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_causes(self))
    }
}

/// The text of an error, with those of all its causes.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A store that is open. Cheap to clone.
///
/// Most programs need only what [`open`] returns. This also closes a database
/// file, and says how long leases count.
///
/// ```
/// use playerdata::{SessionManager, Settings, StoreUrl};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite:{}", folder.path().join("players.db").display());
/// # let url = url.as_str();
/// let url: StoreUrl = url.parse()?; // "sqlite:players.db", say
/// let settings = Settings::default();
/// let store = url.open(&settings).await?;
/// let manager = SessionManager::builder(store.backend())
///     .settings(settings)
///     .start()
///     .await?;
/// # manager.shutdown(std::time::Duration::MAX).await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    backend: Arc<dyn Backend>,
    #[cfg(feature = "sqlite")]
    file: Option<playerdata_sqlite::SqliteBackend>,
    max_clock_skew: Duration,
}

impl StoreUrl {
    /// Opens the store for a manager with these settings. The table of a
    /// DynamoDB emulator on this machine is made if it is missing; one in the
    /// cloud is only checked.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the file can't be used, or the server can't be
    /// reached, refuses, or is not set up.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: at worst an empty store was made.
    #[cfg_attr(
        not(any(feature = "redis", feature = "dynamodb")),
        expect(unused_variables)
    )]
    pub async fn open(&self, settings: &Settings) -> Result<Store, OpenError> {
        match self {
            #[cfg(feature = "memory")]
            Self::Memory => Ok(Store::new(playerdata_memory::MemoryBackend::new())),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => self.open_file(path).await,
            #[cfg(feature = "redis")]
            Self::Redis(url) => open_redis(url, settings).await.map_err(|e| self.failed(e)),
            #[cfg(feature = "dynamodb")]
            Self::DynamoDb(url) => open_dynamodb(url, settings)
                .await
                .map_err(|e| self.failed(e)),
            #[cfg(not(any(
                feature = "memory",
                feature = "sqlite",
                feature = "redis",
                feature = "dynamodb"
            )))]
            _ => unreachable!("no address can be made without a backend"),
        }
    }

    #[cfg(any(feature = "redis", feature = "dynamodb"))]
    fn failed(&self, source: BackendError) -> OpenError {
        let url = self.clone();
        OpenError::Server { url, source }
    }

    #[cfg(feature = "sqlite")]
    async fn open_file(&self, path: &std::path::Path) -> Result<Store, OpenError> {
        let path = path.to_owned();
        // It waits for the disk, and for other processes that have the file.
        let opening = move || playerdata_sqlite::SqliteBackend::open(path);
        let opened = tokio::task::spawn_blocking(opening).await;
        let opened = opened.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(playerdata_sqlite::OpenError::NoThread {
                source: std::io::Error::other(error),
            }),
        });
        match opened {
            Ok(file) => {
                let mut store = Store::new(file.clone());
                store.file = Some(file);
                Ok(store)
            }
            Err(source) => {
                let url = self.clone();
                Err(OpenError::Sqlite { url, source })
            }
        }
    }
}

/// Gives up before the session manager does: who sees each attempt knows
/// whether it may have been applied.
#[cfg(feature = "redis")]
async fn open_redis(
    url: &playerdata_redis::RedisUrl,
    settings: &Settings,
) -> Result<Store, BackendError> {
    let mut options = playerdata_redis::RedisOptions::default();
    let within = settings.operation_timeout * 4 / 5;
    options.operation_timeout = options.operation_timeout.min(within);
    Ok(Store::new(url.connect(options).await?))
}

/// Makes the table in an emulator; one in the cloud is its owner's to make.
/// Gives up in time, as above: four attempts, and the pauses between them.
#[cfg(feature = "dynamodb")]
async fn open_dynamodb(
    url: &playerdata_dynamodb::DynamoDbUrl,
    settings: &Settings,
) -> Result<Store, BackendError> {
    // Who uses an emulator is on its machine, by one clock.
    let max_clock_skew = match url.is_local() {
        true => Duration::ZERO,
        false => Duration::from_secs(5),
    };
    let options = url.options().attempts(4).max_clock_skew(max_clock_skew);
    let options = options.attempt_timeout(settings.operation_timeout / 5);
    let backend = url.connect_with(options).await?;
    if url.is_local() {
        backend.create_table().await?;
    } else {
        backend.check_table().await?;
    }
    let mut store = Store::new(backend);
    store.max_clock_skew = max_clock_skew;
    Ok(store)
}

impl Store {
    #[cfg_attr(
        not(any(
            feature = "memory",
            feature = "sqlite",
            feature = "redis",
            feature = "dynamodb"
        )),
        expect(dead_code)
    )]
    fn new(backend: impl Backend) -> Self {
        Self {
            backend: Arc::new(backend),
            #[cfg(feature = "sqlite")]
            file: None,
            max_clock_skew: Duration::ZERO,
        }
    }

    /// The backend, for a manager.
    #[must_use]
    pub fn backend(&self) -> Arc<dyn Backend> {
        Arc::clone(&self.backend)
    }

    /// For how long after its end a lease still counts, because the clocks of
    /// two servers may differ.
    #[must_use]
    pub fn max_clock_skew(&self) -> Duration {
        self.max_clock_skew
    }

    /// Lets go of a database file, with everything in it; of other stores
    /// there is nothing to let go of. Call it after the manager's shutdown.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the file is closed all the same.
    pub async fn close(self) {
        #[cfg(feature = "sqlite")]
        if let Some(file) = self.file {
            file.close().await;
        }
    }
}

/// Opens the store at an address, such as `"sqlite:players.db"` or
/// `"redis://10.0.0.7"`, for a manager with the default settings.
///
/// # Errors
///
/// [`OpenError`], which says of an address that can't be used why not, and
/// which feature it needs.
///
/// # Cancel safety
///
/// Cancel safe: at worst an empty store was made.
pub async fn open(url: &str) -> Result<Arc<dyn Backend>, OpenError> {
    let url: StoreUrl = url.parse()?;
    Ok(url.open(&Settings::default()).await?.backend)
}

/// Sets up a manager of [`Document`]s on the store at an address; see
/// [`SessionManager::builder`].
///
/// # Errors
///
/// Those of [`open`].
///
/// # Cancel safety
///
/// Cancel safe: at worst an empty store was made.
pub async fn builder(url: &str) -> Result<Builder<Document>, OpenError> {
    Ok(SessionManager::builder(open(url).await?))
}

/// Sets up a manager of a game's own type on the store at an address; see
/// [`SessionManager::typed`].
///
/// ```
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Default, Serialize, Deserialize)]
/// struct Profile {
///     gold: u64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite:{}", folder.path().join("players.db").display());
/// # let url = url.as_str();
/// let manager = playerdata::typed(url, |_| Profile::default()).await?.start().await?;
/// let session = manager.start_session(4711_u64).await?;
/// let slot = session.load_slot("Slot1").await?;
/// slot.modify(|profile| profile.gold += 5)?;
/// session.end().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Those of [`open`].
///
/// # Cancel safety
///
/// Cancel safe: at worst an empty store was made.
pub async fn typed<D: GameDocument>(
    url: &str,
    defaults: impl Fn(&PlayerId) -> D + Send + Sync + 'static,
) -> Result<Builder<D>, OpenError> {
    Ok(SessionManager::typed(open(url).await?, defaults))
}
