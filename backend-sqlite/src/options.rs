//! How a database is opened.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use playerdata_core::{Clock, SystemClock, backend::DEFAULT_OPERATION_TIMEOUT};

use crate::{OpenError, SqliteBackend, open};

/// What an acknowledged save survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// A crash of the machine or a loss of power: every commit of a group is
    /// synced to the disk before it is acknowledged (`synchronous=FULL`). Only
    /// groups of nothing but openings are not, since a claim ends with the machine.
    #[default]
    Full,
    /// A crash of the process. A crash of the machine can take the last
    /// seconds of acknowledged saves, never damage the file
    /// (`synchronous=NORMAL`).
    Normal,
}

/// Options for opening a database; see each method for its default.
///
/// ```
/// use playerdata_sqlite::{Durability, SqliteOptions};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("playerdata.db");
/// let backend = SqliteOptions::new(path)
///     .durability(Durability::Normal)
///     .group_size(64)
///     .open()?;
/// # Ok::<(), playerdata_sqlite::OpenError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SqliteOptions {
    /// `None` is a database in memory.
    pub(crate) path: Option<PathBuf>,
    pub(crate) durability: Durability,
    pub(crate) group_size: usize,
    pub(crate) busy_timeout: Duration,
    pub(crate) checkpoint_bytes: u64,
    pub(crate) checkpoint_interval: Duration,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) create: bool,
    pub(crate) file_mode: u32,
    pub(crate) clock: Arc<dyn Clock>,
}

impl SqliteOptions {
    /// Options for the database at `path`, which is made if it is missing.
    /// Its directory has to be there.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: Some(path.as_ref().to_owned()),
            ..Self::in_memory()
        }
    }

    /// Options for a database in memory, that lives as long as the backend
    /// and its clones.
    pub fn in_memory() -> Self {
        Self {
            path: None,
            durability: Durability::Full,
            group_size: 256,
            busy_timeout: DEFAULT_OPERATION_TIMEOUT,
            checkpoint_bytes: 64 * 1024 * 1024,
            checkpoint_interval: Duration::from_secs(30),
            max_bytes: None,
            create: true,
            file_mode: 0o600,
            clock: Arc::new(SystemClock),
        }
    }

    /// What an acknowledged save survives. Default: [`Durability::Full`].
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// The most operations that are committed together, 1 to 65 536.
    /// Default: 256.
    pub fn group_size(mut self, operations: usize) -> Self {
        self.group_size = operations;
        self
    }

    /// How long to wait for another process that uses the file, before the
    /// operation fails as unavailable; never longer than the caller waits.
    /// Default: [`DEFAULT_OPERATION_TIMEOUT`], 5 s.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// How much the write-ahead log grows before it is moved into the file,
    /// in bytes, at least 64 KiB. The log stays around four times that at
    /// most, unless another process reads from it all the time.
    /// Default: 64 MiB.
    ///
    /// More makes saves cheaper, because a page that changes often is moved less
    /// often, and the disk is synced less often for it; less makes the log
    /// shorter.
    pub fn checkpoint_bytes(mut self, bytes: u64) -> Self {
        self.checkpoint_bytes = bytes;
        self
    }

    /// How often the write-ahead log is moved into the file even if it has
    /// not grown by that much, at least 1 ms. Default: 30 s.
    ///
    /// What is in the file alone is safe from whoever removes the log, and the
    /// log of a server that saves little does not stay long.
    pub fn checkpoint_interval(mut self, interval: Duration) -> Self {
        self.checkpoint_interval = interval;
        self
    }

    /// Whether to create the database if there is none, or only an empty file.
    /// Default: yes.
    ///
    /// With `false`, opening fails with [`OpenError::Missing`]: a volume that
    /// was not mounted is not a reason to give every player the defaults.
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// The permissions of files that are made, as `chmod` takes them; what
    /// SQLite makes beside the database has the same. Ignored where there are
    /// no such permissions. Default: `0o600`, nobody but the owner.
    pub fn file_mode(mut self, mode: u32) -> Self {
        self.file_mode = mode;
        self
    }

    /// The most that the database file may grow to, in bytes, at least
    /// 64 KiB. The write-ahead log comes on top. A write that needs more
    /// fails as unavailable and changes nothing. Default: no bound but the
    /// disk's.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// The clock that leases go by. Processes that share the file have to
    /// agree on the time, as those of one machine do. Default: the operating
    /// system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Opens the database, creates it if it is missing (unless that is switched
    /// off), brings its tables up to date, and starts the backend's threads.
    ///
    /// It waits for the disk: some milliseconds as a rule, up to the busy
    /// timeout if another process keeps the file to itself. Call it before
    /// the game's asynchronous work starts, or within
    /// `tokio::task::spawn_blocking`. It needs no runtime.
    ///
    /// # Errors
    ///
    /// [`OpenError`]. Nothing of another program is ever changed.
    pub fn open(self) -> Result<SqliteBackend, OpenError> {
        self.check()?;
        open::open(self)
    }

    fn check(&self) -> Result<(), OpenError> {
        let refuse = |option, value: String, why| Err(OpenError::BadOption { option, value, why });
        if !(1..=65_536).contains(&self.group_size) {
            let why = "a group has 1 to 65536 operations";
            return refuse("group_size", self.group_size.to_string(), why);
        }
        if self.checkpoint_interval < Duration::from_millis(1) {
            let why = "the minimum is 1 ms";
            let value = format!("{:?}", self.checkpoint_interval);
            return refuse("checkpoint_interval", value, why);
        }
        if self.file_mode & !0o666 != 0 || self.file_mode & 0o600 != 0o600 {
            let why =
                "the owner must be able to read and write the file, and nobody can execute it";
            return refuse("file_mode", format!("{:#o}", self.file_mode), why);
        }
        let sizes = [
            ("checkpoint_bytes", Some(self.checkpoint_bytes)),
            ("max_bytes", self.max_bytes),
        ];
        for (option, bytes) in sizes {
            if let Some(bytes) = bytes.filter(|bytes| *bytes < 64 * 1024) {
                return refuse(option, bytes.to_string(), "the minimum is 64 KiB");
            }
        }
        match self.path.as_deref().map(Path::to_string_lossy).as_deref() {
            Some(path @ ("" | ":memory:")) => {
                let why = "it names no file; a database in memory has its own constructor";
                refuse("path", format!("{path:?}"), why)
            }
            _ => Ok(()),
        }
    }
}
