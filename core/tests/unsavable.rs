//! Sessions with a document that can't be saved, and never will be.
#![allow(clippy::unwrap_used)] // what a test can't go on without

mod support;

use playerdata_core::{
    EndReason, Error, Event, OnConflict, Session, SessionEnd, SessionManager, Slot,
};
use support::*;

/// With a document that is larger than what is allowed.
async fn stuck(world: &World) -> (SessionManager, Session, Slot) {
    let manager = world
        .server_with("a", |s| s.max_document_bytes = 1_000)
        .await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    slot.put_gift("noise", "x".repeat(1_000)).unwrap();
    (manager, session, slot)
}

#[tokio::test(start_paused = true)]
async fn e10_what_cannot_pass_is_tried_again_rarely() {
    let world = World::new();
    let (manager, session, slot) = stuck(&world).await;
    let mut events = manager.events();
    drop((session, slot));
    let failed = |e: &Event| matches!(e, Event::EndFailed { .. });
    pass_secs(120).await;
    let soon = count(&drain(&mut events), failed);
    assert!((1..=3).contains(&soon), "{soon}");
    pass_secs(7_200).await;
    let later = count(&drain(&mut events), failed);
    assert!((2..=10).contains(&later), "{later}");
    assert!(world.is_locked(&player(1)).await);
}

#[tokio::test(start_paused = true)]
async fn e10_an_operator_can_reach_it_take_its_document_and_free_the_player() {
    let world = World::new();
    let (manager, session, slot) = stuck(&world).await;
    drop((session, slot));
    pass_secs(2).await;
    let session = manager.session(&player(1)).unwrap();
    let unsaved = session.unsaved();
    assert!(unsaved[0].document.gift_bank().contains("noise"));
    session.abandon().await.unwrap();
    assert!(!world.is_locked(&player(1)).await);
    manager.start_session(1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn e10_a_thief_on_the_same_server_gets_the_player_and_the_old_document_is_given_out() {
    let world = World::new();
    let (manager, session, slot) = stuck(&world).await;
    let ended = session.ended();
    drop((session, slot));
    let refused = manager.start_session(1).await;
    assert!(matches!(refused, Err(Error::Unencodable { .. })));
    assert!(manager.take_unsaved().is_empty());
    let thief = manager
        .start_session_with(1, OnConflict::Steal)
        .await
        .unwrap();
    assert_eq!(ended.await, SessionEnd::Ended(EndReason::Abandoned));
    assert!(thief.is_active());
    let unsaved = manager.take_unsaved();
    assert_eq!(unsaved.len(), 1);
    assert!(unsaved[0].document.gift_bank().contains("noise"));
    assert!(matches!(unsaved[0].error, Error::Unencodable { .. }));
    assert!(manager.take_unsaved().is_empty(), "given out once");
}

#[tokio::test(start_paused = true)]
async fn e10_a_thief_on_the_same_server_gives_up_nothing_that_a_pause_would_save() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    world.store.fail(Op::Save, Fault::Refused);
    let refused = manager.start_session_with(1, OnConflict::Steal).await;
    assert!(matches!(refused, Err(Error::StoreUnavailable(_))));
    assert!(session.is_active());
    slot.set("Currency", 7).unwrap();
}

#[tokio::test(start_paused = true)]
async fn e10_what_a_lost_session_without_handles_had_is_given_out() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let session = a.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.set("Currency", 7).unwrap();
    world.store.fail_for(&player(1), Op::Save, Fault::Refused);
    let ended = session.ended();
    drop((session, slot));
    pass_secs(3).await;
    b.start_session_with(1, OnConflict::Steal).await.unwrap();
    assert!(matches!(ended.await, SessionEnd::Lost { .. }));
    let unsaved = a.take_unsaved();
    assert_eq!(unsaved[0].document.get::<u64>("Currency").unwrap(), 7);
    assert!(matches!(unsaved[0].error, Error::SessionLost { .. }));
}
