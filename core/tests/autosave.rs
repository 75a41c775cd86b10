//! The autosave: what is written when, and that nothing stops it.
#![allow(clippy::unwrap_used)] // what a test can't go on without

mod support;

use std::{collections::HashMap, time::Duration};

use playerdata_core::{Event, SaveReason, Session, SessionManager, Slot};
use support::*;

/// Sessions of new players, whose documents are stored already.
async fn settled(manager: &SessionManager, players: u64) -> Vec<(Session, Slot)> {
    let mut all = Vec::new();
    for number in 0..players {
        let session = manager.start_session(number).await.unwrap();
        let slot = session.load_slot("Slot1").await.unwrap();
        all.push((session, slot));
    }
    for (_, slot) in &all {
        slot.save().await.unwrap();
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a1_a6_a8_of_10_000_sessions_exactly_the_changed_are_written_spread_over_the_interval() {
    let world = World::new();
    let manager = world.server("a").await;
    let all = settled(&manager, 10_000).await;
    pass_secs(31).await; // the first cycle finds them stored
    let mut saves: Vec<_> = all.iter().step_by(10).map(|(_, slot)| slot).collect();
    for slot in &saves {
        slot.increment("Currency", 1).unwrap();
    }
    world.store.forget_calls();
    pass_secs(30).await;
    let calls = world.store.calls();
    let mut written: Vec<_> = calls.iter().filter(|c| c.op == Op::Save).collect();
    assert_eq!(written.len(), 1_000);
    written.dedup_by_key(|call| call.player.clone());
    assert_eq!(written.len(), 1_000, "each once");
    saves.retain(|slot| slot.is_unsaved());
    assert!(saves.is_empty(), "exactly the changed ones");
    let mut per_turn = HashMap::new();
    let began = calls[0].at;
    for call in written {
        let turn = (call.at - began).as_millis() / (30_000 / 256);
        *per_turn.entry(turn).or_insert(0) += 1;
    }
    // 1 000 in 256 turns are 4 each; slots come in tens, turns in 256s.
    assert!(per_turn.len() > 100, "in {} turns only", per_turn.len());
    assert!(
        per_turn.values().all(|writes| *writes <= 16),
        "{per_turn:?}"
    );

    world.store.forget_calls();
    pass_secs(60).await; // the forced cycle, the fourth, is the last of these
    let forced = world.store.count(Op::Save);
    assert_eq!(
        forced, 10_000,
        "each of them in the forced cycle, and nothing in the other"
    );
}

#[tokio::test(start_paused = true)]
async fn a1_idle_sessions_cost_no_calls() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.force_save_every = 0).await;
    let _all = settled(&manager, 100).await;
    pass_secs(31).await;
    world.store.forget_calls();
    pass_secs(600).await;
    assert_eq!(world.store.count_of_players(), 0);
    let beats = world.store.count(Op::Renew);
    assert!(
        (119..=121).contains(&beats),
        "one lease for all of them: {beats}"
    );
}

#[tokio::test(start_paused = true)]
async fn a1_changed_and_changed_back_is_not_written() {
    let world = World::new();
    let manager = world.server("a").await;
    let all = settled(&manager, 1).await;
    let slot = &all[0].1;
    world.store.forget_calls();
    slot.increment("Currency", 1).unwrap();
    slot.decrement("Currency", 1).unwrap();
    pass_secs(31).await;
    assert_eq!(world.store.count(Op::Save), 0);
    assert!(!slot.is_unsaved(), "it was looked at");
}

#[tokio::test(start_paused = true)]
async fn a2_a_change_during_a_save_is_not_lost_and_not_marked_as_saved() {
    let world = World::new();
    let manager = world.server("a").await;
    let all = settled(&manager, 1).await;
    let slot = &all[0].1;
    pass_secs(31).await;
    world
        .store
        .fail_once(Op::Save, Fault::Delay(Duration::from_secs(2)));
    slot.set("Currency", 1).unwrap();
    world.store.forget_calls();
    while world.store.count(Op::Save) == 0 {
        pass_ms(10).await;
    }
    slot.set("Currency", 2).unwrap();
    pass_secs(3).await;
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 1);
    assert!(slot.is_unsaved());
    pass_secs(30).await;
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 2);
    assert_eq!(world.store.count(Op::Save), 2);
}

#[tokio::test(start_paused = true)]
async fn a3_f8_a_failed_save_is_tried_again_with_backoff_then_at_the_next_cycle() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.force_save_every = 0).await;
    let all = settled(&manager, 1).await;
    let slot = &all[0].1;
    pass_secs(31).await;
    let mut events = manager.events();
    world.store.fail(Op::Save, Fault::Refused);
    world.store.forget_calls();
    slot.set("Currency", 1).unwrap();
    pass_secs(31).await;
    assert_eq!(world.store.count(Op::Save), 3, "save_attempts in the cycle");
    let pauses: Vec<_> = drain(&mut events)
        .into_iter()
        .filter_map(|event| match event {
            Event::SaveFailed {
                attempt, retry_in, ..
            } => Some((attempt, retry_in)),
            _ => None,
        })
        .collect();
    let [(1, Some(first)), (2, Some(second)), (3, None)] = pauses[..] else {
        panic!("{pauses:?}");
    };
    assert!(first >= Duration::from_millis(200) && second > Duration::from_millis(400));
    assert!(slot.is_unsaved());
    world.store.heal();
    pass_secs(30).await;
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 1);
    assert!(!slot.is_unsaved());
}

#[tokio::test(start_paused = true)]
async fn a3_a_failed_forced_save_is_still_forced_when_tried_again() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.force_save_every = 1).await;
    let all = settled(&manager, 1).await;
    world.store.fail_once(Op::Save, Fault::Refused);
    let mut events = manager.events();
    let saved = wait_for(&mut events, |e| matches!(e, Event::SlotSaved { .. })).await;
    assert!(matches!(
        saved,
        Event::SlotSaved {
            reason: SaveReason::Forced,
            ..
        }
    ));
    assert!(!all[0].1.is_unsaved());
}

#[tokio::test(start_paused = true)]
async fn a4_f28_hanging_saves_delay_no_others() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.max_concurrent_saves = 8).await;
    let all = settled(&manager, 100).await;
    pass_secs(31).await;
    for stuck in 0..7 {
        world.store.fail_for(&player(stuck), Op::Save, Fault::Hang);
    }
    for (_, slot) in &all {
        slot.set("Currency", 1).unwrap();
    }
    pass_secs(30).await;
    let late: Vec<_> = all
        .iter()
        .skip(7)
        .filter(|(_, slot)| slot.is_unsaved())
        .collect();
    assert!(
        late.is_empty(),
        "{} of 93 wait for those that hang",
        late.len()
    );
    assert!(all.iter().take(7).all(|(_, slot)| slot.is_unsaved()));
}

#[tokio::test(start_paused = true)]
async fn a4_no_more_saves_are_under_way_than_the_settings_say() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.max_concurrent_saves = 4).await;
    let all = settled(&manager, 50).await;
    pass_secs(31).await;
    world.store.fail(Op::Save, Fault::Hang);
    world.store.forget_calls();
    for (_, slot) in &all {
        slot.set("Currency", 1).unwrap();
    }
    pass_secs(5).await;
    assert!((1..=4).contains(&world.store.count(Op::Save)));
}

#[tokio::test(start_paused = true)]
async fn a4_an_outage_does_not_multiply_the_saves_that_follow_it() {
    let world = World::new();
    let settings = |s: &mut playerdata_core::Settings| {
        s.max_concurrent_saves = 2;
        s.force_save_every = 1;
    };
    let manager = world.server_with("a", settings).await;
    let all = settled(&manager, 50).await;
    world.store.fail(Op::Save, Fault::Hang);
    for _ in 0..40 {
        for (_, slot) in &all {
            slot.increment("Currency", 1).unwrap(); // changes go on meanwhile
        }
        pass_secs(30).await;
    }
    world.store.heal();
    world.store.forget_calls();
    pass_secs(30).await;
    let saves = world.store.count(Op::Save);
    assert!((50..=102).contains(&saves), "{saves} saves of 50 slots");
    assert!(all.iter().all(|(_, slot)| !slot.is_unsaved()));
}

#[tokio::test(start_paused = true)]
async fn a5_a_skipped_top_level_key_alone_saves_nothing_and_every_save_contains_it() {
    let world = World::new();
    let settings = |s: &mut playerdata_core::Settings| {
        s.skip_keys = vec!["CurrentXP".to_owned(), "Nordraxia".to_owned()];
        s.force_save_every = 0;
    };
    let manager = world.server_with("a", settings).await;
    let all = settled(&manager, 1).await;
    let slot = &all[0].1;
    world.store.forget_calls();
    slot.set("CurrentXP", 7).unwrap();
    pass_secs(65).await;
    assert_eq!(world.store.count(Op::Save), 0);
    assert!(slot.is_unsaved(), "it is not in the store");
    // A nested key of that name is not skipped (F6).
    slot.set(("Reputation", "Nordraxia"), 9).unwrap();
    pass_secs(31).await;
    assert_eq!(world.store.count(Op::Save), 1);
    let stored = world.stored(&player(0), "Slot1").await;
    assert_eq!(
        (&stored["CurrentXP"], &stored["Reputation"]["Nordraxia"]),
        (&7.into(), &9.into())
    );
}

#[tokio::test(start_paused = true)]
async fn a5_the_last_save_stores_what_changed_in_skipped_keys() {
    let world = World::new();
    let manager = world
        .server_with("a", |s| s.skip_keys = vec!["CurrentXP".into()])
        .await;
    let all = settled(&manager, 1).await;
    all[0].1.set("CurrentXP", 7).unwrap();
    all[0].0.end().await.unwrap();
    assert_eq!(world.stored(&player(0), "Slot1").await["CurrentXP"], 7);
}

#[tokio::test(start_paused = true)]
async fn f4_f5_the_forced_cycle_stores_the_skipped_changes_of_every_player() {
    let world = World::new();
    let manager = world
        .server_with("a", |s| s.skip_keys = vec!["CurrentXP".into()])
        .await;
    let all = settled(&manager, 5).await;
    for (_, slot) in &all {
        slot.set("CurrentXP", 7).unwrap();
    }
    pass_secs(121).await;
    for number in 0..5 {
        let stored = world.stored(&player(number), "Slot1").await;
        assert_eq!(stored["CurrentXP"], 7, "player {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a6_every_open_slot_of_a_player_is_in_the_forced_cycle_and_0_switches_it_off() {
    for (every, saves) in [(2, 2), (0, 0)] {
        let world = World::new();
        let manager = world.server_with("a", |s| s.force_save_every = every).await;
        let session = manager.start_session(1).await.unwrap();
        for name in ["Slot1", "Slot2"] {
            session.load_slot(name).await.unwrap().save().await.unwrap();
        }
        world.store.forget_calls();
        pass_secs(61).await;
        assert_eq!(world.store.count(Op::Save), saves, "every {every} cycles");
    }
}

#[tokio::test(start_paused = true)]
async fn a6_a_closed_slot_is_in_no_cycle() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.force_save_every = 1).await;
    let all = settled(&manager, 3).await;
    all[0].0.end().await.unwrap();
    all[1].0.delete_slot("Slot1").await.unwrap();
    world.store.forget_calls();
    pass_secs(61).await;
    let players: Vec<_> = world
        .store
        .calls()
        .into_iter()
        .filter_map(|call| call.player)
        .collect();
    assert!(
        !players.is_empty() && players.iter().all(|p| *p == player(2)),
        "{players:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a7_f10_no_ones_failure_stops_the_loop() {
    let world = World::new();
    let manager = world
        .builder("a")
        .before_save(|context, document| {
            assert_ne!(context.player, player(0), "told to");
            document.set("Level", 2).unwrap();
        })
        .start()
        .await
        .unwrap();
    let all = settled(&manager, 6).await;
    world.store.fail_for(&player(1), Op::Save, Fault::Panic);
    world.store.fail_for(&player(2), Op::Save, Fault::Rejected);
    world
        .store
        .fail_for(&player(3), Op::Save, Fault::Delay(Duration::from_secs(3)));
    let mut events = manager.events();
    // A player who is not loaded yet, and one who leaves during a save.
    let _not_loaded = manager.start_session(99).await.unwrap();
    for (_, slot) in &all {
        slot.set("Currency", 1).unwrap();
    }
    while !world
        .store
        .calls()
        .iter()
        .any(|c| c.op == Op::Save && c.player == Some(player(3)))
    {
        pass_ms(50).await;
    }
    let (leaver, others): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|(session, _)| *session.player() == player(3));
    leaver[0].0.end().await.unwrap();
    pass_secs(61).await;
    let unsaved: Vec<_> = others
        .iter()
        .filter(|(_, slot)| slot.is_unsaved())
        .collect();
    let unsaved: Vec<_> = unsaved
        .iter()
        .map(|(session, _)| session.player().clone())
        .collect();
    assert_eq!(unsaved, [player(1), player(2)]);
    assert_eq!(
        world.stored(&player(0), "Slot1").await["Currency"],
        1,
        "saved without its hook"
    );
    let events = drain(&mut events);
    assert!(count(&events, |e| matches!(e, Event::HookPanicked { .. })) > 0);
    assert!(count(&events, |e| matches!(e, Event::SaveFailed { .. })) > 0);
}
