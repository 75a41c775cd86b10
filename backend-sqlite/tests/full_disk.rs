//! No room, in the file or on the disk: an error, and nothing acknowledged
//! lost.
#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

mod support;

use std::{fs, io::Write, path::Path, process::Command};

use playerdata_core::backend::{Backend, Effect, ErrorKind};
use playerdata_sqlite::{SqliteBackend, SqliteOptions};
use support::*;

const MAX_BYTES: u64 = 512 * 1024;

/// A body of this many KiB that names its player and revision.
fn filled(of: u64, revision: u64, kib: usize) -> Vec<u8> {
    format!("{of}:{revision};")
        .into_bytes()
        .into_iter()
        .cycle()
        .take(kib * 1024)
        .collect()
}

/// Saves ever larger documents of eight players, until one is refused, and
/// gives how often each was saved.
async fn fill(backend: &SqliteBackend) -> Vec<u64> {
    let mut saved = vec![0; 8];
    for of in 0..8 {
        start(backend, of, 1).await;
    }
    for turn in 0..1_000 {
        let of = turn % 8;
        let base = saved[of as usize];
        let body = body(filled(of, base + 1, base as usize * 8 + 1));
        match backend.save(&claim(of, 1, 1), &stamp(base), &body).await {
            Ok(outcome) => assert_eq!(outcome, written(base + 1)),
            Err(error) => {
                assert_eq!(
                    (error.kind(), error.effect()),
                    (ErrorKind::Unavailable, Effect::None)
                );
                assert!(
                    error.to_string().contains(&format!("on {of}/Slot1")),
                    "{error}"
                );
                return saved;
            }
        }
        saved[of as usize] += 1;
    }
    panic!("the file grew beyond its bound");
}

async fn assert_all_there(backend: &SqliteBackend, saved: &[u64]) {
    for (of, revision) in (0..).zip(saved) {
        let expected = filled(of, *revision, (*revision as usize - 1) * 8 + 1);
        assert!(
            stored(backend, of).await.unwrap() == expected,
            "player {of}"
        );
    }
}

#[tokio::test]
async fn a_full_file_gives_an_error_and_loses_nothing_acknowledged() {
    let folder = Folder::new();
    let backend = folder.options().max_bytes(MAX_BYTES).open().unwrap();
    let saved = fill(&backend).await;
    assert_all_there(&backend, &saved).await;
    backend.close().await;
    assert!(folder.database().metadata().unwrap().len() <= MAX_BYTES);

    // Without the bound, as after an operator made room, all goes on.
    let backend = folder.open();
    assert_all_there(&backend, &saved).await;
    let more = body(filled(1, 9, 500));
    let base = saved[1];
    let outcome = backend.save(&claim(1, 1, 1), &stamp(base), &more).await;
    assert_eq!(outcome.unwrap(), written(base + 1));
}

#[tokio::test]
async fn in_a_full_file_saves_that_need_no_more_room_go_on() {
    let folder = Folder::new();
    let backend = folder.options().max_bytes(MAX_BYTES).open().unwrap();
    let saved = fill(&backend).await;
    // All in one group, because they wait for the operator together.
    let operator = folder.operator();
    operator.execute_batch("BEGIN IMMEDIATE").unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|of| {
            let (backend, base) = (backend.clone(), saved[of as usize]);
            let kib = if of % 2 == 0 { 1 } else { 2_000 };
            tokio::spawn(async move {
                let body = body(filled(of, base + 1, kib));
                backend.save(&claim(of, 1, 1), &stamp(base), &body).await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    operator.execute_batch("COMMIT").unwrap();
    for (of, task) in (0..).zip(tasks) {
        let revision = saved[of as usize];
        match task.await.unwrap() {
            Ok(outcome) if of % 2 == 0 => assert_eq!(outcome, written(revision + 1)),
            Err(error) if of % 2 == 1 => assert_eq!(error.kind(), ErrorKind::Unavailable),
            other => panic!("player {of}: {other:?}"),
        }
        let kept = if of % 2 == 0 {
            filled(of, revision + 1, 1)
        } else {
            filled(of, revision, (revision as usize - 1) * 8 + 1)
        };
        assert!(stored(&backend, of).await.unwrap() == kept, "player {of}");
    }
}

const SMALL_DISK: &str = "PLAYERDATA_TEST_SMALL_DISK";

/// A disk of 2 MiB, on which a log that is not moved in time is too long.
async fn save_on_a_small_disk(folder: &Path) {
    let options = SqliteOptions::new(folder.join("playerdata.db"));
    let save = async |backend: &SqliteBackend, of: u64, base: u64, kib: usize| {
        let body = body(filled(of, base + 1, kib));
        backend.save(&claim(of, 1, 1), &stamp(base), &body).await
    };
    let backend = options.clone().open().unwrap();
    for of in 0..8 {
        start(&backend, of, 1).await;
        assert_eq!(save(&backend, of, 0, 20).await.unwrap(), written(1));
    }
    // The file has room for what is saved from now on; the disk has none for
    // the log of it.
    backend.close().await;
    let backend = options.open().unwrap();
    for base in 1..60 {
        for of in 0..8 {
            let outcome = save(&backend, of, base, 20).await;
            assert_eq!(outcome.unwrap(), written(base + 1));
        }
    }

    // Where nothing helps, it is an error until somebody makes room.
    let filler = folder.join("filler");
    let mut full = fs::File::create(&filler).unwrap();
    while full.write_all(&[0; 4_096]).is_ok() {}
    drop(full);
    for _ in 0..3 {
        let error = save(&backend, 1, 60, 900).await.unwrap_err();
        let said = (error.kind(), error.effect());
        assert_eq!(said, (ErrorKind::Unavailable, Effect::None), "{error}");
    }
    fs::remove_file(filler).unwrap();
    assert_eq!(save(&backend, 1, 60, 500).await.unwrap(), written(61));
    assert_all_there_as(&backend, 0, 60, 20).await;
    assert_all_there_as(&backend, 1, 61, 500).await;
    backend.close().await;
}

async fn assert_all_there_as(backend: &SqliteBackend, of: u64, revision: u64, kib: usize) {
    let expected = filled(of, revision, kib);
    assert!(stored(backend, of).await.unwrap() == expected, "{of}");
}

/// The disk is a file system in memory that only a process of its own sees.
/// Where the system does not let it have one, there is nothing to test.
#[tokio::test]
async fn a_disk_that_the_log_has_filled_stops_nobody() {
    const NAME: &str = "a_disk_that_the_log_has_filled_stops_nobody";
    if let Some(folder) = std::env::var_os(SMALL_DISK) {
        return save_on_a_small_disk(Path::new(&folder)).await;
    }
    let folder = Folder::new();
    let disk = folder.path();
    let mount = "mount -t tmpfs -o size=2m none \"$0\"";
    let may = Command::new("unshare")
        .args(["-rm", "sh", "-c", mount])
        .arg(disk)
        .status();
    if !may.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "no disk can be had");
        eprintln!("skipped: unshare and mount are not allowed here");
        return;
    }
    let test = once_more(NAME, SMALL_DISK, disk);
    succeeds(
        Command::new("unshare")
            .args(["-rm", "sh", "-c", &format!("{mount} && exec \"$@\"")])
            .arg(disk)
            .arg(test.get_program())
            .args(test.get_args())
            .env(SMALL_DISK, disk),
    );
}
