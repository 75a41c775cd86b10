//! Sessions with a document that can't be saved, and never will be.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use playerdata_core::{
    EndReason, Error, Event, OnConflict, Session, SessionEnd, SessionManager, Settings, Slot,
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
    world.store.inject(When::save(), Fault::ErrorBefore);
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
    world
        .store
        .inject(When::save().of(&player(1)), Fault::ErrorBefore);
    let ended = session.ended();
    drop((session, slot));
    pass_secs(3).await;
    b.start_session_with(1, OnConflict::Steal).await.unwrap();
    assert!(matches!(ended.await, SessionEnd::Lost { .. }));
    let unsaved = a.take_unsaved();
    assert_eq!(unsaved[0].document.get::<u64>("Currency").unwrap(), 7);
    assert!(matches!(unsaved[0].error, Error::SessionLost { .. }));
}

#[tokio::test(start_paused = true)]
async fn e10_the_autosave_tries_what_cannot_be_encoded_again_rarely_until_it_is_changed() {
    for hooked in [false, true] {
        let world = World::new();
        let runs = Arc::new(AtomicUsize::new(0));
        let mut builder = world.builder("a").settings({
            let mut settings = Settings::default();
            settings.max_document_bytes = 1_000;
            settings
        });
        if hooked {
            let runs = Arc::clone(&runs);
            builder = builder.before_save(move |_, document| {
                let run = runs.fetch_add(1, Ordering::Relaxed);
                document.set("Level", run).unwrap();
            });
        }
        let manager = builder.start().await.unwrap();
        let session = manager.start_session(1).await.unwrap();
        let slot = session.load_slot("Slot1").await.unwrap();
        slot.save().await.unwrap();
        let mut events = manager.events();
        let failed = |e: &Event| matches!(e, Event::SaveFailed { .. });
        slot.put_gift("noise", "x".repeat(1_000)).unwrap();
        pass_secs(1_200).await;
        let tries = count(&drain(&mut events), failed);
        assert!((2..=6).contains(&tries), "{tries}");
        assert!(runs.load(Ordering::Relaxed) <= 8, "the hook, too");
        slot.set("Currency", 2).unwrap();
        pass_secs(59).await;
        assert_eq!(count(&drain(&mut events), failed), 1, "a change is told");
        slot.take_gift("noise").unwrap();
        pass_secs(31).await;
        assert!(!slot.is_unsaved());
        assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 2);
        session.end().await.unwrap();
    }
}
