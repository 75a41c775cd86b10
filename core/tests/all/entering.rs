//! A session that is started and a slot that is loaded, in one call.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::time::Duration;

use playerdata_core::{Error, Letter, OnConflict, Session, SessionManager, Slot, SlotName};
use serde_json::json;
use support::*;

async fn enter(manager: &SessionManager, player: u64) -> Result<(Session, Slot), Error> {
    manager.start_and_load(player, "Slot1").await
}

/// Lets player 1 play once, and earn something.
async fn has_played(world: &World) {
    let manager = world.server("before").await;
    let (session, slot) = enter(&manager, 1).await.unwrap();
    slot.set("Currency", 7).unwrap();
    session.end().await.unwrap();
    manager.shutdown(Duration::from_secs(1)).await;
    world.store.record_calls();
}

fn answer_after(secs: u64) -> Fault {
    Fault::Delay {
        request: Duration::ZERO,
        answer: Duration::from_secs(secs),
    }
}

#[tokio::test(start_paused = true)]
async fn s1_a_start_that_loads_takes_one_call_and_finds_what_was_saved() {
    let world = World::new();
    has_played(&world).await;
    let manager = world.server("a").await;
    let (session, slot) = enter(&manager, 1).await.unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 7);
    assert_eq!(world.store.count(Op::Acquire), 1);
    assert_eq!(world.store.count(Op::Open), 0);
    // It goes on like any other.
    slot.increment("Currency", 1).unwrap();
    slot.save().await.unwrap();
    let again = session.load_slot("Slot1").await.unwrap();
    assert_eq!(again.get::<u64>("Currency").unwrap(), 8);
    let other = session.load_slot("Slot2").await.unwrap();
    other.save().await.unwrap();
    session.end().await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 8);
}

#[tokio::test(start_paused = true)]
async fn s4_s10_a_new_player_gets_the_defaults_which_are_stored() {
    let world = World::new();
    let manager = world.server("a").await;
    let (session, slot) = enter(&manager, 1).await.unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 500);
    session.end().await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 500);
}

#[tokio::test(start_paused = true)]
async fn l8_s5_a_start_whose_load_fails_leaves_no_lock_and_the_bytes() {
    let world = World::new();
    put(&world, &player(1), 1, b"not JSON").await;
    let manager = world.server("a").await;
    let error = enter(&manager, 1).await.unwrap_err();
    assert!(matches!(error, Error::Undecodable { .. }), "{error}");
    assert!(!world.is_locked(&player(1)).await);
    assert_eq!(manager.session_count(), 0);
    let record = world.record(&player(1), "Slot1").await.unwrap();
    assert_eq!(&record.body.bytes[..], b"not JSON");
}

#[tokio::test(start_paused = true)]
async fn l8_a_start_whose_load_finds_no_store_leaves_no_lock_when_that_is_back() {
    let world = World::new();
    let manager = world.server("a").await;
    // With a doubtful answer the slot is opened by itself.
    let acquire = When::acquire().nth(1);
    world.store.inject(acquire, Fault::ErrorAfter);
    world.store.inject(When::open(), Fault::ErrorBefore);
    world.store.inject(When::release(), Fault::ErrorBefore);
    let error = enter(&manager, 1).await.unwrap_err();
    assert!(matches!(error, Error::StoreUnavailable(_)), "{error}");
    assert!(world.is_locked(&player(1)).await);
    world.store.calm();
    pass_secs(6).await;
    assert!(!world.is_locked(&player(1)).await);
    assert_eq!(manager.session_count(), 0);
    enter(&manager, 1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn l8_a_start_that_loads_and_has_no_answer_leaves_no_lock() {
    for fault in [Fault::ErrorAfter, Fault::HangAfter, Fault::ErrorInDoubt] {
        let world = World::new();
        let manager = world.server("a").await;
        world.store.inject(When::acquire(), fault);
        enter(&manager, 1).await.unwrap_err();
        pass_secs(6).await;
        assert!(!world.is_locked(&player(1)).await, "{fault:?}");
        assert_eq!(manager.session_count(), 0, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn s2_a_start_that_loads_and_is_asked_again_opens_the_slot_by_itself() {
    for fault in [Fault::ErrorAfter, Fault::ErrorInDoubt] {
        let world = World::new();
        has_played(&world).await;
        let manager = world.server("a").await;
        world.store.inject(When::acquire().nth(1), fault);
        let (session, slot) = enter(&manager, 1).await.unwrap();
        assert_eq!(slot.get::<u64>("Currency").unwrap(), 7, "{fault:?}");
        slot.set("Currency", 8).unwrap();
        slot.save().await.unwrap();
        session.end().await.unwrap();
        assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 8);
    }
}

#[tokio::test(start_paused = true)]
async fn l4_a_late_copy_of_a_start_that_loads_brings_no_claim_back() {
    let world = World::new();
    has_played(&world).await;
    let manager = world.server("a").await;
    let after = Duration::from_secs(2);
    world
        .store
        .inject(When::acquire().nth(1), Fault::Duplicate { after });
    let (_session, old) = enter(&manager, 1).await.unwrap();
    let thief = world.server("b").await;
    let steal = OnConflict::Steal;
    let stolen = thief.start_and_load_with(1, "Slot1", steal).await;
    let (session, slot) = stolen.unwrap();
    slot.set("Currency", 99).unwrap();
    session.end().await.unwrap();
    pass_secs(3).await;
    assert!(world.is_locked(&player(1)).await, "the copy has come");
    old.set("Currency", 1).unwrap();
    let refused = old.save().await.unwrap_err();
    assert!(matches!(refused, Error::SessionLost { .. }), "{refused}");
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 99);
    pass_secs(10).await;
    assert!(!world.is_locked(&player(1)).await, "nobody plays under it");
}

#[tokio::test(start_paused = true)]
async fn l8_e7_a_start_that_loads_and_is_dropped_leaves_no_lock() {
    for fault in [
        Fault::delay(Duration::from_secs(1)),
        answer_after(1),
        Fault::HangAfter,
        Fault::HangBefore,
    ] {
        let world = World::new();
        let manager = world.server("a").await;
        world.store.inject(When::acquire().nth(1), fault);
        begin_and_drop(enter(&manager, 1)).await;
        pass_secs(20).await;
        assert!(!world.is_locked(&player(1)).await, "{fault:?}");
        assert_eq!(manager.session_count(), 0, "{fault:?}");
        enter(&manager, 1).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn e7_a_start_that_is_dropped_while_it_loads_ends_the_session_properly() {
    let world = World::new();
    let manager = world.server("a").await;
    let letter = Letter::new("gift", json!({"Gold": 1})).unwrap();
    manager.send(1, "Slot1", letter).await.unwrap();
    let slow = Fault::delay(Duration::from_secs(2));
    world.store.inject(When::letters().nth(1), slow);
    begin_and_drop(enter(&manager, 1)).await;
    pass_secs(1).await;
    assert!(world.is_locked(&player(1)).await, "it is loading");
    pass_secs(5).await;
    assert!(!world.is_locked(&player(1)).await);
    let gifts = &world.stored(&player(1), "Slot1").await["GiftBank"];
    assert!(
        !gifts["gift"].is_null(),
        "what was delivered is saved: {gifts}"
    );
}

#[tokio::test(start_paused = true)]
async fn l2_a_start_that_loads_waits_for_a_hand_over_and_opens_nothing_before() {
    let world = World::new();
    let first = world.server("a").await;
    let (_session, slot) = enter(&first, 1).await.unwrap();
    slot.set("Currency", 8).unwrap();
    let second = world.server("b").await;
    let fail = OnConflict::Fail;
    let refused = second.start_and_load_with(1, "Slot1", fail).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, Error::PlayerHeld { .. }), "{error}");
    slot.save().await.unwrap();
    slot.set("Currency", 9).unwrap();
    let (_session, slot) = enter(&second, 1).await.unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 9);
}

#[tokio::test(start_paused = true)]
async fn m3_a_letter_that_comes_while_the_start_waits_for_its_answer_is_in_the_document() {
    let world = World::new();
    let manager = world.server_with("a", |settings| {
        settings.heartbeat_interval = Duration::from_secs(1);
    });
    let manager = manager.await;
    let other = world.server("b").await;
    world.store.inject(When::acquire().nth(1), answer_after(4));
    let slow = async {
        pass_secs(1).await;
        let letter = Letter::new("gift", json!({"Gold": 1})).unwrap();
        // The notice comes, and is drained, before the answer.
        other.send(1, "Slot1", letter).await.unwrap();
    };
    let (started, ()) = tokio::join!(enter(&manager, 1), slow);
    let (_session, slot) = started.unwrap();
    let gifts = slot.read(|document| document.to_json()["GiftBank"].clone());
    assert!(!gifts["gift"].is_null(), "{gifts}");
}

#[tokio::test(start_paused = true)]
async fn h1_a_start_that_loads_keeps_a_version() {
    let world = World::new();
    has_played(&world).await;
    let manager = world.server("a").await;
    let (_session, _slot) = enter(&manager, 1).await.unwrap();
    pass_secs(1).await;
    let slot = SlotName::new("Slot1").unwrap();
    let kept = manager.versions(&player(1), &slot).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(world.store.count(Op::KeepVersion), 1);
}

#[tokio::test(start_paused = true)]
async fn s9_with_a_single_slot_every_name_is_that_slot() {
    let world = World::new();
    has_played(&world).await;
    let manager = world.server_with("a", |settings| {
        settings.single_slot = true;
    });
    let manager = manager.await;
    let (session, one) = manager.start_and_load(1, "Slot1").await.unwrap();
    let other = session.load_slot("Slot2").await.unwrap();
    assert_eq!(one.name(), other.name());
    assert!(manager.start_and_load(2, "no slot!").await.is_err());
}
