//! Ending sessions: the last save, the release, and what if they fail.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use playerdata_core::{EndReason, Error, Event, OnConflict, SaveReason, backend::Backend};
use support::*;

#[tokio::test(start_paused = true)]
async fn e1_an_end_saves_releases_and_is_told_and_a_second_one_does_nothing() {
    let world = World::new();
    let (manager, session, slot) = playing(&world).await;
    let mut events = manager.events();
    session.end().await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
    assert!(!world.is_locked(&player(1)).await);
    assert_eq!(manager.session_count(), 0);
    assert!(matches!(
        slot.set("Currency", 8),
        Err(Error::SessionEnded { .. })
    ));
    assert_eq!(
        slot.get::<u64>("Currency").unwrap(),
        7,
        "it can still be read"
    );
    world.store.record_calls();
    session.end().await.unwrap();
    session.abandon().await.unwrap();
    drop(session);
    pass_secs(130).await;
    assert_eq!(world.calls_about_players(), 0);
    let reason = SaveReason::LastSave(EndReason::Requested);
    let events = drain(&mut events);
    assert_eq!(
        count(
            &events,
            |e| matches!(e, Event::SlotSaved { reason: r, .. } if *r == reason)
        ),
        1
    );
    assert_eq!(
        count(&events, |e| matches!(e, Event::SessionEnded { .. })),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn e1_an_end_that_has_nothing_to_save_sends_nothing_but_the_release() {
    let world = World::new();
    let (_manager, session, slot) = playing(&world).await;
    slot.save().await.unwrap();
    world.store.record_calls();
    session.end().await.unwrap();
    let ops: Vec<_> = world
        .store
        .calls()
        .iter()
        .map(|call| call.operation)
        .collect();
    assert_eq!(ops, [Op::Release]);
}

#[tokio::test(start_paused = true)]
async fn e1_f9_a_failed_last_save_gives_the_document_and_keeps_the_lock() {
    let world = World::new();
    let (manager, session, slot) = playing(&world).await;
    let mut events = manager.events();
    world.store.inject(When::save(), Fault::ErrorBefore);
    world.store.record_calls();
    let error = session.end().await.unwrap_err();
    assert_eq!(world.store.count(Op::Save), 3, "save_attempts");
    assert!(matches!(*error.cause, Error::StoreUnavailable(_)));
    assert_eq!(error.unsaved.len(), 1);
    assert_eq!(error.unsaved[0].document.get::<u64>("Currency").unwrap(), 7);
    assert!(matches!(error.unsaved[0].error, Error::StoreUnavailable(_)));
    assert!(world.is_locked(&player(1)).await && session.is_active());
    assert_eq!(
        count(&drain(&mut events), |e| matches!(
            e,
            Event::EndFailed { .. }
        )),
        1
    );
    slot.set("Currency", 8).unwrap(); // it goes on
    world.store.calm();
    pass_secs(31).await;
    assert_eq!(
        world.stored(&player(1), "Slot1").await["Currency"],
        8,
        "and is autosaved"
    );
    session.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn e1_the_caller_may_decide_to_release_without_saving() {
    let world = World::new();
    let (manager, session, slot) = playing(&world).await;
    let mut events = manager.events();
    world.store.inject(When::save(), Fault::ErrorBefore);
    session.end().await.unwrap_err();
    session.abandon().await.unwrap();
    assert!(!world.is_locked(&player(1)).await);
    assert!(matches!(
        slot.set("Currency", 8),
        Err(Error::SessionEnded { .. })
    ));
    let reason = EndReason::Abandoned;
    assert_eq!(
        count(
            &drain(&mut events),
            |e| matches!(e, Event::SessionEnded { reason: r, .. } if *r == reason)
        ),
        1
    );
    world.store.calm();
    pass_secs(130).await;
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 500);
}

#[tokio::test(start_paused = true)]
async fn e1_f20_a_release_that_fails_is_tried_again_until_the_lock_is_gone() {
    let world = World::new();
    let (manager, session, slot) = playing(&world).await;
    world.store.inject(When::release(), Fault::ErrorBefore);
    world.store.record_calls();
    let error = session.end().await.unwrap_err();
    assert_eq!(world.store.count(Op::Release), 3, "at once");
    assert!(error.unsaved.is_empty() && matches!(*error.cause, Error::StoreUnavailable(_)));
    assert!(matches!(
        slot.set("Currency", 8),
        Err(Error::SessionEnded { .. })
    ));
    pass_secs(20).await;
    assert!(world.is_locked(&player(1)).await);
    world.store.calm();
    pass_secs(6).await;
    assert!(!world.is_locked(&player(1)).await && manager.session_count() == 0);
    session.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn e1_a_release_whose_answer_was_lost_is_no_lost_session() {
    let world = World::new();
    let (manager, session, slot) = playing(&world).await;
    let mut events = manager.events();
    world.store.inject(When::release(), Fault::ErrorAfter);
    assert!(session.end().await.unwrap_err().unsaved.is_empty());
    // Another server may have the player by now: nothing may be changed here.
    assert!(matches!(
        slot.set("Currency", 8),
        Err(Error::SessionEnded { .. })
    ));
    let other = world.server("b").await;
    let _session = other.start_session_with(1, OnConflict::Fail).await.unwrap();
    world.store.calm();
    pass_secs(130).await;
    session.end().await.unwrap();
    let events = drain(&mut events);
    assert_eq!(
        count(&events, |e| matches!(e, Event::SessionLost { .. })),
        0
    );
    assert_eq!(
        count(&events, |e| matches!(e, Event::SessionEnded { .. })),
        1
    );
    assert!(world.is_locked(&player(1)).await, "the other's (L6)");
}

#[tokio::test(start_paused = true)]
async fn e1_a_save_asked_for_during_the_last_saves_is_over_before_the_release() {
    let world = World::new();
    let (manager, session, slot) = playing(&world).await;
    session.load_slot("Slot2").await.unwrap();
    let mut events = manager.events();
    for (nth, millis) in (1..).zip([10, 300, 2_000]) {
        // The last saves of both slots, and the one that is asked for.
        let slow = Fault::delay(Duration::from_millis(millis));
        world.store.inject(When::save().nth(nth), slow);
    }
    let save_late = async {
        pass_ms(150).await;
        slot.save().await
    };
    let (ended, saved) = tokio::join!(session.end(), save_late);
    ended.unwrap();
    saved.unwrap();
    let lost = |e: &Event| matches!(e, Event::SessionLost { .. });
    assert_eq!(count(&drain(&mut events), lost), 0);
}

#[tokio::test(start_paused = true)]
async fn e1_a_save_asked_for_during_the_release_is_refused_and_no_loss() {
    let world = World::new();
    let (manager, session, slot) = playing(&world).await;
    slot.save().await.unwrap();
    let mut events = manager.events();
    let a_while = Fault::delay(Duration::from_millis(500));
    world.store.inject(When::release().nth(1), a_while);
    world.store.inject(When::save().nth(1), a_while);
    let save_late = async {
        pass_ms(200).await;
        slot.save().await
    };
    let (ended, saved) = tokio::join!(session.end(), save_late);
    ended.unwrap();
    assert!(matches!(saved, Err(Error::SessionEnded { .. })));
    let lost = |e: &Event| matches!(e, Event::SessionLost { .. });
    assert_eq!(count(&drain(&mut events), lost), 0);
}

#[tokio::test(start_paused = true)]
async fn e1_a_save_in_the_forced_cycle_during_the_release_does_not_make_it_a_loss() {
    let world = World::new();
    let manager = world
        .server_with("a", |s| {
            s.force_save_every = 1;
            s.autosave_interval = Duration::from_secs(1);
        })
        .await;
    let mut events = manager.events();
    for number in 0..20 {
        let session = manager.start_session(number).await.unwrap();
        session.load_slot("Slot1").await.unwrap();
        world.store.calm();
        world
            .store
            .inject(When::release(), Fault::delay(Duration::from_millis(990)));
        session.end().await.unwrap();
    }
    assert_eq!(
        count(&drain(&mut events), |e| matches!(
            e,
            Event::SessionLost { .. }
        )),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn e1_the_last_hook_has_the_last_word_and_its_reason() {
    let world = World::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let seen_by_hook = Arc::clone(&seen);
    let manager = world
        .builder("a")
        .before_last_save(move |context, reason, document| {
            document.set("Level", 99).unwrap();
            seen_by_hook
                .lock()
                .unwrap()
                .push((context.slot.clone(), reason));
        })
        .start()
        .await
        .unwrap();
    let session = manager.start_session(1).await.unwrap();
    for name in ["Slot1", "Slot2"] {
        session.load_slot(name).await.unwrap().save().await.unwrap();
    }
    session.end().await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await["Level"], 99);
    assert_eq!(world.stored(&player(1), "Slot2").await["Level"], 99);
    let reasons: Vec<_> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|(_, reason)| *reason)
        .collect();
    assert_eq!(reasons, [EndReason::Requested; 2]);
}

#[tokio::test(start_paused = true)]
async fn a3_what_the_last_hook_changed_is_autosaved_if_the_last_save_fails() {
    let world = World::new();
    let manager = world
        .builder("a")
        .before_last_save(|_, _, document| document.set("Level", 99).unwrap())
        .start()
        .await
        .unwrap();
    let session = manager.start_session(1).await.unwrap();
    session.load_slot("Slot1").await.unwrap();
    pass_secs(31).await; // stored, and in no queue
    world.store.inject(When::save(), Fault::ErrorBefore);
    session.end().await.unwrap_err();
    world.store.calm();
    pass_secs(31).await;
    assert_eq!(world.stored(&player(1), "Slot1").await["Level"], 99);
}

#[tokio::test(start_paused = true)]
async fn f19_a_session_without_a_loaded_slot_ends_and_leaves_no_lock() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    session.end().await.unwrap();
    assert!(!world.is_locked(&player(1)).await);
    assert!(world.store.list(&player(1)).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn e1_every_change_that_was_accepted_is_in_the_last_save() {
    let world = World::new();
    let (_manager, session, slot) = playing(&world).await;
    world
        .store
        .inject(When::save(), Fault::delay(Duration::from_millis(50)));
    let play_on = async {
        let mut accepted = 7;
        loop {
            match slot.set("Currency", accepted + 1) {
                Ok(()) => accepted += 1,
                Err(error) => {
                    assert!(matches!(error, Error::SessionEnded { .. }));
                    return accepted;
                }
            }
            pass_ms(1).await;
        }
    };
    let end_soon = async {
        pass_ms(20).await;
        let saving = slot.save(); // one is under way when the end begins
        let (saved, ended) = tokio::join!(saving, async {
            pass_ms(10).await;
            session.end().await
        });
        saved.unwrap();
        ended.unwrap();
    };
    let (accepted, ()) = tokio::join!(play_on, end_soon);
    assert_eq!(
        world.stored(&player(1), "Slot1").await["Currency"],
        accepted
    );
}

#[tokio::test(start_paused = true)]
async fn e2_an_end_that_finds_the_session_lost_gives_the_unsaved_documents() {
    let world = World::new();
    let (manager, session, _slot) = playing(&world).await;
    let mut events = manager.events();
    let other = world.server("b").await;
    world.store.inject(When::notify(), Fault::ErrorBefore);
    let stolen = other
        .start_session_with(1, OnConflict::Steal)
        .await
        .unwrap();
    let error = session.end().await.unwrap_err();
    assert!(
        matches!(&*error.cause, Error::SessionLost { holder: Some(lock), .. } if lock.session == stolen.id())
    );
    assert_eq!(error.unsaved[0].document.get::<u64>("Currency").unwrap(), 7);
    assert_eq!(
        count(&drain(&mut events), |e| matches!(
            e,
            Event::SessionLost { .. }
        )),
        1
    );
    assert!(session.is_lost());
    let lock = world.store.holder(&player(1)).await.unwrap().unwrap();
    assert_eq!(lock.session, stolen.id(), "the thief's lock stays (L6)");
}

#[tokio::test(start_paused = true)]
async fn e6_an_end_is_bounded_in_time_though_the_store_hangs() {
    let world = World::new();
    let (_manager, session, _slot) = playing(&world).await;
    world.store.inject(When::any(), Fault::HangBefore);
    let (ended, took) = timed(session.end()).await;
    ended.unwrap_err();
    assert!(
        took <= Duration::from_secs(3 * 5 + 3),
        "three attempts and their pauses: {took:?}"
    );
}
