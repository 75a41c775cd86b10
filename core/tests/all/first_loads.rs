//! Loads that fail: what becomes of the session and its lock.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use playerdata_core::{Error, Event, Migrations};
use support::*;

#[tokio::test(start_paused = true)]
async fn l8_f19_a_first_load_that_fails_leaves_the_session_and_the_lock_goes_with_it() {
    for fault in [Fault::ErrorBefore, Fault::ErrorAfter, Fault::HangBefore] {
        let world = World::new();
        let manager = world.server("a").await;
        let session = manager.start_session(1).await.unwrap();
        world.store.inject(When::open(), fault);
        session.load_slot("Slot1").await.unwrap_err();
        world.store.calm();
        assert!(session.is_active() && world.is_locked(&player(1)).await);
        let slot = session.load_slot("Slot1").await.unwrap();
        slot.set("Currency", 7).unwrap();
        drop((session, slot));
        pass_secs(1).await;
        assert!(!world.is_locked(&player(1)).await, "{fault:?}");
        assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
        assert_eq!(manager.session_count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn l8_a_session_whose_only_load_failed_leaves_no_lock_once_the_store_is_back() {
    let world = World::new();
    let manager = world.server("a").await;
    let mut events = manager.events();
    let session = manager.start_session(1).await.unwrap();
    world.store.inject(When::any(), Fault::ErrorInDoubt);
    session.load_slot("Slot1").await.unwrap_err();
    drop(session);
    pass_secs(20).await;
    assert!(world.is_locked(&player(1)).await, "nobody could release it");
    world.store.calm();
    pass_secs(6).await;
    assert!(!world.is_locked(&player(1)).await);
    assert_eq!(manager.session_count(), 0);
    let ended = |e: &Event| matches!(e, Event::SessionEnded { .. });
    assert_eq!(count(&drain(&mut events), ended), 1);
}

#[tokio::test(start_paused = true)]
async fn l8_a_slot_that_cannot_be_read_bars_no_other() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Broken").await.unwrap();
    slot.save().await.unwrap();
    session.end().await.unwrap();
    let broken = world
        .builder("b")
        .migrations(Migrations::builder(2).step(1, no_way).build().unwrap());
    let manager = broken.start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let error = session.load_slot("Broken").await.unwrap_err();
    assert!(matches!(error, Error::Migration { .. }), "{error}");
    session.load_slot("Slot1").await.unwrap();
    session.end().await.unwrap();
}

fn no_way(_: &mut serde_json::Value) -> Result<(), std::fmt::Error> {
    Err(std::fmt::Error)
}

#[tokio::test(start_paused = true)]
async fn l8_a_second_load_that_fails_leaves_the_session_and_its_first_slot() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    world.store.inject(When::open(), Fault::ErrorBefore);
    session.load_slot("Slot2").await.unwrap_err();
    world.store.calm();
    assert!(session.is_active());
    slot.save().await.unwrap();
    session.load_slot("Slot2").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn l8_the_failed_first_of_two_loads_at_once_does_not_end_the_session_of_the_other() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    world.store.inject(When::open().nth(1), Fault::Rejected);
    let (first, second) = tokio::join!(session.load_slot("Slot1"), session.load_slot("Slot2"));
    first.unwrap_err();
    second.unwrap().save().await.unwrap();
}
