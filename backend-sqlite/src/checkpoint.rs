//! Moving the write-ahead log into the database file, without stopping savers.
//!
//! A checkpoint syncs the disk twice and writes every changed page, which can
//! take long. So the writer's commits never do it. A thread with a connection
//! of its own runs passive checkpoints, which wait for nobody and hold nobody
//! up. Alone it might never catch up with a busy writer, and a log is begun
//! anew only when all of it has been moved. So once the log is past its bound
//! and only a little of it is left to move, the writer moves that little
//! itself, between two groups.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
    mpsc,
};

use rusqlite::Connection;
use tracing::{debug, warn};

/// How many passive checkpoints follow each other, each moving what was
/// committed during the one before, until little is left for the writer.
const MAX_ROUNDS: usize = 4;

/// The log's length is bounded at this many times the growth that starts a
/// checkpoint.
const BOUND: u64 = 4;

/// How far a log has been moved, in pages.
#[derive(Clone, Copy, Debug)]
struct Progress {
    log: u64,
    moved: u64,
}

/// Moves what can be moved without waiting. `None` if another connection is
/// at it.
fn passive(db: &Connection) -> rusqlite::Result<Option<Progress>> {
    db.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?
        .query_row([], |row| {
            let busy: bool = row.get(0)?;
            let log: i64 = row.get(1)?;
            let moved: i64 = row.get(2)?;
            Ok((!busy).then_some(Progress {
                log: u64::try_from(log).unwrap_or(0),
                moved: u64::try_from(moved).unwrap_or(0),
            }))
        })
}

/// The checkpointing thread's own things.
pub(crate) struct Checkpointer {
    db: Connection,
    /// Ends when the writer has ended.
    due: mpsc::Receiver<()>,
    help_wanted: Arc<AtomicBool>,
    growth_pages: u64,
}

/// The writer's part in it.
pub(crate) struct WriterSide {
    due: mpsc::SyncSender<()>,
    help_wanted: Arc<AtomicBool>,
    growth_pages: u64,
    /// The log's length after the last commit, in pages.
    log_pages: Arc<AtomicU64>,
    /// Its length when the last checkpoint was asked for.
    asked_at: u64,
}

/// Prepares both sides. `growth_pages` is how much the log grows between two
/// checkpoints.
pub(crate) fn set_up(
    writer: &mut Connection,
    own: Connection,
    growth_pages: u64,
) -> rusqlite::Result<(Checkpointer, WriterSide)> {
    let log_pages = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&log_pages);
    // This hook also takes the place of the automatic checkpoint.
    writer.wal_hook(Some(move |_: &mut _, pages: std::ffi::c_int| {
        seen.store(u64::try_from(pages).unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }))?;
    let (ask, due) = mpsc::sync_channel(1);
    let help_wanted = Arc::new(AtomicBool::new(false));
    let checkpointer = Checkpointer {
        db: own,
        due,
        help_wanted: Arc::clone(&help_wanted),
        growth_pages,
    };
    let writer_side = WriterSide {
        due: ask,
        help_wanted,
        growth_pages,
        log_pages,
        asked_at: 0,
    };
    Ok((checkpointer, writer_side))
}

/// How long the log may get, in pages, before the writer helps.
pub(crate) const fn bound(growth_pages: u64) -> u64 {
    growth_pages * BOUND
}

impl WriterSide {
    /// Has a checkpoint run when the log has grown enough, and helps if that
    /// is wanted.
    pub(crate) fn after_commit(&mut self, db: &Connection) {
        let log = self.log_pages.load(Ordering::Relaxed);
        if log < self.asked_at {
            // The log was begun anew.
            self.asked_at = 0;
        }
        if log - self.asked_at >= self.growth_pages {
            self.asked_at = log;
            // If it can't be sent, one is asked for already, or the thread
            // has gone and said why.
            let _ = self.due.try_send(());
        }
        if self.help_wanted.swap(false, Ordering::Relaxed) {
            report(passive(db));
        }
    }

    /// Leaves as little in the log as other processes allow.
    pub(crate) fn at_close(&self, db: &Connection) {
        report(passive(db));
    }
}

impl Checkpointer {
    /// Runs checkpoints as they fall due, until the writer has ended.
    pub(crate) fn run(self) {
        while self.due.recv().is_ok() {
            self.checkpoint();
        }
    }

    fn checkpoint(&self) {
        let mut moved_before = 0;
        for _ in 0..MAX_ROUNDS {
            let Some(Progress { log, moved }) = report(passive(&self.db)) else {
                return;
            };
            if log < bound(self.growth_pages) {
                return;
            }
            // What is committed meanwhile is not in these figures, but it is
            // about as much as this round found.
            if moved - moved_before.min(moved) <= self.growth_pages / 4 {
                break;
            }
            moved_before = moved;
        }
        debug!("the log is past its bound: the writer helps");
        self.help_wanted.store(true, Ordering::Relaxed);
    }
}

/// A checkpoint that failed loses nothing: the log keeps what it could not
/// move. The next one tries again.
fn report(outcome: rusqlite::Result<Option<Progress>>) -> Option<Progress> {
    outcome
        .inspect_err(|error| warn!(%error, "a checkpoint failed; the log grows meanwhile"))
        .ok()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROWTH: u64 = 8;

    struct Log {
        db: Connection,
        checkpointer: Checkpointer,
        writer_side: WriterSide,
        _folder: tempfile::TempDir,
    }

    impl Log {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let connect = || Connection::open(folder.path().join("db")).unwrap();
            let mut db = connect();
            db.pragma_update(None, "journal_mode", "wal").unwrap();
            db.execute_batch("CREATE TABLE a (x)").unwrap();
            let (checkpointer, writer_side) = set_up(&mut db, connect(), GROWTH).unwrap();
            Self {
                db,
                checkpointer,
                writer_side,
                _folder: folder,
            }
        }

        /// Commits something, and gives the log's length.
        fn commit(&mut self, pages: u64) -> u64 {
            let bytes = pages.cast_signed() * 4_000;
            self.db
                .execute("INSERT INTO a VALUES (zeroblob(?1))", [bytes])
                .unwrap();
            self.writer_side.log_pages.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn a_checkpoint_is_asked_for_once_per_growth() {
        let mut log = Log::new();
        log.commit(GROWTH);
        for _ in 0..2 {
            log.writer_side.after_commit(&log.db);
        }
        assert!(log.checkpointer.due.try_recv().is_ok());
        assert!(log.checkpointer.due.try_recv().is_err());
    }

    #[test]
    fn the_writer_helps_only_when_the_log_is_past_its_bound() {
        let mut log = Log::new();
        log.commit(GROWTH);
        log.checkpointer.checkpoint();
        assert!(!log.writer_side.help_wanted.load(Ordering::Relaxed));

        // What a reader still needs is left over, and keeps the log going...
        let reader = Connection::open(log.db.path().unwrap()).unwrap();
        reader
            .execute_batch("BEGIN; SELECT count(*) FROM a")
            .unwrap();
        log.commit(bound(GROWTH));
        log.checkpointer.checkpoint();
        assert!(log.writer_side.help_wanted.load(Ordering::Relaxed));
        drop(reader);
        assert!(log.commit(1) > bound(GROWTH));
        // ...until the writer has moved the rest itself.
        log.writer_side.after_commit(&log.db);
        assert!(log.commit(1) <= 4, "the log is begun anew");
    }
}
