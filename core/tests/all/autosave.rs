//! The autosave: what is written when, and that nothing stops it.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use playerdata_core::{PlayerId, SessionManager, Settings};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};
use support::*;
use tokio::runtime::Handle;

/// Settings under which all that changed is due at once.
fn one_turn() -> Settings {
    let mut settings = Settings::default();
    settings.autosave_interval = Duration::from_millis(20);
    settings.force_save_every = 0;
    settings
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
    world.store.record_calls();
    pass_secs(30).await;
    let calls = world.store.calls();
    let mut written: Vec<_> = calls.iter().filter(|c| c.operation == Op::Save).collect();
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
    // 1 000 in 256 turns are 4 each, and up to 16 are saved together.
    assert!(per_turn.len() > 50, "in {} turns only", per_turn.len());
    assert!(
        per_turn.values().all(|writes| *writes <= 16),
        "{per_turn:?}"
    );

    world.store.record_calls();
    pass_secs(60).await; // the forced cycle, the fourth, is the last of these
    let forced = world.store.count(Op::Save);
    assert_eq!(
        forced, 10_000,
        "each of them in the forced cycle, and nothing in the other"
    );
}

#[tokio::test(start_paused = true)]
async fn a8_few_changed_slots_are_saved_together_up_to_a_sixteenth_of_the_interval_early() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.force_save_every = 0).await;
    let all = settled(&manager, 256).await;
    pass_secs(61).await; // nothing of their beginning is left
    world.store.record_calls();
    for _ in 0..125 {
        for (_, slot) in all.iter().step_by(8) {
            slot.increment("Currency", 1).unwrap();
        }
        pass_secs(1).await;
    }
    let calls = world.store.calls();
    let saves: Vec<_> = calls.iter().filter(|c| c.operation == Op::Save).collect();
    let mut last = HashMap::new();
    for save in &saves {
        if let Some(before) = last.insert(&save.player, save.at) {
            let pause = (save.at - before).as_millis();
            assert!((27_900..=32_100).contains(&pause), "after {pause} ms");
        }
    }
    assert_eq!(last.len(), 32, "all that changed are saved");
    let mut times: Vec<_> = saves.iter().map(|save| save.at).collect();
    times.dedup();
    // Three of them, eight turns apart, are within a sixteenth of the interval.
    assert_eq!(times.len(), saves.len().div_ceil(3), "in threes");
}

#[tokio::test(start_paused = true)]
async fn a1_idle_sessions_cost_no_calls() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.force_save_every = 0).await;
    let _all = settled(&manager, 100).await;
    pass_secs(31).await;
    world.store.record_calls();
    pass_secs(600).await;
    assert_eq!(world.calls_about_players(), 0);
    let beats = world.store.count(Op::RenewLease);
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
    world.store.record_calls();
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
        .inject(When::save().nth(1), Fault::delay(Duration::from_secs(2)));
    slot.set("Currency", 1).unwrap();
    world.store.record_calls();
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
async fn a5_a_skipped_top_level_key_alone_saves_nothing_and_every_save_contains_it() {
    let world = World::new();
    let settings = |s: &mut playerdata_core::Settings| {
        s.skip_keys = vec!["CurrentXP".to_owned(), "Nordraxia".to_owned()];
        s.force_save_every = 0;
    };
    let manager = world.server_with("a", settings).await;
    let all = settled(&manager, 1).await;
    let slot = &all[0].1;
    world.store.record_calls();
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
        world.store.record_calls();
        pass_secs(61).await;
        assert_eq!(world.store.count(Op::Save), saves, "every {every} cycles");
    }
}

#[tokio::test(start_paused = true)]
async fn a6_a_forced_cycle_that_a_stall_slept_through_is_made_up_for() {
    let world = World::new();
    let manager = world.server("a").await;
    let all = settled(&manager, 20).await;
    pass_secs(65).await; // the third of the four cycles until the forced one
    all[0].1.set("Currency", 1).unwrap();
    world.store.record_calls();
    // The fourth cycle is from 90 s to 120 s.
    tokio::time::advance(Duration::from_secs(120)).await;
    pass_secs(5).await;
    assert_eq!(world.store.count(Op::Save), 20, "each once");
    pass_secs(45).await; // to 235 s, through the next forced cycle
    assert!(world.store.count(Op::Save) >= 35, "and it goes on");
}

#[tokio::test(start_paused = true)]
async fn a1_a_short_interval_goes_on_for_longer_than_2_to_the_32_cycles() {
    let world = World::new();
    let settings = |s: &mut Settings| {
        s.autosave_interval = Duration::from_millis(1);
        s.force_save_every = 0;
    };
    let manager = world.server_with("a", settings).await;
    let all = settled(&manager, 1).await;
    tokio::time::advance(Duration::from_hours(24 * 60)).await;
    pass_ms(5).await; // until the heartbeat has run, no change is taken (E8)
    for number in 1..4 {
        all[0].1.set("Currency", number).unwrap();
        pass_ms(5).await;
        assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], number);
    }
}

#[tokio::test(start_paused = true)]
async fn a6_a_closed_slot_is_in_no_cycle() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.force_save_every = 1).await;
    let all = settled(&manager, 3).await;
    all[0].0.end().await.unwrap();
    all[1].0.delete_slot("Slot1").await.unwrap();
    world.store.record_calls();
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

/// A document that has something done when it is encoded.
#[derive(Clone, Deserialize)]
struct Watched {
    number: u64,
    #[serde(skip)]
    look: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Serialize for Watched {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(look) = &self.look {
            look();
        }
        let mut fields = serializer.serialize_struct("Watched", 1)?;
        fields.serialize_field("number", &self.number)?;
        fields.end()
    }
}

async fn watched(
    world: &World,
    settings: Settings,
    look: impl Fn() + Send + Sync + 'static,
) -> SessionManager<Watched> {
    let look: Arc<dyn Fn() + Send + Sync> = Arc::new(look);
    let defaults = move |_: &PlayerId| Watched {
        number: 0,
        look: Some(Arc::clone(&look)),
    };
    SessionManager::typed(world.store.clone(), defaults)
        .clock(world.clock.clone())
        .settings(settings)
        .start()
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a4_saves_that_the_store_answers_at_once_take_no_task_each() {
    let world = World::new();
    let most_tasks = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most_tasks);
    let manager = watched(&world, one_turn(), move || {
        let tasks = Handle::current().metrics().num_alive_tasks();
        seen.fetch_max(tasks, Ordering::Relaxed);
    })
    .await;
    let mut all = Vec::new();
    for number in 0..100 {
        let session = manager.start_session(number).await.unwrap();
        let slot = session.load_slot("Slot1").await.unwrap();
        all.push((session, slot));
    }
    pass_secs(1).await;
    most_tasks.store(0, Ordering::Relaxed);
    for (_, slot) in &all {
        slot.modify(|document| document.number = 1).unwrap();
    }
    pass_secs(1).await;
    assert!(all.iter().all(|(_, slot)| !slot.is_unsaved()));
    let most = most_tasks.load(Ordering::Relaxed);
    assert_eq!(
        most, 5,
        "autosave, heartbeat, background, errands and hazards are all there is"
    );
}

/// Where two wait for each other, a little.
#[derive(Default)]
struct Meeting {
    waiting: Mutex<usize>,
    both: Condvar,
}

impl Meeting {
    /// Returns whether two were here at the same time, now or before.
    fn attend(&self) -> bool {
        let mut waiting = self.waiting.lock().unwrap();
        *waiting += 1;
        self.both.notify_all();
        let limit = Duration::from_millis(50);
        let waited = self
            .both
            .wait_timeout_while(waiting, limit, |waiting| *waiting < 2);
        let (mut waiting, result) = waited.unwrap();
        if result.timed_out() {
            *waiting -= 1; // whoever met stays, so that the other sees it
        }
        !result.timed_out()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_many_saves_that_are_due_are_made_on_all_threads_of_the_runtime() {
    let world = World::new();
    let meeting = Meeting::default();
    let (tell, mut met) = tokio::sync::watch::channel(false);
    let mut settings = one_turn();
    settings.force_save_every = 1; // all are due at once
    let manager = watched(&world, settings, move || {
        let _ = tell.send(meeting.attend());
    })
    .await;
    let mut sessions = Vec::new();
    for number in 0..100 {
        let session = manager.start_session(number).await.unwrap();
        session.load_slot("Slot1").await.unwrap();
        sessions.push(session);
    }
    let limit = Duration::from_secs(60);
    let met = tokio::time::timeout(limit, met.wait_for(|met| *met)).await;
    met.expect("one save after the other").unwrap();
}
