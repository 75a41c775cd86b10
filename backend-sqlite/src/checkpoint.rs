//! Moving the write-ahead log into the database file, without stopping savers.
//!
//! A checkpoint syncs the disk twice and writes every changed page, which can
//! take long. So the writer's commits never do it. A thread with a connection
//! of its own runs passive checkpoints, which wait for nobody and hold nobody
//! up. Alone it might never catch up with a busy writer, and a log is begun
//! again only when all of it has been moved. So once the log is past its bound
//! and only a little of it is left to move, the writer moves that little
//! itself, between two groups.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use rusqlite::Connection;
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::{file_system, files::Files};

/// How many passive checkpoints follow each other, each moving what was
/// committed during the one before, until little is left for the writer.
const MAX_ROUNDS: usize = 4;

/// The log's length is bounded at this many times the growth that starts a
/// checkpoint.
const BOUND: u64 = 4;

/// What is little enough to be left to the writer, as a part of that growth:
/// savers wait meanwhile.
const LITTLE: u64 = 16;

/// How long to wait for readers before a log is left as it is. Ours read for
/// much less.
const READERS_PATIENCE: Duration = Duration::from_millis(200);

/// By how much the log grows between two looks at the room that is left.
const LOOK_EVERY_PAGES: u64 = 32;

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

/// Moves all of the log and cuts it off, which gives its room back to the disk
/// and leaves nothing of what was in it. `false` if others are in the way.
fn empty_log_at_once(db: &Connection) -> rusqlite::Result<bool> {
    db.prepare_cached("PRAGMA wal_checkpoint(TRUNCATE)")?
        .query_row([], |row| row.get::<_, bool>(0).map(|busy| !busy))
}

/// The same, with some patience for those who read. Whoever reads for longer
/// keeps the log.
pub(crate) fn empty_log(db: &Connection) -> bool {
    let start = Instant::now();
    loop {
        match empty_log_at_once(db) {
            Ok(true) => return true,
            Ok(false) if start.elapsed() < READERS_PATIENCE => {
                thread::park_timeout(Duration::from_millis(1));
            }
            Ok(false) => return false,
            Err(error) => {
                warn!(%error, "could not empty the log");
                return false;
            }
        }
    }
}

/// What both sides leave for each other.
#[derive(Debug, Default)]
struct Shared {
    /// The writer should move what is left.
    help_wanted: AtomicBool,
    /// Something was committed that no checkpoint has moved yet.
    unmoved: AtomicBool,
}

/// The checkpointing thread's own things.
pub(crate) struct Checkpointer {
    db: Connection,
    /// Ends when the writer has ended.
    due: mpsc::Receiver<()>,
    shared: Arc<Shared>,
    traces: Traces,
    files: Arc<Files>,
    interval: Duration,
    growth_pages: u64,
}

/// Whether the log has traces of what was erased: to be emptied as soon as
/// readers allow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traces(Arc<AtomicBool>);

impl Traces {
    pub(crate) fn leave(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Removes them, if there are any.
    fn remove(&self, db: &Connection) {
        // Before, and not after: more may be left meanwhile.
        if self.0.swap(false, Ordering::AcqRel) && !empty_log(db) {
            self.leave();
        }
    }
}

/// The writer's part in it.
pub(crate) struct WriterSide {
    due: mpsc::SyncSender<()>,
    shared: Arc<Shared>,
    traces: Traces,
    growth_pages: u64,
    /// The log's length after the last commit, in pages.
    log_pages: Arc<AtomicU64>,
    /// Its length when the last checkpoint was asked for.
    asked_at: u64,
    room: Room,
}

/// How much room the disk has left for the log. Moving the log needs a little
/// itself, where the file grows: it must not take all there is.
struct Room {
    path: PathBuf,
    /// What is to be left.
    reserve_bytes: u64,
    /// The log's length at the last look.
    looked_at: u64,
}

impl Room {
    /// Whether less than that is left. It looks again when the log has grown.
    fn is_short(&mut self, log: u64) -> bool {
        if log < self.looked_at {
            self.looked_at = 0;
        }
        if log - self.looked_at < LOOK_EVERY_PAGES {
            return false;
        }
        self.looked_at = log;
        file_system::free_bytes(&self.path)
            .inspect_err(|error| warn!(%error, "can't find out how much room the disk has left"))
            .is_ok_and(|free| free < self.reserve_bytes)
    }
}

/// When checkpoints are due, and what they look at.
pub(crate) struct Plan {
    /// How much the log grows between two of them.
    pub(crate) growth_pages: u64,
    /// The database, and how much of its disk the log leaves free if it can.
    pub(crate) path: PathBuf,
    pub(crate) reserve_bytes: u64,
    /// How long it may have grown by less.
    pub(crate) interval: Duration,
    pub(crate) traces: Traces,
    pub(crate) files: Arc<Files>,
}

/// Prepares both sides.
pub(crate) fn set_up(
    writer: &mut Connection,
    own: Connection,
    plan: Plan,
) -> rusqlite::Result<(Checkpointer, WriterSide)> {
    let log_pages = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&log_pages);
    // This hook also takes the place of the automatic checkpoint.
    writer.wal_hook(Some(move |_: &mut _, pages: std::ffi::c_int| {
        seen.store(u64::try_from(pages).unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }))?;
    let (ask, due) = mpsc::sync_channel(1);
    let shared = Arc::new(Shared::default());
    let growth_pages = plan.growth_pages;
    let checkpointer = Checkpointer {
        db: own,
        due,
        shared: Arc::clone(&shared),
        traces: plan.traces.clone(),
        files: plan.files,
        interval: plan.interval,
        growth_pages,
    };
    let writer_side = WriterSide {
        due: ask,
        shared,
        traces: plan.traces,
        growth_pages,
        log_pages,
        asked_at: 0,
        room: Room {
            path: plan.path,
            reserve_bytes: plan.reserve_bytes,
            looked_at: 0,
        },
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
        self.shared.unmoved.store(true, Ordering::Relaxed);
        let log = self.log_pages.load(Ordering::Relaxed);
        if log < self.asked_at {
            // The log was begun again.
            self.asked_at = 0;
        }
        if log - self.asked_at >= self.growth_pages {
            self.asked_at = log;
            // If it can't be sent, one is asked for already, or the thread
            // has gone and said why.
            let _ = self.due.try_send(());
        }
        let short_of_room = self.room.is_short(log);
        if self.shared.help_wanted.swap(false, Ordering::Relaxed) || short_of_room {
            report(passive(db));
        }
    }

    /// Before anybody is answered: what was erased is to be gone from the log.
    pub(crate) fn before_answers(&self, db: &Connection) {
        self.traces.remove(db);
    }
}

impl Checkpointer {
    /// Runs checkpoints as they fall due, until the writer has ended.
    pub(crate) fn run(self) {
        loop {
            let asked = self.due.recv_timeout(self.interval);
            if asked == Err(RecvTimeoutError::Disconnected) {
                return;
            }
            // What others have made of the files is not ours.
            if self.files.check().is_err() {
                continue;
            }
            self.traces.remove(&self.db);
            if asked.is_ok() || self.shared.unmoved.load(Ordering::Relaxed) {
                self.checkpoint();
            }
        }
    }

    fn checkpoint(&self) {
        self.shared.unmoved.store(false, Ordering::Relaxed);
        let mut moved_before = 0;
        for _ in 0..MAX_ROUNDS {
            let Some(Progress { log, moved }) = report(passive(&self.db)) else {
                self.shared.unmoved.store(true, Ordering::Relaxed);
                return;
            };
            if moved < log {
                self.shared.unmoved.store(true, Ordering::Relaxed);
            }
            if log < bound(self.growth_pages) {
                return;
            }
            // What is committed meanwhile is not in these figures, but it is
            // about as much as this round found.
            if moved - moved_before.min(moved) <= self.growth_pages / LITTLE {
                break;
            }
            moved_before = moved;
        }
        debug!("the log is past its bound: the writer helps");
        self.shared.help_wanted.store(true, Ordering::Relaxed);
    }
}

/// Leaves as little in the log as other processes allow.
pub(crate) fn at_close(db: &Connection) {
    report(passive(db));
}

/// A checkpoint that failed loses nothing: the log keeps what it could not
/// move. The next one tries again.
fn report(outcome: rusqlite::Result<Option<Progress>>) -> Option<Progress> {
    outcome
        .inspect_err(
            |error| warn!(%error, "a checkpoint failed; until one succeeds, the log grows"),
        )
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
            let plan = Plan {
                growth_pages: GROWTH,
                path: folder.path().join("db"),
                reserve_bytes: 0,
                interval: Duration::from_secs(30),
                traces: Traces::default(),
                files: Arc::default(),
            };
            let (checkpointer, writer_side) = set_up(&mut db, connect(), plan).unwrap();
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
        assert!(!log.writer_side.shared.help_wanted.load(Ordering::Relaxed));

        // What a reader still needs is left over, and keeps the log going...
        let reader = Connection::open(log.db.path().unwrap()).unwrap();
        reader
            .execute_batch("BEGIN; SELECT count(*) FROM a")
            .unwrap();
        log.commit(bound(GROWTH));
        log.checkpointer.checkpoint();
        assert!(log.writer_side.shared.help_wanted.load(Ordering::Relaxed));
        drop(reader);
        assert!(log.commit(1) > bound(GROWTH));
        // ...until the writer has moved the rest itself.
        log.writer_side.after_commit(&log.db);
        assert!(log.commit(1) <= 4, "the log is begun again");
    }
}
