//! Locks, claims and saves: what the conformance suite proves at length, here
//! in short and against both kinds of database.
#![allow(clippy::unwrap_used)] // helpers of tests are tests, too

use crate::support;

use playerdata_core::{
    ClaimNumber, Fence, Revision,
    backend::{Acquisition, Backend, Effect, Erasure, ErrorKind, Opening, Release, WriteOutcome},
};
use playerdata_sqlite::SqliteBackend;
use support::*;

#[tokio::test]
async fn an_acknowledged_save_is_what_the_next_process_opens() {
    let folder = Folder::new();
    let first = folder.open();
    assert_eq!(start(&first, 1, 1).await, Default::default());
    assert_eq!(
        first
            .save(&claim(1, 1, 1), &stamp(0), &body("a"))
            .await
            .unwrap(),
        written(1)
    );
    assert_eq!(
        first.release(&player(1), session(1)).await.unwrap(),
        Release::Released
    );
    first.close().await;

    let second = folder.open();
    let opened = start(&second, 1, 2).await;
    assert_eq!(opened.revision, Revision::new(1));
    assert_eq!(opened.last_write, Some(stamp(0).write_id));
    assert_eq!(opened.record.unwrap().body, body("a"));
}

/// A lock that was taken over, with the thief still there and with it gone.
async fn a_replaced_session_can_do_nothing_more(backend: SqliteBackend) {
    start(&backend, 1, 1).await;
    let old = claim(1, 1, 1);
    assert_eq!(
        backend.save(&old, &stamp(0), &body("a")).await.unwrap(),
        written(1)
    );
    let taken = backend
        .acquire(&player(1), &claimant(2), Some(session(1)))
        .await
        .unwrap();
    assert_eq!(
        taken,
        Acquisition::Acquired {
            fence: Fence::new(2)
        }
    );
    let thief = backend.holder(&player(1)).await.unwrap();
    assert_eq!(thief.as_ref().unwrap().session, session(2));
    for holder in [thief, None] {
        let lost = WriteOutcome::Lost {
            holder: holder.clone(),
        };
        assert_eq!(
            backend.save(&old, &stamp(1), &body("b")).await.unwrap(),
            lost
        );
        assert_eq!(backend.delete(&old, &stamp(1)).await.unwrap(), lost);
        assert_eq!(
            backend.open(&claim(1, 1, 2)).await.unwrap(),
            Opening::Lost { holder }
        );
        backend.release(&player(1), session(2)).await.unwrap();
    }
    assert_eq!(stored(&backend, 1).await.unwrap(), b"a");
}

#[tokio::test]
async fn l4_l5_a_replaced_session_can_do_nothing_more_on_disk() {
    let folder = Folder::new();
    a_replaced_session_can_do_nothing_more(folder.open()).await;
}

#[tokio::test]
async fn l4_l5_a_replaced_session_can_do_nothing_more_in_memory() {
    a_replaced_session_can_do_nothing_more(SqliteBackend::open_in_memory().unwrap()).await;
}

#[tokio::test]
async fn a_released_session_can_save_nothing_more() {
    let backend = SqliteBackend::open_in_memory().unwrap();
    start(&backend, 1, 1).await;
    backend.release(&player(1), session(1)).await.unwrap();
    let outcome = backend.save(&claim(1, 1, 1), &stamp(0), &body("a")).await;
    assert_eq!(outcome.unwrap(), WriteOutcome::Lost { holder: None });
    assert_eq!(stored(&backend, 1).await, None);
    assert_eq!(
        backend.release(&player(1), session(1)).await.unwrap(),
        Release::NotHeld
    );
}

#[tokio::test]
async fn s2_opening_again_kills_the_doubtful_claim() {
    let backend = SqliteBackend::open_in_memory().unwrap();
    start(&backend, 1, 1).await;
    let second = claim(1, 1, 2);
    assert!(matches!(
        backend.open(&second).await.unwrap(),
        Opening::Opened(_)
    ));
    let late = backend
        .save(&claim(1, 1, 1), &stamp(0), &body("late"))
        .await;
    assert_eq!(late.unwrap(), WriteOutcome::Overtaken);
    assert_eq!(
        backend.open(&claim(1, 1, 1)).await.unwrap(),
        Opening::Overtaken
    );
    let outcome = backend.save(&second, &stamp(0), &body("new")).await;
    assert_eq!(outcome.unwrap(), written(1));
}

#[tokio::test]
async fn s2_a_write_that_won_does_not_look_lost_when_it_is_repeated() {
    let backend = SqliteBackend::open_in_memory().unwrap();
    start(&backend, 1, 1).await;
    let claim = claim(1, 1, 1);
    for _ in 0..2 {
        let outcome = backend.save(&claim, &stamp(0), &body("a")).await;
        assert_eq!(outcome.unwrap(), written(1));
    }
    for _ in 0..2 {
        assert_eq!(backend.delete(&claim, &stamp(1)).await.unwrap(), written(2));
    }
    let older = backend.save(&claim, &stamp(0), &body("a")).await.unwrap();
    assert_eq!(older, WriteOutcome::Overtaken);
    assert_eq!(stored(&backend, 1).await, None);
}

#[tokio::test]
async fn l4_a_session_that_got_the_lock_twice_opens_nothing_under_the_first_fence() {
    let backend = SqliteBackend::open_in_memory().unwrap();
    start(&backend, 1, 1).await;
    backend.release(&player(1), session(1)).await.unwrap();
    start(&backend, 1, 1).await;
    let holder = backend.holder(&player(1)).await.unwrap();
    assert_eq!(holder.as_ref().unwrap().fence, Fence::new(2));
    let late = backend.open(&claim(1, 1, 9)).await.unwrap();
    assert_eq!(late, Opening::Lost { holder });
}

#[tokio::test]
async fn l3_the_fence_survives_release_and_erasure() {
    let folder = Folder::new();
    for fence in 1..=3 {
        let backend = folder.open();
        let acquired = backend.acquire(&player(1), &claimant(1), None).await;
        assert_eq!(
            acquired.unwrap(),
            Acquisition::Acquired {
                fence: Fence::new(fence)
            }
        );
        assert!(matches!(
            backend.erase(&player(1)).await.unwrap(),
            Erasure::Locked { .. }
        ));
        backend.release(&player(1), session(1)).await.unwrap();
        assert_eq!(backend.erase(&player(1)).await.unwrap(), Erasure::Erased);
        backend.close().await;
    }
}

#[tokio::test]
async fn erasing_leaves_no_record_and_no_slot() {
    let backend = SqliteBackend::open_in_memory().unwrap();
    for of in [1, 2] {
        start(&backend, of, 1).await;
        let outcome = backend.save(&claim(of, 1, 1), &stamp(0), &body("a")).await;
        assert_eq!(outcome.unwrap(), written(1));
        backend.release(&player(of), session(1)).await.unwrap();
    }
    backend.erase(&player(1)).await.unwrap();
    assert!(backend.list(&player(1)).await.unwrap().is_empty());
    assert_eq!(backend.list(&player(2)).await.unwrap().len(), 1);
    assert_eq!(start(&backend, 1, 2).await, Default::default());
}

#[tokio::test]
async fn a_number_beyond_what_sqlite_keeps_is_refused_and_changes_nothing() {
    let backend = SqliteBackend::open_in_memory().unwrap();
    start(&backend, 1, 1).await;
    let mut huge = claim(1, 1, 1);
    huge.number = ClaimNumber::new(u64::MAX);
    let error = backend.open(&huge).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Rejected, Effect::None)
    );
    let mut late = stamp(0);
    late.base = Revision::new(u64::MAX);
    let error = backend
        .save(&claim(1, 1, 1), &late, &body("a"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Rejected, Effect::None)
    );
    let outcome = backend.save(&claim(1, 1, 1), &stamp(0), &body("a")).await;
    assert_eq!(outcome.unwrap(), written(1));
}

#[tokio::test]
async fn an_absurd_clock_neither_stops_a_save_nor_changes_its_time() {
    let backend = SqliteBackend::open_in_memory().unwrap();
    start(&backend, 1, 1).await;
    let mut stamp = stamp(0);
    stamp.at = playerdata_core::UnixMillis::new(u64::MAX);
    let outcome = backend.save(&claim(1, 1, 1), &stamp, &body("a")).await;
    assert_eq!(outcome.unwrap(), written(1));
    let list = backend.list(&player(1)).await.unwrap();
    assert_eq!(list[0].saved_at, stamp.at);
}

#[tokio::test]
async fn bodies_are_kept_byte_for_byte_from_none_to_the_limit() {
    let folder = Folder::new();
    let backend = folder.open();
    start(&backend, 1, 1).await;
    let limit = backend.limits().max_body_bytes;
    let odd: Vec<u8> = (0..=255).cycle().take(70_001).collect();
    let bodies = [
        Vec::new(),
        b"\0'; DROP TABLE slot; --".to_vec(),
        odd,
        vec![7; limit],
    ];
    for (base, bytes) in (0..).zip(bodies) {
        let body = body(bytes);
        let outcome = backend.save(&claim(1, 1, 1), &stamp(base), &body).await;
        assert_eq!(outcome.unwrap(), written(base + 1));
        assert!(stored(&backend, 1).await.unwrap() == body.bytes);
    }
    let over = body(vec![0; limit + 1]);
    let error = backend
        .save(&claim(1, 1, 1), &stamp(4), &over)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::TooLarge, Effect::None)
    );
    assert!(error.to_string().contains("67108865"), "{error}");
}
