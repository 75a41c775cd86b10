//! The write-ahead log: bounded while it is written to, moved without
//! stopping those who save.
#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

use crate::support;

use std::time::Duration;

use playerdata_core::backend::Backend;
use playerdata_sqlite::SqliteBackend;
use support::*;

const GROWTH: u64 = 256 * 1024;
const PLAYERS: u64 = 16;

/// Saves 20 KB of each player, as often as it says, all at once.
async fn write(backend: &SqliteBackend, from: u64, saves: u64) {
    let tasks = (0..PLAYERS).map(|of| {
        let backend = backend.clone();
        tokio::spawn(async move {
            for base in from..from + saves {
                let bytes = format!("{of}:{base};").into_bytes();
                let body = body(bytes.into_iter().cycle().take(20_000).collect::<Vec<_>>());
                let outcome = backend.save(&claim(of, 1, 1), &stamp(base), &body).await;
                assert_eq!(outcome.unwrap(), written(base + 1));
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// What the file alone holds, without the log: how often it was saved.
fn revision_without_log(folder: &Folder) -> Option<i64> {
    let alone = Folder::new();
    std::fs::copy(folder.database(), alone.database()).unwrap();
    alone
        .operator()
        .query_row("SELECT max(revision) FROM slot", [], |row| row.get(0))
        .ok()
}

#[tokio::test]
async fn what_a_crash_left_in_the_log_is_moved_at_the_next_opening() {
    let folder = Folder::new();
    let backend = folder.open();
    for of in 0..PLAYERS {
        start(&backend, of, 1).await;
    }
    write(&backend, 0, 2).await;
    // As it is on the disk if the process is killed now.
    let crashed = Folder::new();
    std::fs::copy(folder.database(), crashed.database()).unwrap();
    std::fs::copy(folder.log(), crashed.log()).unwrap();
    assert_ne!(revision_without_log(&crashed), Some(2));
    let _again = crashed.open();
    assert_eq!(crashed.log().metadata().unwrap().len(), 0);
    assert_eq!(revision_without_log(&crashed), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_grows_slowly_is_moved_in_time() {
    let folder = Folder::new();
    let options = folder.options();
    let backend = options
        .checkpoint_interval(Duration::from_millis(20))
        .open()
        .unwrap();
    start(&backend, 1, 1).await;
    let outcome = backend.save(&claim(1, 1, 1), &stamp(0), &body("a")).await;
    assert_eq!(outcome.unwrap(), written(1));
    let moved = async {
        while revision_without_log(&folder) != Some(1) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), moved)
        .await
        .expect("nobody has to save more for that");
}

async fn started(folder: &Folder) -> SqliteBackend {
    let backend = folder.options().checkpoint_bytes(GROWTH).open().unwrap();
    for of in 0..PLAYERS {
        start(&backend, of, 1).await;
    }
    backend
}

fn log_bytes(folder: &Folder) -> u64 {
    folder.log().metadata().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_bounded_while_a_writer_never_pauses() {
    let folder = Folder::new();
    let backend = started(&folder).await;
    let mut longest = 0;
    for turn in 0..20 {
        write(&backend, turn * 10, 10).await;
        longest = longest.max(log_bytes(&folder));
    }
    // 64 MiB were written. The bound is 1 MiB; what is committed while a
    // checkpoint runs comes on top, which is more on a slow disk.
    assert!(longest > 0 && longest < 32 * 1024 * 1024, "{longest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stays_lets_the_log_grow_and_once_it_goes_the_log_shrinks() {
    let folder = Folder::new();
    let backend = started(&folder).await;
    let operator = folder.operator();
    operator
        .execute_batch("BEGIN; SELECT count(*) FROM slot")
        .unwrap();
    write(&backend, 0, 20).await;
    let grown = log_bytes(&folder);
    assert!(
        grown > 6_000_000,
        "nothing a reader may need is overwritten: {grown}"
    );
    operator.execute_batch("COMMIT").unwrap();
    let mut saves = 20;
    let shrunk = async {
        while log_bytes(&folder) >= grown {
            write(&backend, saves, 4).await;
            saves += 4;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), shrunk)
        .await
        .expect("the log is begun again");
}
