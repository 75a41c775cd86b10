//! Game code that keeps a document holds up nobody but itself (A9).
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use playerdata_core::{Busy, Document, Error, Event, PlayerId, Slot};
use proptest::prelude::*;
use serde::{Serialize, Serializer};
use support::*;

/// A closure in a thread of its own that has changed its copy of the document
/// and does not return.
struct Kept {
    release: mpsc::Sender<()>,
    thread: thread::JoinHandle<Result<(), Error>>,
}

/// Returns once the closure runs.
fn keep(slot: &Slot, change: impl FnOnce(&mut Document) + Send + 'static) -> Kept {
    let (begin, began) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let slot = slot.clone();
    let thread = thread::spawn(move || {
        slot.modify(|document| {
            change(document);
            begin.send(()).unwrap();
            released.recv().unwrap();
        })
    });
    began.recv().unwrap();
    Kept { release, thread }
}

impl Kept {
    /// Lets the closure return.
    fn release(self) -> Result<(), Error> {
        self.release.send(()).unwrap();
        self.thread.join().unwrap()
    }
}

fn is_busy(error: &Error, why: Busy) -> bool {
    matches!(error, Error::SlotBusy { busy, .. } if *busy == why)
}

#[tokio::test(start_paused = true)]
async fn a9_while_a_closure_keeps_a_document_everybody_else_is_saved() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.force_save_every = 1).await;
    let all = settled(&manager, 10).await;
    let kept = &all[0].1;
    kept.set("Level", 2).unwrap();
    let closure = keep(kept, |document| document.set("Level", 3).unwrap());
    for (_, slot) in &all[1..] {
        slot.set("Currency", 1).unwrap();
    }
    pass_secs(61).await;
    assert!(all.iter().all(|(_, slot)| !slot.is_unsaved()));
    assert_eq!(
        world.stored(&player(0), "Slot1").await["Level"],
        2,
        "saved as it was before the closure"
    );
    closure.release().unwrap();
    assert!(kept.is_unsaved());
    pass_secs(31).await;
    assert_eq!(world.stored(&player(0), "Slot1").await["Level"], 3);
}

#[tokio::test(start_paused = true)]
async fn a9_a_closure_that_never_returns_holds_up_no_end_and_no_shutdown() {
    let world = World::new();
    let manager = world.server("a").await;
    let all = settled(&manager, 5).await;
    for (_, slot) in &all {
        slot.set("Level", 2).unwrap();
    }
    let closures: Vec<_> = all[..2]
        .iter()
        .map(|(_, slot)| keep(slot, |document| document.set("Level", 3).unwrap()))
        .collect();
    all[0].0.end().await.unwrap();
    let report = manager.shutdown(Duration::from_secs(3)).await;
    assert!(report.is_complete(), "{report:?}");
    for closure in closures {
        let refused = closure.release().unwrap_err();
        assert!(matches!(refused, Error::SessionEnded { .. }), "{refused}");
    }
    for number in 0..5 {
        assert_eq!(world.stored(&player(number), "Slot1").await["Level"], 2);
    }
    assert_eq!(all[0].1.get::<u64>("Level").unwrap(), 2, "and in memory");
}

#[tokio::test(start_paused = true)]
async fn a9_an_event_names_a_document_that_is_kept_for_longer_than_a_heartbeat() {
    let world = World::new();
    let manager = world.server("a").await;
    let mut events = manager.events();
    let all = settled(&manager, 2).await;
    let named = |events: &mut _| -> Vec<PlayerId> {
        let events = drain(events).into_iter();
        let named = events.filter_map(|event| match event {
            Event::DocumentKept {
                player,
                during: "modify",
                kept_for,
                ..
            } if kept_for >= Duration::from_secs(5) => Some(player),
            _ => None,
        });
        named.collect()
    };
    pass_ms(100).await; // not at the same time as a heartbeat
    let short = keep(&all[0].1, |_| {});
    let long = keep(&all[1].1, |_| {});
    pass_secs(4).await;
    short.release().unwrap();
    assert_eq!(named(&mut events), []);
    pass_secs(7).await;
    assert_eq!(named(&mut events), [player(1)]);
    pass_secs(60).await;
    assert_eq!(named(&mut events), [], "once is enough");
    long.release().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a9_a_slot_is_not_changed_but_read_from_within_its_own_closure() {
    let world = World::new();
    let manager = world.server("a").await;
    let (_session, slot) = settled(&manager, 1).await.remove(0);
    let reentrant = |result: Result<(), Error>| {
        let error = result.unwrap_err();
        assert!(is_busy(&error, Busy::Reentrant), "{error}");
        assert!(!error.is_transient());
    };
    slot.modify(|document| {
        document.set("Currency", 7).unwrap();
        assert_eq!(slot.get::<u64>("Currency").unwrap(), 500, "as before");
        assert!(slot.at_least("Currency", 500));
        reentrant(slot.set("Currency", 8));
        reentrant(slot.modify(|_| ()));
        reentrant(slot.clear_inventory());
        reentrant(slot.add_item("Bread", 1).map(drop));
    })
    .unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 7);
    slot.set("Currency", 9).unwrap();
}

/// Touches its slot when it is encoded.
struct Nosy<'a>(&'a Slot);

impl Serialize for Nosy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.set("Level", 9).unwrap();
        serializer.serialize_u64(self.0.get("Currency").unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn a9_a_value_that_touches_its_slot_when_it_is_encoded_is_set_all_the_same() {
    let world = World::new();
    let manager = world.server("a").await;
    let (_session, slot) = settled(&manager, 1).await.remove(0);
    slot.set("CurrentXP", Nosy(&slot)).unwrap();
    slot.put_gift("one", Nosy(&slot)).unwrap();
    slot.edit_item("Bread", "Weight", Nosy(&slot)).unwrap();
    assert_eq!(slot.get::<u64>("CurrentXP").unwrap(), 500);
    assert_eq!(slot.get::<u64>("Level").unwrap(), 9);
}

#[tokio::test(start_paused = true)]
async fn a9_a_change_does_not_wait_for_a_closure_that_takes_long() {
    let world = World::new();
    let manager = world.server("a").await;
    let (_session, slot) = settled(&manager, 1).await.remove(0);
    let closure = keep(&slot, |document| document.set("Level", 3).unwrap());
    for _ in 0..2 {
        let error = slot.set("Currency", 1).unwrap_err();
        assert!(is_busy(&error, Busy::Kept), "{error}");
        assert!(error.is_transient());
    }
    assert_eq!(slot.get::<u64>("Level").unwrap(), 1);
    closure.release().unwrap();
    slot.set("Currency", 1).unwrap();
    assert_eq!(slot.get::<u64>("Level").unwrap(), 3);
}

#[tokio::test]
async fn a9_of_two_threads_that_nest_two_slots_the_other_way_round_one_is_refused() {
    let world = World::new();
    let manager = world.server("a").await;
    let all = settled(&manager, 2).await;
    let both = Arc::new(Barrier::new(2));
    let threads = [(0, 1), (1, 0)].map(|(outer, inner)| {
        let (outer, inner) = (all[outer].1.clone(), all[inner].1.clone());
        let both = Arc::clone(&both);
        thread::spawn(move || {
            outer.try_modify(|document| {
                both.wait();
                inner.increment("Currency", 1)?;
                document.set("Level", 2).unwrap();
                Ok::<_, Error>(())
            })
        })
    });
    let results = threads.map(|thread| thread.join().unwrap());
    let refused: Vec<_> = results.iter().filter_map(|r| r.as_ref().err()).collect();
    assert!(
        matches!(refused[..], [error] if is_busy(error, Busy::Deadlock)),
        "{results:?}"
    );
    let sum = |key| -> u64 { all.iter().map(|(_, s)| s.get::<u64>(key).unwrap()).sum() };
    assert_eq!((sum("Currency"), sum("Level")), (1_001, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_short_changes_from_all_sides_are_all_made() {
    let world = World::new();
    let manager = world.server("a").await;
    let (_session, slot) = settled(&manager, 1).await.remove(0);
    let change = |slot: &Slot| {
        for _ in 0..300 {
            slot.increment("Currency", 1).unwrap();
            slot.modify(|document| document.increment("Currency", 1).map(drop))
                .unwrap()
                .unwrap();
        }
    };
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let slot = slot.clone();
            thread::spawn(move || change(&slot))
        })
        .collect();
    let tasks = (0..3).map(|_| {
        let slot = slot.clone();
        tokio::spawn(async move { change(&slot) })
    });
    futures::future::try_join_all(tasks).await.unwrap();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 500 + 6 * 300 * 2);
}

/// Increments each slot of the chain from within a closure of the one before,
/// and counts what was accepted.
fn nest(slots: &[Slot], counts: &[AtomicU64], chain: &[usize]) -> Result<(), Error> {
    let Some((&first, rest)) = chain.split_first() else {
        return Ok(());
    };
    let changed = slots[first].modify(|document| {
        // What is refused further in is not a reason to give this one up.
        let _ = nest(slots, counts, rest);
        document.increment("Currency", 1).map(drop)
    });
    match changed {
        Ok(incremented) => {
            incremented.unwrap();
            counts[first].fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
        Err(error @ Error::SlotBusy { .. }) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

const SLOTS: usize = 3;

/// What each of some threads does, one chain of slots after the other.
fn scripts() -> impl Strategy<Value = Vec<Vec<Vec<usize>>>> {
    let chain = prop::collection::vec(0..SLOTS, 1..4);
    prop::collection::vec(prop::collection::vec(chain, 1..12), 2..4)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn a9_no_nesting_of_slots_over_threads_is_a_deadlock_or_loses_a_change(scripts in scripts()) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap();
        let manager = runtime.block_on(async {
            let settings = |s: &mut playerdata_core::Settings| {
                s.autosave_interval = Duration::from_millis(20);
                s.force_save_every = 1;
            };
            World::new().server_with("a", settings).await
        });
        let all = runtime.block_on(settled(&manager, SLOTS as u64));
        let slots: Arc<[Slot]> = all.iter().map(|(_, slot)| slot.clone()).collect();
        let counts: Arc<[AtomicU64]> = (0..SLOTS).map(|_| AtomicU64::new(0)).collect();
        let (tell, done) = mpsc::channel();
        let threads = scripts.len();
        for script in scripts {
            let (slots, counts, tell) = (Arc::clone(&slots), Arc::clone(&counts), tell.clone());
            thread::spawn(move || {
                for chain in &script {
                    let _ = nest(&slots, &counts, chain);
                }
                tell.send(()).unwrap();
            });
        }
        for _ in 0..threads {
            done.recv_timeout(Duration::from_secs(60)).expect("a deadlock");
        }
        for (slot, count) in slots.iter().zip(&*counts) {
            let made = count.load(Ordering::Relaxed);
            prop_assert_eq!(slot.get::<u64>("Currency").unwrap(), 500 + made);
        }
        let report = runtime.block_on(manager.shutdown(Duration::from_secs(60)));
        prop_assert!(report.is_complete());
    }
}
