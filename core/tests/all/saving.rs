//! Saves: durable, in doubt, too large; and deletions, which are writes too.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{sync::Arc, time::Duration};

use playerdata_core::{CodecError, Error, Event, OnConflict, Revision, Saved, backend::Backend};
use playerdata_memory::{MemoryBackend, MemoryOptions};
use serde_json::json;
use support::*;

/// What was asked of the store about slots, in order.
fn calls_on_the_slot(world: &World) -> Vec<Op> {
    let ops = world.store.calls().into_iter().map(|call| call.operation);
    ops.filter(|op| matches!(op, Op::Open | Op::Save)).collect()
}

#[tokio::test(start_paused = true)]
async fn s1_s3_f27_a_save_says_which_revision_it_made_and_the_next_load_has_it() {
    let world = World::new();
    let (manager, session, slot) = stored_slot(&world).await;
    for revision in 2..=4 {
        slot.set("Currency", revision).unwrap();
        let saved = slot.save().await.unwrap();
        assert_eq!(
            saved,
            Saved::Written {
                revision: Revision::new(revision)
            }
        );
    }
    session.abandon().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn s2_a_save_whose_answer_was_lost_is_recognised_and_not_written_twice() {
    for fault in [Fault::ErrorAfter, Fault::HangAfter] {
        let world = World::new();
        let (_manager, _session, slot) = stored_slot(&world).await;
        slot.set("Currency", 7).unwrap();
        world.store.record_calls();
        world.store.inject(When::save().nth(1), fault);
        let saved = slot.save().await.unwrap();
        assert_eq!(saved.revision(), Revision::new(2), "{fault:?}");
        let ops = calls_on_the_slot(&world);
        assert_eq!(
            ops,
            [Op::Save, Op::Open],
            "{fault:?}: opened before anything else"
        );
        assert!(!slot.is_unsaved());
    }
}

#[tokio::test(start_paused = true)]
async fn s2_a_save_that_was_not_applied_is_sent_again_after_the_slot_was_opened() {
    for fault in [Fault::ErrorInDoubt, Fault::HangBefore] {
        let world = World::new();
        let (_manager, _session, slot) = stored_slot(&world).await;
        slot.set("Currency", 7).unwrap();
        world.store.record_calls();
        world.store.inject(When::save().nth(1), fault);
        slot.save().await.unwrap();
        let ops = calls_on_the_slot(&world);
        assert_eq!(ops, [Op::Save, Op::Open, Op::Save], "{fault:?}");
        assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
    }
}

#[tokio::test(start_paused = true)]
async fn s2_a_refused_save_needs_no_opening() {
    let world = World::new();
    let (_manager, _session, slot) = stored_slot(&world).await;
    world.store.record_calls();
    world.store.inject(When::save().nth(1), Fault::ErrorBefore);
    slot.save().await.unwrap();
    assert_eq!(
        (world.store.count(Op::Open), world.store.count(Op::Save)),
        (0, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn s2_f15_a_doubtful_save_that_arrives_late_lands_on_nothing_newer() {
    let world = World::new();
    let (_manager, _session, slot) = stored_slot(&world).await;
    world.store.inject(
        When::save().nth(1),
        Fault::HangThenApply {
            after: Duration::from_secs(8),
        },
    );
    slot.set("Currency", 7).unwrap();
    let save = tokio::spawn({
        let slot = slot.clone();
        async move { slot.save().await }
    });
    pass_secs(1).await;
    slot.set("Currency", 8).unwrap(); // what the second attempt saves
    save.await.unwrap().unwrap();
    pass_secs(10).await;
    assert_eq!(world.store.injected().len(), 1, "and it has arrived");
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 8);
}

#[tokio::test(start_paused = true)]
async fn s2_a1_a_change_taken_back_while_its_save_is_in_doubt_is_not_taken_for_unchanged() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.save_attempts = 1).await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    slot.set("Currency", 7).unwrap();
    world.store.inject(When::save().nth(1), Fault::ErrorAfter);
    assert!(matches!(slot.save().await, Err(Error::StoreUnavailable(_))));
    slot.set("Currency", 500).unwrap();
    session.end().await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 500);
}

#[tokio::test(start_paused = true)]
async fn s2_e7_a_save_whose_future_was_dropped_is_finished_or_settled() {
    for fault in [
        Fault::delay(Duration::from_secs(1)),
        Fault::HangAfter,
        Fault::HangBefore,
    ] {
        let world = World::new();
        let (_manager, session, slot) = stored_slot(&world).await;
        slot.set("Currency", 7).unwrap();
        world.store.inject(When::save().nth(1), fault);
        begin_and_drop(slot.save()).await;
        session.end().await.unwrap();
        let record = world.record(&player(1), "Slot1").await.unwrap();
        assert_eq!(
            record.revision,
            Revision::new(2),
            "{fault:?}: once, not half, not twice"
        );
        assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
    }
}

#[tokio::test(start_paused = true)]
async fn s8_a_document_over_the_stores_limit_is_refused_with_both_sizes_and_not_sent() {
    let clock = Arc::new(RuntimeClock::new());
    let memory = MemoryOptions::default()
        .clock(clock.clone())
        .max_body_bytes(600);
    let world = World::on(MemoryBackend::with_options(memory), clock);
    let manager = world.server_with("a", |s| s.compress_from_bytes = 0).await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.put_gift("noise", "x".repeat(1_000)).unwrap();
    world.store.record_calls();
    let error = slot.save().await.unwrap_err();
    let Error::Unencodable { source, .. } = &error else {
        panic!("{error}")
    };
    assert!(
        matches!(
            **source,
            CodecError::TooLargeForStore {
                bytes: 601..,
                limit: 600
            }
        ),
        "{source}"
    );
    assert!(error.to_string().contains("600"), "{error}");
    assert_eq!(world.calls_about_players(), 0, "nothing was sent");
    assert!(slot.is_unsaved());
    slot.take_gift("noise").unwrap();
    session.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn s8_a_document_over_the_settings_limit_is_refused_with_both_sizes_and_not_sent() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.max_document_bytes = 600).await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.put_gift("g", "x".repeat(1_000)).unwrap();
    let error = slot.save().await.unwrap_err();
    let Error::Unencodable { source, .. } = &error else {
        panic!("{error}")
    };
    assert!(matches!(
        **source,
        CodecError::TooLarge {
            bytes: 1000..,
            limit: 600
        }
    ));
    assert_eq!(world.store.count(Op::Save), 0);
}

#[tokio::test(start_paused = true)]
async fn s10_f29_a_new_player_who_changes_nothing_is_stored() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let _slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await, json!(null));
    pass_secs(31).await;
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 500);

    let session = manager.start_session(2).await.unwrap();
    session.load_slot("Slot1").await.unwrap();
    session.end().await.unwrap();
    assert_eq!(
        world.stored(&player(2), "Slot1").await["Currency"],
        500,
        "by the last save"
    );
}

#[tokio::test(start_paused = true)]
async fn e8_save_all_saves_every_slot_though_one_fails() {
    let world = World::new();
    let (_manager, session, first) = stored_slot(&world).await;
    let second = session.load_slot("Slot2").await.unwrap();
    first
        .modify(|d| d.gift_bank_mut().put("big", "x".repeat(5 << 20)))
        .unwrap()
        .unwrap();
    second.set("Currency", 7).unwrap();
    assert!(matches!(
        session.save_all().await,
        Err(Error::Unencodable { .. })
    ));
    assert_eq!(world.stored(&player(1), "Slot2").await["Currency"], 7);
    first.take_gift("big").unwrap();
    assert_eq!(session.save_all().await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_slot_is_gone_its_handles_are_closed_and_it_can_be_begun_anew() {
    let world = World::new();
    let (manager, session, slot) = stored_slot(&world).await;
    slot.set("Currency", 7).unwrap();
    let mut events = manager.events();
    session.delete_slot("Slot1").await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await, json!(null));
    assert!(matches!(
        slot.set("Currency", 8),
        Err(Error::SlotDeleted { .. })
    ));
    assert!(matches!(slot.save().await, Err(Error::SlotDeleted { .. })));
    pass_secs(130).await;
    assert_eq!(
        world.stored(&player(1), "Slot1").await,
        json!(null),
        "no save brings it back"
    );
    let failures = count(&drain(&mut events), |e| {
        matches!(e, Event::SaveFailed { .. })
    });
    assert_eq!(failures, 0);
    let slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 500);
    assert_eq!(
        slot.save().await.unwrap().revision(),
        Revision::new(3),
        "the revision goes on"
    );
    session.delete_slot("NeverOpened").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn s2_a_late_save_does_not_bring_a_deleted_slot_back() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.save_attempts = 1).await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    world.store.inject(
        When::save().nth(1),
        Fault::HangThenApply {
            after: Duration::from_secs(8),
        },
    );
    slot.save().await.unwrap_err();
    session.delete_slot("Slot1").await.unwrap();
    pass_secs(10).await;
    assert_eq!(world.store.injected().len(), 1, "and it has arrived");
    assert_eq!(world.stored(&player(1), "Slot1").await, json!(null));
}

#[tokio::test(start_paused = true)]
async fn e8_after_a_deletion_whose_answer_was_lost_the_slot_goes_on_and_is_stored_again() {
    for fault in [Fault::ErrorAfter, Fault::ErrorInDoubt, Fault::ErrorBefore] {
        let world = World::new();
        let (_manager, session, slot) = stored_slot(&world).await;
        world.store.inject(When::delete().nth(1), fault);
        let error = session.delete_slot("Slot1").await.unwrap_err();
        assert!(matches!(error, Error::StoreUnavailable(_)));
        slot.set("Level", 3).unwrap();
        slot.set("Level", 1).unwrap(); // the same content as before
        session.end().await.unwrap();
        assert_eq!(
            world.stored(&player(1), "Slot1").await["Currency"],
            500,
            "{fault:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn e7_a_deletion_whose_future_was_dropped_is_finished() {
    let world = World::new();
    let (_manager, session, slot) = stored_slot(&world).await;
    world
        .store
        .inject(When::delete().nth(1), Fault::delay(Duration::from_secs(1)));
    begin_and_drop(session.delete_slot("Slot1")).await;
    pass_secs(2).await;
    assert_eq!(world.stored(&player(1), "Slot1").await, json!(null));
    assert!(matches!(
        slot.set("Currency", 8),
        Err(Error::SlotDeleted { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn l4_l5_f15_f26_nothing_of_a_former_session_is_written_also_when_the_thief_has_gone() {
    let world = World::new();
    let (_manager, session, slot) = stored_slot(&world).await;
    let second = session.load_slot("Slot2").await.unwrap();
    let thief = world.server("b").await;
    let stolen = thief
        .start_session_with(1, OnConflict::Steal)
        .await
        .unwrap();
    stolen.load_slot("Slot1").await.unwrap();
    stolen.end().await.unwrap();
    assert!(!world.is_locked(&player(1)).await);
    for slot in [&slot, &second] {
        let _ = slot.set("Currency", 9); // accepted only as long as nobody knows
        assert!(matches!(slot.save().await, Err(Error::SessionLost { .. })));
    }
    assert!(matches!(
        session.load_slot("Slot3").await,
        Err(Error::SessionLost { .. })
    ));
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 500);
    assert!(world.store.list(&player(1)).await.unwrap().len() == 1);
}
