//! playerdata's backend on SQLite: the embedded default.
//!
//! One file keeps the locks, leases and slots of all players. Several
//! processes of one machine may share it. By default an acknowledged save is
//! on the disk; it survives a loss of power.
//!
//! ```
//! use playerdata_core::backend::Backend;
//! use playerdata_sqlite::SqliteBackend;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let backend = SqliteBackend::open_in_memory()?;
//! assert_eq!(backend.holder(&4711.into()).await.unwrap(), None);
//! # Ok::<(), playerdata_sqlite::OpenError>(()) }).unwrap();
//! ```
//!
//! # How it works
//!
//! SQLite has one writer at a time, and a commit waits for the disk. So one
//! thread writes, and commits whatever is waiting as one *group*: an operation
//! is answered when its group is on the disk, and concurrency buys throughput.
//! Two more threads read, from the last commit, without waiting for the
//! writer. One moves the write-ahead log into the file. No call blocks the
//! asynchronous runtime.
//!
//! # Files
//!
//! Beside `playerdata.db` there are `playerdata.db-wal` and
//! `playerdata.db-shm` while it is open. All three belong together: to copy a
//! database that is in use, use [`SqliteBackend::backup_to`], not `cp`. The
//! file has to be on a local disk, not on a network share. If one of them is
//! moved, removed or replaced under a running process, every call is refused
//! from then on. `docs/sqlite.md` is for those who operate it.
//!
//! | feature | adds |
//! | --- | --- |
//! | none | |

mod backend;
mod busy;
mod checkpoint;
mod column;
mod create;
mod error;
mod file_system;
mod files;
mod group;
mod job;
mod lease;
mod lock;
mod mail;
mod maintenance;
mod open;
mod open_error;
mod options;
mod players;
mod reader;
mod savepoint;
mod schema;
mod slot;
mod sync;
mod trade;
mod version;
mod writer;

pub use backend::SqliteBackend;
pub use maintenance::MaintenanceError;
pub use open_error::OpenError;
pub use options::{Durability, SqliteOptions};

/// The README's code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
