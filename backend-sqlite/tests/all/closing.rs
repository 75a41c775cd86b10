//! How a database ends: closed, or its last handle dropped.
#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

use crate::support;

use std::time::Duration;

use playerdata_core::backend::{Backend, Effect, ErrorKind};
use playerdata_sqlite::SqliteBackend;
use support::*;

/// Waits until SQLite has moved the log into the file and removed it, which
/// it does when the last connection closes.
async fn wait_until_let_go(folder: &Folder) {
    let gone = async {
        while folder.log().exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), gone)
        .await
        .expect("the threads end and close the file");
}

#[tokio::test]
async fn dropping_the_last_handle_ends_the_threads_and_lets_the_file_go() {
    let folder = Folder::new();
    let backend = folder.open();
    start(&backend, 1, 1).await;
    let outcome = backend.save(&claim(1, 1, 1), &stamp(0), &body("a")).await;
    assert_eq!(outcome.unwrap(), written(1));
    let clone = backend.clone();
    drop(backend);
    assert_eq!(stored(&clone, 1).await.unwrap(), b"a");
    assert!(folder.log().exists());
    drop(clone);
    wait_until_let_go(&folder).await;
    assert_eq!(stored(&folder.open(), 1).await.unwrap(), b"a");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_finishes_what_was_accepted_and_refuses_the_rest() {
    for round in 0..10 {
        let folder = Folder::new();
        let backend = folder.open();
        for of in 0..64 {
            start(&backend, of, 1).await;
        }
        let tasks: Vec<_> = (0..64)
            .map(|of| {
                let backend = backend.clone();
                tokio::spawn(
                    async move { backend.save(&claim(of, 1, 1), &stamp(0), &body("a")).await },
                )
            })
            .collect();
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        backend.close().await;
        assert!(!folder.log().exists(), "the log was moved into the file");
        let reopened = folder.open();
        for (of, task) in (0..).zip(tasks) {
            let there = match task.await.unwrap() {
                Ok(outcome) => {
                    assert_eq!(outcome, written(1));
                    true
                }
                Err(error) => {
                    let said = (error.kind(), error.effect());
                    assert_eq!(said, (ErrorKind::Rejected, Effect::None), "{error}");
                    false
                }
            };
            assert_eq!(stored(&reopened, of).await.is_some(), there);
        }
    }
}

#[tokio::test]
async fn a_closed_database_refuses_and_closes_again_at_once() {
    for backend in [
        Folder::new().open(),
        SqliteBackend::open_in_memory().unwrap(),
    ] {
        backend.close().await;
        let error = backend.holder(&player(1)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (ErrorKind::Rejected, Effect::None)
        );
        assert!(error.to_string().contains("was closed"), "{error}");
        backend
            .acquire(&player(1), &claimant(1), None)
            .await
            .unwrap_err();
        backend.close().await;
    }
}

#[test]
fn a_handle_outlives_the_runtime_that_used_it() {
    let folder = Folder::new();
    let backend = folder.open();
    for by in 1..=2 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            start(&backend, by, 1).await;
        });
    }
}
