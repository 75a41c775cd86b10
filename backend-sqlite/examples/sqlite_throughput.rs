//! Guarded saves against hand-written conditional updates, in one run:
//!
//! ```sh
//! cargo run --release -p playerdata-sqlite --example sqlite_throughput -- [SECONDS] [PLAYERS]
//! ```
//!
//! Both sides save the same bodies of the same players into files of their
//! own, synced at every commit: by hand 256 conditional updates to a
//! transaction on one thread, and through the backend with 256 saves in
//! flight. They take turns, and the median of each side counts.
#![allow(clippy::unwrap_used)] // it measures, or it stops

use std::{error::Error, path::Path, time::Duration};

use playerdata_raw_session::RawSession;
use playerdata_sqlite::SqliteBackend;
use rusqlite::{Connection, params};
use tokio::time::Instant;
use uuid::Uuid;

const IN_FLIGHT: u64 = 256;
const TURNS: usize = 5;

/// A body that differs from write to write in content and length, because
/// SQLite leaves out pages that did not change.
fn body(bytes: usize, player: u64, revision: u64) -> Vec<u8> {
    let seed = (player << 32 | revision).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut state = seed;
    let length = bytes - 16 + (seed >> 59) as usize;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}

fn open_by_hand(path: &Path, players: u64) -> Connection {
    let db = Connection::open(path).unwrap();
    db.pragma_update(None, "journal_mode", "wal").unwrap();
    db.pragma_update(None, "synchronous", "FULL").unwrap();
    db.execute_batch(
        "CREATE TABLE save (player TEXT, slot TEXT, session BLOB, revision INTEGER, body BLOB,
                            PRIMARY KEY (player, slot));
         BEGIN",
    )
    .unwrap();
    let session = Uuid::nil();
    for player in 0..players {
        db.prepare_cached("INSERT INTO save VALUES (?1, 'Slot1', ?2, 0, NULL)")
            .unwrap()
            .execute(params![player.to_string(), session.as_bytes()])
            .unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
    db
}

/// Saves a second, by hand.
fn by_hand(db: &Connection, revision: &mut [u64], bytes: usize, time: Duration) -> f64 {
    let players = revision.len() as u64;
    let session = Uuid::nil();
    let (start, mut saves) = (Instant::now(), 0);
    let mut next = 0..;
    while start.elapsed() < time {
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        for turn in next.by_ref().take(IN_FLIGHT as usize) {
            let player = order(turn, players);
            let base = &mut revision[player as usize];
            let changed = db
                .prepare_cached(
                    "UPDATE save SET revision = revision + 1, body = ?1
                     WHERE player = ?2 AND slot = ?3 AND session = ?4 AND revision = ?5",
                )
                .unwrap()
                .execute(params![
                    body(bytes, player, *base),
                    player.to_string(),
                    "Slot1",
                    session.as_bytes(),
                    *base as i64
                ])
                .unwrap();
            assert_eq!(changed, 1);
            *base += 1;
            saves += 1;
        }
        db.execute_batch("COMMIT").unwrap();
    }
    f64::from(saves) / start.elapsed().as_secs_f64()
}

/// Goes through all players, far apart from one to the next.
fn order(turn: u64, players: u64) -> u64 {
    turn.wrapping_mul(7_919) % players
}

/// A session of each player, in a share for each task.
async fn start(backend: &SqliteBackend, players: u64) -> Vec<Vec<RawSession>> {
    let tasks = (0..IN_FLIGHT).map(|task| {
        let backend = backend.clone();
        tokio::spawn(async move {
            let mut share = Vec::new();
            for player in (task..players).step_by(IN_FLIGHT as usize) {
                share.push(RawSession::start(&backend, player).await);
            }
            share
        })
    });
    let mut shares = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        shares.push(task.await.unwrap());
    }
    shares
}

/// Saves a second, through the backend. Each task has players of its own.
async fn through(
    backend: &SqliteBackend,
    shares: &mut Vec<Vec<RawSession>>,
    bytes: usize,
    time: Duration,
) -> f64 {
    let start = Instant::now();
    let tasks: Vec<_> = (0..IN_FLIGHT)
        .zip(shares.drain(..))
        .map(|(task, mut share)| {
            let backend = backend.clone();
            tokio::spawn(async move {
                let own = share.len() as u64;
                let (mut saves, mut next) = (0_u32, 0..);
                while start.elapsed() < time {
                    let turn = order(next.next().unwrap(), own);
                    let session = &mut share[turn as usize];
                    let player = task + turn * IN_FLIGHT;
                    let text = body(bytes, player, session.revision.get());
                    session.save(&backend, text).await;
                    saves += 1;
                }
                (saves, share)
            })
        })
        .collect();
    let mut saves = 0;
    for task in tasks {
        let (more, share) = task.await.unwrap();
        saves += more;
        shares.push(share);
    }
    f64::from(saves) / start.elapsed().as_secs_f64()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let seconds: f64 = args.next().as_deref().unwrap_or("2").parse()?;
    let players: u64 = args.next().as_deref().unwrap_or("10240").parse()?;
    let players = players.next_multiple_of(IN_FLIGHT);
    let time = Duration::from_secs_f64(seconds);
    for (name, bytes) in [("A, 282 bytes", 282), ("B compressed, 2.6 KB", 2_600)] {
        let folder = tempfile::tempdir()?;
        let db = open_by_hand(&folder.path().join("by-hand.db"), players);
        let backend = SqliteBackend::open(folder.path().join("backend.db"))?;
        let mut shares = start(&backend, players).await;
        let mut hand_revisions = vec![0; players as usize];
        let (mut hand, mut ours) = (Vec::new(), Vec::new());
        for turn in 0..=TURNS {
            let by_hand =
                tokio::task::block_in_place(|| by_hand(&db, &mut hand_revisions, bytes, time));
            let through = through(&backend, &mut shares, bytes, time).await;
            // The first turn fills the rows and counts for nothing.
            if turn > 0 {
                println!("{name}: by hand {by_hand:.0}/s, backend {through:.0}/s");
                hand.push(by_hand);
                ours.push(through);
            }
        }
        backend.close().await;
        let (hand, ours) = (median(hand), median(ours));
        println!(
            "{name}: {hand:.0}/s by hand, {ours:.0}/s, ratio {:.2}",
            ours / hand
        );
    }
    Ok(())
}
