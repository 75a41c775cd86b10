//! Operations of several statements inside the group's transaction.

use rusqlite::Connection;

use crate::error::Fault;

/// Runs `steps` so that a failure of any leaves nothing of the others, while
/// the transaction around them goes on.
pub(crate) fn all_or_nothing<T>(
    db: &Connection,
    steps: impl FnOnce() -> Result<T, Fault>,
) -> Result<T, Fault> {
    run(db, "SAVEPOINT operation")?;
    let outcome = steps();
    // Some errors end the whole transaction, and the savepoint with it.
    if outcome.is_err() && !db.is_autocommit() {
        run(db, "ROLLBACK TO operation")?;
    }
    if !db.is_autocommit() {
        run(db, "RELEASE operation")?;
    }
    outcome
}

fn run(db: &Connection, sql: &'static str) -> Result<(), Fault> {
    db.prepare_cached(sql)?.execute([])?;
    Ok(())
}
