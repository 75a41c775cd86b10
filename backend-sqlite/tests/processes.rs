//! Two processes on one file, one of which is killed again and again.
#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

mod support;

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use futures::future::try_join_all;
use playerdata_core::backend::Backend;
use playerdata_sqlite::SqliteBackend;
use support::*;

const NAME: &str = "s1_whatever_was_acknowledged_survives_a_kill_while_another_process_writes";
const PATH: &str = "PLAYERDATA_TEST_KILLED";
const SESSION: &str = "PLAYERDATA_TEST_SESSION";
const ROUNDS: u128 = 20;
const PLAYERS: u64 = 32;
/// How many acknowledged saves a process lives for.
const LIFE: usize = 300;

fn text(of: u64, revision: u64) -> Vec<u8> {
    let bytes = format!("{of}:{revision};").into_bytes();
    let length = 200 + (revision as usize * 37) % 3_000;
    bytes.into_iter().cycle().take(length).collect()
}

/// Saves without end, and says on standard output what was acknowledged.
async fn save_until_killed(path: &Path, by: u128) {
    let backend = SqliteBackend::open(path).unwrap();
    let tasks = (0..PLAYERS).map(|of| {
        let backend = backend.clone();
        tokio::spawn(async move {
            let mut session = RawSession::by(of, claimant(by));
            session.take_over(&backend).await; // from whoever died
            session.open(&backend).await;
            loop {
                let revision = session.revision.next().get();
                session.save(&backend, text(of, revision)).await;
                println!("saved {of} {revision}");
            }
        })
    });
    try_join_all(tasks).await.unwrap();
}

/// A process that is killed also if the test fails.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Lets a process live for a while, kills it, and gives what it had
/// acknowledged of each player.
fn live_and_die(path: &Path, by: u128) -> HashMap<u64, u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture"])
        .env(PATH, path)
        .env(SESSION, by.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap());
    let mut killed = Some(Killed(child));
    let mut saved = HashMap::new();
    let mut count = 0;
    for line in said.lines() {
        let line = line.unwrap();
        let Some((of, revision)) = line
            .strip_prefix("saved ")
            .and_then(|rest| rest.split_once(' '))
            .and_then(|(of, revision)| Some((of.parse().ok()?, revision.parse().ok()?)))
        else {
            continue;
        };
        saved.insert(of, revision);
        count += 1;
        if count == LIFE {
            // What it had still said is read to the end.
            drop(killed.take());
        }
    }
    assert!(
        count >= LIFE,
        "the process died by itself after {count} saves"
    );
    saved
}

/// The process that is killed is this same test, as its environment says.
#[tokio::test(flavor = "multi_thread")]
async fn s1_whatever_was_acknowledged_survives_a_kill_while_another_process_writes() {
    if let Some(path) = std::env::var_os(PATH) {
        let by = std::env::var(SESSION).unwrap().parse().unwrap();
        save_until_killed(Path::new(&path), by).await;
        return;
    }
    let folder = Folder::new();
    let own = folder.open();
    start(&own, PLAYERS, 1).await;
    let mut own_saves = 0;
    for round in 0..ROUNDS {
        let path = folder.database();
        let other = tokio::task::spawn_blocking(move || live_and_die(&path, round + 2));
        while !other.is_finished() {
            let outcome = own
                .save(&claim(PLAYERS, 1, 1), &stamp(own_saves), &body("own"))
                .await;
            own_saves += 1;
            assert_eq!(outcome.unwrap(), written(own_saves));
        }
        let saved = other.await.unwrap();
        assert!(!saved.is_empty());
        for (of, revision) in saved {
            let record = own
                .view(&player(of), &slot("Slot1"))
                .await
                .unwrap()
                .unwrap();
            let there = record.revision.get();
            assert!(
                there == revision || there == revision + 1,
                "{there} for {revision}"
            );
            assert!(
                record.body.bytes == text(of, there),
                "revision {there} of player {of}"
            );
        }
    }
    let whole: String = folder
        .operator()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(whole, "ok");
}
