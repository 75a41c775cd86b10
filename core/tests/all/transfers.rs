//! Parcels from one document to another: nothing made, nothing lost.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{collections::BTreeMap, time::Duration};

use playerdata_core::{
    Error, Event, Letter, Parcel, RestoreOptions, SessionManager, SlotName, Transferred,
    backend::{Backend, MAX_LETTERS},
};
use serde_json::{Value, json};
use support::*;

fn hundred() -> Parcel {
    Parcel::new().amount("Currency", 100).item("Bread", 2)
}

/// Both players' documents, stored.
async fn both_stored(world: &World) -> SessionManager {
    let manager = world.server("first").await;
    for player in [1, 2] {
        let (session, slot) = steal(&manager, player).await.unwrap();
        slot.save().await.unwrap();
        session.end().await.unwrap();
    }
    manager
}

/// How much currency there is in the store right now: in documents, gift
/// banks, outboxes and mailboxes, each parcel once.
async fn total(world: &World) -> u64 {
    let (mut total, mut parcels) = (0, BTreeMap::new());
    let amount = |parcel: &Value| parcel["Amounts"]["Currency"].as_u64().unwrap_or(0);
    for number in [1, 2] {
        let stored = world.stored_whole(&player(number), "Slot1").await;
        total += stored["Currency"].as_u64().unwrap();
        for (id, gift) in stored["GiftBank"].as_object().unwrap() {
            parcels.insert(id.clone(), amount(gift));
        }
        for outgoing in stored["$playerdata"]["outbox"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let id = outgoing["to"]["id"].as_str().unwrap().to_owned();
            parcels.insert(id, amount(&outgoing["parcel"]));
        }
        let slot = SlotName::new("Slot1").unwrap();
        let (store, player) = (&world.memory, player(number));
        let waiting = store.letters(&player, &slot, None, 2_000).await;
        for waiting in waiting.unwrap() {
            let content: Value = serde_json::from_slice(&waiting.letter.content).unwrap();
            parcels.insert(waiting.letter.id.to_string(), amount(&content));
        }
    }
    total + parcels.values().sum::<u64>()
}

/// Loads both players, claims what is there, and returns how much each has.
async fn settle_down(manager: &SessionManager) -> [(u64, u64); 2] {
    let mut have = [(0, 0); 2];
    for _ in 0..3 {
        for (number, have) in [1, 2].into_iter().zip(&mut have) {
            let (session, slot) = steal(manager, number).await.unwrap();
            for id in slot.read(|document| {
                document
                    .gift_bank()
                    .ids()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            }) {
                slot.claim_gift(&id).unwrap();
            }
            *have = (slot.get("Currency").unwrap(), slot.count_item("Bread"));
            session.end().await.unwrap();
            pass_secs(1).await;
        }
    }
    have
}

/// That nothing is left to be done.
async fn at_rest(world: &World, keys: usize) {
    for number in [1, 2] {
        let stored = world.stored_whole(&player(number), "Slot1").await;
        let beside = stored["$playerdata"].as_object().unwrap();
        for member in ["letters", "outbox", "settling", "escrow", "acted"] {
            assert!(!beside.contains_key(member), "{number}: {stored}");
        }
        let slot = SlotName::new("Slot1").unwrap();
        let player = player(number);
        let waiting = world.memory.letters(&player, &slot, None, 1).await;
        assert!(waiting.unwrap().is_empty());
        let has = beside
            .get("keys")
            .map_or(0, |keys| keys.as_object().unwrap().len());
        assert!(has <= keys);
    }
}

#[tokio::test(start_paused = true)]
async fn p2_a_parcel_gets_from_one_document_into_the_other_once() {
    let world = World::new();
    let manager = both_stored(&world).await;
    let (from, slot) = steal(&manager, 1).await.unwrap();
    let sent = slot.transfer("t-1", hundred(), 2, "Slot1").await.unwrap();
    assert_eq!(sent, Transferred::Sent);
    let again = slot.transfer("t-1", hundred(), 2, "Slot1").await.unwrap();
    assert_eq!(again, Transferred::AlreadyTransferred);
    assert_eq!(
        (
            slot.get::<u64>("Currency").unwrap(),
            slot.count_item("Bread")
        ),
        (400, 3)
    );
    from.end().await.unwrap();
    assert_eq!(settle_down(&manager).await, [(400, 3), (600, 7)]);
    at_rest(&world, 1).await;
}

#[tokio::test(start_paused = true)]
async fn p2_an_open_slot_gets_it_at_once_and_what_it_costs_is_six_writes() {
    let world = World::new();
    let manager = both_stored(&world).await;
    let (_a, slot) = steal(&manager, 1).await.unwrap();
    let (_b, other) = steal(&manager, 2).await.unwrap();
    world.store.record_calls();
    slot.transfer("t-1", hundred(), 2, "Slot1").await.unwrap();
    pass_ms(1).await;
    let gift = other.read(|document| document.gift_bank().ids().next().map(str::to_owned));
    other.claim_gift(&gift.unwrap()).unwrap();
    assert_eq!(other.get::<u64>("Currency").unwrap(), 600);
    pass_secs(60).await;
    let writes = [Op::Save, Op::Post, Op::Discard, Op::Settle];
    let writes: usize = writes.map(|op| world.store.count(op)).iter().sum();
    assert_eq!(writes, 6, "two of them with an autosave");
}

#[tokio::test(start_paused = true)]
async fn p1_v7_what_is_not_there_is_refused_and_leaves_no_key() {
    let world = World::new();
    let manager = both_stored(&world).await;
    let (_session, slot) = steal(&manager, 1).await.unwrap();
    for parcel in [Parcel::new(), Parcel::new().amount("Currency", 501)] {
        let refused = slot.transfer("t-1", parcel, 2, "Slot1").await.unwrap_err();
        assert!(matches!(refused, Error::Parcel { .. }), "{refused}");
    }
    assert!(!slot.is_unsaved());
    let sent = slot.transfer("t-1", hundred(), 2, "Slot1").await.unwrap();
    assert_eq!(sent, Transferred::Sent);
}

#[tokio::test(start_paused = true)]
async fn p4_whatever_crashes_at_whichever_step_there_is_as_much_as_before() {
    for applied in [false, true] {
        for step in 0.. {
            let world = World::new();
            let keeper = both_stored(&world).await;
            let dying = World::on(world.memory.clone(), world.clock.clone());
            let victim = dying.server("victim").await;
            dying.store.inject(
                When::any_about_players().nth(step + 1),
                Fault::Crash { applied },
            );
            let script = async {
                let (from, slot) = steal(&victim, 1).await?;
                let (to, _other) = steal(&victim, 2).await?;
                slot.transfer("t-1", hundred(), 2, "Slot1").await?;
                pass_secs(61).await;
                from.end().await.map_err(|error| *error.cause)?;
                to.end().await.map_err(|error| *error.cause)
            };
            let _ = tokio::time::timeout(Duration::from_secs(300), script).await;
            assert_eq!(total(&world).await, 1_000, "step {step}, {applied}");
            // The game asks again, as it would after a crash.
            let (from, slot) = steal(&keeper, 1).await.unwrap();
            let again = slot.transfer("t-1", hundred(), 2, "Slot1").await.unwrap();
            assert_ne!(again, Transferred::Waiting);
            from.end().await.unwrap();
            assert_eq!(total(&world).await, 1_000, "step {step}, {applied}");
            let have = settle_down(&keeper).await;
            assert_eq!(have, [(400, 3), (600, 7)], "step {step}, {applied}");
            at_rest(&world, 1).await;
            if !dying.store.is_cut() {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p2_nothing_is_sent_before_it_is_stored() {
    let world = World::new();
    let manager = both_stored(&world).await;
    let (_session, slot) = steal(&manager, 1).await.unwrap();
    world.store.inject(When::save(), Fault::ErrorInDoubt);
    let failed = slot.transfer("t-1", hundred(), 2, "Slot1").await;
    assert!(matches!(failed, Err(Error::StoreUnavailable(_))));
    pass_secs(60).await;
    assert_eq!(world.store.count(Op::Post), 0);
    world.store.calm();
    pass_secs(61).await;
    assert_eq!(
        world.store.count(Op::Post),
        1,
        "the autosave goes on with it"
    );
    let again = slot.transfer("t-1", hundred(), 2, "Slot1").await.unwrap();
    assert_eq!(again, Transferred::AlreadyTransferred);
}

#[tokio::test(start_paused = true)]
async fn p2_what_is_stuck_in_an_outbox_is_told_and_sent_when_there_is_room() {
    let world = World::new();
    let manager = both_stored(&world).await;
    for number in 0..MAX_LETTERS {
        let letter = Letter::new(format!("l-{number}"), json!(1)).unwrap();
        manager.send(2, "Slot1", letter).await.unwrap();
    }
    let mut events = manager.events();
    let (from, slot) = steal(&manager, 1).await.unwrap();
    let sent = slot.transfer("t-1", hundred(), 2, "Slot1").await.unwrap();
    assert_eq!(sent, Transferred::Waiting);
    let stuck = |event: &Event| matches!(event, Event::ErrandFailed { error, .. } if matches!(**error, Error::Letter { .. }));
    assert!(count(&drain(&mut events), stuck) > 0);
    let record = world.record(&player(1), "Slot1").await.unwrap();
    let beside = manager
        .decode_beside(&player(1), slot.name(), &record)
        .unwrap();
    let parcel = &beside["outbox"][0]["parcel"];
    assert_eq!(parcel["Amounts"]["Currency"], 100, "for an operator");
    from.end().await.unwrap();
    let (to, slot) = steal(&manager, 2).await.unwrap();
    for number in 0..MAX_LETTERS {
        slot.take_gift(&format!("l-{number}")).unwrap();
    }
    to.end().await.unwrap();
    assert_eq!(settle_down(&manager).await, [(400, 3), (600, 7)]);
    at_rest(&world, 1).await;
}

#[tokio::test(start_paused = true)]
async fn p2_the_end_of_a_session_sends_what_waits_before_its_last_save() {
    let world = World::new();
    let manager = both_stored(&world).await;
    let (from, slot) = steal(&manager, 1).await.unwrap();
    world.store.inject(When::post(), Fault::ErrorBefore);
    let sent = slot.transfer("t-1", hundred(), 2, "Slot1").await.unwrap();
    assert_eq!(sent, Transferred::Waiting);
    world.store.calm();
    from.end().await.unwrap();
    let stored = world.stored_whole(&player(1), "Slot1").await;
    assert!(stored["$playerdata"].get("outbox").is_none(), "{stored}");
    assert_eq!(settle_down(&manager).await, [(400, 3), (600, 7)]);
}

#[tokio::test(start_paused = true)]
async fn p2_e7_a_transfer_whose_future_was_dropped_goes_on() {
    let world = World::new();
    let manager = both_stored(&world).await;
    let (from, slot) = steal(&manager, 1).await.unwrap();
    let slow = Fault::delay(Duration::from_secs(1));
    world.store.inject(When::save(), slow);
    begin_and_drop(slot.transfer("t-1", hundred(), 2, "Slot1")).await;
    pass_secs(5).await;
    let again = slot.transfer("t-1", hundred(), 2, "Slot1").await.unwrap();
    assert_eq!(again, Transferred::AlreadyTransferred);
    from.end().await.unwrap();
    assert_eq!(settle_down(&manager).await, [(400, 3), (600, 7)]);
}

#[tokio::test(start_paused = true)]
async fn h4_x3_a_restored_version_has_its_keys_and_sends_nothing_again() {
    let world = World::new();
    let manager = both_stored(&world).await;
    let (from, slot) = steal(&manager, 1).await.unwrap();
    world.store.inject(When::post(), Fault::ErrorBefore);
    let sent = slot.transfer("t-1", hundred(), 2, "Slot1").await.unwrap();
    assert_eq!(sent, Transferred::Waiting);
    let version = slot.keep_version().await.unwrap().unwrap();
    world.store.calm();
    from.end().await.unwrap();
    assert_eq!(settle_down(&manager).await, [(400, 3), (600, 7)]);
    let options = RestoreOptions::new();
    let restored = manager
        .restore(&player(1), slot.name(), version, options)
        .await
        .unwrap();
    assert!(restored.left_out);
    let (session, slot) = steal(&manager, 1).await.unwrap();
    let again = slot.transfer("t-1", hundred(), 2, "Slot1").await.unwrap();
    assert_eq!(again, Transferred::AlreadyTransferred);
    session.end().await.unwrap();
    assert_eq!(settle_down(&manager).await, [(400, 3), (600, 7)]);
}
