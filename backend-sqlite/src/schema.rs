//! The tables, and how a file of an older version gets them.
//!
//! The files under `sql` describe the tables. Three rules hold for all:
//!
//! - GUIDs are blobs of 16 bytes. Compared byte by byte, incarnations keep
//!   their order.
//! - Names, revisions, claims: what a save checks is in the slot's own row, so
//!   that a save is one guarded `UPDATE`. Whatever takes the lock from a
//!   session clears the claim columns of the player's slots in the same
//!   transaction. Who edits locks by hand has to do the same.
//! - Times are milliseconds since 1970 UTC.
//!
//! The file's `application_id` says that it is ours; its `user_version` is the
//! number of steps that it has seen.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// "pldy": distinguishes a file of ours from any other SQLite database.
pub(crate) const APPLICATION_ID: i32 = 0x706c_6479;

/// What brings a file from each version to the next. A step is never changed
/// once it was released; a new one is added.
pub(crate) const STEPS: &[&str] = &[
    include_str!("../sql/001_tables.sql"),
    include_str!("../sql/002_lease_time_to_live.sql"),
    include_str!("../sql/003_mail_trades_versions.sql"),
];

/// What a file is, by its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Nothing is in it yet.
    Empty,
    /// It is ours, and has seen this many steps.
    Ours { version: i32 },
    /// It is another program's.
    Foreign { application_id: i32 },
}

pub(crate) fn identify(db: &Connection) -> rusqlite::Result<Identity> {
    let number = |sql| db.query_row(sql, [], |row| row.get::<_, i32>(0));
    // Reading the schema comes first: it fails if the file is not a database.
    let objects = number("SELECT count(*) FROM sqlite_schema")?;
    let application_id = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    Ok(match (application_id, version, objects) {
        (APPLICATION_ID, version, _) => Identity::Ours { version },
        (0, 0, 0) => Identity::Empty,
        (application_id, ..) => Identity::Foreign { application_id },
    })
}

/// Why a file could not be brought up to date. It is left as it was.
#[derive(Debug)]
pub(crate) enum MigrationError {
    /// It is not, or no longer, one that these steps are for.
    Refused(Identity),
    Store(rusqlite::Error),
}

impl From<rusqlite::Error> for MigrationError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

/// Brings the file to the version that `steps` lead to, in one transaction.
pub(crate) fn migrate(db: &Connection, steps: &[&str]) -> Result<(), MigrationError> {
    // Other processes may be doing the same: what counts is what is there
    // under the write lock.
    let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    let identity = identify(&transaction)?;
    let seen = match identity {
        Identity::Empty => 0,
        Identity::Ours { version } => usize::try_from(version)
            .ok()
            .filter(|seen| *seen <= steps.len())
            .ok_or(MigrationError::Refused(identity))?,
        Identity::Foreign { .. } => return Err(MigrationError::Refused(identity)),
    };
    if seen == steps.len() {
        return Ok(());
    }
    for step in &steps[seen..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", steps.len() as i64)?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &[&str] = &["CREATE TABLE a (x); INSERT INTO a VALUES (1);"];
    const NEW: &[&str] = &[
        OLD[0],
        "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1;",
        "CREATE TABLE b (z); INSERT INTO b SELECT y FROM a;",
    ];
    const BROKEN: &[&str] = &[OLD[0], "ALTER TABLE a ADD COLUMN y;", "no SQL"];

    fn version(db: &Connection) -> Identity {
        identify(db).unwrap()
    }

    #[test]
    fn an_empty_file_gets_all_steps() {
        let db = Connection::open_in_memory().unwrap();
        assert_eq!(version(&db), Identity::Empty);
        migrate(&db, NEW).unwrap();
        assert_eq!(version(&db), Identity::Ours { version: 3 });
    }

    #[test]
    fn an_older_file_gets_only_the_steps_it_lacks_and_keeps_its_data() {
        let db = Connection::open_in_memory().unwrap();
        migrate(&db, OLD).unwrap();
        migrate(&db, NEW).unwrap();
        migrate(&db, NEW).unwrap();
        let rows: (i64, i64) = db
            .query_row("SELECT count(*), max(z) FROM b", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(rows, (1, 2));
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_at_its_old_version() {
        let db = Connection::open_in_memory().unwrap();
        migrate(&db, OLD).unwrap();
        assert!(matches!(
            migrate(&db, BROKEN),
            Err(MigrationError::Store(_))
        ));
        assert_eq!(version(&db), Identity::Ours { version: 1 });
        assert!(db.prepare("SELECT y FROM a").is_err());
    }

    #[test]
    fn a_newer_file_is_refused() {
        let db = Connection::open_in_memory().unwrap();
        migrate(&db, NEW).unwrap();
        assert!(matches!(
            migrate(&db, OLD),
            Err(MigrationError::Refused(Identity::Ours { version: 3 }))
        ));
    }
}
