//! Loading a slot: defaults, stored documents, migrations, what can't be read.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{convert::Infallible, time::Duration};

use playerdata_core::{CodecError, Error, MigrationError, Migrations, Revision, Settings};
use serde_json::{Value, json};
use support::*;

fn two_versions() -> Migrations {
    Migrations::builder(2)
        .step(1, |document| {
            document["Level"] = json!(document["Rank"].as_u64().unwrap_or(1));
            Ok::<_, Infallible>(())
        })
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn s4_f16_a_load_that_fails_gives_no_defaults_and_nothing_is_saved_over_the_data() {
    let world = World::new();
    put(&world, &player(1), 1, br#"{"Currency":7}"#).await;
    let before = world.record(&player(1), "Slot1").await;
    for fault in [
        Fault::ErrorBefore,
        Fault::ErrorInDoubt,
        Fault::HangBefore,
        Fault::Panic,
    ] {
        let manager = world.server("a").await;
        let session = manager.start_session(1).await.unwrap();
        world.store.inject(When::open(), fault);
        let error = session.load_slot("Slot1").await.unwrap_err();
        let store_says = matches!(error, Error::StoreUnavailable(_) | Error::StoreFailed(_));
        assert!(store_says, "{fault:?}: {error}");
        world.store.calm();
        pass_secs(130).await;
        manager.shutdown(Duration::from_secs(10)).await;
        assert_eq!(world.record(&player(1), "Slot1").await, before, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn s5_f21_a_body_that_cannot_be_decoded_is_an_error_with_its_bytes_and_stays() {
    for bytes in [&b"{\"Currency\":"[..], b"", b"\xff\xfe", b"[1]", b"null"] {
        let world = World::new();
        put(&world, &player(1), 1, bytes).await;
        let before = world.record(&player(1), "Slot1").await;
        let manager = world.server("a").await;
        let session = manager.start_session(1).await.unwrap();
        let Err(Error::Undecodable { body, revision, .. }) = session.load_slot("Slot1").await
        else {
            panic!("{bytes:?} was read");
        };
        assert_eq!((&body.bytes[..], revision), (bytes, Revision::new(1)));
        pass_secs(130).await;
        session.end().await.unwrap();
        assert_eq!(world.record(&player(1), "Slot1").await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn s6_a_newer_schema_is_refused_untouched() {
    let world = World::new();
    put(&world, &player(1), 3, br#"{"Currency":7}"#).await;
    let before = world.record(&player(1), "Slot1").await;
    let manager = world
        .builder("a")
        .migrations(two_versions())
        .start()
        .await
        .unwrap();
    let session = manager.start_session(1).await.unwrap();
    let Err(Error::Migration { source, .. }) = session.load_slot("Slot1").await else {
        panic!("it was read");
    };
    assert!(matches!(
        *source,
        MigrationError::SchemaTooNew { found: 3, known: 2 }
    ));
    drop(session);
    pass_secs(130).await;
    assert_eq!(world.record(&player(1), "Slot1").await, before);
}

#[tokio::test(start_paused = true)]
async fn s6_an_older_schema_is_migrated_on_load_and_written_back_by_the_next_save() {
    let world = World::new();
    put(&world, &player(1), 1, br#"{"Currency":7,"Rank":4}"#).await;
    let mut settings = Settings::default();
    settings.reconcile = false; // so that the migration alone makes a difference
    let manager = world
        .builder("a")
        .settings(settings)
        .migrations(two_versions())
        .start()
        .await
        .unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(slot.get::<u64>("Level").unwrap(), 4);
    assert_eq!(
        world.record(&player(1), "Slot1").await.unwrap().body.schema,
        1,
        "not at once"
    );
    session.end().await.unwrap(); // changed nothing, but it is not what is stored
    assert_eq!(
        world.record(&player(1), "Slot1").await.unwrap().body.schema,
        2
    );
    assert_eq!(world.stored(&player(1), "Slot1").await["Level"], 4);
}

#[tokio::test(start_paused = true)]
async fn s6_a_migration_that_panics_is_an_error_that_touches_nothing() {
    let world = World::new();
    put(&world, &player(1), 1, br#"{"Currency":7}"#).await;
    let migrations = Migrations::builder(2)
        .step(1, |_| -> Result<(), Infallible> { panic!("told to") })
        .build()
        .unwrap();
    let manager = world
        .builder("a")
        .migrations(migrations)
        .start()
        .await
        .unwrap();
    let session = manager.start_session(1).await.unwrap();
    let error = session.load_slot("Slot1").await.unwrap_err();
    assert!(matches!(error, Error::Migration { .. }));
    assert_eq!(
        world.stored(&player(1), "Slot1").await,
        json!({"Currency": 7})
    );
    assert!(session.is_active(), "L8");
}

#[tokio::test(start_paused = true)]
async fn s7_keys_that_the_defaults_gained_are_added_unless_switched_off() {
    for (reconcile, level) in [(true, json!(1)), (false, Value::Null)] {
        let world = World::new();
        put(&world, &player(1), 1, br#"{"Currency":7,"Reputation":{}}"#).await;
        let manager = world.server_with("a", |s| s.reconcile = reconcile).await;
        let session = manager.start_session(1).await.unwrap();
        let slot = session.load_slot("Slot1").await.unwrap();
        assert_eq!(slot.get::<u64>("Currency").unwrap(), 7);
        assert_eq!(slot.has("Level"), reconcile);
        assert_eq!(slot.has(("Reputation", "Nordraxia")), reconcile);
        session.end().await.unwrap();
        assert_eq!(world.stored(&player(1), "Slot1").await["Level"], level);
    }
}

#[tokio::test(start_paused = true)]
async fn s7_f1_new_players_share_nothing() {
    let world = World::new();
    let manager = world.server("a").await;
    let mut slots = Vec::new();
    for number in 1..=3 {
        let session = manager.start_session(number).await.unwrap();
        slots.push((session.load_slot("Slot1").await.unwrap(), session));
    }
    slots[0].0.set("Currency", 1_000_000).unwrap();
    slots[0].0.add_item("Crown", 1).unwrap();
    slots[0].0.set(("Reputation", "Nordraxia"), 99).unwrap();
    let late = manager.start_session(4).await.unwrap();
    let late = late.load_slot("Slot1").await.unwrap();
    for slot in [&slots[1].0, &slots[2].0, &late] {
        assert_eq!(slot.get::<u64>("Currency").unwrap(), 500);
        assert_eq!(slot.count_item("Crown"), 0);
        assert_eq!(slot.get::<u64>(("Reputation", "Nordraxia")).unwrap(), 1);
    }
    assert_eq!(manager.settings().default_data["Currency"], 500);
}

#[tokio::test(start_paused = true)]
async fn s7_f2_ending_one_new_players_session_leaves_the_others() {
    let world = World::new();
    let manager = world.server("a").await;
    let first = manager.start_session(1).await.unwrap();
    first.load_slot("Slot1").await.unwrap();
    let second = manager.start_session(2).await.unwrap();
    let slot = second.load_slot("Slot1").await.unwrap();
    first.end().await.unwrap();
    slot.set("Currency", 7).unwrap();
    slot.save().await.unwrap();
    assert!(second.is_active() && manager.session_count() == 1);
    assert!(world.is_locked(&player(2)).await);
}

#[tokio::test(start_paused = true)]
async fn s7_s9_f3_a_new_player_who_chooses_slot2_redirects_nobody() {
    let world = World::new();
    let manager = world.server("a").await;
    let first = manager.start_session(1).await.unwrap();
    let one = first.load_slot("Slot1").await.unwrap();
    let second = manager.start_session(2).await.unwrap();
    let two = second.load_slot("Slot2").await.unwrap();
    one.set("Currency", 1).unwrap();
    two.set("Currency", 2).unwrap();
    pass_secs(31).await;
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 1);
    assert_eq!(world.stored(&player(2), "Slot2").await["Currency"], 2);
    assert_eq!(world.stored(&player(1), "Slot2").await, Value::Null);
    assert_eq!(world.stored(&player(2), "Slot1").await, Value::Null);
}

#[tokio::test(start_paused = true)]
async fn s9_f17_several_slots_are_open_at_once_each_with_its_own_document() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let one = session.load_slot("Slot1").await.unwrap();
    let two = session.load_slot("Slot2").await.unwrap();
    one.set("Currency", 1).unwrap();
    two.set("Currency", 2).unwrap();
    let again = session.load_slot("Slot1").await.unwrap();
    assert_eq!(
        again.get::<u64>("Currency").unwrap(),
        1,
        "handed out again, not read again"
    );
    session.end().await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 1);
    assert_eq!(world.stored(&player(1), "Slot2").await["Currency"], 2);
    let session = manager.start_session(1).await.unwrap();
    let names: Vec<_> = session.slots().await.unwrap();
    assert_eq!(
        names.iter().map(|s| s.slot.as_str()).collect::<Vec<_>>(),
        ["Slot1", "Slot2"]
    );
}

#[tokio::test(start_paused = true)]
async fn s9_single_slot_maps_every_name_to_one() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.single_slot = true).await;
    let session = manager.start_session(1).await.unwrap();
    let one = session.load_slot("Slot1").await.unwrap();
    let other = session.load_slot("Other").await.unwrap();
    one.set("Currency", 1).unwrap();
    assert_eq!(other.get::<u64>("Currency").unwrap(), 1);
    session.delete_slot("Third").await.unwrap();
    assert!(matches!(
        one.set("Currency", 2),
        Err(Error::SlotDeleted { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn s4_default_data_of_the_settings_is_what_a_new_player_gets() {
    let world = World::new();
    let toml = r#"default_data = '{"Gold":3,"Inventory":[]}'"#;
    let settings = Settings::from_toml(toml).unwrap();
    let manager = world.builder("a").settings(settings).start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(slot.get::<u64>("Gold").unwrap(), 3);
    assert!(!slot.has("Currency"));
}

#[tokio::test(start_paused = true)]
async fn e7_a_load_whose_future_was_dropped_goes_on_and_its_slot_is_handed_out() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    world
        .store
        .inject(When::open().nth(1), Fault::delay(Duration::from_secs(1)));
    begin_and_drop(session.load_slot("Slot1")).await;
    pass_secs(2).await;
    session.load_slot("Slot1").await.unwrap();
    assert_eq!(world.store.count(Op::Open), 1);
    pass_secs(31).await;
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 500);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_cannot_be_used_ends_nothing() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    assert!(matches!(
        session.load_slot("a/b").await,
        Err(Error::InvalidName(_))
    ));
    assert!(session.is_active());
    assert!(matches!(
        manager.start_session("").await,
        Err(Error::InvalidName(_))
    ));
    assert!(world.is_locked(&player(1)).await);
}

#[tokio::test(start_paused = true)]
async fn s5_a_document_too_large_to_be_read_is_not_read_and_stays() {
    let world = World::new();
    let big = format!(r#"{{"Text":"{}"}}"#, "x".repeat(2_000));
    put(&world, &player(1), 1, big.as_bytes()).await;
    let manager = world
        .server_with("a", |s| s.max_document_bytes = 1_000)
        .await;
    let session = manager.start_session(1).await.unwrap();
    let Err(Error::Undecodable { source, .. }) = session.load_slot("Slot1").await else {
        panic!("it was read");
    };
    assert!(matches!(*source, CodecError::TooLarge { .. }));
    assert_eq!(
        world.record(&player(1), "Slot1").await.unwrap().body.bytes,
        big
    );
}
