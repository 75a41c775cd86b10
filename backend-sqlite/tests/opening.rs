//! What cannot be opened says why, and is left as it was.
#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

mod support;

use std::{error::Error, fs, os::unix::fs::PermissionsExt, process::Command, time::Duration};

use playerdata_sqlite::{OpenError, SqliteBackend, SqliteOptions};
use support::*;

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_was() {
    for size in [2, 15, 100, 5_000, 20_000] {
        let folder = Folder::new();
        let text: Vec<u8> = b"Dear diary. ".iter().copied().cycle().take(size).collect();
        fs::write(folder.database(), &text).unwrap();
        let error = SqliteBackend::open(folder.database()).unwrap_err();
        assert!(
            matches!(error, OpenError::NotADatabase { .. }),
            "{size}: {error:?}"
        );
        assert!(error.source().is_some());
        assert!(error.to_string().contains("is not an SQLite database"));
        assert!(fs::read(folder.database()).unwrap() == text, "{size}");
    }
}

#[test]
fn an_empty_file_becomes_a_database() {
    let folder = Folder::new();
    fs::write(folder.database(), "").unwrap();
    folder.open();
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_was() {
    for sql in [
        "CREATE TABLE lock (x)",
        "PRAGMA application_id = 77",
        "PRAGMA user_version = 1",
    ] {
        let folder = Folder::new();
        folder.operator().execute_batch(sql).unwrap();
        let before = fs::read(folder.database()).unwrap();
        let error = SqliteBackend::open(folder.database()).unwrap_err();
        assert!(
            matches!(error, OpenError::ForeignDatabase { .. }),
            "{sql}: {error:?}"
        );
        assert!(fs::read(folder.database()).unwrap() == before, "{sql}");
    }
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_left_as_it_was() {
    let folder = Folder::new();
    folder.open().close().await;
    folder
        .operator()
        .pragma_update(None, "user_version", 9_999)
        .unwrap();
    let error = SqliteBackend::open(folder.database()).unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::NewerVersion {
                found: 9_999,
                known: 3,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("version 9999"), "{error}");
    let version: i32 = folder
        .operator()
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, 9_999);
}

#[test]
fn a_missing_folder_is_not_made() {
    let folder = Folder::new();
    let path = folder.path().join("missing").join("playerdata.db");
    let error = SqliteBackend::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::CannotCreate { .. }), "{error:?}");
    assert!(
        error.to_string().contains("missing/playerdata.db"),
        "{error}"
    );
    assert!(!path.exists());
}

#[test]
fn a_folder_is_no_database() {
    let folder = Folder::new();
    let error = SqliteBackend::open(folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::CannotOpen { .. }), "{error:?}");
}

#[tokio::test]
async fn a_database_that_asks_not_to_be_written_is_reported_as_read_only() {
    let folder = Folder::new();
    folder.open().close().await;
    // Byte 18 of the header is the version that a writer has to know.
    let mut bytes = fs::read(folder.database()).unwrap();
    bytes[18] = 9;
    fs::write(folder.database(), &bytes).unwrap();
    let error = SqliteBackend::open(folder.database()).unwrap_err();
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
}

/// Runs the test again as somebody who does not own the file. Permissions
/// do not hold root back, so root does it as the user `nobody`.
fn as_another_account(name: &str, folder: &Folder, variable: &str) {
    let mode = |path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let program = folder.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    mode(program.clone(), 0o755);
    let mut command = Command::new(program);
    command
        .args([name, "--exact"])
        .env(variable, folder.database());
    if fs::OpenOptions::new()
        .write(true)
        .open(folder.database())
        .is_ok()
    {
        std::os::unix::process::CommandExt::uid(&mut command, 65_534);
    }
    succeeds(&mut command);
}

/// Also in a folder where everybody may make files: SQLite would make those
/// beside the database, and leave them to an owner who can't write to them.
#[tokio::test]
async fn a_file_without_permission_to_write_is_reported_as_read_only_and_leaves_nothing() {
    const NAME: &str =
        "a_file_without_permission_to_write_is_reported_as_read_only_and_leaves_nothing";
    const PATH: &str = "PLAYERDATA_TEST_READ_ONLY";
    if let Some(path) = std::env::var_os(PATH) {
        let error = SqliteBackend::open(path).unwrap_err();
        assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
        assert!(error.to_string().ends_with("is read-only"), "{error}");
        return;
    }
    for folder_mode in [0o755, 0o777] {
        let folder = Folder::new();
        folder.open().close().await;
        let mode =
            |path: &_, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        mode(folder.path(), folder_mode);
        mode(&folder.database(), 0o444);
        as_another_account(NAME, &folder, PATH);
        for beside in ["playerdata.db-wal", "playerdata.db-shm"] {
            assert!(!folder.path().join(beside).exists(), "{beside}");
        }
    }
}

#[test]
fn new_files_are_for_their_owner_only_unless_told_otherwise() {
    let modes = |folder: &Folder| {
        ["playerdata.db", "playerdata.db-wal", "playerdata.db-shm"].map(|name| {
            let metadata = folder.path().join(name).metadata().unwrap();
            metadata.permissions().mode() & 0o777
        })
    };
    let folder = Folder::new();
    let _backend = folder.open();
    assert_eq!(modes(&folder), [0o600; 3]);
    let folder = Folder::new();
    let _backend = folder.options().file_mode(0o660).open().unwrap();
    assert_eq!(modes(&folder), [0o660; 3]);
}

#[tokio::test]
async fn a_missing_database_is_not_made_if_told_so() {
    let folder = Folder::new();
    let options = folder.options().create(false);
    for _ in 0..2 {
        let error = options.clone().open().unwrap_err();
        assert!(matches!(error, OpenError::Missing { .. }), "{error:?}");
        // What a volume that was not mounted may have instead.
        fs::write(folder.database(), "").unwrap();
    }
    assert_eq!(folder.database().metadata().unwrap().len(), 0);
    folder.open().close().await;
    options.open().unwrap();
}

#[tokio::test]
async fn a_file_that_another_process_keeps_to_itself_is_reported_as_locked() {
    let folder = Folder::new();
    folder.open().close().await;
    let other = folder.operator();
    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();
    let options = folder.options().busy_timeout(Duration::from_millis(30));
    let error = options.clone().open().unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error:?}");
    drop(other);
    options.open().unwrap();
}

#[test]
fn opening_waits_for_another_process_that_lets_go_in_time() {
    let folder = Folder::new();
    let other = folder.operator();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| folder.open());
        other.execute_batch("COMMIT").unwrap();
        opening.join().unwrap();
    });
}

#[test]
fn many_that_open_a_new_file_at_once_all_get_it() {
    let folder = Folder::new();
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| folder.open())).collect();
        for one in all {
            one.join().unwrap();
        }
    });
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let folder = Folder::new();
    let bad = [
        folder.options().group_size(0),
        folder.options().group_size(65_537),
        folder.options().checkpoint_bytes(1_000),
        folder.options().max_bytes(0),
        folder.options().checkpoint_interval(Duration::ZERO),
        folder.options().file_mode(0o200),
        folder.options().file_mode(0o755),
        SqliteOptions::new(""),
        SqliteOptions::new(":memory:"),
    ];
    for options in bad {
        let error = options.open().unwrap_err();
        assert!(matches!(error, OpenError::BadOption { .. }), "{error:?}");
    }
    assert!(!folder.database().exists());
}

#[test]
fn a_path_that_looks_like_a_uri_is_a_path() {
    let folder = Folder::new();
    let path = folder.path().join("file:x?mode=memory");
    SqliteBackend::open(&path).unwrap();
    assert!(path.exists());
}
