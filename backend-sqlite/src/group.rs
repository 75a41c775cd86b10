//! Group commit: many operations, one transaction, one sync of the disk.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use playerdata_core::backend::ErrorKind;
use rusqlite::{Connection, ErrorCode};
use tracing::warn;

use crate::{busy::retry_while_busy, checkpoint, error::Fault, job::Job};

/// The outcome of a transaction.
enum Ending {
    Committed,
    /// One operation's failure took the others with it. Nothing was applied.
    RolledBack,
    /// The transaction as such failed: it could not begin or not commit.
    Failed(Fault),
}

/// Where the operations of a group come from, while its transaction goes on.
pub(crate) trait Arrivals {
    /// One more for the group, or `None` if it is full.
    fn next(&mut self) -> Option<Box<dyn Job>>;
}

/// Nobody comes any more.
struct Over;

impl Arrivals for Over {
    fn next(&mut self) -> Option<Box<dyn Job>> {
        None
    }
}

/// Runs `jobs`, and those that arrive meanwhile, in one transaction. All of them
/// are in `jobs` afterwards, each with its outcome.
///
/// An operation that fails, fails alone. Some errors (a full disk, a damaged
/// page) make SQLite give up all of the transaction; then each of the others
/// is tried again in a transaction of its own, so that what can be done is
/// done.
///
/// Where there is no room, the log may be what takes it up: it is emptied, and
/// what failed for lack of room is tried again.
pub(crate) fn commit(
    db: &Connection,
    jobs: &mut Vec<Box<dyn Job>>,
    arrivals: &mut impl Arrivals,
    busy_timeout: Duration,
) {
    jobs.retain(|job| !job.is_abandoned());
    let mut ending = attempt(db, jobs, arrivals, busy_timeout);
    let short_of_room = |job: &dyn Job| job.failure().is_some_and(Fault::is_full);
    let commit_failed = matches!(&ending, Ending::Failed(fault) if fault.is_full());
    let room_made = (commit_failed || jobs.iter().any(|job| short_of_room(&**job)))
        && checkpoint::empty_log(db);
    if room_made && commit_failed {
        ending = attempt(db, jobs, &mut Over, busy_timeout);
    }
    let again = |job: &dyn Job| room_made && short_of_room(job);
    match ending {
        Ending::Committed => each_alone(db, jobs, busy_timeout, again),
        Ending::Failed(fault) => fail_all(jobs, &fault),
        Ending::RolledBack => {
            warn!(operations = jobs.len(), "a group was rolled back");
            let again = |job: &dyn Job| job.failure().is_none() || again(job);
            each_alone(db, jobs, busy_timeout, again);
        }
    }
}

/// Runs those for which `again` holds in a transaction each.
fn each_alone(
    db: &Connection,
    jobs: &mut [Box<dyn Job>],
    busy_timeout: Duration,
    again: impl Fn(&dyn Job) -> bool,
) {
    for job in jobs.iter_mut().filter(|job| again(&***job)) {
        if let Ending::Failed(fault) = attempt_alone(db, job.as_mut(), busy_timeout)
            && job.failure().is_none()
        {
            job.fail(fault);
        }
    }
}

/// Fails all but those that failed by themselves before: of these it is known
/// that they were not applied.
pub(crate) fn fail_all(jobs: &mut [Box<dyn Job>], fault: &Fault) {
    for job in jobs.iter_mut().filter(|job| job.failure().is_none()) {
        job.fail(fault.clone());
    }
}

/// Runs all of a group in one transaction.
fn attempt(
    db: &Connection,
    jobs: &mut Vec<Box<dyn Job>>,
    arrivals: &mut impl Arrivals,
    busy_timeout: Duration,
) -> Ending {
    if jobs.is_empty() {
        return Ending::Committed;
    }
    if let Err(error) = retry_while_busy(busy_timeout, || begin(db)) {
        return Ending::Failed(error.into());
    }
    let mut done = 0;
    while done < jobs.len() {
        if let Some(ending) = step(db, jobs[done].as_mut()) {
            return ending;
        }
        done += 1;
        if done == jobs.len() {
            jobs.extend(arrivals.next());
        }
    }
    end(db)
}

/// Runs one in a transaction of its own.
fn attempt_alone(db: &Connection, job: &mut dyn Job, busy_timeout: Duration) -> Ending {
    if let Err(error) = retry_while_busy(busy_timeout, || begin(db)) {
        return Ending::Failed(error.into());
    }
    step(db, job).unwrap_or_else(|| end(db))
}

/// Runs one within the transaction, unless its caller has gone, perhaps while
/// the lock was waited for. `Some` if that has ended the transaction.
fn step(db: &Connection, job: &mut dyn Job) -> Option<Ending> {
    if !job.begin() {
        return None;
    }
    run(db, job);
    if job.failure().is_some_and(Fault::dooms_transaction)
        && let Err(error) = roll_back(db)
    {
        return Some(Ending::Failed(error.into()));
    }
    db.is_autocommit().then_some(Ending::RolledBack)
}

fn end(db: &Connection) -> Ending {
    match execute(db, "COMMIT") {
        Ok(()) => Ending::Committed,
        Err(error) => {
            // Part of it may have reached the log before the commit failed.
            // If the disk is full, the part that makes it a commit has not.
            let full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
            let fault = Fault::from(error);
            if let Err(error) = roll_back(db) {
                // The next group's begin tries it again, and fails with it.
                warn!(%error, "could not roll back");
            }
            Ending::Failed(if full { fault } else { fault.maybe_applied() })
        }
    }
}

fn run(db: &Connection, job: &mut dyn Job) {
    let outcome = catch_unwind(AssertUnwindSafe(|| job.run(db)));
    if outcome.is_err() {
        // Half of the operation may be in the transaction.
        job.fail(Fault::new(ErrorKind::Unavailable, "the operation panicked").dooming());
    }
}

fn begin(db: &Connection) -> rusqlite::Result<()> {
    if !db.is_autocommit() {
        execute(db, "ROLLBACK")?;
    }
    execute(db, "BEGIN IMMEDIATE")
}

pub(crate) fn roll_back(db: &Connection) -> rusqlite::Result<()> {
    if db.is_autocommit() {
        return Ok(());
    }
    execute(db, "ROLLBACK")
}

fn execute(db: &Connection, sql: &'static str) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute([]).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use playerdata_core::backend::Effect;
    use tokio::sync::oneshot::Receiver;

    use super::*;
    use crate::{job::pending, savepoint::all_or_nothing};

    const NO_PATIENCE: Duration = Duration::ZERO;

    type Answer = Receiver<Result<usize, Fault>>;

    fn store() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(
            "PRAGMA foreign_keys = ON;
             CREATE TABLE a (x INTEGER PRIMARY KEY);
             CREATE TABLE b (x REFERENCES a DEFERRABLE INITIALLY DEFERRED);",
        )
        .unwrap();
        db
    }

    fn sql(sql: &'static str) -> (Box<dyn Job>, Answer) {
        pending(move |db: &Connection| Ok(db.execute(sql, [])?))
    }

    fn count(db: &Connection) -> i64 {
        db.query_row("SELECT count(*) FROM a", [], |row| row.get(0))
            .unwrap()
    }

    fn outcome(mut answer: Answer) -> Result<usize, Effect> {
        let outcome = answer.try_recv().expect("every operation is answered");
        outcome.map_err(|fault| fault.during(format_args!("testing")).effect())
    }

    /// Those who come one after the other, each when the one before is done.
    struct Coming(std::vec::IntoIter<Box<dyn Job>>);

    impl Arrivals for Coming {
        fn next(&mut self) -> Option<Box<dyn Job>> {
            self.0.next()
        }
    }

    fn answered(db: &Connection, mut jobs: Vec<Box<dyn Job>>) {
        commit(db, &mut jobs, &mut Over, NO_PATIENCE);
        for job in jobs {
            job.answer();
        }
    }

    /// Commits a group of three, and gives what the three were answered.
    fn commit_with(db: &Connection, odd: (Box<dyn Job>, Answer)) -> [Result<usize, Effect>; 3] {
        let before = sql("INSERT INTO a VALUES (1)");
        let after = sql("INSERT INTO a VALUES (2)");
        answered(db, vec![before.0, odd.0, after.0]);
        assert!(db.is_autocommit());
        [before.1, odd.1, after.1].map(outcome)
    }

    #[test]
    fn an_operation_that_fails_fails_alone() {
        let db = store();
        let odd = sql("INSERT INTO a VALUES (1)");
        assert_eq!(commit_with(&db, odd), [Ok(1), Err(Effect::None), Ok(1)]);
        assert_eq!(count(&db), 2);
    }

    #[test]
    fn an_operation_that_rolls_back_the_group_fails_alone() {
        let db = store();
        let odd = sql("INSERT OR ROLLBACK INTO a VALUES (1)");
        assert_eq!(commit_with(&db, odd), [Ok(1), Err(Effect::None), Ok(1)]);
        assert_eq!(count(&db), 2);
    }

    #[test]
    fn an_operation_that_panics_fails_alone_and_leaves_nothing_half_done() {
        let db = store();
        let odd = pending(|db: &Connection| {
            db.execute("INSERT INTO a VALUES (3)", [])?;
            panic!("halfway");
        });
        assert_eq!(commit_with(&db, odd), [Ok(1), Err(Effect::None), Ok(1)]);
        assert_eq!(count(&db), 2);
    }

    #[test]
    fn e7_an_operation_that_cannot_be_undone_leaves_nothing_half_done() {
        let db = store();
        let odd = pending(|db: &Connection| {
            all_or_nothing(db, || {
                db.execute("INSERT INTO a VALUES (3)", [])?;
                // Whatever takes the savepoint away, it can't be gone back to.
                db.execute_batch("RELEASE operation")?;
                Err::<usize, _>(Fault::corrupt("halfway"))
            })
        });
        assert_eq!(commit_with(&db, odd), [Ok(1), Err(Effect::None), Ok(1)]);
        assert_eq!(count(&db), 2);
    }

    #[test]
    fn a_commit_that_fails_leaves_all_of_the_group_in_doubt_and_the_next_group_works() {
        let db = store();
        let odd = sql("INSERT INTO b VALUES (9)");
        assert_eq!(commit_with(&db, odd), [Err(Effect::Possible); 3]);
        assert_eq!(count(&db), 0);
        let odd = sql("INSERT INTO a VALUES (3)");
        assert_eq!(commit_with(&db, odd), [Ok(1); 3]);
        assert_eq!(count(&db), 3);
    }

    #[test]
    fn whoever_arrives_while_a_group_is_at_work_shares_its_commit() {
        let mut db = store();
        let commits = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&commits);
        db.commit_hook(Some(move || {
            seen.fetch_add(1, Ordering::Relaxed);
            false
        }))
        .unwrap();
        let all = [
            sql("INSERT INTO a VALUES (1)"),
            sql("INSERT INTO a VALUES (2)"),
            sql("INSERT INTO a VALUES (3)"),
        ];
        let (mut jobs, answers): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        let mut others = Coming(jobs.split_off(1).into_iter());
        commit(&db, &mut jobs, &mut others, NO_PATIENCE);
        for job in jobs {
            job.answer();
        }
        for answer in answers {
            assert_eq!(outcome(answer), Ok(1));
        }
        assert_eq!(commits.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn those_who_arrived_before_a_rollback_are_done_again_and_nobody_else_is_taken_in() {
        let db = store();
        let (first, mut first_answer) = sql("INSERT INTO a VALUES (1)");
        let (odd, mut odd_answer) = sql("INSERT OR ROLLBACK INTO a VALUES (1)");
        let (late, mut late_answer) = sql("INSERT INTO a VALUES (2)");
        let mut others = Coming(vec![odd, late].into_iter());
        let mut jobs = vec![first];
        commit(&db, &mut jobs, &mut others, NO_PATIENCE);
        assert_eq!(jobs.len(), 2);
        for job in jobs {
            job.answer();
        }
        assert!(matches!(first_answer.try_recv(), Ok(Ok(1))));
        assert!(matches!(odd_answer.try_recv(), Ok(Err(_))));
        assert!(late_answer.try_recv().is_err(), "it is for the next group");
        assert_eq!(count(&db), 1);
        drop(others);
    }

    #[test]
    fn an_operation_whose_caller_has_gone_is_left_out() {
        let db = store();
        let (gone, answer) = sql("INSERT INTO a VALUES (3)");
        drop(answer);
        answered(&db, vec![gone]);
        assert_eq!(count(&db), 0);
    }
}
