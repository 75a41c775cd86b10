//! What a ready-made document gets when the defaults gained something, and
//! what never comes back.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use playerdata_core::{Error, SessionManager, Settings, SlotName};
use serde_json::{Value, json};
use support::*;

async fn server(
    world: &World,
    defaults: Value,
    change: impl FnOnce(&mut Settings),
) -> SessionManager {
    world
        .server_with("a", |settings| {
            settings.default_data = defaults.as_object().unwrap().clone();
            change(settings);
        })
        .await
}

fn defaults() -> Value {
    json!({
        "Currency": 100, "Level": 1, "Reputation": {"Nordraxia": 1},
        "Inventory": [{"Name": "Sword", "ItemType": "Object", "Quantity": 1}],
        "GiftBank": {"welcome": {"Gold": 100}},
    })
}

/// One login, and what `play` sees of it.
async fn login<R>(manager: &SessionManager, play: impl FnOnce(&playerdata_core::Slot) -> R) -> R {
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let result = play(&slot);
    session.end().await.unwrap();
    result
}

#[tokio::test(start_paused = true)]
async fn s7_what_a_player_took_sold_or_had_removed_does_not_come_back() {
    let world = World::new();
    let manager = server(&world, defaults(), |_| ()).await;
    login(&manager, |slot| {
        slot.take_gift("welcome").unwrap();
        slot.remove_item("Sword", 1).unwrap();
        slot.remove("Level").unwrap();
        slot.remove(("Reputation", "Nordraxia")).unwrap();
    })
    .await;
    for _ in 0..3 {
        login(&manager, |slot| {
            assert!(slot.take_gift("welcome").is_err());
            assert_eq!(slot.count_item("Sword"), 0);
            assert!(!slot.has("Level") && !slot.has(("Reputation", "Nordraxia")));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn s7_what_the_defaults_gained_is_added_once_and_never_items_or_gifts() {
    let world = World::new();
    let old = server(&world, defaults(), |_| ()).await;
    login(&old, |slot| slot.take_gift("welcome").unwrap()).await;
    let mut grown = defaults();
    grown["Energy"] = json!(9);
    grown["Reputation"]["Sudraxia"] = json!(2);
    grown["GiftBank"]["second"] = json!(1);
    grown["Inventory"] = json!([{"Name": "Shield", "ItemType": "Object", "Quantity": 1}]);
    let new = server(&world, grown, |_| ()).await;
    login(&new, |slot| {
        assert_eq!(slot.get::<u32>("Energy").unwrap(), 9);
        assert_eq!(slot.get::<u32>(("Reputation", "Sudraxia")).unwrap(), 2);
        assert_eq!(slot.count_item("Shield"), 0);
        assert!(slot.take_gift("second").is_err() && slot.take_gift("welcome").is_err());
        slot.remove("Energy").unwrap();
        slot.remove(("Reputation", "Sudraxia")).unwrap();
    })
    .await;
    login(&new, |slot| {
        assert!(!slot.has("Energy") && !slot.has(("Reputation", "Sudraxia")));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn s7_a_record_from_before_the_envelope_is_completed_once() {
    let world = World::new();
    put(
        &world,
        &player(1),
        1,
        br#"{"Currency":7,"Inventory":[],"GiftBank":{}}"#,
    )
    .await;
    let manager = server(&world, defaults(), |_| ()).await;
    login(&manager, |slot| {
        assert_eq!(slot.get::<u32>("Level").unwrap(), 1);
        assert_eq!(
            slot.count_item("Sword"),
            0,
            "nothing is added to the inventory"
        );
        slot.remove("Level").unwrap();
    })
    .await;
    login(&manager, |slot| assert!(!slot.has("Level"))).await;
}

#[tokio::test(start_paused = true)]
async fn s7_a_record_from_before_the_envelope_that_lacked_nothing_stays_without_what_is_removed() {
    let world = World::new();
    let whole = br#"{"Currency":7,"Level":2,"Reputation":{"Nordraxia":0}}"#;
    put(&world, &player(1), 1, whole).await;
    let manager = server(&world, defaults(), |_| ()).await;
    login(&manager, |slot| assert!(slot.has("Level"))).await;
    login(&manager, |slot| slot.remove("Level").unwrap()).await;
    login(&manager, |slot| assert!(!slot.has("Level"))).await;
}

#[tokio::test(start_paused = true)]
async fn s7_the_envelope_is_stored_with_the_document_and_no_code_of_the_games_sees_it() {
    let world = World::new();
    let manager = server(&world, defaults(), |_| ()).await;
    login(&manager, |slot| {
        assert!(slot.read(|document| document.to_json().get("$playerdata").is_none()));
        assert!(matches!(
            slot.set("$playerdata", 1),
            Err(Error::Document { .. })
        ));
    })
    .await;
    let whole = world.stored_whole(&player(1), "Slot1").await;
    assert_eq!(whole["$playerdata"]["v"], 1);
    let record = world.record(&player(1), "Slot1").await.unwrap();
    let slot = SlotName::new("Slot1").unwrap();
    let decoded = manager.decode(&player(1), &slot, &record).unwrap();
    assert!(decoded.get("$playerdata").is_none());
    // Nothing has changed: nothing is written at the next login.
    login(&manager, |slot| assert!(!slot.is_unsaved())).await;
    let after = world.record(&player(1), "Slot1").await.unwrap();
    assert_eq!(after.revision, record.revision);
}

#[tokio::test(start_paused = true)]
async fn s7_switched_off_nothing_is_added_and_nothing_forgotten() {
    let world = World::new();
    let old = server(&world, defaults(), |_| ()).await;
    login(&old, |slot| slot.remove("Level").unwrap()).await;
    let envelope = world.stored_whole(&player(1), "Slot1").await["$playerdata"].clone();
    let mut grown = defaults();
    grown["Energy"] = json!(9);
    let off = server(&world, grown.clone(), |s| s.reconcile = false).await;
    login(&off, |slot| {
        assert!(!slot.has("Energy"));
        slot.set("Currency", 8).unwrap();
    })
    .await;
    let after = world.stored_whole(&player(1), "Slot1").await;
    assert_eq!(
        (&after["$playerdata"], &after["Currency"]),
        (&envelope, &json!(8))
    );
    let on = server(&world, grown, |_| ()).await;
    login(&on, |slot| assert!(slot.has("Energy"))).await;
}

#[tokio::test(start_paused = true)]
async fn s7_a_document_that_has_no_room_for_what_the_defaults_gained_counts_as_it_is() {
    let world = World::new();
    let mut grown = defaults();
    grown["Story"] = json!("x".repeat(200));
    let old = json!({"Currency": 7, "Diary": "y".repeat(900)}).to_string();
    put(&world, &player(1), 1, old.as_bytes()).await;
    let small = server(&world, grown.clone(), |s| s.max_document_bytes = 1_000).await;
    login(&small, |slot| {
        assert_eq!(slot.get::<u32>("Currency").unwrap(), 7);
        assert!(!slot.has("Story"));
        slot.set("Diary", "short").unwrap();
    })
    .await;
    assert_eq!(world.stored(&player(1), "Slot1").await["Diary"], "short");
    // Now there is room.
    login(&small, |slot| assert!(slot.has("Story"))).await;
}

#[tokio::test(start_paused = true)]
async fn s5_an_envelope_of_a_later_version_is_an_error_that_leaves_the_record() {
    for envelope in [r#"{"v":9}"#, r#"{"v":1,"outbox":[]}"#, "7"] {
        let world = World::new();
        let body = format!(r#"{{"Currency":7,"$playerdata":{envelope}}}"#);
        put(&world, &player(1), 1, body.as_bytes()).await;
        let before = world.record(&player(1), "Slot1").await;
        let manager = server(&world, defaults(), |_| ()).await;
        let session = manager.start_session(1).await.unwrap();
        let refused = session.load_slot("Slot1").await;
        assert!(
            matches!(refused, Err(Error::Undecodable { .. })),
            "{envelope}"
        );
        drop(session);
        pass_secs(130).await;
        assert_eq!(world.record(&player(1), "Slot1").await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn s7_a_games_own_type_gets_the_document_without_the_envelope_and_keeps_it() {
    let world = World::new();
    let manager = server(&world, json!({"Currency": 5}), |_| ()).await;
    login(&manager, |_| ()).await;
    let envelope = world.stored_whole(&player(1), "Slot1").await["$playerdata"].clone();
    let typed = SessionManager::typed(world.store.clone(), |_| json!({}));
    let typed = typed.start().await.unwrap();
    let session = typed.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.modify(|document| {
        assert!(document.get("$playerdata").is_none());
        document["Currency"] = json!(6);
    })
    .unwrap();
    session.end().await.unwrap();
    let after = world.stored_whole(&player(1), "Slot1").await;
    assert_eq!(
        (&after["$playerdata"], &after["Currency"]),
        (&envelope, &json!(6))
    );
}

#[tokio::test(start_paused = true)]
async fn v3_v4_i5_the_rules_of_the_settings_hold_whatever_was_put_in_the_documents_place() {
    let world = World::new();
    let builder = world.builder("a").on_load(|_, document| {
        *document = playerdata_core::Document::standard();
    });
    let mut settings = Settings::default();
    settings.max_item_quantity = 10;
    settings.allow_new_attributes = true;
    let manager = builder.settings(settings).start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.set("New", 1)
        .expect("a hook put another document in the place of this one");
    slot.modify(|document| *document = playerdata_core::Document::standard())
        .unwrap();
    slot.set("New", 1).unwrap();
    assert!(slot.add_item("Bread", 6).is_err());
    slot.add_item("Bread", 5).unwrap();
}
