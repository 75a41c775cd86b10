//! A game's own type as the document, and the game's code around it.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use playerdata_core::{
    Builder, DocumentError, Error, Event, GameDocument, Inventory, InventoryError, PlayerId,
    ServerName, SessionManager, Settings, SettingsProblem, Slot, StartError,
};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use support::*;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Profile {
    gold: u64,
    last_seen: u64,
    inventory: Inventory,
    #[serde(default)]
    fragile: Fragile,
}

/// Panics when it is encoded with this value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
struct Fragile(u64);

impl Serialize for Fragile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert_ne!(self.0, 13, "told to");
        serializer.serialize_u64(self.0)
    }
}

fn builder(world: &World) -> Builder<Profile> {
    SessionManager::typed(world.store.clone(), |_| Profile {
        gold: 50,
        ..Profile::default()
    })
    .server_name(ServerName::new("a").unwrap())
    .clock(world.clock.clone())
}

#[tokio::test(start_paused = true)]
async fn a_games_own_struct_with_an_inventory_is_loaded_changed_and_saved() {
    let world = World::new();
    let manager = builder(&world).start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.modify(|profile| profile.gold += 5).unwrap();
    slot.modify(|profile| profile.inventory.add("Bread", 3))
        .unwrap()
        .unwrap();
    session.end().await.unwrap();
    let stored = world.stored(&player(1), "Slot1").await;
    assert_eq!(
        (&stored["gold"], &stored["inventory"][0]["Quantity"]),
        (&json!(55), &json!(3))
    );
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(
        slot.read(|profile| (profile.gold, profile.inventory.count("Bread"))),
        (55, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn a5_skip_keys_name_the_top_level_fields_of_a_games_own_struct() {
    let world = World::new();
    let mut settings = Settings::default();
    settings.skip_keys = vec!["last_seen".to_owned()];
    settings.force_save_every = 0;
    let manager = builder(&world).settings(settings).start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    world.store.record_calls();
    slot.modify(|profile| profile.last_seen = 9).unwrap();
    pass_secs(31).await;
    assert_eq!(world.store.count(Op::Save), 0);
    slot.modify(|profile| profile.gold = 9).unwrap();
    pass_secs(31).await;
    assert_eq!(world.stored(&player(1), "Slot1").await["last_seen"], 9);
}

#[tokio::test(start_paused = true)]
async fn v7_try_modify_changes_nothing_if_it_fails_or_panics() {
    let world = World::new();
    let manager = builder(&world).start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    #[derive(Debug)]
    enum Refused {
        Shop(InventoryError),
        Store(Error),
    }
    impl From<Error> for Refused {
        fn from(error: Error) -> Self {
            Self::Store(error)
        }
    }
    let bought = slot.try_modify(|profile| {
        profile.gold = 0;
        profile.inventory.remove("Coupon", 1).map_err(Refused::Shop)
    });
    assert!(matches!(
        bought,
        Err(Refused::Shop(InventoryError::TooFew { has: 0, .. }))
    ));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        slot.try_modify(|profile| -> Result<(), Refused> {
            profile.gold = 0;
            panic!("told to")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(slot.read(|profile| profile.gold), 50);
    session.end().await.unwrap();
    let refused = slot.try_modify(|profile| -> Result<(), Refused> {
        profile.gold = 0;
        Ok(())
    });
    assert!(matches!(
        refused,
        Err(Refused::Store(Error::SessionEnded { .. }))
    ));
    assert_eq!(slot.read(|profile| profile.gold), 50);
}

#[tokio::test(start_paused = true)]
async fn a7_v7_a_modify_that_panics_leaves_the_slot_usable_and_the_document_as_it_was() {
    let world = World::new();
    let manager = builder(&world).start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        slot.modify(|profile| {
            profile.gold = 1;
            panic!("told to")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(slot.read(|profile| profile.gold), 50);
    assert!(!slot.is_unsaved());
    slot.modify(|profile| profile.gold += 2).unwrap();
    pass_secs(31).await;
    assert_eq!(world.stored(&player(1), "Slot1").await["gold"], 52);
}

#[tokio::test(start_paused = true)]
async fn a7_a_document_that_panics_when_encoded_is_an_error_and_stops_nobody_else() {
    let world = World::new();
    let manager = builder(&world).start().await.unwrap();
    let mut events = manager.events();
    let one = manager.start_session(1).await.unwrap();
    let bad = one.load_slot("Slot1").await.unwrap();
    let other = manager.start_session(2).await.unwrap();
    let good = other.load_slot("Slot1").await.unwrap();
    bad.modify(|profile| profile.fragile = Fragile(13)).unwrap();
    assert!(matches!(bad.save().await, Err(Error::Panicked { .. })));
    good.modify(|profile| profile.gold = 7).unwrap();
    pass_secs(61).await;
    assert_eq!(world.stored(&player(2), "Slot1").await["gold"], 7);
    assert!(
        count(&drain(&mut events), |e| matches!(
            e,
            Event::SaveFailed { .. }
        )) >= 2
    );
    let error = one.end().await.unwrap_err();
    assert_eq!(error.unsaved[0].document.fragile, Fragile(13));
    bad.modify(|profile| profile.fragile = Fragile(0)).unwrap();
    one.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn l8_defaults_that_panic_are_an_error_and_leave_the_session() {
    let world = World::new();
    let manager = SessionManager::typed(world.store.clone(), |_| -> Profile { panic!("told to") })
        .start()
        .await
        .unwrap();
    let session = manager.start_session(1).await.unwrap();
    assert!(matches!(
        session.load_slot("Slot1").await,
        Err(Error::Panicked { .. })
    ));
    assert!(session.is_active());
    session.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn l8_a_stored_document_that_panics_when_loaded_is_an_error_and_leaves_the_session() {
    let world = World::new();
    let other = SessionManager::typed(
        world.store.clone(),
        |_| json!({"gold": 1, "last_seen": 0, "inventory": [], "fragile": 13}),
    );
    let other = other.start().await.unwrap();
    let session = other.start_session(1).await.unwrap();
    session.load_slot("Slot1").await.unwrap();
    session.end().await.unwrap();
    let manager = builder(&world).start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let error = session.load_slot("Slot1").await.unwrap_err();
    assert!(matches!(error, Error::Panicked { .. }), "{error}");
    assert!(session.is_active());
    session.end().await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await["gold"], 1);
}

/// What a session without play finds when it is loaded, several times over.
async fn loads<D: GameDocument>(
    defaults: impl Fn(&PlayerId) -> D + Send + Sync + 'static,
    play: impl Fn(&mut D),
) -> Vec<D> {
    let world = World::new();
    let manager = SessionManager::typed(world.store.clone(), defaults);
    let manager = manager.start().await.unwrap();
    let mut found = Vec::new();
    for _ in 0..3 {
        let session = manager.start_session(1).await.unwrap();
        let slot = session.load_slot("Slot1").await.unwrap();
        found.push((*slot.snapshot()).clone());
        slot.modify(&play).unwrap();
        session.end().await.unwrap();
    }
    found
}

#[tokio::test(start_paused = true)]
async fn s7_a_games_own_map_does_not_grow_by_a_starter_item_at_each_login() {
    let fresh = AtomicU64::new(0);
    let swords = loads(
        move |_| BTreeMap::from([(fresh.fetch_add(1, Ordering::Relaxed), "sword".to_owned())]),
        |_| (),
    );
    assert!(swords.await.iter().all(|swords| swords.len() == 1));

    let sold = loads(
        |_| BTreeMap::from([("sword".to_owned(), 1)]),
        |items| _ = items.remove("sword"),
    );
    let counts = sold.await;
    assert_eq!(
        counts.iter().map(BTreeMap::len).collect::<Vec<_>>(),
        [1, 0, 0]
    );
}

#[tokio::test(start_paused = true)]
async fn s7_an_option_that_was_claimed_stays_claimed() {
    #[derive(Clone, Serialize, Deserialize)]
    struct Rewards {
        #[serde(skip_serializing_if = "Option::is_none")]
        welcome: Option<u32>,
    }
    let claimed = loads(
        |_| Rewards { welcome: Some(100) },
        |rewards| rewards.welcome = None,
    );
    let found: Vec<_> = claimed
        .await
        .iter()
        .map(|rewards| rewards.welcome)
        .collect();
    assert_eq!(found, [Some(100), None, None]);
}

#[tokio::test(start_paused = true)]
async fn s7_an_enum_of_another_variant_than_the_defaults_is_loaded_as_it_was_saved() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Weapon {
        Sword { damage: u32 },
        Bow { range: u32 },
    }
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Sword { damage: u32 },
        Bow { range: u32 },
    }
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", deny_unknown_fields)]
    enum Tagged {
        Sword { damage: u32 },
        Bow { range: u32 },
    }
    let found = loads(
        |_| Weapon::Sword { damage: 5 },
        |weapon| *weapon = Weapon::Bow { range: 30 },
    );
    assert_eq!(found.await[2], Weapon::Bow { range: 30 });
    let found = loads(
        |_| Untagged::Sword { damage: 5 },
        |weapon| *weapon = Untagged::Bow { range: 30 },
    );
    assert_eq!(found.await[2], Untagged::Bow { range: 30 });
    let found = loads(
        |_| Tagged::Sword { damage: 5 },
        |weapon| *weapon = Tagged::Bow { range: 30 },
    );
    assert_eq!(found.await[2], Tagged::Bow { range: 30 });
}

#[tokio::test(start_paused = true)]
async fn s7_a_games_own_body_is_stored_without_anything_of_ours() {
    let world = World::new();
    let manager = builder(&world).start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    session.load_slot("Slot1").await.unwrap();
    session.end().await.unwrap();
    let record = world.record(&player(1), "Slot1").await.unwrap();
    assert_eq!(
        record.body.bytes,
        r#"{"gold":50,"last_seen":0,"inventory":[],"fragile":0}"#
    );
}

#[tokio::test(start_paused = true)]
async fn v7_errors_of_inventories_and_documents_come_out_of_try_modify_with_the_slot() {
    let world = World::new();
    let manager = builder(&world).start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let added: Result<u64, Error> = slot.try_modify(|profile| profile.inventory.add("Bread", 3));
    assert_eq!(added.unwrap(), 3);
    let removed = slot.try_modify(|profile| {
        profile.gold = 0;
        profile.inventory.remove("Bread", 1)?;
        profile.inventory.remove("Bread", 9)?;
        Ok::<_, DocumentError>(())
    });
    let Err(Error::Document {
        player: of, source, ..
    }) = removed
    else {
        panic!("{removed:?}");
    };
    assert_eq!(of, player(1));
    assert!(matches!(
        *source,
        DocumentError::Inventory(InventoryError::TooFew { has: 2, .. })
    ));
    assert_eq!(
        slot.read(|profile| (profile.gold, profile.inventory.count("Bread"))),
        (50, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn i5_the_limits_of_the_settings_hold_for_a_games_own_inventory_after_every_change() {
    let world = World::new();
    let mut settings = Settings::default();
    settings.max_item_quantity = 10;
    let refused = builder(&world).settings(settings.clone()).start().await;
    let Err(StartError::Settings(error)) = refused else {
        panic!("limits that nobody looks at were taken");
    };
    assert!(matches!(
        error.problems[..],
        [SettingsProblem::LimitsUnused]
    ));

    let limited = builder(&world)
        .settings(settings)
        .limits(|profile, limits| profile.inventory.set_limits(limits));
    let manager = limited.start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let too_many = |slot: &Slot<Profile>| {
        slot.try_modify(|profile| profile.inventory.add("Bread", 11))
            .unwrap_err()
    };
    too_many(&slot);
    slot.modify(|profile| *profile = Profile::default())
        .unwrap();
    too_many(&slot);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        slot.modify(|profile| {
            profile.inventory = Inventory::new();
            panic!("told to")
        })
    }));
    assert!(panicked.is_err());
    too_many(&slot);
    session.end().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    too_many(&session.load_slot("Slot1").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a7_hooks_change_what_is_loaded_and_saved_and_one_that_panics_changes_nothing() {
    let world = World::new();
    let manager = builder(&world)
        .on_load(|_, profile| profile.last_seen = 1)
        .before_save(|_, profile| {
            profile.gold += 1;
            assert!(profile.gold < 53, "told to");
        })
        .start()
        .await
        .unwrap();
    let mut events = manager.events();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(slot.read(|profile| profile.last_seen), 1);
    for gold in [51, 52, 52] {
        slot.save().await.unwrap();
        assert_eq!(world.stored(&player(1), "Slot1").await["gold"], gold);
        assert_eq!(slot.read(|profile| profile.gold), gold, "in memory too");
    }
    let panics = |e: &Event| {
        matches!(
            e,
            Event::HookPanicked {
                hook: "before_save",
                ..
            }
        )
    };
    assert_eq!(count(&drain(&mut events), panics), 1);
}

#[tokio::test(start_paused = true)]
async fn a1_what_the_load_hook_changed_is_saved_and_nothing_is_if_it_changed_nothing() {
    let world = World::new();
    for (last_seen, saves) in [(1, 1), (1, 0), (2, 1)] {
        let hooked = builder(&world).on_load(move |_, profile| profile.last_seen = last_seen);
        let manager = hooked.start().await.unwrap();
        let session = manager.start_session(1).await.unwrap();
        session.load_slot("Slot1").await.unwrap();
        world.store.record_calls();
        session.end().await.unwrap();
        assert_eq!(world.store.count(Op::Save), saves);
        assert_eq!(
            world.stored(&player(1), "Slot1").await["last_seen"],
            last_seen
        );
        manager.shutdown(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a2_a_change_made_while_a_hook_runs_waits_for_nothing_and_is_not_overwritten() {
    // The hook changes the slot that it runs for, which is as bad as it gets.
    let world = World::new();
    let handle: Arc<std::sync::OnceLock<playerdata_core::Slot<Profile>>> = Arc::default();
    let runs = Arc::new(AtomicU64::new(0));
    let (in_hook, counted) = (Arc::clone(&handle), Arc::clone(&runs));
    let manager = builder(&world)
        .before_save(move |_, profile| {
            counted.fetch_add(1, Ordering::Relaxed);
            profile.last_seen += 1;
            if let Some(slot) = in_hook.get() {
                slot.modify(|profile| profile.gold += 1).unwrap();
            }
        })
        .start()
        .await
        .unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    handle.set(slot.clone()).unwrap();
    slot.save().await.unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 4, "bounded");
    assert_eq!(
        slot.read(|profile| profile.gold),
        54,
        "every change of the game's is there"
    );
    let stored = world.stored(&player(1), "Slot1").await;
    assert_eq!(
        (&stored["gold"], &stored["last_seen"]),
        (&json!(53), &json!(1))
    );
    assert!(slot.is_unsaved());
}
