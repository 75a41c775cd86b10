//! How long sessions live: as long as anybody has a handle to them.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use playerdata_core::{EndReason, Event, OnConflict, PlayerId, SessionEnd};
use support::*;

#[tokio::test(start_paused = true)]
async fn e5_a_slot_keeps_its_session() {
    let world = World::new();
    let manager = world.server("a").await;
    let started = manager.start_session(1).await.unwrap();
    let slot = started.load_slot("Slot1").await.unwrap();
    drop(started);
    pass_secs(40).await;
    slot.set("Currency", 7).unwrap();
    slot.save().await.unwrap();
    let second = slot.clone();
    drop(slot);
    pass_secs(1).await;
    second.set("Currency", 8).unwrap();
    drop(second);
    pass_secs(1).await;
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 8);
    assert!(!world.is_locked(&player(1)).await && manager.session_count() == 0);
}

#[tokio::test(start_paused = true)]
async fn e5_a_session_lives_as_long_as_any_of_its_handles() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let (other, found) = (session.clone(), manager.session(&player(1)).unwrap());
    assert_eq!(found.id(), session.id());
    drop((session, found));
    pass_secs(1).await;
    assert!(other.is_active());
    let ended = other.ended(); // which is no handle
    drop(other);
    assert_eq!(ended.await, SessionEnd::Ended(EndReason::Dropped));
    assert!(manager.session(&player(1)).is_none());
}

#[tokio::test(start_paused = true)]
async fn e10_a_session_that_nobody_has_a_handle_to_can_be_looked_up_and_goes_on() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.set("Currency", 7).unwrap();
    world.store.inject(When::save(), Fault::ErrorBefore);
    drop((session, slot));
    pass_secs(3).await;
    let session = manager.session(&player(1)).unwrap();
    let unsaved = session.unsaved();
    assert_eq!(unsaved[0].document.get::<u64>("Currency").unwrap(), 7);
    pass_secs(60).await;
    world.store.calm();
    pass_secs(60).await;
    assert!(
        session.is_active(),
        "somebody has it: it is not ended any more"
    );
    session
        .load_slot("Slot1")
        .await
        .unwrap()
        .set("Currency", 8)
        .unwrap();
    drop(session);
    pass_secs(1).await;
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 8);
}

#[tokio::test(start_paused = true)]
async fn e13_how_a_session_ended_can_be_awaited_at_any_time() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let session = a.start_session(1).await.unwrap();
    let early = tokio::spawn(session.ended());
    let thief = b.start_session_with(1, OnConflict::Steal).await.unwrap();
    let SessionEnd::Lost { holder } = early.await.unwrap() else {
        panic!("it was stolen")
    };
    assert_eq!(holder.unwrap().session, thief.id());
    assert!(matches!(session.ended().await, SessionEnd::Lost { .. }));
    thief.end().await.unwrap();
    assert_eq!(thief.ended().await, SessionEnd::Ended(EndReason::Requested));
    let given_up = a.start_session(2).await.unwrap();
    given_up.abandon().await.unwrap();
    assert_eq!(
        given_up.ended().await,
        SessionEnd::Ended(EndReason::Abandoned)
    );
}

#[tokio::test(start_paused = true)]
async fn e13_events_about_saves_crowd_out_none_about_sessions_and_keep_their_order() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let mut events = a.events();
    let victim = a.start_session(1).await.unwrap();
    let session = a.start_session(2).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let _thief = b.start_session_with(1, OnConflict::Steal).await.unwrap();
    victim.ended().await;
    for _ in 0..3_000 {
        slot.save().await.unwrap();
    }
    session.end().await.unwrap();
    let told = drain(&mut events);
    let lost = |e: &Event| matches!(e, Event::SessionLost { .. });
    assert_eq!(count(&told, lost), 1);
    assert!(told.iter().any(|e| matches!(e, Event::Lagged { .. })));
    assert!(
        matches!(told.last(), Some(Event::SessionEnded { .. })),
        "what was last is told last"
    );
}

#[tokio::test(start_paused = true)]
async fn a_player_is_named_by_whatever_a_game_has() {
    let world = World::new();
    let manager = world.server("a").await;
    let id = PlayerId::new("steam:7").unwrap();
    let name = "steam:8".to_owned();
    for started in [
        manager.start_session(-4711_i64).await,
        manager.start_session(4711_u64).await,
        manager.start_session(12_u32).await,
        manager.start_session(&id).await,
        manager.start_session(id.clone()).await,
        manager.start_session(&name).await,
        manager.start_session("steam:9").await,
    ] {
        started.unwrap().end().await.unwrap();
    }
    let negative = manager.start_session(-4711_i64).await.unwrap();
    assert_eq!(negative.player().as_str(), "-4711");
}
