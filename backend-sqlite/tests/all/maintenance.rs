//! Copying, checking and shrinking a database in use.
#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

use crate::support;

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use playerdata_core::backend::{Backend, Erasure};
use playerdata_sqlite::{MaintenanceError, SqliteBackend};
use support::*;

const PLAYERS: u64 = 16;

fn text(of: u64, revision: u64, bytes: usize) -> Vec<u8> {
    let text = format!("{of}:{revision};").into_bytes();
    text.into_iter().cycle().take(bytes).collect()
}

async fn save(backend: &SqliteBackend, of: u64, base: u64, bytes: usize) {
    let body = body(text(of, base + 1, bytes));
    let outcome = backend.save(&claim(of, 1, 1), &stamp(base), &body).await;
    assert_eq!(outcome.unwrap(), written(base + 1));
}

/// Has every player saved without a pause until stopped, and gives the
/// last revisions.
fn save_without_end(
    backend: &SqliteBackend,
    stop: &Arc<AtomicBool>,
) -> Vec<tokio::task::JoinHandle<u64>> {
    let tasks = (0..PLAYERS).map(|of| {
        let (backend, stop) = (backend.clone(), Arc::clone(stop));
        tokio::spawn(async move {
            let mut base = 1;
            while !stop.load(Ordering::Relaxed) {
                save(&backend, of, base, 20_000).await;
                base += 1;
            }
            base
        })
    });
    tasks.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_complete_whole_and_of_one_moment() {
    let folder = Folder::new();
    let backend = folder.open();
    for of in 0..PLAYERS {
        start(&backend, of, 1).await;
        save(&backend, of, 0, 20_000).await;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let savers = save_without_end(&backend, &stop);
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("backup.db");
    let copied = tokio::time::timeout(Duration::from_secs(60), backend.backup_to(&path)).await;
    copied.expect("savers do not keep it from ending").unwrap();
    stop.store(true, Ordering::Relaxed);
    let mut last = Vec::new();
    for saver in savers {
        last.push(saver.await.unwrap());
    }

    // One file, for its owner only, which opens like any other.
    let names: Vec<_> = fs::read_dir(place.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let restored = SqliteBackend::open(&path).unwrap();
    for of in 0..PLAYERS {
        let record = restored.view(&player(of), &slot("Slot1")).await.unwrap();
        let record = record.expect("what was saved before is there");
        let revision = record.revision.get();
        assert!((1..=last[of as usize]).contains(&revision));
        assert!(record.body.bytes == text(of, revision, 20_000), "{of}");
        let lock = restored.holder(&player(of)).await.unwrap();
        assert_eq!(lock.unwrap().session, session(1));
    }
    assert_eq!(restored.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_backup_overwrites_nothing_and_says_why_it_failed() {
    let folder = Folder::new();
    let backend = folder.open();
    let path = folder.path().join("backup.db");
    fs::write(&path, "something else").unwrap();
    let error = backend.backup_to(&path).await.unwrap_err();
    assert!(
        matches!(error, MaintenanceError::Exists { .. }),
        "{error:?}"
    );
    assert_eq!(fs::read(&path).unwrap(), b"something else");
    let missing = folder.path().join("missing").join("backup.db");
    let error = backend.backup_to(missing).await.unwrap_err();
    assert!(matches!(error, MaintenanceError::File { .. }), "{error:?}");
    let error = backend.backup_to(folder.database()).await.unwrap_err();
    assert!(
        matches!(error, MaintenanceError::Exists { .. }),
        "{error:?}"
    );
    let in_memory = SqliteBackend::open_in_memory().unwrap();
    let error = in_memory
        .backup_to(folder.path().join("x"))
        .await
        .unwrap_err();
    assert!(matches!(error, MaintenanceError::InMemory), "{error:?}");
}

#[tokio::test]
async fn a_check_finds_damage_and_what_was_changed_by_hand() {
    let folder = Folder::new();
    let backend = folder.open();
    for of in 0..200 {
        start(&backend, of, 1).await;
        save(&backend, of, 0, 2_000).await;
    }
    assert_eq!(backend.check().await.unwrap(), Vec::<String>::new());
    let sql = "UPDATE lock SET session = x'000102030405060708090a0b0c0d0e0f' WHERE player = '7'";
    folder.operator().execute(sql, []).unwrap();
    let findings = backend.check().await.unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(
        findings[0].starts_with("7/Slot1 has a claim"),
        "{findings:?}"
    );
    backend.close().await;

    let mut bytes = fs::read(folder.database()).unwrap();
    let page = bytes.len() / 2 / 8_192 * 8_192;
    bytes[page..page + 64].fill(0x5a);
    fs::write(folder.database(), bytes).unwrap();
    let backend = folder.open();
    assert!(backend.check().await.unwrap().len() > 1);
    let copy = folder.path().join("copy.db");
    backend.backup_to(&copy).await.unwrap_err();
    assert!(!copy.exists());
}

/// Saves 100 KB of each player, and erases all but the last.
async fn grow_and_erase(backend: &SqliteBackend) {
    for of in 0..40 {
        start(backend, of, 1).await;
        save(backend, of, 0, 100_000).await;
    }
    for of in 0..39 {
        backend.release(&player(of), session(1)).await.unwrap();
        assert_eq!(backend.erase(&player(of)).await.unwrap(), Erasure::Erased);
    }
}

async fn assert_shrinks(folder: &Folder) {
    let backend = folder.open();
    grow_and_erase(&backend).await;
    let before = folder.database().metadata().unwrap().len();
    let freed = backend.shrink().await.unwrap();
    let after = folder.database().metadata().unwrap().len();
    assert!(freed > 3_500_000 && after < 400_000, "{before} -> {after}");
    assert!(stored(&backend, 39).await.unwrap() == text(39, 1, 100_000));
    assert_eq!(backend.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(
        backend.shrink().await.unwrap(),
        0,
        "nothing is left to free"
    );
    save(&backend, 39, 1, 100_000).await;
}

#[tokio::test]
async fn shrinking_gives_back_the_room_of_what_was_erased() {
    assert_shrinks(&Folder::new()).await;
}

#[tokio::test]
async fn a_file_of_an_earlier_version_shrinks_too() {
    let folder = Folder::new();
    folder.make_version_1();
    assert_shrinks(&folder).await;
}

fn holds(path: &std::path::Path, needle: &[u8]) -> bool {
    let Ok(bytes) = fs::read(path) else {
        return false; // there is no such file
    };
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn m6_what_was_erased_is_in_no_file_any_more() {
    let folder = Folder::new();
    let backend = folder.open();
    let secret = b"top-secret-document-of-";
    for of in [1, 2] {
        start(&backend, of, 1).await;
    }
    // Of many sizes, so that old copies are in free pages and between rows.
    for base in 0..20 {
        for of in [1, 2] {
            let text = [secret.as_slice(), of.to_string().as_bytes(), b"!"].concat();
            let length = 100 + (base as usize * 7_919) % 40_000;
            let bytes: Vec<u8> = text.into_iter().cycle().take(length).collect();
            let outcome = backend
                .save(&claim(of, 1, 1), &stamp(base), &body(bytes))
                .await;
            assert_eq!(outcome.unwrap(), written(base + 1));
        }
    }
    backend.release(&player(1), session(1)).await.unwrap();
    backend.erase(&player(1)).await.unwrap();
    for file in [folder.database(), folder.log()] {
        assert!(!holds(&file, b"document-of-1!"), "{}", file.display());
    }
    backend.close().await;
    assert!(holds(&folder.database(), b"document-of-2!"));
    assert!(!holds(&folder.database(), b"document-of-1!"));
}
