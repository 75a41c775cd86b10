//! The autosave of a store that fails, hangs or refuses.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::time::Duration;

use playerdata_core::{Event, SaveReason};
use support::*;

#[tokio::test(start_paused = true)]
async fn a3_f8_a_failed_save_is_tried_again_with_backoff_then_at_the_next_cycle() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.force_save_every = 0).await;
    let all = settled(&manager, 1).await;
    let slot = &all[0].1;
    pass_secs(31).await;
    let mut events = manager.events();
    world.store.inject(When::save(), Fault::ErrorBefore);
    world.store.record_calls();
    for _ in 0..20 {
        slot.set("Currency", 1).unwrap(); // many changes, one place in the queue
    }
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
    world.store.calm();
    pass_secs(30).await;
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 1);
    assert!(!slot.is_unsaved());
}

#[tokio::test(start_paused = true)]
async fn a3_a_failed_forced_save_is_still_forced_when_tried_again() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.force_save_every = 1).await;
    let all = settled(&manager, 1).await;
    world.store.inject(When::save().nth(1), Fault::ErrorBefore);
    let mut events = manager.events();
    let is_saved = |e: &Event| matches!(e, Event::SlotSaved { .. });
    let (saved, took) = timed(wait_for(&mut events, is_saved)).await;
    assert!(
        took < Duration::from_secs(31),
        "in the same cycle: {took:?}"
    );
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
        world
            .store
            .inject(When::save().of(&player(stuck)), Fault::HangBefore);
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
    world.store.inject(When::save(), Fault::HangBefore);
    world.store.record_calls();
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
    world.store.inject(When::save(), Fault::HangBefore);
    for _ in 0..40 {
        for (_, slot) in &all {
            slot.increment("Currency", 1).unwrap(); // changes go on meanwhile
        }
        pass_secs(30).await;
    }
    world.store.calm();
    world.store.record_calls();
    pass_secs(30).await;
    let saves = world.store.count(Op::Save);
    assert!((50..=102).contains(&saves), "{saves} saves of 50 slots");
    assert!(all.iter().all(|(_, slot)| !slot.is_unsaved()));
}

#[tokio::test(start_paused = true)]
async fn a4_a_store_that_refuses_gets_no_more_attempts_than_the_settings_say() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.force_save_every = 1).await;
    let all = settled(&manager, 20).await;
    pass_secs(30).await;
    world.store.inject(When::save(), Fault::ErrorBefore);
    world.store.record_calls();
    for _ in 0..10 * 300 {
        for (_, slot) in &all {
            slot.increment("Currency", 1).unwrap();
        }
        pass_ms(100).await;
    }
    let attempts = world.store.count(Op::Save);
    assert!(
        attempts <= 10 * 20 * 3 + 20 * 3,
        "{attempts} in 10 cycles of 20 slots"
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
    world
        .store
        .inject(When::save().of(&player(1)), Fault::Panic);
    world
        .store
        .inject(When::save().of(&player(2)), Fault::Rejected);
    world.store.inject(
        When::save().of(&player(3)),
        Fault::delay(Duration::from_secs(3)),
    );
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
        .any(|c| c.operation == Op::Save && c.player == Some(player(3)))
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
