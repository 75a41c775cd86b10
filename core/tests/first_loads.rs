//! Loads that fail: what becomes of the session and its lock.
#![allow(clippy::unwrap_used)] // what a test can't go on without

mod support;

use std::sync::Arc;

use playerdata_core::{Error, Event};
use support::*;

#[tokio::test(start_paused = true)]
async fn l8_f19_a_first_load_that_fails_leaves_no_lock_and_no_session() {
    for fault in [Fault::Refused, Fault::AnswerLost, Fault::Hang] {
        let world = World::new();
        let manager = world.server("a").await;
        let session = manager.start_session(1).await.unwrap();
        world.store.fail(Op::Open, fault);
        session.load_slot("Slot1").await.unwrap_err();
        assert!(!world.is_locked(&player(1)).await, "{fault:?}");
        assert!(!session.is_active() && manager.session_count() == 0);
        session.end().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn l8_a_first_load_that_fails_with_the_store_down_leaves_no_lock_once_it_is_back() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let mut events = manager.events();
    world.store.go_down(Fault::Lost);
    session.load_slot("Slot1").await.unwrap_err();
    assert!(matches!(
        session.load_slot("Slot1").await,
        Err(Error::SessionEnded { .. })
    ));
    pass_secs(20).await;
    assert!(world.is_locked(&player(1)).await, "nobody could release it");
    world.store.heal();
    pass_secs(6).await;
    assert!(!world.is_locked(&player(1)).await);
    assert_eq!(manager.session_count(), 0);
    assert_eq!(
        count(&drain(&mut events), |e| matches!(
            e,
            Event::SessionEnded { .. }
        )),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn l8_a_second_load_that_fails_leaves_the_session_and_its_first_slot() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    world.store.fail(Op::Open, Fault::Refused);
    session.load_slot("Slot2").await.unwrap_err();
    world.store.heal();
    assert!(session.is_active());
    slot.save().await.unwrap();
    session.load_slot("Slot2").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn l8_the_failed_first_of_two_loads_at_once_does_not_end_the_session_of_the_other() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = Arc::new(manager.start_session(1).await.unwrap());
    world.store.fail_once(Op::Open, Fault::Rejected);
    let second = Arc::clone(&session);
    let (first, second) = tokio::join!(session.load_slot("Slot1"), second.load_slot("Slot2"));
    first.unwrap_err();
    // Either the session ended before the second load, or it goes on with it.
    match second {
        Ok(slot) => {
            slot.save().await.unwrap();
        }
        Err(error) => {
            assert!(matches!(error, Error::SessionEnded { .. }), "{error}");
            assert!(!world.is_locked(&player(1)).await);
        }
    }
}
