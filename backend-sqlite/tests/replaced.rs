//! Files that are not the ones at their path any more: nothing is acknowledged
//! into them.
#![cfg(unix)]
#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

mod support;

use std::{fs, path::Path, time::Duration};

use playerdata_core::backend::{Backend, BackendError, Effect, ErrorKind, HazardKind};
use playerdata_sqlite::SqliteBackend;
use support::*;

fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, BackendError>) {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert!(
        error.to_string().contains("moved, removed or replaced"),
        "{error}"
    );
}

async fn assert_refuses_everything(backend: &SqliteBackend) {
    let save = backend.save(&claim(1, 1, 1), &stamp(1), &body("b")).await;
    assert_eq!(save.as_ref().unwrap_err().effect(), Effect::None);
    assert_refused(save);
    assert_refused(backend.holder(&player(1)).await);
    assert_refused(backend.acquire(&player(2), &claimant(1), None).await);
    let id = server("server", 1);
    assert_refused(backend.renew_lease(&id, Duration::from_secs(60)).await);
}

async fn in_use(folder: &Folder) -> SqliteBackend {
    let backend = folder.open();
    assert_eq!(backend.hazards().await.unwrap(), []);
    start(&backend, 1, 1).await;
    let outcome = backend.save(&claim(1, 1, 1), &stamp(0), &body("a")).await;
    assert_eq!(outcome.unwrap(), written(1));
    backend
}

#[tokio::test]
async fn s13_a_file_that_is_not_at_its_path_any_more_takes_nothing() {
    let moved = |from: &Path| fs::rename(from, from.with_extension("moved")).unwrap();
    let removed = |from: &Path| fs::remove_file(from).unwrap();
    let replaced = |from: &Path| {
        let copy = from.with_extension("copy");
        fs::copy(from, &copy).unwrap();
        fs::rename(copy, from).unwrap();
    };
    let ways: [&dyn Fn(&Path); 3] = [&moved, &removed, &replaced];
    for way in ways {
        for file in ["playerdata.db", "playerdata.db-wal", "playerdata.db-shm"] {
            let folder = Folder::new();
            let backend = in_use(&folder).await;
            way(&folder.path().join(file));
            assert_refuses_everything(&backend).await;
            let hazards = backend.hazards().await.unwrap();
            let kinds: Vec<_> = hazards.iter().map(|hazard| hazard.kind).collect();
            assert_eq!(kinds, [HazardKind::FileReplaced], "{file}");
            assert!(hazards[0].what.contains(file), "{}", hazards[0]);
        }
    }
}

#[tokio::test]
async fn s13_a_folder_that_is_moved_away_and_back_is_refused_from_then_on() {
    let folder = Folder::new();
    let path = folder.path().join("data");
    fs::create_dir(&path).unwrap();
    let backend = SqliteBackend::open(path.join("playerdata.db")).unwrap();
    start(&backend, 1, 1).await;
    let away = folder.path().join("away");
    fs::rename(&path, &away).unwrap();
    assert_refused(backend.holder(&player(1)).await);
    fs::rename(&away, &path).unwrap();
    assert_refused(backend.holder(&player(1)).await);
    backend.close().await;
    let again = SqliteBackend::open(path.join("playerdata.db")).unwrap();
    assert!(again.holder(&player(1)).await.unwrap().is_some());
}

/// A copy made within the process drops SQLite's locks on the file, so that
/// whoever else opens and closes it takes itself for the last one, and removes
/// the log. (Newer versions of SQLite know better, but not every tool is new.)
#[tokio::test]
async fn s1_a_log_that_an_outsider_removed_takes_no_acknowledged_save_with_it() {
    const NAME: &str = "s1_a_log_that_an_outsider_removed_takes_no_acknowledged_save_with_it";
    const OUTSIDER: &str = "PLAYERDATA_TEST_OUTSIDER";
    if let Some(path) = std::env::var_os(OUTSIDER) {
        let db = rusqlite::Connection::open(path).unwrap();
        let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        assert_eq!(db.query_row("SELECT count(*) FROM slot", [], count), Ok(1));
        // What SQLite does before 3.51 when the last one closes.
        db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        let path = db.path().unwrap().to_owned();
        drop(db);
        for beside in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{path}{beside}"));
        }
        return;
    }
    let folder = Folder::new();
    let backend = in_use(&folder).await;
    fs::copy(folder.database(), folder.path().join("copy")).unwrap();
    succeeds(&mut once_more(NAME, OUTSIDER, folder.database()));
    assert!(!folder.log().exists(), "the outsider has removed the log");
    assert_refuses_everything(&backend).await;
    let revision: i64 = folder
        .operator()
        .query_row("SELECT revision FROM slot", [], |row| row.get(0))
        .unwrap();
    assert_eq!(revision, 1, "what was acknowledged is there");
}
