//! Saves that game code asks for share writes (A10).
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{thread, time::Duration};

use futures::future::join_all;
use playerdata_core::{Error, Event, Saved};
use support::*;

#[tokio::test(start_paused = true)]
async fn a10_saves_that_are_asked_for_at_once_share_writes() {
    let world = World::new();
    let manager = world.server("a").await;
    let (session, slot) = settled(&manager, 1).await.remove(0);
    world
        .store
        .inject(When::save(), Fault::delay(Duration::from_millis(20)));
    world.store.record_calls();
    let saves = (0..200).map(|number| {
        slot.set("Currency", number).unwrap();
        slot.save()
    });
    let saves = join_all(saves.collect::<Vec<_>>()).await;
    assert!(
        saves
            .iter()
            .all(|saved| matches!(saved, Ok(Saved::Written { .. })))
    );
    assert!(world.store.count(Op::Save) <= 3);
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 199);
    session.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a10_every_save_has_what_was_changed_before_it_was_asked_for() {
    let world = World::new();
    let manager = world.server("a").await;
    let (_session, slot) = settled(&manager, 1).await.remove(0);
    world
        .store
        .inject(When::save(), Fault::delay(Duration::from_millis(20)));
    let save = |number: u64| {
        let (slot, world) = (slot.clone(), &world);
        async move {
            pass_ms(number * 7).await;
            slot.set("Currency", number).unwrap();
            slot.save().await.unwrap();
            let stored = world.stored(&player(0), "Slot1").await;
            stored["Currency"].as_u64().unwrap() >= number
        }
    };
    world.store.record_calls();
    let stored = join_all((1..=60).map(save)).await;
    assert!(stored.into_iter().all(|stored| stored));
    // 60 saves in 420 ms, at 20 ms each.
    assert!(world.store.count(Op::Save) <= 24);
}

#[tokio::test(start_paused = true)]
async fn a10_saves_asked_for_during_an_autosave_share_the_next_write() {
    let world = World::new();
    let manager = world.server("a").await;
    let (_session, slot) = settled(&manager, 1).await.remove(0);
    pass_secs(31).await;
    slot.set("Currency", 1).unwrap();
    world
        .store
        .inject(When::save(), Fault::delay(Duration::from_secs(1)));
    world.store.record_calls();
    while world.store.count(Op::Save) == 0 {
        pass_ms(50).await;
    }
    let saves = (0..20u64).map(|number| {
        let slot = slot.clone();
        async move {
            pass_ms(number * 20).await;
            slot.save().await
        }
    });
    let saves = join_all(saves).await;
    assert!(saves.iter().all(Result::is_ok));
    assert_eq!(world.store.count(Op::Save), 2);
}

#[tokio::test(start_paused = true)]
async fn a10_a_save_that_fails_fails_for_all_who_share_it_and_the_next_works() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.save_attempts = 1).await;
    let (_session, slot) = settled(&manager, 1).await.remove(0);
    for fault in [Fault::ErrorBefore, Fault::Panic] {
        world.store.inject(When::save().nth(1), fault);
        let saves = join_all((0..5).map(|_| slot.save())).await;
        assert!(saves.iter().all(Result::is_err), "{saves:?}");
        slot.save().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a10_a_save_is_requested_without_waiting_and_without_a_runtime() {
    let world = World::new();
    let manager = world.server("a").await;
    let mut events = manager.events();
    let (session, slot) = settled(&manager, 1).await.remove(0);
    slot.set("Currency", 1).unwrap();
    let requester = slot.clone();
    thread::spawn(move || requester.request_save().unwrap())
        .join()
        .unwrap();
    pass_ms(1).await;
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 1);

    world.store.inject(When::save(), Fault::ErrorBefore);
    slot.set("Currency", 2).unwrap();
    slot.request_save().unwrap();
    wait_for(&mut events, |event| {
        matches!(event, Event::SaveFailed { retry_in: None, .. })
    })
    .await;
    world.store.calm();
    pass_secs(31).await;
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 2);

    session.end().await.unwrap();
    assert!(matches!(
        slot.request_save(),
        Err(Error::SessionEnded { .. })
    ));
}

#[test]
fn a10_e8_without_its_runtime_a_save_is_refused_and_not_waited_for() {
    let new_runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().build().unwrap()
    };
    let runtime = new_runtime();
    let (_manager, _session, slot) = runtime.block_on(async {
        let manager = World::new().server("a").await;
        let (session, slot) = settled(&manager, 1).await.remove(0);
        (manager, session, slot)
    });
    slot.request_save().unwrap(); // nobody drives the runtime: it is queued
    drop(runtime);
    let other = new_runtime();
    for _ in 0..2 {
        assert!(matches!(slot.request_save(), Err(Error::RuntimeGone)));
        assert!(matches!(
            other.block_on(slot.save()),
            Err(Error::RuntimeGone)
        ));
    }
}
