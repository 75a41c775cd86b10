//! Many callers, several handles on one file, callers that go away, and
//! somebody else's lock on the file.
#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

use crate::support;

use std::{future::Future, sync::Arc, time::Duration};

use futures::future::join_all;
use playerdata_core::{
    Clock, Error, Fence, ManualClock, SessionManager, Settings, UnixMillis,
    backend::{Acquisition, Backend, Effect, ErrorKind, Renewal},
};
use playerdata_sqlite::SqliteBackend;
use support::*;

/// Longer than anything here takes, so that what hangs fails.
async fn in_time<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(60);
    tokio::time::timeout(limit, future)
        .await
        .expect("it does not hang")
}

/// Starts sessions of this many players and saves each of them this often.
async fn save_all(backends: &[SqliteBackend], players: u64, saves: u64) {
    let tasks = (0..players).map(|of| {
        let backend = backends[of as usize % backends.len()].clone();
        tokio::spawn(async move {
            start(&backend, of, 1).await;
            for base in 0..saves {
                let body = body(format!("{of}:{base}"));
                let outcome = backend.save(&claim(of, 1, 1), &stamp(base), &body).await;
                assert_eq!(outcome.unwrap(), written(base + 1));
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        in_time(task).await.unwrap();
    }
}

async fn assert_saved(backend: &SqliteBackend, players: u64, saves: u64) {
    for of in 0..players {
        let last = format!("{of}:{}", saves - 1).into_bytes();
        assert_eq!(stored(backend, of).await, Some(last));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_256_players_saving_at_once_lose_nothing() {
    let folder = Folder::new();
    let backend = folder.open();
    save_all(std::slice::from_ref(&backend), 256, 20).await;
    backend.close().await;
    assert_saved(&folder.open(), 256, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_one_keeps_all_promises() {
    let folder = Folder::new();
    let backend = folder.options().group_size(1).open().unwrap();
    save_all(std::slice::from_ref(&backend), 32, 5).await;
    assert_saved(&backend, 32, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_handles_on_one_file_write_side_by_side() {
    let folder = Folder::new();
    let backends = [folder.open(), folder.open(), folder.open()];
    save_all(&backends, 96, 20).await;
    for backend in &backends {
        assert_saved(backend, 96, 20).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l1_of_many_who_want_a_player_at_once_one_gets_it() {
    let folder = Folder::new();
    let backends = [folder.open(), folder.open()];
    for of in 0..20 {
        let tasks = (0..16_u128).map(|by| {
            let backend = backends[by as usize % 2].clone();
            tokio::spawn(async move {
                let who = claimant(by + 1);
                backend.acquire(&player(of), &who, None).await.unwrap()
            })
        });
        let outcomes = in_time(join_all(tasks.collect::<Vec<_>>())).await;
        let first = Acquisition::Acquired {
            fence: Fence::new(1),
        };
        let winners = outcomes
            .into_iter()
            .filter(|one| *one.as_ref().unwrap() == first);
        assert_eq!(winners.count(), 1);
    }
}

#[tokio::test]
async fn another_process_that_holds_the_file_makes_it_unavailable_with_no_effect() {
    let folder = Folder::new();
    let options = folder.options().busy_timeout(Duration::from_millis(20));
    let backend = options.open().unwrap();
    start(&backend, 1, 1).await;
    let operator = folder.operator();
    operator.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = in_time(backend.save(&claim(1, 1, 1), &stamp(0), &body("a"))).await;
    let error = refused.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Unavailable, Effect::None)
    );
    operator.execute_batch("COMMIT").unwrap();
    let outcome = backend.save(&claim(1, 1, 1), &stamp(0), &body("a")).await;
    assert_eq!(outcome.unwrap(), written(1));
}

/// The manager hands its patience down, which is less than the store's own.
#[tokio::test]
async fn s2_a_save_that_waited_in_vain_is_known_not_to_be_applied() {
    let folder = Folder::new();
    let options = folder.options().busy_timeout(Duration::from_secs(600));
    let backend = options.open().unwrap();
    let mut settings = Settings::default();
    settings.operation_timeout = Duration::from_millis(500);
    let manager = SessionManager::builder(Arc::new(backend))
        .settings(settings)
        .start()
        .await
        .unwrap();
    let session = manager.start_session(1_u64).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let operator = folder.operator();
    operator.execute_batch("BEGIN IMMEDIATE").unwrap();
    slot.set("Currency", 7).unwrap();
    match in_time(slot.save()).await.unwrap_err() {
        Error::StoreUnavailable(failure) => assert_eq!(failure.effect(), Effect::None),
        other => panic!("{other:?}"),
    }
    operator.execute_batch("COMMIT").unwrap();
    in_time(slot.save()).await.unwrap();
    in_time(session.end()).await.unwrap();
}

#[tokio::test]
async fn readers_do_not_wait_for_writers() {
    let folder = Folder::new();
    let backend = folder.open();
    start(&backend, 1, 1).await;
    let outcome = backend.save(&claim(1, 1, 1), &stamp(0), &body("a")).await;
    assert_eq!(outcome.unwrap(), written(1));
    let operator = folder.operator();
    operator
        .execute_batch("BEGIN IMMEDIATE; DELETE FROM slot; DELETE FROM lock")
        .unwrap();
    let (claim, stamp, later) = (claim(1, 1, 1), stamp(1), body("b"));
    let mut saving = Box::pin(backend.save(&claim, &stamp, &later));
    assert!(futures::poll!(&mut saving).is_pending());
    assert_eq!(in_time(stored(&backend, 1)).await.unwrap(), b"a");
    assert!(in_time(backend.holder(&player(1))).await.unwrap().is_some());
    assert_eq!(in_time(backend.list(&player(1))).await.unwrap().len(), 1);
    assert!(
        !in_time(backend.lease_is_live(&server("a", 1)))
            .await
            .unwrap()
    );
    assert!(futures::poll!(&mut saving).is_pending());
    operator.execute_batch("ROLLBACK").unwrap();
    assert_eq!(in_time(saving).await.unwrap(), written(2));
}

#[tokio::test]
async fn e7_a_dropped_call_that_did_not_run_yet_is_withdrawn_and_others_go_on() {
    let folder = Folder::new();
    let backend = folder.open();
    start(&backend, 1, 1).await;
    start(&backend, 2, 1).await;
    let operator = folder.operator();
    operator.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (one, two, stamp, text) = (claim(1, 1, 1), claim(2, 1, 1), stamp(0), body("a"));
    let mut dropped = Box::pin(backend.save(&one, &stamp, &text));
    let mut kept = Box::pin(backend.save(&two, &stamp, &text));
    assert!(futures::poll!(&mut dropped).is_pending());
    assert!(futures::poll!(&mut kept).is_pending());
    drop(dropped);
    operator.execute_batch("COMMIT").unwrap();
    assert_eq!(in_time(kept).await.unwrap(), written(1));
    assert_eq!(stored(&backend, 1).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn e7_calls_dropped_at_any_moment_are_done_wholly_or_not_at_all() {
    let folder = Folder::new();
    let backend = folder.open();
    for turn in 0..200_u64 {
        let by = u128::from(turn) + 1;
        let (who, before) = (claimant(by), session(by - 1));
        // Between the lock and the claims, nothing may be dropped halfway.
        let id = player(1);
        let mut taking = Box::pin(backend.acquire(&id, &who, Some(before)));
        for _ in 0..turn % 20 {
            if futures::poll!(&mut taking).is_ready() {
                break; // it was quicker
            }
            tokio::task::yield_now().await;
        }
        drop(taking);
        let again = in_time(backend.acquire(&player(1), &who, Some(before))).await;
        let Acquisition::Acquired { fence } = again.unwrap() else {
            panic!("the former session is replaced");
        };
        let late = backend
            .save(&claim(1, by - 1, 1), &stamp(turn), &body("late"))
            .await;
        assert!(!matches!(late.unwrap(), outcome if outcome == written(turn + 1)));
        backend.open(&claim_under(fence, 1, by)).await.unwrap();
        let outcome = backend
            .save(&claim(1, by, 1), &stamp(turn), &body("a"))
            .await;
        assert_eq!(outcome.unwrap(), written(turn + 1));
    }
}

/// A clock that fails when it shows zero.
#[derive(Debug)]
struct BrokenClock(ManualClock);

impl Clock for BrokenClock {
    fn now(&self) -> UnixMillis {
        let now = self.0.now();
        assert_ne!(now.get(), 0, "the clock has stopped");
        now
    }
}

#[tokio::test]
async fn a_panic_in_a_thread_is_an_error_of_that_call_and_the_thread_goes_on() {
    let folder = Folder::new();
    let clock = Arc::new(BrokenClock(ManualClock::default()));
    let backend = folder.options().clock(clock.clone()).open().unwrap();
    let (id, ttl) = (server("a", 1), Duration::from_secs(1));
    let error = in_time(backend.renew_lease(&id, ttl)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Unavailable, Effect::None)
    );
    for _ in 0..5 {
        in_time(backend.lease_is_live(&id)).await.unwrap_err();
    }
    clock.0.advance(ttl);
    assert!(matches!(
        in_time(backend.renew_lease(&id, ttl)).await.unwrap(),
        Renewal::Renewed { .. }
    ));
    assert!(in_time(backend.lease_is_live(&id)).await.unwrap());
}
