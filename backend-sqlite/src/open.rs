//! Opening: the connections, the tables, the threads.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use rusqlite::{Connection, Error, ErrorCode, OpenFlags};
use tokio::sync::watch;

use crate::{
    Durability, OpenError, SqliteBackend, SqliteOptions,
    busy::retry_while_busy,
    checkpoint,
    job::Queue,
    reader::Reader,
    schema::{self, Identity, MigrationError},
    writer::Writer,
};

/// Two, so that one long read does not hold up all others.
const READERS: usize = 2;

/// How many operations may wait in a queue before callers wait for room.
const QUEUE: usize = 1_024;

/// How many pages the writer keeps at hand, in KiB. SQLite's own default is
/// 2 MB, which is 5 000 small documents.
const WRITER_CACHE_KIB: i64 = 32 * 1024;

/// Room for all statements of this crate.
const CACHED_STATEMENTS: usize = 64;

pub(crate) fn open(options: SqliteOptions) -> Result<SqliteBackend, OpenError> {
    match options.path.clone() {
        Some(path) => open_file(options, &path),
        None => open_in_memory(options),
    }
}

/// In memory there is one connection, because a second one would see another
/// database. Reads go through the writer.
fn open_in_memory(options: SqliteOptions) -> Result<SqliteBackend, OpenError> {
    let at = At {
        path: Path::new(":memory:"),
        busy_timeout: options.busy_timeout,
    };
    let db = Connection::open_in_memory().map_err(|error| at.error(error))?;
    at.prepare(&db, &options)?;
    let (ended, end) = watch::channel(());
    let (queue, received) = Queue::new(QUEUE.max(options.group_size));
    let writer = Writer {
        db,
        queue: received,
        group_size: options.group_size,
        busy_timeout: options.busy_timeout,
        checkpoints: None,
    };
    spawn("playerdata-sqlite-writer", ended, || writer.run())?;
    Ok(SqliteBackend::new(queue.clone(), queue, options.clock, end))
}

fn open_file(options: SqliteOptions, path: &Path) -> Result<SqliteBackend, OpenError> {
    let at = At {
        path,
        busy_timeout: options.busy_timeout,
    };
    let mut db = at.connect(OpenFlags::SQLITE_OPEN_CREATE)?;
    at.check_identity(&db)?;
    at.switch_to_wal(&db)?;
    at.prepare(&db, &options)?;
    let growth_pages = options.checkpoint_bytes / at.page_size(&db)?;
    let own = at.connect_again(&options)?;
    let (checkpointer, checkpoints) =
        checkpoint::set_up(&mut db, own, growth_pages).map_err(|error| at.error(error))?;

    let (ended, end) = watch::channel(());
    let (read_queue, reads) = Queue::new(QUEUE);
    let reads = Arc::new(Mutex::new(reads));
    for _ in 0..READERS {
        let reader = Reader {
            db: at.connect_again(&options)?,
            queue: Arc::clone(&reads),
        };
        reader
            .db
            .pragma_update(None, "query_only", true)
            .map_err(|error| at.error(error))?;
        spawn("playerdata-sqlite-reader", ended.clone(), || reader.run())?;
    }
    spawn("playerdata-sqlite-checkpoint", ended.clone(), || {
        checkpointer.run();
    })?;
    let (write_queue, received) = Queue::new(QUEUE.max(options.group_size));
    let writer = Writer {
        db,
        queue: received,
        group_size: options.group_size,
        busy_timeout: options.busy_timeout,
        checkpoints: Some(checkpoints),
    };
    spawn("playerdata-sqlite-writer", ended, || writer.run())?;
    Ok(SqliteBackend::new(
        write_queue,
        read_queue,
        options.clock,
        end,
    ))
}

/// Starts a thread that holds `ended` until it ends.
fn spawn(
    name: &str,
    ended: watch::Sender<()>,
    work: impl FnOnce() + Send + 'static,
) -> Result<(), OpenError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            work();
            drop(ended);
        })
        .map(drop)
        .map_err(|source: io::Error| OpenError::NoThread { source })
}

/// Where the database is, for steps and their errors.
struct At<'path> {
    path: &'path Path,
    busy_timeout: Duration,
}

impl At<'_> {
    /// Connects without SQLite's own waiting for others: see `busy.rs`. The
    /// path is taken as it is, never as a URI.
    fn connect(&self, more: OpenFlags) -> Result<Connection, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
        let db =
            Connection::open_with_flags(self.path, flags).map_err(|error| self.error(error))?;
        db.busy_timeout(Duration::ZERO)
            .map_err(|error| self.error(error))?;
        Ok(db)
    }

    /// A further connection to a file that has been prepared.
    fn connect_again(&self, options: &SqliteOptions) -> Result<Connection, OpenError> {
        let db = self.connect(OpenFlags::empty())?;
        db.busy_timeout(self.busy_timeout)
            .and_then(|()| configure(&db, options))
            .map_err(|error| self.error(error))?;
        Ok(db)
    }

    /// Refuses what is not ours before anything in it is changed.
    fn check_identity(&self, db: &Connection) -> Result<(), OpenError> {
        let identity = self.step(|| schema::identify(db))?;
        self.accept(identity)?;
        if self.step(|| db.is_readonly(rusqlite::MAIN_DB))? {
            return Err(OpenError::ReadOnly {
                path: self.path.to_owned(),
                source: None,
            });
        }
        Ok(())
    }

    fn accept(&self, identity: Identity) -> Result<(), OpenError> {
        let known = schema::STEPS.len() as i32;
        let path = self.path.to_owned();
        match identity {
            Identity::Ours { version } if version > known => Err(OpenError::NewerVersion {
                path,
                found: version,
                known,
            }),
            Identity::Foreign { application_id } => Err(OpenError::ForeignDatabase {
                path,
                application_id,
            }),
            Identity::Ours { .. } | Identity::Empty => Ok(()),
        }
    }

    fn switch_to_wal(&self, db: &Connection) -> Result<(), OpenError> {
        let mode: String = self
            .step(|| db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)))?;
        if mode != "wal" {
            return Err(OpenError::NoWriteAheadLog {
                path: self.path.to_owned(),
                mode,
            });
        }
        Ok(())
    }

    /// Sets up the writing connection and brings the tables up to date.
    fn prepare(&self, db: &Connection, options: &SqliteOptions) -> Result<(), OpenError> {
        self.step(|| configure(db, options))?;
        self.migrate(db)?;
        let page_size = self.page_size(db)?;
        self.step(|| db.pragma_update(None, "cache_size", -WRITER_CACHE_KIB))?;
        let log_bytes = checkpoint::bound(options.checkpoint_bytes);
        self.step(|| db.pragma_update(None, "journal_size_limit", log_bytes.cast_signed()))?;
        if let Some(max_bytes) = options.max_bytes {
            let pages = max_bytes / page_size;
            self.step(|| {
                db.pragma_update_and_check(None, "max_page_count", pages.cast_signed(), |_| Ok(()))
            })?;
        }
        Ok(())
    }

    fn migrate(&self, db: &Connection) -> Result<(), OpenError> {
        let mut refused = None;
        self.step(|| match schema::migrate(db, schema::STEPS) {
            Ok(()) => Ok(()),
            Err(MigrationError::Store(error)) => Err(error),
            Err(MigrationError::Refused(identity)) => {
                refused = Some(identity);
                Ok(())
            }
        })?;
        refused.map_or(Ok(()), |identity| self.accept(identity))
    }

    fn page_size(&self, db: &Connection) -> Result<u64, OpenError> {
        let bytes: i64 = self.step(|| db.query_row("PRAGMA page_size", [], |row| row.get(0)))?;
        Ok(bytes.cast_unsigned().max(512))
    }

    fn step<T>(&self, step: impl FnMut() -> rusqlite::Result<T>) -> Result<T, OpenError> {
        retry_while_busy(self.busy_timeout, step).map_err(|error| self.error(error))
    }

    fn error(&self, source: Error) -> OpenError {
        let path = self.path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                OpenError::CannotOpen { path, source }
            }
            Some(ErrorCode::NotADatabase) => OpenError::NotADatabase { path, source },
            Some(ErrorCode::ReadOnly) => OpenError::ReadOnly {
                path,
                source: Some(source),
            },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked {
                path,
                waited: self.busy_timeout,
                source,
            },
            Some(ErrorCode::DatabaseCorrupt) => OpenError::Corrupt { path, source },
            _ => OpenError::Store { path, source },
        }
    }
}

/// What every connection has.
fn configure(db: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    let full = options.durability == Durability::Full;
    db.pragma_update(None, "synchronous", if full { "FULL" } else { "NORMAL" })?;
    // On macOS a plain sync leaves the data in the drive's own memory.
    db.pragma_update(None, "fullfsync", full)?;
    db.pragma_update(None, "checkpoint_fullfsync", full)?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "trusted_schema", false)
}
