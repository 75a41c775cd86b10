//! Starts that their callers give up (E12).
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::time::Duration;

use playerdata_core::{Error, OnConflict};
use support::*;
use tokio::time::timeout;

const LONG: OnConflict = OnConflict::HandOver {
    within: Duration::from_secs(15),
};

#[tokio::test(start_paused = true)]
async fn e12_nothing_waits_for_a_start_that_was_given_up() {
    for next in [OnConflict::Fail, OnConflict::Steal] {
        let world = World::new();
        let (a, b) = (world.server("a").await, world.server("b").await);
        let _held = a.start_session(1).await.unwrap();
        world.store.inject(When::notify(), Fault::ErrorBefore); // the holder never hears of it
        let given_up = timeout(Duration::from_secs(1), b.start_session_with(1, LONG)).await;
        assert!(given_up.is_err());
        let (next_one, took) = timed(b.start_session_with(1, next)).await;
        assert!(took.is_zero(), "{next:?}: {took:?}");
        assert_eq!(next_one.is_ok(), next == OnConflict::Steal);
    }
}

#[tokio::test(start_paused = true)]
async fn e12_nothing_waits_for_an_acquisition_that_was_given_up() {
    let world = World::new();
    let manager = world.server("a").await;
    world.store.inject(When::acquire().nth(1), Fault::HangAfter);
    let given_up = timeout(Duration::from_millis(100), manager.start_session(1)).await;
    assert!(given_up.is_err());
    let (session, took) = timed(manager.start_session_with(1, OnConflict::Fail)).await;
    assert!(took.is_zero(), "{took:?}");
    let session = session.unwrap();
    pass_secs(60).await;
    assert!(
        session.is_active() && world.is_locked(&player(1)).await,
        "undoing the first spares the second"
    );
}

#[tokio::test(start_paused = true)]
async fn e12_a_start_that_was_given_up_ends_nobodys_session() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let held = a.start_session(1).await.unwrap();
    let slow = Fault::delay(Duration::from_millis(300));
    world.store.inject(When::acquire(), slow);
    let given_up = timeout(Duration::from_millis(20), b.start_session(1)).await;
    assert!(given_up.is_err());
    pass_secs(60).await;
    assert!(held.is_active());
    assert_eq!(world.store.count(Op::Notify), 0);
}

#[tokio::test(start_paused = true)]
async fn e12_a_start_that_was_given_up_does_not_end_the_same_servers_session() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let _held = a.start_session(1).await.unwrap();
    world.store.inject(When::notify(), Fault::ErrorBefore);
    // The second waits for the first, and would end the session that it gets.
    let first = tokio::spawn({
        let b = b.clone();
        async move { b.start_session_with(1, LONG).await }
    });
    pass_ms(10).await;
    let second = timeout(Duration::from_secs(1), b.start_session(1)).await;
    assert!(second.is_err());
    world.store.calm();
    let session = first.await.unwrap().unwrap();
    pass_secs(60).await;
    assert!(session.is_active());
}

#[tokio::test(start_paused = true)]
async fn e12_a_given_up_start_is_no_hindrance_to_a_shutdown() {
    let world = World::new();
    let manager = world.server("a").await;
    world.store.inject(When::acquire(), Fault::HangBefore);
    assert!(
        timeout(Duration::from_millis(100), manager.start_session(1))
            .await
            .is_err()
    );
    let (report, took) = timed(manager.shutdown(Duration::from_secs(60))).await;
    assert!(report.is_complete() && took.is_zero(), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn e11_a_hand_over_without_a_limit_waits_for_ever() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let held = a.start_session(1).await.unwrap();
    world.store.inject(When::notify(), Fault::ErrorBefore);
    let within = Duration::MAX;
    let waiting = tokio::spawn({
        let b = b.clone();
        async move {
            b.start_session_with(1, OnConflict::HandOver { within })
                .await
        }
    });
    pass_secs(4_000).await;
    assert!(!waiting.is_finished());
    held.end().await.unwrap();
    assert!(waiting.await.unwrap().unwrap().is_active());
}

#[tokio::test(start_paused = true)]
async fn a_start_that_waits_only_looks_and_writes_when_the_player_is_free() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let held = a.start_session(1).await.unwrap();
    world.store.inject(When::notify(), Fault::ErrorBefore);
    world.store.record_calls();
    let within = Duration::from_secs(20);
    let refused = b
        .start_session_with(1, OnConflict::HandOver { within })
        .await;
    assert!(matches!(refused, Err(Error::PlayerHeld { .. })));
    assert_eq!(world.store.count(Op::Acquire), 1, "the first look");
    let looks = world.store.count(Op::Holder);
    assert!((10..=50).contains(&looks), "{looks}");
    assert!(world.store.count(Op::Notify) <= 4);
    world.store.calm();
    let waiting = tokio::spawn({
        let b = b.clone();
        async move { b.start_session(1).await }
    });
    pass_ms(500).await;
    held.end().await.unwrap();
    world.store.record_calls();
    waiting.await.unwrap().unwrap();
    assert_eq!(world.store.count(Op::Acquire), 1);
}
