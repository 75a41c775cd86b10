//! What could not be saved, and is put back (E10); what can't be read, and is
//! replaced (S12).
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use playerdata_core::{
    ClaimNumber, Document, Error, OnConflict, PlayerId, RecoverOptions, Revision, Session,
    SessionManager, SlotName, UnixMillis, Unsaved,
    backend::{Backend, Body, Claim, Encoding, Stamp},
};
use playerdata_memory::MemoryBackend;
use serde_json::json;
use support::*;

const NONE: RecoverOptions = RecoverOptions::new();

fn slot1() -> SlotName {
    SlotName::new("Slot1").unwrap()
}

/// A session that was lost with an unsaved change to revision 1, and the thief.
async fn stolen(world: &World) -> (SessionManager, Unsaved<Document>, SessionManager, Session) {
    let (a, b) = (world.server("a").await, world.server("b").await);
    let session = a.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    slot.set("Currency", 7).unwrap();
    let thief = b.start_session_with(1, OnConflict::Steal).await.unwrap();
    session.ended().await;
    let unsaved = session.unsaved();
    let [unsaved] = &unsaved[..] else {
        panic!("{unsaved:?}")
    };
    assert_eq!(unsaved.revision, Revision::new(1));
    (a, unsaved.clone(), b, thief)
}

#[tokio::test(start_paused = true)]
async fn e10_what_a_lost_session_had_is_put_back_when_nobody_has_the_player() {
    let world = World::new();
    let (a, unsaved, b, thief) = stolen(&world).await;
    let held = a.recover(&unsaved, NONE).await;
    assert!(matches!(held, Err(Error::PlayerHeld { .. })), "{held:?}");
    assert!(matches!(
        b.recover(&unsaved, NONE).await,
        Err(Error::PlayerHeld { .. })
    ));
    thief.end().await.unwrap(); // it has written nothing
    assert_eq!(a.recover(&unsaved, NONE).await.unwrap(), Revision::new(2));
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
    assert!(!world.is_locked(&player(1)).await);
}

#[tokio::test(start_paused = true)]
async fn e10_something_newer_is_gone_over_only_if_told_to() {
    let world = World::new();
    let (a, unsaved, _b, thief) = stolen(&world).await;
    let slot = thief.load_slot("Slot1").await.unwrap();
    slot.set("Currency", 600).unwrap();
    slot.save().await.unwrap();
    thief.end().await.unwrap();
    let newer = a.recover(&unsaved, NONE).await;
    let Err(Error::Newer { base, stored, .. }) = newer else {
        panic!("{newer:?}")
    };
    assert_eq!((base.get(), stored.get()), (1, 2));
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 600);
    a.recover(&unsaved, NONE.replace_newer()).await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
}

#[tokio::test(start_paused = true)]
async fn e10_who_holds_the_player_is_robbed_only_if_told_to() {
    let world = World::new();
    let (a, unsaved, _b, thief) = stolen(&world).await;
    a.recover(&unsaved, NONE.steal()).await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
    assert!(thief.load_slot("Slot1").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn e10_a_write_of_its_own_that_was_in_doubt_is_nothing_newer() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let session = a.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    slot.set("Currency", 7).unwrap();
    // Written, but nobody knows; and nothing else gets through.
    world.store.inject(When::save().nth(1), Fault::ErrorAfter);
    world
        .store
        .inject(When::open().of(&player(1)), Fault::ErrorBefore);
    slot.save().await.unwrap_err();
    slot.set("Currency", 8).unwrap();
    let thief = b.start_session_with(1, OnConflict::Steal).await.unwrap();
    session.ended().await;
    thief.end().await.unwrap();
    world.store.calm();
    let unsaved = &session.unsaved()[0];
    assert_eq!(unsaved.revision, Revision::new(1));
    assert_eq!(b.recover(unsaved, NONE).await.unwrap(), Revision::new(3));
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 8);
}

#[tokio::test(start_paused = true)]
async fn e10_a_document_that_outlived_what_the_store_had_is_put_back() {
    let world = World::new();
    let a = world.server("a").await;
    let session = a.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    for currency in 1..=5 {
        slot.set("Currency", currency).unwrap();
        slot.save().await.unwrap();
    }
    let saved = slot.for_recovery();
    // The store comes back empty.
    let empty = World::on(
        MemoryBackend::with_clock(world.clock.clone()),
        world.clock.clone(),
    );
    let b = empty.server("b").await;
    assert_eq!(b.recover(&saved, NONE).await.unwrap(), Revision::new(1));
    assert_eq!(empty.stored(&player(1), "Slot1").await["Currency"], 5);
    // Or empty, and the player has begun again there since.
    let begun = World::on(
        MemoryBackend::with_clock(world.clock.clone()),
        world.clock.clone(),
    );
    let c = begun.server("c").await;
    pass_secs(1).await;
    let session = c.start_session(1).await.unwrap();
    session
        .load_slot("Slot1")
        .await
        .unwrap()
        .save()
        .await
        .unwrap();
    session.end().await.unwrap();
    let newer = c.recover(&saved, NONE).await;
    assert!(matches!(newer, Err(Error::Newer { .. })), "{newer:?}");
}

#[tokio::test(start_paused = true)]
async fn e10_an_older_state_of_what_it_builds_on_is_nothing_newer() {
    let world = World::new();
    let a = world.server("a").await;
    let session = a.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.set("Currency", 1).unwrap();
    slot.save().await.unwrap();
    let older = world.record(&player(1), "Slot1").await.unwrap();
    pass_secs(1).await;
    slot.set("Currency", 2).unwrap();
    slot.save().await.unwrap();
    let saved = slot.for_recovery();
    // A store that has only the first of them.
    let lagging = World::on(
        MemoryBackend::with_clock(world.clock.clone()),
        world.clock.clone(),
    );
    let first = lagging.server("first").await;
    let json = a.decode(&player(1), &slot1(), &older).unwrap();
    let clock = std::sync::Arc::new(playerdata_core::ManualClock::starting_at(older.saved_at));
    let then = lagging.builder("then").clock(clock).start().await.unwrap();
    let none = Revision::default();
    then.put(&player(1), &slot1(), &json, none, NONE)
        .await
        .unwrap();
    assert_eq!(first.recover(&saved, NONE).await.unwrap(), Revision::new(2));
    assert_eq!(lagging.stored(&player(1), "Slot1").await["Currency"], 2);
}

#[tokio::test(start_paused = true)]
async fn e10_a_recovery_whose_answer_was_lost_is_made_once() {
    for fault in [Fault::ErrorAfter, Fault::ErrorInDoubt, Fault::HangAfter] {
        let world = World::new();
        let (a, unsaved, _b, thief) = stolen(&world).await;
        thief.end().await.unwrap();
        world.store.inject(When::save().nth(1), fault);
        assert_eq!(a.recover(&unsaved, NONE).await.unwrap(), Revision::new(2));
        assert!(!world.is_locked(&player(1)).await, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn e10_what_failed_at_a_shutdown_is_put_back_by_the_next_manager() {
    let world = World::new();
    let a = world.server("a").await;
    let session = a.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.set("Currency", 7).unwrap();
    world.store.inject(When::save(), Fault::Rejected);
    let report = a.shutdown(std::time::Duration::from_secs(10)).await;
    world.store.calm();
    let again = world.server("a").await;
    let unsaved = &report.failed[0].unsaved[0];
    again.recover(unsaved, NONE).await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
}

/// A record that nobody can read, at revision 1.
async fn broken(world: &World, bytes: &[u8]) {
    let writer = world.server("writer").await;
    let session = writer.start_session(1).await.unwrap();
    let claim = Claim {
        player: player(1),
        session: session.id(),
        fence: session.fence(),
        slot: slot1(),
        number: ClaimNumber::new(1),
    };
    let stamp = Stamp {
        base: Revision::new(0),
        write_id: "00000000-0000-4000-8000-000000000001".parse().unwrap(),
        at: UnixMillis::new(0),
    };
    let body = Body {
        schema: 1,
        encoding: Encoding::Json,
        bytes: bytes::Bytes::copy_from_slice(bytes),
    };
    let memory = &world.memory;
    memory.open(&claim).await.unwrap();
    memory.save(&claim, &stamp, &body).await.unwrap();
    session.end().await.unwrap();
}

/// The bytes of a small record, with all that is kept beside the document.
async fn stored_text(world: &World, player: &PlayerId) -> serde_json::Value {
    let record = world.record(player, "Slot1").await.unwrap();
    serde_json::from_slice(&record.body.bytes).unwrap()
}

#[tokio::test(start_paused = true)]
async fn s12_what_replaces_a_record_keeps_what_was_kept_beside_it() {
    let world = World::new();
    let tool = world.server("tool").await;
    let slot = tool.start_session(2).await.unwrap();
    let slot = slot.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    let beside = stored_text(&world, &player(2)).await["$playerdata"].clone();
    assert!(beside.is_object());
    let unfit = json!({"Inventory": 7, "$playerdata": beside});
    broken(&world, unfit.to_string().as_bytes()).await;
    let record = tool.view(&player(1), &slot1()).await.unwrap().unwrap();
    let good = json!({"Currency": 9});
    tool.put(&player(1), &slot1(), &good, record.revision, NONE)
        .await
        .unwrap();
    let stored = stored_text(&world, &player(1)).await;
    assert_eq!(stored, json!({"Currency": 9, "$playerdata": beside}));
}

#[tokio::test(start_paused = true)]
async fn s12_a_record_that_cannot_be_read_is_replaced_without_a_session_of_the_games() {
    let world = World::new();
    broken(&world, b"{\"Currency\": ").await;
    let tool = world.server("tool").await;
    let record = tool.view(&player(1), &slot1()).await.unwrap().unwrap();
    assert!(tool.decode(&player(1), &slot1(), &record).is_err());
    let base = record.revision;
    let bad = tool
        .put(&player(1), &slot1(), &json!({"Inventory": 7}), base, NONE)
        .await;
    assert!(matches!(bad, Err(Error::Undecodable { .. })), "{bad:?}");
    let good = json!({"Currency": 9});
    let put = tool.put(&player(1), &slot1(), &good, base, NONE).await;
    assert_eq!(put.unwrap(), base.next());
    let again = tool.put(&player(1), &slot1(), &good, base, NONE).await;
    assert!(
        matches!(again, Err(Error::Newer { .. })),
        "it was looked at before"
    );
    assert!(!world.is_locked(&player(1)).await);
    let session = tool.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 9);
    let held = tool
        .put(&player(1), &slot1(), &good, slot.revision(), NONE)
        .await;
    assert!(matches!(held, Err(Error::PlayerHeld { .. })));
    assert!(session.is_active());
}
