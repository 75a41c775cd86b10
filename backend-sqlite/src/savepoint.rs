//! Operations of several statements inside the group's transaction.

use rusqlite::Connection;
use tracing::warn;

use crate::error::Fault;

/// Runs `steps` so that a failure of any leaves nothing of the others, while
/// the transaction around them goes on.
///
/// Where that can't be done, because SQLite refuses to go back to the
/// savepoint, the transaction must not be committed, and the fault says so.
pub(crate) fn all_or_nothing<T>(
    db: &Connection,
    steps: impl FnOnce() -> Result<T, Fault>,
) -> Result<T, Fault> {
    run(db, "SAVEPOINT operation")?;
    let outcome = steps();
    // Some errors end the whole transaction, and the savepoint with it.
    if db.is_autocommit() {
        return outcome;
    }
    let undone = match &outcome {
        Ok(_) => Ok(()),
        Err(_) => run(db, "ROLLBACK TO operation"),
    };
    let ended = undone.and_then(|()| run(db, "RELEASE operation"));
    match (outcome, ended) {
        (outcome, Ok(())) => outcome,
        (Ok(_), Err(fault)) => Err(fault.dooming()),
        (Err(cause), Err(fault)) => {
            warn!(%fault, "could not undo an operation that failed");
            Err(cause.dooming())
        }
    }
}

fn run(db: &Connection, sql: &'static str) -> Result<(), Fault> {
    db.prepare_cached(sql)?.execute([])?;
    Ok(())
}
