//! Starts that fail, and the locks that they must not leave.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::time::Duration;

use playerdata_core::backend::Backend;
use support::*;

#[tokio::test(start_paused = true)]
async fn l8_a_start_whose_answer_was_lost_leaves_no_lock() {
    for fault in [Fault::ErrorAfter, Fault::HangAfter] {
        let world = World::new();
        let manager = world.server("a").await;
        world.store.inject(When::acquire(), fault);
        manager.start_session(1).await.unwrap_err();
        assert!(
            world.is_locked(&player(1)).await,
            "{fault:?}: the store has applied it"
        );
        pass_secs(6).await;
        assert!(!world.is_locked(&player(1)).await, "{fault:?}");
        world.store.calm();
        pass_secs(30).await;
        world.store.record_calls();
        pass_secs(30).await;
        assert_eq!(
            world.store.count(Op::Release),
            0,
            "{fault:?}: it is not released for ever"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn l8_an_acquisition_that_arrives_late_leaves_no_lock() {
    let world = World::new();
    let manager = world.server("a").await;
    world.store.inject(
        When::acquire().nth(1),
        Fault::HangThenApply {
            after: Duration::from_secs(12),
        },
    );
    manager.start_session(1).await.unwrap_err(); // after 5 s
    pass_secs(20).await;
    assert!(!world.is_locked(&player(1)).await);
}

#[tokio::test(start_paused = true)]
async fn l8_a_start_that_is_refused_after_a_lost_answer_leaves_no_lock() {
    let world = World::new();
    let manager = world.server("a").await;
    world
        .store
        .inject(When::acquire().nth(1), Fault::ErrorAfter);
    world.store.inject(When::acquire(), Fault::ErrorBefore);
    manager.start_session(1).await.unwrap_err();
    pass_secs(6).await;
    assert!(!world.is_locked(&player(1)).await);
}

#[tokio::test(start_paused = true)]
async fn l8_an_orphan_that_cannot_be_released_holds_up_no_other() {
    let world = World::new();
    let manager = world.server("a").await;
    world.store.inject(When::acquire(), Fault::ErrorAfter);
    for number in [1, 2] {
        manager.start_session(number).await.unwrap_err();
    }
    world
        .store
        .inject(When::release().of(&player(1)), Fault::Rejected);
    pass_secs(6).await;
    assert!(world.is_locked(&player(1)).await && !world.is_locked(&player(2)).await);
}

#[tokio::test(start_paused = true)]
async fn l8_releasing_orphans_does_not_delay_the_heartbeat() {
    let world = World::new();
    let manager = world.server("a").await;
    world.store.inject(When::acquire(), Fault::ErrorAfter);
    for number in 0..50 {
        manager.start_session(number).await.unwrap_err();
    }
    world
        .store
        .inject(When::release(), Fault::delay(Duration::from_secs(4)));
    world.store.record_calls();
    pass_secs(61).await;
    assert!(world.store.count(Op::RenewLease) >= 12);
}

#[tokio::test(start_paused = true)]
async fn l8_e7_a_start_whose_future_was_dropped_leaves_no_lock_and_no_session() {
    for fault in [
        Fault::delay(Duration::from_secs(1)),
        Fault::HangAfter,
        Fault::HangBefore,
    ] {
        let world = World::new();
        let manager = world.server("a").await;
        world.store.inject(When::acquire().nth(1), fault);
        begin_and_drop(manager.start_session(1)).await;
        pass_secs(20).await;
        assert!(!world.is_locked(&player(1)).await, "{fault:?}");
        assert_eq!(manager.session_count(), 0);
        manager.start_session(1).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn l8_an_orphaned_lock_is_healed_when_somebody_asks_for_the_player() {
    let world = World::new();
    let manager = world.server("a").await;
    // A lock of this server that it knows nothing of.
    let claimant = playerdata_core::backend::Claimant {
        session: "00000000-0000-4000-8000-000000000009".parse().unwrap(),
        server: manager.server().clone(),
        at: playerdata_core::UnixMillis::new(0),
    };
    world
        .memory
        .acquire(&player(1), &claimant, None)
        .await
        .unwrap();
    let other = world.server("b").await;
    let (session, took) = timed(other.start_session(1)).await;
    session.unwrap();
    assert!(
        took <= Duration::from_secs(6),
        "at the next heartbeat: {took:?}"
    );
}
