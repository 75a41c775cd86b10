//! Group commit: many operations, one transaction, one sync of the disk.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use playerdata_core::backend::ErrorKind;
use rusqlite::Connection;
use tracing::warn;

use crate::{busy::retry_while_busy, error::Fault, job::Job};

/// What became of a transaction.
enum Ending {
    Committed,
    /// One operation's failure took the others with it. Nothing was applied.
    RolledBack,
    /// The transaction as such failed: it could not begin or not commit.
    Failed(Fault),
}

/// Runs `jobs` in one transaction and answers them after its commit.
///
/// An operation that fails, fails alone. Some errors (a full disk, for one)
/// make SQLite roll back everything; then each of the others is tried again
/// in a transaction of its own, so that what can be done is done.
pub(crate) fn commit(db: &Connection, mut jobs: Vec<Box<dyn Job>>, busy_timeout: Duration) {
    jobs.retain(|job| !job.is_abandoned());
    match attempt(db, &mut jobs, busy_timeout) {
        Ending::Committed => {}
        Ending::Failed(fault) => fail_all(&mut jobs, &fault),
        Ending::RolledBack => {
            warn!(operations = jobs.len(), "a group was rolled back");
            for job in jobs.iter_mut().filter(|job| !job.has_failed()) {
                let alone = std::slice::from_mut(job);
                if let Ending::Failed(fault) = attempt(db, alone, busy_timeout) {
                    fail_all(alone, &fault);
                }
            }
        }
    }
    for job in jobs {
        job.answer();
    }
}

fn fail_all(jobs: &mut [Box<dyn Job>], fault: &Fault) {
    for job in jobs.iter_mut() {
        job.fail(fault.clone());
    }
}

fn attempt(db: &Connection, jobs: &mut [Box<dyn Job>], busy_timeout: Duration) -> Ending {
    if jobs.is_empty() {
        return Ending::Committed;
    }
    if let Err(error) = retry_while_busy(busy_timeout, || begin(db)) {
        return Ending::Failed(error.into());
    }
    for job in jobs.iter_mut() {
        run(db, job.as_mut());
        if db.is_autocommit() {
            return Ending::RolledBack;
        }
    }
    match execute(db, "COMMIT") {
        Ok(()) => Ending::Committed,
        Err(error) => {
            // Part of it may have reached the log before the commit failed.
            let fault = Fault::from(error).maybe_applied();
            roll_back(db);
            Ending::Failed(fault)
        }
    }
}

fn run(db: &Connection, job: &mut dyn Job) {
    let outcome = catch_unwind(AssertUnwindSafe(|| job.run(db)));
    if outcome.is_err() {
        // Half of the operation may be in the transaction: undo it all.
        roll_back(db);
        job.fail(Fault::new(ErrorKind::Unavailable, "the operation panicked"));
    }
}

fn begin(db: &Connection) -> rusqlite::Result<()> {
    if !db.is_autocommit() {
        execute(db, "ROLLBACK")?;
    }
    execute(db, "BEGIN IMMEDIATE")
}

fn roll_back(db: &Connection) {
    if db.is_autocommit() {
        return;
    }
    // If it fails, the next group's begin tries it again, and fails with it.
    if let Err(error) = execute(db, "ROLLBACK") {
        warn!(%error, "could not roll back");
    }
}

fn execute(db: &Connection, sql: &'static str) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute([]).map(drop)
}
