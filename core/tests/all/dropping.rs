//! Sessions and futures that are dropped: what was begun is finished.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::time::Duration;

use playerdata_core::{EndReason, Event};
use support::*;

#[tokio::test(start_paused = true)]
async fn e5_a_dropped_session_is_saved_and_released_in_the_background() {
    let world = World::new();
    let (manager, session, slot) = playing(&world).await;
    let mut events = manager.events();
    drop((session, slot));
    let ended = wait_for(&mut events, |e| matches!(e, Event::SessionEnded { .. })).await;
    assert!(matches!(
        ended,
        Event::SessionEnded {
            reason: EndReason::Dropped,
            ..
        }
    ));
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
    assert!(!world.is_locked(&player(1)).await);
}

#[tokio::test(start_paused = true)]
async fn e5_a_dropped_session_that_cannot_be_saved_is_tried_again_until_it_is() {
    let world = World::new();
    let (manager, session, slot) = playing(&world).await;
    let mut events = manager.events();
    world.store.inject(When::any(), Fault::ErrorBefore);
    drop((session, slot));
    pass_secs(300).await;
    assert!(world.is_locked(&player(1)).await);
    assert!(
        count(&drain(&mut events), |e| matches!(
            e,
            Event::EndFailed { .. }
        )) > 10
    );
    world.store.calm();
    pass_secs(7).await;
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
    assert!(!world.is_locked(&player(1)).await && manager.session_count() == 0);
}

#[tokio::test(start_paused = true)]
async fn e5_many_sessions_dropped_at_once_are_not_as_many_saves_at_once() {
    let world = World::new();
    let settings = |s: &mut playerdata_core::Settings| {
        s.max_concurrent_saves = 4;
        s.autosave_interval = Duration::from_secs(3_600); // so that it saves none
    };
    let manager = world.server_with("a", settings).await;
    let all = settled(&manager, 40).await;
    for (_, slot) in &all {
        slot.set("Currency", 7).unwrap();
    }
    let a_second = Fault::delay(Duration::from_secs(1));
    world.store.inject(When::save(), a_second);
    world.store.record_calls();
    drop(all);
    pass_ms(500).await;
    assert_eq!(world.store.count(Op::Save), 4);
    pass_secs(20).await;
    assert_eq!(manager.session_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn e7_an_end_whose_future_was_dropped_is_finished() {
    let world = World::new();
    let (manager, session, _slot) = playing(&world).await;
    world
        .store
        .inject(When::save().nth(1), Fault::delay(Duration::from_secs(1)));
    begin_and_drop(session.end()).await;
    pass_secs(2).await;
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
    assert!(!world.is_locked(&player(1)).await && manager.session_count() == 0);
}

#[tokio::test(start_paused = true)]
async fn e7_an_abandonment_whose_future_was_dropped_is_finished() {
    let world = World::new();
    let (_manager, session, _slot) = playing(&world).await;
    world
        .store
        .inject(When::release().nth(1), Fault::delay(Duration::from_secs(1)));
    begin_and_drop(session.abandon()).await;
    pass_secs(2).await;
    assert!(!world.is_locked(&player(1)).await);
}

#[tokio::test(start_paused = true)]
async fn e7_save_all_whose_future_was_dropped_is_finished() {
    let world = World::new();
    let (_manager, session, slot) = playing(&world).await;
    world
        .store
        .inject(When::save().nth(1), Fault::delay(Duration::from_secs(1)));
    begin_and_drop(session.save_all()).await;
    pass_secs(2).await;
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
    assert!(!slot.is_unsaved());
}
