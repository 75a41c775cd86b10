//! Whether the writer's commits sync the disk.

use rusqlite::Connection;

use crate::{Durability, job::Outlasts};

/// What the writer's commits outlast, which is changed between transactions.
#[derive(Debug)]
pub(crate) struct SyncLevel {
    /// What the database was opened for.
    most: Outlasts,
    now: Outlasts,
}

impl SyncLevel {
    /// Of a connection that was configured for `durability`.
    pub(crate) fn configured(durability: Durability) -> Self {
        let most = match durability {
            Durability::Full => Outlasts::Power,
            Durability::Normal => Outlasts::Process,
        };
        Self { most, now: most }
    }

    /// What is to be done for an operation that asks for `wish`.
    pub(crate) fn for_operation(&self, wish: Outlasts) -> Outlasts {
        wish.min(self.most)
    }

    /// Has the next transactions outlast that much. No transaction is open.
    pub(crate) fn set(&mut self, db: &Connection, level: Outlasts) -> rusqlite::Result<()> {
        if self.now != level {
            // Such a statement is at work while it is prepared, so that one
            // that was prepared before would change nothing.
            db.execute_batch(match level {
                Outlasts::Process => "PRAGMA synchronous = NORMAL",
                Outlasts::Power => "PRAGMA synchronous = FULL",
            })?;
            self.now = level;
        }
        Ok(())
    }
}
