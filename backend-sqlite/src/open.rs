//! Opening: the connections, the tables, the threads.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use rusqlite::{Connection, Error, ErrorCode, OpenFlags, config::DbConfig};
use tokio::sync::watch;

use crate::{
    Durability, OpenError, SqliteBackend, SqliteOptions,
    busy::retry_while_busy,
    checkpoint::{self, Traces},
    create,
    files::{FileId, Files},
    job::Queue,
    maintenance::OpenDatabase,
    reader::Reader,
    schema::{self, Identity, MigrationError},
    sync::SyncLevel,
    writer::Writer,
};

/// Two, so that one long read does not hold up all others.
const READERS: usize = 2;

/// How many operations may wait in a queue before callers wait for room.
const QUEUE: usize = 1_024;

/// How many pages the writer keeps at hand, in KiB: those of some 20 000 small
/// documents. Others are in the memory of the kernel. SQLite's own default is
/// 2 MB.
const WRITER_CACHE_KIB: i64 = 8 * 1024;

/// The pages of a new file. Larger ones make records of tens of kilobytes cheaper
/// by little, and small ones dearer by much: a page is logged as a whole, whatever
/// changed in it.
const PAGE_BYTES: i64 = 4 * 1024;

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
    let (_, others) = mpsc::channel();
    let writer = Writer {
        db,
        queue: received,
        group_size: options.group_size,
        busy_timeout: options.busy_timeout,
        checkpoints: None,
        level: SyncLevel::configured(Durability::Normal),
        held: None,
        files: Arc::default(),
        others,
    };
    spawn("playerdata-sqlite-writer", ended, || writer.run())?;
    let (traces, place) = (Traces::default(), None);
    Ok(SqliteBackend::new(
        queue.clone(),
        queue,
        options.clock,
        traces,
        place,
        end,
    ))
}

/// The connections of a file, and what belongs to them.
struct Opened {
    writer: Connection,
    checkpointer: Connection,
    readers: Vec<Connection>,
    files: Arc<Files>,
    growth_pages: u64,
}

fn open_file(options: SqliteOptions, path: &Path) -> Result<SqliteBackend, OpenError> {
    let mut opened = connect_all(&options, path)?;
    let traces = Traces::default();
    let plan = checkpoint::Plan {
        growth_pages: opened.growth_pages,
        path: path.to_owned(),
        reserve_bytes: options.checkpoint_bytes,
        interval: options.checkpoint_interval,
        traces: traces.clone(),
        files: Arc::clone(&opened.files),
    };
    let (checkpointer, checkpoints) =
        checkpoint::set_up(&mut opened.writer, opened.checkpointer, plan)
            .map_err(|error| At::new(path, &options).error(error))?;

    let (ended, end) = watch::channel(());
    let (alive, others) = mpsc::channel();
    let (read_queue, reads) = Queue::new(QUEUE);
    let reads = Arc::new(Mutex::new(reads));
    for db in opened.readers {
        let reader = Reader {
            db,
            files: Arc::clone(&opened.files),
            busy_timeout: options.busy_timeout,
            queue: Arc::clone(&reads),
        };
        let token = (ended.clone(), alive.clone());
        spawn("playerdata-sqlite-reader", token, || reader.run())?;
    }
    let token = (ended.clone(), alive);
    spawn("playerdata-sqlite-checkpoint", token, || checkpointer.run())?;
    let (write_queue, received) = Queue::new(QUEUE.max(options.group_size));
    let writer = Writer {
        db: opened.writer,
        queue: received,
        group_size: options.group_size,
        busy_timeout: options.busy_timeout,
        checkpoints: Some(checkpoints),
        level: SyncLevel::configured(options.durability),
        held: None,
        files: Arc::clone(&opened.files),
        others,
    };
    spawn("playerdata-sqlite-writer", ended, || writer.run())?;
    let clock = Arc::clone(&options.clock);
    let place = OpenDatabase {
        path: path.to_owned(),
        options,
        files: opened.files,
    };
    Ok(SqliteBackend::new(
        write_queue,
        read_queue,
        clock,
        traces,
        Some(Arc::new(place)),
        end,
    ))
}

fn connect_all(options: &SqliteOptions, path: &Path) -> Result<Opened, OpenError> {
    let at = At::new(path, options);
    create::prepare(path, options)?;
    let id = FileId::at(path).map_err(|source| at.cannot_look(source))?;
    let writer = at.connect()?;
    at.check_identity(&writer)?;
    at.lay_out(&writer)?;
    at.switch_to_wal(&writer)?;
    // What a process that crashed has left in the log: it may be what fills
    // the disk.
    checkpoint::empty_log(&writer);
    at.prepare(&writer, options)?;
    let readers = (0..READERS).map(|_| {
        let reader = at.connect_again(options)?;
        at.step(|| reader.pragma_update(None, "query_only", true))?;
        // The first look at the file makes those beside it.
        at.step(|| schema::identify(&reader))?;
        Ok(reader)
    });
    let readers = readers.collect::<Result<_, OpenError>>()?;
    let checkpointer = at.connect_again(options)?;
    let own = writer.path().map_or(path, Path::new);
    let files = Files::opened(path, own).map_err(|source| at.cannot_look(source))?;
    if FileId::at(path).ok() != Some(id) {
        return Err(OpenError::Replaced {
            path: path.to_owned(),
        });
    }
    Ok(Opened {
        checkpointer,
        readers,
        files: Arc::new(files),
        growth_pages: options.checkpoint_bytes / at.page_size(&writer)?,
        writer,
    })
}

/// One more connection to a file that is open already.
pub(crate) fn connect_again(path: &Path, options: &SqliteOptions) -> Result<Connection, OpenError> {
    At::new(path, options).connect_again(options)
}

/// Starts a thread that holds `until_end` until it ends.
fn spawn(
    name: &str,
    until_end: impl Send + 'static,
    work: impl FnOnce() + Send + 'static,
) -> Result<(), OpenError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            work();
            drop(until_end);
        })
        .map(drop)
        .map_err(|source: io::Error| OpenError::NoThread { source })
}

/// Where the database is, for steps and their errors.
struct At<'path> {
    path: &'path Path,
    busy_timeout: Duration,
}

impl<'path> At<'path> {
    fn new(path: &'path Path, options: &SqliteOptions) -> Self {
        Self {
            path,
            busy_timeout: options.busy_timeout,
        }
    }

    /// Connects without SQLite's own waiting for others: see `busy.rs`. The
    /// path is taken as it is, never as a URI.
    fn connect(&self) -> Result<Connection, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db =
            Connection::open_with_flags(self.path, flags).map_err(|error| self.error(error))?;
        db.busy_timeout(Duration::ZERO)
            .map_err(|error| self.error(error))?;
        Ok(db)
    }

    /// A further connection to a file that has been prepared.
    fn connect_again(&self, options: &SqliteOptions) -> Result<Connection, OpenError> {
        let db = self.connect()?;
        self.step(|| configure(&db, options))?;
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

    /// Lays out a new file. One that has tables stays as it is.
    fn lay_out(&self, db: &Connection) -> Result<(), OpenError> {
        self.step(|| {
            db.pragma_update(None, "page_size", PAGE_BYTES)?;
            db.pragma_update(None, "auto_vacuum", "INCREMENTAL")
        })
    }

    fn cannot_look(&self, source: io::Error) -> OpenError {
        OpenError::CannotLook {
            path: self.path.to_owned(),
            source,
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
pub(crate) fn configure(db: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // Plans do not depend on the values that are bound, so that a statement is
    // prepared once, and not again whenever others are.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let full = options.durability == Durability::Full;
    db.pragma_update(None, "synchronous", if full { "FULL" } else { "NORMAL" })?;
    // On macOS a plain sync leaves the data in the drive's own memory.
    db.pragma_update(None, "fullfsync", full)?;
    db.pragma_update(None, "checkpoint_fullfsync", full)?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    // What is erased or replaced is overwritten, too.
    db.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "trusted_schema", false)
}
