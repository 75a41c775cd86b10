//! Hooks that take long (A9), and changes made while one runs (A2).
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{
    collections::BTreeSet,
    sync::{Arc, Condvar, Mutex, OnceLock, mpsc},
    thread,
    time::Duration,
};

use playerdata_core::{Event, Events, PlayerId, SessionManager, Settings, Slot};
use support::*;

/// Where hooks of some players wait until they may go on.
#[derive(Default)]
struct Gate {
    shut_for: Mutex<BTreeSet<PlayerId>>,
    opened: Condvar,
}

impl Gate {
    fn shut(&self, players: impl IntoIterator<Item = PlayerId>) {
        self.shut_for.lock().unwrap().extend(players);
    }

    fn open(&self) {
        self.shut_for.lock().unwrap().clear();
        self.opened.notify_all();
    }

    fn pass(&self, player: &PlayerId) {
        let shut_for = self.shut_for.lock().unwrap();
        let passed = self
            .opened
            .wait_while(shut_for, |shut_for| shut_for.contains(player));
        drop(passed.unwrap());
    }
}

/// Short times, since these tests run on the real clock: threads that are
/// kept waiting keep a paused one from going on.
fn quick(max_concurrent_saves: usize) -> Settings {
    let mut settings = Settings::default();
    settings.autosave_interval = Duration::from_millis(20);
    settings.heartbeat_interval = Duration::from_millis(50);
    settings.force_save_every = 0;
    settings.max_concurrent_saves = max_concurrent_saves;
    settings
}

async fn saved(events: &mut Events, player: PlayerId) {
    let is = |event: &Event| matches!(event, Event::SlotSaved { player: p, .. } if *p == player);
    wait_for(events, is).await;
}

async fn kept(events: &mut Events, hook: &'static str) -> Event {
    let is = |event: &Event| matches!(event, Event::DocumentKept { during, .. } if *during == hook);
    wait_for(events, is).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a9_a_save_hook_that_takes_long_delays_its_own_slot_only() {
    let world = World::new();
    let gate = Arc::new(Gate::default());
    let in_hook = Arc::clone(&gate);
    let manager = world
        .builder("a")
        .settings(quick(1))
        .before_save(move |context, _| in_hook.pass(&context.player))
        .start()
        .await
        .unwrap();
    let all = settled(&manager, 3).await;
    let mut events = manager.events();
    gate.shut([player(0)]);
    all[0].1.set("Currency", 1).unwrap();
    let event = kept(&mut events, "before_save").await;
    assert!(matches!(event, Event::DocumentKept { player: p, .. } if p == player(0)));
    for (_, slot) in &all[1..] {
        slot.set("Currency", 2).unwrap();
        saved(&mut events, slot.player().clone()).await;
    }
    all[0].1.set("Level", 2).unwrap(); // no game code waits for a hook
    assert!(all[0].1.is_unsaved());
    all[1].0.end().await.unwrap();
    gate.open();
    saved(&mut events, player(0)).await;
    all[0].0.end().await.unwrap();
    let stored = world.stored(&player(0), "Slot1").await;
    assert_eq!(
        (&stored["Currency"], &stored["Level"]),
        (&1.into(), &2.into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a9_more_hooks_that_take_long_than_run_at_once_hold_up_nobody_else() {
    let world = World::new();
    let gate = Arc::new(Gate::default());
    let in_hook = Arc::clone(&gate);
    let manager = world
        .builder("a")
        .settings(quick(2))
        .before_save(move |context, _| in_hook.pass(&context.player))
        .start()
        .await
        .unwrap();
    let all = settled(&manager, 150).await;
    let mut events = manager.events();
    gate.shut((0..140).map(PlayerId::from));
    for (_, slot) in &all {
        slot.set("Currency", 1).unwrap();
    }
    let mut waiting: BTreeSet<_> = (140..150).map(PlayerId::from).collect();
    while !waiting.is_empty() {
        let is = |event: &Event| matches!(event, Event::SlotSaved { .. });
        if let Event::SlotSaved { player, .. } = wait_for(&mut events, is).await {
            waiting.remove(&player);
        }
    }
    gate.open();
    for (session, _) in &all {
        session.end().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a9_a_load_or_last_save_hook_that_takes_long_delays_its_own_session_only() {
    let world = World::new();
    let gate = Arc::new(Gate::default());
    let (in_load, in_end) = (Arc::clone(&gate), Arc::clone(&gate));
    let manager = world
        .builder("a")
        .settings(quick(1))
        .on_load(move |context, _| in_load.pass(&context.player))
        .before_last_save(move |context, _, _| in_end.pass(&context.player))
        .start()
        .await
        .unwrap();
    let mut events = manager.events();
    gate.shut([player(0)]);
    let slow = manager.start_session(0).await.unwrap();
    let slow = Arc::new(slow);
    let loading = Arc::clone(&slow);
    let load = tokio::spawn(async move { loading.load_slot("Slot1").await });
    kept(&mut events, "on_load").await;
    let other = manager.start_session(1).await.unwrap();
    let slot = other.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    gate.open();
    load.await.unwrap().unwrap();
    gate.shut([player(0)]);
    let ending = Arc::clone(&slow);
    let end = tokio::spawn(async move { ending.end().await });
    kept(&mut events, "before_last_save").await;
    other.end().await.unwrap();
    gate.open();
    end.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a2_a_change_made_during_a_hooks_last_run_is_written_by_the_next_autosave() {
    let world = World::new();
    let handle: Arc<OnceLock<Slot>> = Arc::default();
    let changes = Mutex::new(4); // as often as a hook runs for a save
    let in_hook = Arc::clone(&handle);
    let mut settings = Settings::default();
    settings.force_save_every = 0;
    let manager = world
        .builder("a")
        .settings(settings)
        .before_save(move |_, _| {
            let mut changes = changes.lock().unwrap();
            if let Some(slot) = in_hook.get()
                && *changes > 0
            {
                *changes -= 1;
                slot.increment("Currency", 1).unwrap();
            }
        })
        .start()
        .await
        .unwrap();
    let slot = settled(&manager, 1).await.remove(0);
    pass_secs(31).await;
    handle.set(slot.1.clone()).unwrap();
    slot.1.set("Level", 2).unwrap();
    pass_secs(30).await;
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 503);
    assert!(slot.1.is_unsaved());
    pass_secs(30).await;
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 504);
    assert!(!slot.1.is_unsaved());
}

#[tokio::test(start_paused = true)]
async fn a2_a_hook_does_not_get_in_the_way_of_a_closure_that_keeps_the_document() {
    let world = World::new();
    let manager = world
        .builder("a")
        .before_save(|_, document| document.set("Level", 9).unwrap())
        .start()
        .await
        .unwrap();
    let (_session, slot) = settled(&manager, 1).await.remove(0);
    slot.set("Level", 1).unwrap();
    let (begin, began) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let keeper = slot.clone();
    let closure = thread::spawn(move || {
        keeper.modify(|document| {
            begin.send(()).unwrap();
            released.recv().unwrap();
            document.set("Currency", 7).unwrap();
        })
    });
    began.recv().unwrap();
    slot.save().await.unwrap();
    assert_eq!(world.stored(&player(0), "Slot1").await["Level"], 9);
    release.send(()).unwrap();
    closure.join().unwrap().unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 7);
    pass_secs(31).await;
    let stored = world.stored(&player(0), "Slot1").await;
    assert_eq!(
        (&stored["Currency"], &stored["Level"]),
        (&7.into(), &9.into())
    );
    assert!(!slot.is_unsaved());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a9_a_last_save_hook_that_never_returns_holds_up_no_other_end_of_a_shutdown() {
    let world = World::new();
    let gate = Arc::new(Gate::default());
    let in_end = Arc::clone(&gate);
    let manager = world
        .builder("a")
        .settings(quick(1))
        .before_last_save(move |context, _, _| in_end.pass(&context.player))
        .start()
        .await
        .unwrap();
    let all = settled(&manager, 21).await;
    for (_, slot) in &all {
        slot.set("Currency", 7).unwrap();
    }
    let mut events = manager.events();
    gate.shut([player(0)]);
    let stuck = all[0].0.clone();
    let end = tokio::spawn(async move { stuck.end().await });
    kept(&mut events, "before_last_save").await;
    // One whose handles are all gone is ended in the background.
    let mut all = all;
    drop(all.pop());
    let is =
        |event: &Event| matches!(event, Event::SessionEnded { player: p, .. } if *p == player(20));
    wait_for(&mut events, is).await;
    let report = manager.shutdown(Duration::from_secs(3)).await;
    let unfinished: Vec<_> = report.unfinished.iter().map(|u| u.player.clone()).collect();
    assert_eq!((report.ended, unfinished), (19, vec![player(0)]));
    gate.open();
    end.await.unwrap().unwrap();
    for id in 0..21 {
        let stored = world.stored(&player(id), "Slot1").await;
        assert_eq!(stored["Currency"], 7);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a9_a_hook_that_shuts_the_manager_down_and_waits_for_it_ends_all_the_same() {
    let world = World::new();
    let own: Arc<OnceLock<SessionManager>> = Arc::default();
    let in_hook = Arc::clone(&own);
    let runtime = tokio::runtime::Handle::current();
    let manager = world
        .builder("a")
        .settings(quick(1))
        .before_last_save(move |_, _, document| {
            document.set("Level", 9).unwrap();
            let manager = in_hook.get().unwrap();
            // It can't end while this hook of its last session runs.
            let report = runtime.block_on(manager.shutdown(Duration::from_millis(50)));
            assert!(!report.is_complete());
        })
        .start()
        .await
        .unwrap();
    own.set(manager.clone()).unwrap();
    let all = settled(&manager, 3).await;
    all[0].0.end().await.unwrap();
    let report = manager.shutdown(Duration::MAX).await;
    assert!(report.is_complete(), "{report:?}");
    for id in 0..3 {
        assert_eq!(world.stored(&player(id), "Slot1").await["Level"], 9);
        assert!(!world.is_locked(&player(id)).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn e5_handles_dropped_in_a_closure_of_their_slot_leave_its_change_to_the_end() {
    let world = World::new();
    let manager = world.builder("a").settings(quick(1)).start().await.unwrap();
    let mut events = manager.events();
    let session = manager.start_session(0).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    let other = slot.clone();
    let changed = slot.modify(move |document| {
        drop((session, other));
        document.set("Level", 4).unwrap();
    });
    changed.unwrap();
    drop(slot);
    let is = |event: &Event| matches!(event, Event::SessionEnded { .. });
    wait_for(&mut events, is).await;
    assert_eq!(world.stored(&player(0), "Slot1").await["Level"], 4);
}
