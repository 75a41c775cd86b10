//! Kept versions of slots, and going back to one (H1 to H4, X3).
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::time::Duration;

use playerdata_core::{
    Error, Event, Once, Parcel, RestoreOptions, Revision, SessionManager, Slot, SlotName,
    backend::{Backend, VersionSummary},
};
use support::*;

const HOUR: Duration = Duration::from_hours(1);

fn slot1() -> SlotName {
    SlotName::new("Slot1").unwrap()
}

/// Plays once: sets the currency, saves, and ends.
async fn play(manager: &SessionManager, currency: u64) {
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.set("Currency", currency).unwrap();
    session.end().await.unwrap();
}

async fn kept(manager: &SessionManager) -> Vec<u64> {
    let versions = manager.versions(&player(1), &slot1()).await.unwrap();
    let revision = |version: &VersionSummary| version.revision.get();
    versions.iter().map(revision).collect()
}

async fn currency_of(manager: &SessionManager, revision: u64) -> serde_json::Value {
    let (player, slot) = (player(1), slot1());
    let version = manager.version(&player, &slot, Revision::new(revision));
    let record = version.await.unwrap().unwrap();
    manager.decode(&player, &slot, &record).unwrap()["Currency"].clone()
}

async fn open(manager: &SessionManager) -> Slot {
    let session = manager.start_session(1).await.unwrap();
    session.load_slot("Slot1").await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn h1_a_load_keeps_what_the_store_has_once_in_an_interval() {
    let world = World::new();
    let manager = world.server("a").await;
    play(&manager, 1).await;
    assert!(kept(&manager).await.is_empty(), "there was nothing to keep");
    play(&manager, 2).await;
    play(&manager, 3).await;
    assert_eq!(kept(&manager).await, [1]);
    tokio::time::sleep(HOUR).await;
    play(&manager, 4).await;
    assert_eq!(kept(&manager).await, [3, 1]);
    assert_eq!(currency_of(&manager, 1).await, 1);
    assert_eq!(currency_of(&manager, 3).await, 3);
}

#[tokio::test(start_paused = true)]
async fn h1_h3_a_load_asks_for_no_version_that_the_opening_says_is_not_due() {
    let world = World::new();
    let manager = world.server("a").await;
    for (currency, asked) in [(1, 0), (2, 1), (3, 1), (4, 1)] {
        play(&manager, currency).await;
        assert_eq!(world.store.count(Op::KeepVersion), asked, "{currency}");
    }
    tokio::time::sleep(HOUR - Duration::from_millis(1)).await;
    play(&manager, 5).await;
    assert_eq!(world.store.count(Op::KeepVersion), 1);
    tokio::time::sleep(Duration::from_millis(1)).await;
    play(&manager, 6).await;
    assert_eq!(world.store.count(Op::KeepVersion), 2);
    assert_eq!(kept(&manager).await, [5, 1]);
}

#[tokio::test(start_paused = true)]
async fn h1_as_many_stay_as_the_settings_say_and_the_oldest_goes() {
    let world = World::new();
    let manager = world.server_with("a", |settings| settings.versions_kept = 2);
    let manager = manager.await;
    for currency in 1..=4 {
        play(&manager, currency).await;
        tokio::time::sleep(HOUR).await;
    }
    assert_eq!(kept(&manager).await, [3, 2]);
    let none = world.server_with("b", |settings| settings.versions_kept = 0);
    let none = none.await;
    play(&none, 5).await;
    assert_eq!(kept(&none).await, [3, 2], "0 neither keeps nor removes");
    let slot = open(&none).await;
    assert_eq!(slot.keep_version().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn h1_a_version_can_be_kept_at_once() {
    let world = World::new();
    let manager = world.server("a").await;
    let slot = open(&manager).await;
    slot.set("Currency", 7).unwrap();
    let revision = slot.keep_version().await.unwrap().unwrap();
    slot.set("Currency", 8).unwrap();
    let next = slot.keep_version().await.unwrap().unwrap();
    assert_eq!(kept(&manager).await, [next.get(), revision.get()]);
    assert_eq!(currency_of(&manager, revision.get()).await, 7);
}

#[tokio::test(start_paused = true)]
async fn h2_what_cannot_be_kept_neither_fails_nor_delays_a_load_and_is_reported() {
    for fault in [Fault::Rejected, Fault::HangBefore] {
        let world = World::new();
        let manager = world.server("a").await;
        play(&manager, 1).await;
        let mut events = manager.events();
        world.store.inject(When::keep_version(), fault);
        let began = tokio::time::Instant::now();
        let slot = open(&manager).await;
        assert_eq!(began.elapsed(), Duration::ZERO, "{fault:?}");
        assert_eq!(slot.get::<u64>("Currency").unwrap(), 1);
        loop {
            let event = events.next().await.unwrap();
            if let Event::VersionNotKept { player: of, .. } = event {
                assert_eq!(of, player(1));
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn h2_when_many_load_at_once_versions_are_kept_a_few_at_a_time_and_no_load_waits() {
    let world = World::new();
    let manager = world.server_with("a", |settings| settings.max_concurrent_saves = 4);
    let manager = manager.await;
    for (session, _) in settled(&manager, 20).await {
        session.end().await.unwrap();
    }
    let takes = Duration::from_secs(1);
    let slow = When::keep_version().from_nth(1);
    world.store.inject(slow, Fault::delay(takes));
    world.store.record_calls();
    let began = tokio::time::Instant::now();
    let mut playing = Vec::new();
    for number in 0..20_u64 {
        let session = manager.start_session(number).await.unwrap();
        session.load_slot("Slot1").await.unwrap();
        playing.push(session);
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
    for seconds in 1..=5 {
        pass_ms(500).await;
        assert_eq!(world.store.count(Op::KeepVersion), 4 * seconds);
        pass_ms(500).await;
    }
    for number in 0..20 {
        let versions = manager.versions(&player(number), &slot1()).await;
        assert_eq!(versions.unwrap().len(), 1, "of player {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn h3_a_save_keeps_no_version() {
    let world = World::new();
    let manager = world.server("a").await;
    play(&manager, 1).await;
    let slot = open(&manager).await;
    tokio::time::sleep(HOUR).await;
    let before = world.store.count(Op::KeepVersion);
    for currency in 2..10 {
        slot.set("Currency", currency).unwrap();
        slot.save().await.unwrap();
    }
    assert_eq!(world.store.count(Op::KeepVersion), before);
}

#[tokio::test(start_paused = true)]
async fn h4_restoring_makes_a_version_the_newest_and_keeps_what_it_replaces() {
    let world = World::new();
    let manager = world.server("a").await;
    play(&manager, 1).await;
    play(&manager, 2).await;
    let (player, slot, first) = (player(1), slot1(), Revision::new(1));
    let options = RestoreOptions::new();
    let restored = manager.restore(&player, &slot, first, options).await;
    let restored = restored.unwrap();
    assert_eq!(restored.revision, Revision::new(3));
    assert_eq!(restored.replaced, Some(Revision::new(2)));
    assert_eq!(kept(&manager).await, [2, 1]);
    assert_eq!(currency_of(&manager, 2).await, 2);
    assert_eq!(world.stored(&player, "Slot1").await["Currency"], 1);
    assert!(!world.is_locked(&player).await);
}

#[tokio::test(start_paused = true)]
async fn h4_restoring_robs_nobody_unless_told_to_and_needs_a_version() {
    let world = World::new();
    let (manager, other) = (world.server("a").await, world.server("b").await);
    play(&manager, 1).await;
    play(&manager, 2).await;
    let (player, slot, first) = (player(1), slot1(), Revision::new(1));
    let options = RestoreOptions::new();
    let missing = manager.restore(&player, &slot, Revision::new(9), options);
    let missing = missing.await.unwrap_err();
    assert!(matches!(missing, Error::NoVersion { .. }), "{missing:?}");
    let held = open(&other).await;
    let refused = manager.restore(&player, &slot, first, options).await;
    assert!(
        matches!(refused, Err(Error::PlayerHeld { .. })),
        "{refused:?}"
    );
    assert_eq!(world.stored(&player, "Slot1").await["Currency"], 2);
    let stolen = manager.restore(&player, &slot, first, options.steal());
    stolen.await.unwrap();
    assert_eq!(world.stored(&player, "Slot1").await["Currency"], 1);
    held.set("Currency", 9).unwrap();
    held.save().await.unwrap_err();
    assert_eq!(world.stored(&player, "Slot1").await["Currency"], 1);
}

#[tokio::test(start_paused = true)]
async fn s12_a_record_that_cannot_be_read_is_repaired_by_restoring_and_kept_too() {
    let world = World::new();
    let manager = world.server("a").await;
    play(&manager, 1).await;
    play(&manager, 2).await;
    put(&world, &player(1), 0, b"{\"Currency\":").await;
    let session = manager.start_session(1).await.unwrap();
    session.load_slot("Slot1").await.unwrap_err();
    session.end().await.unwrap();
    let (player, slot, first) = (player(1), slot1(), Revision::new(1));
    let restored = manager.restore(&player, &slot, first, RestoreOptions::new());
    let replaced = restored.await.unwrap().replaced.unwrap();
    assert_eq!(open(&manager).await.get::<u64>("Currency").unwrap(), 1);
    let damaged = world.memory.version(&player, &slot, replaced).await;
    assert_eq!(&*damaged.unwrap().unwrap().body.bytes, b"{\"Currency\":");
}

#[tokio::test(start_paused = true)]
async fn x3_restoring_brings_back_the_keys_of_the_version() {
    let world = World::new();
    let manager = world.server("a").await;
    let buy = |slot: &Slot, key: &str| {
        let bought = slot.apply_once(key, |player| player.increment("Currency", 100));
        matches!(bought.unwrap(), Once::Applied(_))
    };
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    assert!(buy(&slot, "before"));
    let revision = slot.keep_version().await.unwrap().unwrap();
    assert!(buy(&slot, "after"));
    session.end().await.unwrap();
    let (player, slot1) = (player(1), slot1());
    let restored = manager.restore(&player, &slot1, revision, RestoreOptions::new());
    restored.await.unwrap();
    let slot = open(&manager).await;
    assert!(!buy(&slot, "before"), "its change is in the version");
    assert!(buy(&slot, "after"), "its change is gone");
}

#[tokio::test(start_paused = true)]
async fn h4_what_a_version_was_sending_has_arrived_since_and_is_left_out() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    world.store.inject(When::post(), Fault::ErrorBefore);
    let parcel = Parcel::new().amount("Currency", 100);
    let sent = slot.transfer("gift", parcel, &player(2), &slot1()).await;
    assert!(
        sent.is_err()
            || world.stored_whole(&player(1), "Slot1").await["$playerdata"]["outbox"].is_array()
    );
    let revision = slot.keep_version().await.unwrap().unwrap();
    world.store.calm();
    session.end().await.unwrap();
    let (player, slot) = (player(1), slot1());
    let restored = manager.restore(&player, &slot, revision, RestoreOptions::new());
    assert!(restored.await.unwrap().left_out);
    let stored = world.stored_whole(&player, "Slot1").await;
    assert_eq!(stored["Currency"], 400);
    assert!(stored["$playerdata"].get("outbox").is_none(), "{stored}");
}

#[tokio::test(start_paused = true)]
async fn h4_a_player_who_is_erased_while_a_version_is_being_restored_stays_erased() {
    let world = World::new();
    let manager = world.server("a").await;
    play(&manager, 1).await;
    play(&manager, 2).await;
    pass_secs(1).await;
    let (player, slot, first) = (player(1), slot1(), Revision::new(1));
    let late = Fault::delay(Duration::from_secs(1));
    world.store.inject(When::acquire(), late);
    let restoring = manager.restore(&player, &slot, first, RestoreOptions::new());
    let erasing = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.memory.erase(&player).await.unwrap();
    };
    let (restored, ()) = tokio::join!(restoring, erasing);
    assert!(
        matches!(restored, Err(Error::NoVersion { .. })),
        "{restored:?}"
    );
    assert_eq!(world.memory.view(&player, &slot).await.unwrap(), None);
}
