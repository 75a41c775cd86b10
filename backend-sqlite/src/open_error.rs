//! Why a database could not be opened.

use std::{io, path::PathBuf, time::Duration};

use rusqlite::Error;
use thiserror::Error as ThisError;

/// Why a database could not be opened. Whatever is at the path was left as it
/// was.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum OpenError {
    /// An option has a value that makes no sense.
    #[error("the option {option} can't be {value}: {why}")]
    BadOption {
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The file can't be opened: it is a directory, say.
    #[error("can't open {}", path.display())]
    CannotOpen {
        /// The path that was given.
        path: PathBuf,
        /// What SQLite says.
        source: Error,
    },
    /// There is no database, and the options say not to make one.
    #[error("there is no database at {}, and creating one is switched off", path.display())]
    Missing {
        /// The path that was given.
        path: PathBuf,
    },
    /// The file can't be made: its directory is missing, or permissions are.
    #[error("can't create {}", path.display())]
    CannotCreate {
        /// The path that was given.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// One of the files was replaced while it was being opened.
    #[error("the files of {} were replaced while they were being opened", path.display())]
    Replaced {
        /// The path that was given.
        path: PathBuf,
    },
    /// The files can't be looked at.
    #[error("can't inspect the files of {}", path.display())]
    CannotLook {
        /// The path that was given.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// There is a file, but it is not an SQLite database.
    #[error("{} is not an SQLite database", path.display())]
    NotADatabase {
        /// The path that was given.
        path: PathBuf,
        /// What SQLite says.
        source: Error,
    },
    /// It is an SQLite database of another program.
    #[error("{} is a database of another program (application id {application_id:#010x})", path.display())]
    ForeignDatabase {
        /// The path that was given.
        path: PathBuf,
        /// The other program's id; 0 if it has none.
        application_id: i32,
    },
    /// A newer version of this crate has written it.
    #[error("{} has version {found} of the tables, and this program knows versions up to {known}", path.display())]
    NewerVersion {
        /// The path that was given.
        path: PathBuf,
        /// The file's version.
        found: i32,
        /// The newest that this crate knows.
        known: i32,
    },
    /// The file can be read but not written.
    #[error("{} is read-only", path.display())]
    ReadOnly {
        /// The path that was given.
        path: PathBuf,
        /// What SQLite says, if it had to be tried.
        source: Option<Error>,
    },
    /// Another process keeps the file to itself.
    #[error("{} has been locked by another process for more than {} ms", path.display(), waited.as_millis())]
    Locked {
        /// The path that was given.
        path: PathBuf,
        /// How long it was tried.
        waited: Duration,
        /// What SQLite says.
        source: Error,
    },
    /// The file is damaged.
    #[error("{} is damaged", path.display())]
    Corrupt {
        /// The path that was given.
        path: PathBuf,
        /// What SQLite says.
        source: Error,
    },
    /// The file can't have a write-ahead log, because its file system has no
    /// shared memory, say.
    #[error("{} can't have a write-ahead log, its journal mode stays {mode:?}", path.display())]
    NoWriteAheadLog {
        /// The path that was given.
        path: PathBuf,
        /// The journal mode that it has instead.
        mode: String,
    },
    /// SQLite failed in another way; a full disk, for one.
    #[error("opening {} failed", path.display())]
    Store {
        /// The path that was given.
        path: PathBuf,
        /// What SQLite says.
        source: Error,
    },
    /// The operating system gave no thread.
    #[error("can't start a thread")]
    NoThread {
        /// What it says.
        source: io::Error,
    },
}
