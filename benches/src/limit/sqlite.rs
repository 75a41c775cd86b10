//! SQLite by hand: conditional updates on one connection, so many a
//! transaction, as durable as the backend's.

use std::path::Path;

use playerdata_core::backend::Body;
use rusqlite::{Connection, Result, params};

use crate::{guarded::scatter, timing::Stopwatch};

const UPDATE: &str = "UPDATE save SET revision = revision + 1, body = ?1
    WHERE player = ?2 AND holder = ?3 AND revision = ?4";

/// A table of saves with a holder each.
#[derive(Debug)]
pub struct Table {
    db: Connection,
    players: Vec<(String, i64)>,
}

impl Table {
    /// Makes the table in a file of its own, with so many players.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn create(path: &Path, players: u64) -> Result<Self> {
        let db = Connection::open(path)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.execute_batch(
            "CREATE TABLE save (player TEXT PRIMARY KEY, holder BLOB, revision INTEGER, body BLOB)",
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

    /// Saves every player `rounds` times, `group` updates a transaction.
    /// Returns nanoseconds a save.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn save_all(&mut self, bodies: &[Body], rounds: u64, group: usize) -> Result<f64> {
        let saves = self.players.len() as u64 * rounds;
        let watch = Stopwatch::start();
        for round in 0..rounds as usize {
            for (at, chunk) in self.players.chunks_mut(group).enumerate() {
                save_group(&mut self.db, chunk, bodies, at + round * 7)?;
            }
        }
        Ok(watch.nanos_each(saves))
    }

    /// Saves so many players, one a transaction. Returns nanoseconds a save.
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
    let transaction = db.transaction()?;
    {
        let mut update = transaction.prepare_cached(UPDATE)?;
        for (place, (player, revision)) in players.iter_mut().enumerate() {
            let body = &bodies[(variant + place) % bodies.len()];
            let row = params![&*body.bytes, &*player, HOLDER, *revision];
            assert_eq!(update.execute(row)?, 1, "the row is there, and ours");
            *revision += 1;
        }
    }
    transaction.commit()
}

const HOLDER: [u8; 16] = [7; 16];
