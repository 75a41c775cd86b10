//! What an operator does to a database in use: copy it, check it, shrink it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use playerdata_core::backend::{Hazard, HazardKind};
use rusqlite::{Connection, ErrorCode};
use thiserror::Error as ThisError;
use tokio::sync::oneshot;

use crate::{
    OpenError, SqliteOptions, busy::retry_while_busy, create::set_mode, file_system, files::Files,
    open,
};

/// How many pages are moved from the end of the file at a time: few enough
/// that savers don't notice.
const SHRINK_PAGES: usize = 256;

/// The most that a check reports.
const MAX_FINDINGS: usize = 100;

/// Why a copy, a check or a shrinking failed. The database goes on as it was.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum MaintenanceError {
    /// A database in memory has no file.
    #[error("a database in memory has no file to maintain")]
    InMemory,
    /// The database's files are not the ones at their path any more.
    #[error("{}: {}", path.display(), Files::SAYS)]
    Replaced {
        /// The first of them that is not.
        path: PathBuf,
    },
    /// Something is at the path that a copy was to go to. It was left alone.
    #[error("{} already exists", path.display())]
    Exists {
        /// The path that was given.
        path: PathBuf,
    },
    /// A file can't be made, written or looked at.
    #[error("can't read or write {}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another connection to the database can't be opened.
    #[error("can't open another connection to the database")]
    Connect {
        /// Why not.
        source: OpenError,
    },
    /// SQLite failed: a full disk, say, or a database that others kept busy.
    #[error("{step} failed")]
    Store {
        /// What was being done.
        step: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The database, or the copy that was made of it, is damaged. There is no
    /// copy.
    #[error("the database to be copied is damaged: {}", findings.join("; "))]
    Damaged {
        /// What the check found.
        findings: Vec<String>,
    },
    /// The operating system gave no thread.
    #[error("can't start a thread")]
    NoThread {
        /// What it says.
        source: io::Error,
    },
    /// The thread that did it ended without an answer: it panicked.
    #[error("the thread ended without an answer")]
    NoAnswer,
}

type Result<T> = std::result::Result<T, MaintenanceError>;

fn store(step: &'static str) -> impl FnOnce(rusqlite::Error) -> MaintenanceError {
    move |source| MaintenanceError::Store { step, source }
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> MaintenanceError {
    let path = path.to_owned();
    move |source| MaintenanceError::File { path, source }
}

/// An open database, for those who open another connection to it.
#[derive(Debug)]
pub(crate) struct OpenDatabase {
    pub(crate) path: PathBuf,
    pub(crate) options: SqliteOptions,
    pub(crate) files: Arc<Files>,
}

impl OpenDatabase {
    /// Does `work` in a thread of its own, with a connection of its own.
    /// Dropping the future leaves the thread to finish.
    pub(crate) async fn run<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&Self, &Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.aside(|place| place.connect().and_then(|db| work(place, &db)))
            .await
    }

    /// Does `work` in a thread of its own.
    pub(crate) async fn aside<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        thread::Builder::new()
            .name("playerdata-sqlite-maintenance".to_owned())
            .spawn(move || {
                // Nobody to answer is not a failure: the caller has gone.
                let _ = reply.send(work(&self));
            })
            .map_err(|source| MaintenanceError::NoThread { source })?;
        answer.await.unwrap_or(Err(MaintenanceError::NoAnswer))
    }

    fn connect(&self) -> Result<Connection> {
        self.check_files()?;
        let db = open::connect_again(&self.path, &self.options)
            .map_err(|source| MaintenanceError::Connect { source })?;
        self.check_files()?;
        Ok(db)
    }

    fn check_files(&self) -> Result<()> {
        match self.files.replaced().map_err(file(&self.path))? {
            None => Ok(()),
            Some(path) => Err(MaintenanceError::Replaced {
                path: path.to_owned(),
            }),
        }
    }

    fn patiently<T>(
        &self,
        step: &'static str,
        work: impl FnMut() -> rusqlite::Result<T>,
    ) -> Result<T> {
        retry_while_busy(self.options.busy_timeout, work).map_err(store(step))
    }

    /// How the files could lose what was acknowledged.
    pub(crate) fn hazards(&self) -> Result<Vec<Hazard>> {
        let mut hazards = Vec::new();
        if let Some(path) = self.files.replaced().map_err(file(&self.path))? {
            let what = format!(
                "{}: {}; find out what happened to it, then start the process again",
                path.display(),
                Files::SAYS
            );
            hazards.push(Hazard::new(HazardKind::FileReplaced, what));
            return Ok(hazards);
        }
        if let Some(name) = file_system::network(&self.path).map_err(file(&self.path))? {
            let what = format!(
                "{} is on a network file system ({name}), where SQLite's locks can't be relied \
                 on; put it on a local disk",
                self.path.display()
            );
            hazards.push(Hazard::new(HazardKind::NetworkFileSystem, what));
        }
        Ok(hazards)
    }

    /// Copies the database as it is at one moment, and checks the copy.
    pub(crate) fn back_up(&self, db: &Connection, to: &Path) -> Result<()> {
        let folder = match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if fs::symlink_metadata(to).is_ok() {
            return Err(exists(to));
        }
        // Copying leaves out what it can't find: the copy alone would seem
        // sound.
        sound(self.patiently("checking", || integrity(db))?)?;
        // It has its name only once it is whole.
        let copy = tempfile::Builder::new()
            .prefix(".playerdata-backup-")
            .tempfile_in(folder)
            .map_err(file(folder))?;
        set_mode(copy.as_file(), self.options.file_mode).map_err(file(copy.path()))?;
        let copy = copy.into_temp_path();
        let name = copy.to_str().ok_or_else(|| {
            let why = "SQLite takes only paths in UTF-8";
            file(to)(io::Error::new(io::ErrorKind::InvalidFilename, why))
        })?;
        self.patiently("copying", || db.execute("VACUUM INTO ?1", [name]))?;
        self.check_files()?;
        sound(check_copy(&copy)?)?;
        sync(&copy)?;
        copy.persist_noclobber(to).map_err(|error| {
            if error.error.kind() == io::ErrorKind::AlreadyExists {
                exists(to)
            } else {
                file(to)(error.error)
            }
        })?;
        sync(folder)
    }

    /// What is wrong with the database, as it is at one moment.
    pub(crate) fn check(&self, db: &Connection) -> Result<Vec<String>> {
        let mut findings = Vec::new();
        for look in [integrity, stray_claims] {
            match retry_while_busy(self.options.busy_timeout, || look(db)) {
                Ok(more) => findings.extend(more),
                Err(error) if is_damage(&error) => findings.push(error.to_string()),
                Err(error) => return Err(store("checking")(error)),
            }
        }
        Ok(findings)
    }

    /// Gives pages that hold nothing back to the disk, and says how many bytes
    /// that was.
    pub(crate) fn shrink(&self, db: &Connection) -> Result<u64> {
        let before = self.pages(db)?;
        if self.patiently("looking", || number(db, "PRAGMA auto_vacuum"))? == INCREMENTAL {
            while self.patiently("looking", || number(db, "PRAGMA freelist_count"))? > 0 {
                self.check_files()?;
                self.patiently("shrinking", || {
                    let sql = format!("PRAGMA incremental_vacuum({SHRINK_PAGES})");
                    db.execute_batch(&sql)
                })?;
                // Whoever waits to write gets a turn.
                thread::park_timeout(Duration::from_millis(2));
            }
        } else {
            self.patiently("shrinking", || {
                db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
            })?;
        }
        crate::checkpoint::empty_log(db);
        let after = self.pages(db)?;
        let page_size = self.patiently("looking", || number(db, "PRAGMA page_size"))?;
        Ok(before.saturating_sub(after) * page_size)
    }

    fn pages(&self, db: &Connection) -> Result<u64> {
        self.patiently("looking", || number(db, "PRAGMA page_count"))
    }
}

/// The number that SQLite has for `auto_vacuum = INCREMENTAL`.
const INCREMENTAL: u64 = 2;

fn number(db: &Connection, sql: &str) -> rusqlite::Result<u64> {
    let number: i64 = db.query_row(sql, [], |row| row.get(0))?;
    Ok(number.cast_unsigned())
}

fn exists(path: &Path) -> MaintenanceError {
    MaintenanceError::Exists {
        path: path.to_owned(),
    }
}

fn sound(findings: Vec<String>) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    Err(MaintenanceError::Damaged { findings })
}

fn check_copy(copy: &Path) -> Result<Vec<String>> {
    Connection::open(copy)
        .and_then(|db| integrity(&db))
        .map_err(store("checking the copy"))
}

/// SQLite itself does not sync what it copies.
fn sync(path: &Path) -> Result<()> {
    fs::File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(file(path))
}

fn is_damage(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt)
}

fn integrity(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = format!("PRAGMA integrity_check({MAX_FINDINGS})");
    let mut statement = db.prepare(&sql)?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut lines = lines.collect::<rusqlite::Result<Vec<_>>>()?;
    lines.retain(|line| line != "ok");
    Ok(lines)
}

/// Claims whose session does not hold the player: somebody changed a lock by
/// hand, and saves under that claim still succeed.
fn stray_claims(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(
        "SELECT player, slot FROM slot
         WHERE claim_session IS NOT NULL AND claim_session IS NOT
             (SELECT session FROM lock WHERE lock.player = slot.player)
         LIMIT ?1",
    )?;
    let rows = statement.query_map([MAX_FINDINGS as i64], |row| {
        let (player, slot): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(format!(
            "{player}/{slot} has a claim of a session that does not hold the player"
        ))
    })?;
    rows.collect()
}
