//! SQLite by hand: conditional updates on one connection, a number of them to
//! each transaction, as durable as the backend's.

use std::{hint::black_box, path::Path};

use playerdata_core::backend::Body;
use rusqlite::{Connection, Result, Row, Statement, params};

use crate::{guarded::scatter, timing::Stopwatch};

const UPDATE: &str = "UPDATE save SET revision = revision + 1, body = ?1
    WHERE player = ?2 AND holder = ?3 AND revision = ?4";

const CLAIM: &str = "UPDATE save SET revision = revision + 1
    WHERE player = ?1 AND holder = ?2 AND revision = ?3 RETURNING body";

const SELECT: &str = "SELECT body FROM save WHERE player = ?1";

const LOCK: &str = "INSERT INTO lock VALUES (?1, ?2)";

const UNLOCK: &str = "DELETE FROM lock WHERE player = ?1 AND holder = ?2";

/// A table of saves with a holder each.
#[derive(Debug)]
pub struct Table {
    db: Connection,
    players: Vec<(String, i64)>,
}

impl Table {
    /// Makes the table in a file of its own, with this many players.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn create(path: &Path, players: u64) -> Result<Self> {
        let db = Connection::open(path)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.execute_batch(
            "CREATE TABLE save (player TEXT PRIMARY KEY, holder BLOB, revision INTEGER, body BLOB);
            CREATE TABLE lock (player TEXT PRIMARY KEY, holder BLOB) WITHOUT ROWID",
        )?;
        let mut players: Vec<_> = (0..players).map(|number| (number.to_string(), 0)).collect();
        db.execute_batch("BEGIN")?;
        for (player, _) in &players {
            db.execute(
                "INSERT INTO save VALUES (?1, ?2, 0, NULL)",
                params![player, HOLDER],
            )?;
        }
        db.execute_batch("COMMIT")?;
        scatter(&mut players);
        Ok(Self { db, players })
    }

    /// From here on a commit outlasts the process only: the disk is not synced.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn sync_no_more(&self) -> Result<()> {
        self.db.pragma_update(None, "synchronous", "NORMAL")
    }

    /// Saves every player `rounds` times, `group` updates a transaction.
    /// Returns nanoseconds a save.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn save_all(&mut self, bodies: &[Body], rounds: u64, group: usize) -> Result<f64> {
        self.in_groups(rounds, group, |db, players, variant| {
            save_group(db, players, bodies, variant)
        })
    }

    /// Reads every player `rounds` times. Returns nanoseconds a reading.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn read_all(&self, rounds: u64) -> Result<f64> {
        let watch = Stopwatch::start();
        let mut select = self.db.prepare_cached(SELECT)?;
        for _ in 0..rounds {
            for (player, _) in &self.players {
                black_box(select.query_row(params![player], body)?);
            }
        }
        Ok(watch.nanos_each(self.players.len() as u64 * rounds))
    }

    /// Notes a claim on every player, if it is the holder's to make, and reads
    /// the player with it, `rounds` times, `group` a transaction. Returns
    /// nanoseconds a claim.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn claim_all(&mut self, rounds: u64, group: usize) -> Result<f64> {
        self.in_groups(rounds, group, |db, players, _| {
            in_transaction(db, CLAIM, |claim| {
                for (player, revision) in &mut *players {
                    black_box(claim.query_row(params![&*player, HOLDER, *revision], body)?);
                    *revision += 1;
                }
                Ok(())
            })
        })
    }

    /// Locks every player and unlocks them again, `rounds` times, with
    /// `group` players in a transaction for the one, and one for the other.
    /// Returns nanoseconds a player.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn lock_all(&mut self, rounds: u64, group: usize) -> Result<f64> {
        self.in_groups(rounds, group, |db, players, _| {
            for step in [LOCK, UNLOCK] {
                in_transaction(db, step, |step| {
                    for (player, _) in &*players {
                        assert_eq!(step.execute(params![player, HOLDER])?, 1);
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })
    }

    /// Has `work` done to all players, `rounds` times, `group` at a time, each
    /// time with another number that says which variants to write. Returns
    /// nanoseconds a player.
    fn in_groups(
        &mut self,
        rounds: u64,
        group: usize,
        mut work: impl FnMut(&mut Connection, &mut [(String, i64)], usize) -> Result<()>,
    ) -> Result<f64> {
        let watch = Stopwatch::start();
        for round in 0..rounds as usize {
            for (at, chunk) in self.players.chunks_mut(group).enumerate() {
                work(&mut self.db, chunk, at + round * 7)?;
            }
        }
        Ok(watch.nanos_each(self.players.len() as u64 * rounds))
    }

    /// Saves this many players, one to a transaction. Returns nanoseconds a
    /// save.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn save_some(&mut self, bodies: &[Body], count: usize) -> Result<f64> {
        let watch = Stopwatch::start();
        for (at, one) in self.players.chunks_mut(1).take(count).enumerate() {
            save_group(&mut self.db, one, bodies, at)?;
        }
        Ok(watch.nanos_each(count as u64))
    }
}

fn save_group(
    db: &mut Connection,
    players: &mut [(String, i64)],
    bodies: &[Body],
    variant: usize,
) -> Result<()> {
    in_transaction(db, UPDATE, |update| {
        for (place, (player, revision)) in players.iter_mut().enumerate() {
            let body = &bodies[(variant + place) % bodies.len()];
            let row = params![&*body.bytes, &*player, HOLDER, *revision];
            assert_eq!(update.execute(row)?, 1, "the row is there, and ours");
            *revision += 1;
        }
        Ok(())
    })
}

/// Does `work` with a statement in a transaction of its own.
fn in_transaction(
    db: &mut Connection,
    sql: &str,
    work: impl FnOnce(&mut Statement<'_>) -> Result<()>,
) -> Result<()> {
    let transaction = db.transaction()?;
    work(&mut *transaction.prepare_cached(sql)?)?;
    transaction.commit()
}

fn body(row: &Row<'_>) -> Result<Vec<u8>> {
    row.get(0)
}

const HOLDER: [u8; 16] = [7; 16];
