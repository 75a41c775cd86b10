//! Changes that are applied at most once: with their keys, in one write.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use playerdata_core::{
    CodecError, DocumentError, Error, IdempotencyKey, InvalidName, Migrations, OnConflict, Once,
    RecoverOptions, SessionManager, Slot,
};
use serde_json::{Value, json};
use support::*;

/// Buys something once.
fn buy(slot: &Slot, key: &str) -> Result<Once<u64>, Error> {
    slot.apply_once(key, |document| {
        document.increment("Currency", 100)?;
        Ok::<_, DocumentError>(document.inventory_mut().add("Bread", 1)?)
    })
}

fn currency(slot: &Slot) -> u64 {
    slot.get("Currency").unwrap()
}

async fn open(manager: &SessionManager) -> Slot {
    let session = manager
        .start_session_with(1, OnConflict::Steal)
        .await
        .unwrap();
    session.load_slot("Slot1").await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn x1_a_change_is_applied_once_whoever_asks_for_it_again() {
    let world = World::new();
    let (one, two) = (world.server("a").await, world.server("b").await);
    let slot = open(&one).await;
    assert_eq!(buy(&slot, "r-1").unwrap(), Once::Applied(6));
    assert_eq!(buy(&slot, "r-1").unwrap(), Once::AlreadyApplied);
    slot.save().await.unwrap();
    drop(slot);
    let slot = open(&two).await;
    assert_eq!(buy(&slot, "r-1").unwrap(), Once::AlreadyApplied);
    assert!(buy(&slot, "r-2").unwrap().is_applied());
    assert_eq!((currency(&slot), slot.count_item("Bread")), (700, 7));
    assert!(slot.has_applied(&IdempotencyKey::new("r-2").unwrap()));
    assert!(!slot.has_applied(&IdempotencyKey::from(3)));
}

#[tokio::test(start_paused = true)]
async fn x1_each_slot_has_keys_of_its_own() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    for name in ["Slot1", "Slot2"] {
        let slot = session.load_slot(name).await.unwrap();
        assert!(buy(&slot, "r-1").unwrap().is_applied());
    }
}

#[tokio::test(start_paused = true)]
async fn x1_change_and_key_are_in_one_write_and_after_a_crash_both_are_there_or_neither() {
    for fault in [
        Fault::ErrorBefore,
        Fault::Rejected,
        Fault::ErrorInDoubt,
        Fault::ErrorAfter,
        Fault::HangBefore,
        Fault::HangAfter,
        Fault::Panic,
        Fault::HangThenApply {
            after: Duration::from_secs(3),
        },
    ] {
        let world = World::new();
        let manager = world.server("a").await;
        let slot = open(&manager).await;
        slot.save().await.unwrap();
        let writes = world.store.count(Op::Save);
        let _ = buy(&slot, "r-1").unwrap();
        world.store.inject(When::save().nth(1), fault);
        let _ = tokio::time::timeout(Duration::from_millis(100), slot.save()).await;
        assert!(world.store.count(Op::Save) > writes);
        // The server is gone; nobody knows what happened to its write.
        world.store.inject(When::any(), Fault::ErrorBefore);
        let other = World::on(world.memory.clone(), world.clock.clone());
        let manager = other.server("b").await;
        let slot = open(&manager).await;
        let granted = currency(&slot);
        let again = buy(&slot, "r-1").unwrap();
        assert_eq!(again.is_applied(), granted == 500, "{fault:?}");
        assert_eq!(currency(&slot), 600, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn x1_a_change_that_fails_or_panics_leaves_no_key_and_nothing_else() {
    let world = World::new();
    let manager = world.server("a").await;
    let slot = open(&manager).await;
    slot.save().await.unwrap();
    let failed = slot.apply_once("r-1", |document| {
        document.increment("Currency", 100)?;
        document.increment("Curency", 100)?;
        Ok::<_, DocumentError>(())
    });
    assert!(matches!(failed, Err(Error::Document { .. })), "{failed:?}");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        slot.apply_once("r-1", |document| -> Result<(), Error> {
            document.increment("Currency", 100).unwrap();
            panic!("on purpose");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(currency(&slot), 500);
    assert!(!slot.is_unsaved());
    assert!(buy(&slot, "r-1").unwrap().is_applied());
}

#[tokio::test(start_paused = true)]
async fn x1_of_many_who_ask_at_once_one_is_served() {
    let world = World::new();
    let manager = world.server("a").await;
    let slot = open(&manager).await;
    let (applied, start) = (AtomicUsize::new(0), Barrier::new(8));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..50 {
                    let again = buy(&slot, "r-1").unwrap();
                    applied.fetch_add(usize::from(again.is_applied()), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(applied.into_inner(), 1);
    assert_eq!(currency(&slot), 600);
}

#[tokio::test(start_paused = true)]
async fn x1_a5_the_autosave_stores_a_key_whose_change_it_would_skip() {
    let world = World::new();
    let manager = world
        .server_with("a", |settings| {
            settings.skip_keys = vec!["Currency".to_owned(), "$playerdata".to_owned()];
            settings.force_save_every = 0;
        })
        .await;
    let slot = open(&manager).await;
    slot.save().await.unwrap();
    slot.increment("Currency", 1).unwrap();
    pass_secs(61).await;
    assert_eq!(
        world.stored(&player(1), "Slot1").await["Currency"],
        500,
        "it is skipped"
    );
    let once = slot.apply_once("r-1", |document| document.increment("Currency", 1));
    assert!(once.unwrap().is_applied());
    pass_secs(31).await;
    let stored = world.stored_whole(&player(1), "Slot1").await;
    assert_eq!(stored["Currency"], 502);
    assert!(stored["$playerdata"]["keys"]["r-1"].is_u64());
}

#[tokio::test(start_paused = true)]
async fn x1_no_code_of_the_games_sees_the_keys() {
    let seen = Arc::new(AtomicUsize::new(0));
    let (on_load, in_save, in_migration) = (seen.clone(), seen.clone(), seen.clone());
    let look = |seen: &AtomicUsize, document: Value| {
        assert!(document.get("$playerdata").is_none(), "{document}");
        seen.fetch_add(1, Ordering::Relaxed);
    };
    let world = World::new();
    let manager = world.server("a").await;
    let slot = open(&manager).await;
    let _ = buy(&slot, "r-1").unwrap();
    slot.save().await.unwrap();
    drop(slot);
    let migrations = Migrations::builder(2).step(1, move |document| {
        look(&in_migration, document.clone());
        Ok::<_, Error>(())
    });
    let manager = world
        .builder("b")
        .migrations(migrations.build().unwrap())
        .on_load(move |_, document| look(&on_load, document.to_json()))
        .before_save(move |_, document| look(&in_save, document.to_json()))
        .start()
        .await
        .unwrap();
    let slot = open(&manager).await;
    slot.read(|document| look(&seen, document.to_json()));
    slot.save().await.unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 4);
    assert_eq!(buy(&slot, "r-1").unwrap(), Once::AlreadyApplied);
    let record = world.record(&player(1), "Slot1").await.unwrap();
    assert_eq!(record.body.schema, 2);
    look(
        &seen,
        manager.decode(&player(1), slot.name(), &record).unwrap(),
    );
}

#[tokio::test(start_paused = true)]
async fn x1_a_games_own_type_has_keys_and_what_is_no_object_says_that_it_can_not() {
    let world = World::new();
    let typed = SessionManager::typed(world.store.clone(), |_| json!({"Gold": 1}));
    let manager = typed.start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let add = |slot: &Slot<Value>, key: &str| {
        slot.apply_once(key, |document| {
            document["Gold"] = json!(document["Gold"].as_u64().unwrap() + 1);
            Ok::<_, Error>(())
        })
    };
    assert!(add(&slot, "r-1").unwrap().is_applied());
    assert!(!add(&slot, "r-1").unwrap().is_applied());
    let refused = slot.apply_once("r-2", |document| {
        *document = json!([1]);
        Ok::<_, Error>(())
    });
    assert!(matches!(refused, Err(Error::NoEnvelope { .. })));
    assert_eq!(*slot.snapshot(), json!({"Gold": 2}));
    session.end().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    assert!(!add(&slot, "r-1").unwrap().is_applied());
}

#[tokio::test(start_paused = true)]
async fn x1_a_record_of_an_earlier_version_is_read_and_gets_keys() {
    let world = World::new();
    let manager = world.server("a").await;
    let before = br#"{"Currency":7,"Inventory":[],"GiftBank":{},"$playerdata":{"v":1,"defaults":"0123456789abcdef"}}"#;
    put(&world, &player(1), 1, before).await;
    let slot = open(&manager).await;
    assert_eq!(currency(&slot), 7);
    let _ = buy(&slot, "r-1").unwrap();
    slot.save().await.unwrap();
    let envelope = &world.stored_whole(&player(1), "Slot1").await["$playerdata"];
    assert_eq!(envelope["v"], 2);
    assert!(envelope["keys"]["r-1"].is_u64());
}

#[tokio::test(start_paused = true)]
async fn x1_keys_count_towards_the_size_of_the_document() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.max_document_bytes = 500).await;
    let slot = open(&manager).await;
    slot.save().await.unwrap();
    let key = "x".repeat(120);
    let once = slot.apply_once(key, |document| document.increment("Currency", 1));
    assert!(once.unwrap().is_applied());
    let Err(Error::Unencodable { source, .. }) = slot.save().await else {
        panic!("it is saved");
    };
    assert!(matches!(*source, CodecError::TooLarge { limit: 500, .. }));
}

#[tokio::test(start_paused = true)]
async fn x1_x3_what_is_recovered_has_the_keys_of_its_own_changes_and_no_others() {
    let world = World::new();
    let (one, two) = (world.server("a").await, world.server("b").await);
    let slot = open(&one).await;
    slot.save().await.unwrap();
    let _ = buy(&slot, "r-1").unwrap();
    let unsaved = slot.for_recovery();
    let _ = buy(&slot, "r-2").unwrap(); // after the document was taken
    let stolen = open(&two).await;
    drop(stolen);
    pass_secs(6).await;
    let options = RecoverOptions::new().replace_newer();
    two.recover(&unsaved, options).await.unwrap();
    let slot = open(&two).await;
    assert_eq!(currency(&slot), 600);
    assert_eq!(buy(&slot, "r-1").unwrap(), Once::AlreadyApplied);
    assert!(buy(&slot, "r-2").unwrap().is_applied());
}

#[tokio::test(start_paused = true)]
async fn x2_keys_are_remembered_for_their_time_and_none_is_dropped_for_another() {
    let world = World::new();
    let manager = world
        .server_with("a", |settings| {
            settings.idempotency_memory = Duration::from_secs(1_000);
            settings.max_idempotency_keys = 3;
        })
        .await;
    let slot = open(&manager).await;
    for key in ["r-1", "r-2", "r-3"] {
        assert!(buy(&slot, key).unwrap().is_applied());
        pass_secs(100).await;
    }
    let refused = buy(&slot, "r-4").unwrap_err();
    assert!(matches!(refused, Error::TooManyKeys { limit: 3, .. }));
    let text = refused.to_string();
    for part in ["player 1", "Slot1", " 3 "] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(currency(&slot), 800, "nothing changed");
    pass_secs(700).await;
    assert!(buy(&slot, "r-4").is_err(), "the first is just old enough");
    assert_eq!(buy(&slot, "r-1").unwrap(), Once::AlreadyApplied);
    pass_secs(1).await;
    assert!(buy(&slot, "r-4").unwrap().is_applied());
    assert_eq!(buy(&slot, "r-2").unwrap(), Once::AlreadyApplied);
}

#[tokio::test(start_paused = true)]
async fn x1_a_slot_that_takes_no_changes_takes_no_key() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let within = slot.modify(|_| buy(&slot, "r-1")).unwrap();
    assert!(matches!(within, Err(Error::SlotBusy { .. })));
    let named = buy(&slot, "");
    assert!(matches!(
        named,
        Err(Error::InvalidName(InvalidName {
            what: "idempotency key",
            ..
        }))
    ));
    session.end().await.unwrap();
    assert!(matches!(buy(&slot, "r-1"), Err(Error::SessionEnded { .. })));
}
