//! The game: a thread that changes documents at a steady rate, as game code
//! does, and notes how long each `set` holds it up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use hdrhistogram::Histogram;
use playerdata_core::{Document, Slot};
use tokio::{
    runtime::Builder,
    time::{MissedTickBehavior, interval},
};

use super::timed::histogram;
use crate::timing::Stopwatch;

/// Twenty ticks a second, as many games have.
const TICK: Duration = Duration::from_millis(50);

/// About as long as a `set` of a document that was left alone.
const EMPTY_LOOP: Duration = Duration::from_micros(2);

/// A game that runs on a thread of its own.
#[derive(Debug)]
pub(super) struct Game {
    counts: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Played>,
}

/// What the game saw while it counted.
#[derive(Debug)]
pub(super) struct Played {
    /// Nanoseconds of each `set`.
    pub(super) nanos: Histogram<u64>,
    /// Nanoseconds of as many empty loops, of which each is over after
    /// [`EMPTY_LOOP`]: the rest is the operating system's.
    pub(super) empty: Histogram<u64>,
    /// How many were refused.
    pub(super) refused: u64,
}

impl Game {
    /// Starts to change each of these documents once in `every`, on average.
    /// It does not count yet.
    pub(super) fn start(slots: Vec<Slot<Document>>, every: Duration) -> Self {
        let [counts, stop] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let (counting, stopped) = (Arc::clone(&counts), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_time().build();
            let runtime = runtime.expect("the system has room for a runtime");
            runtime.block_on(play(&slots, every, &counting, &stopped))
        });
        Self {
            counts,
            stop,
            thread,
        }
    }

    /// From now on it counts.
    pub(super) fn count(&self) {
        self.counts.store(true, Ordering::Relaxed);
    }

    /// Ends it.
    pub(super) fn end(self) -> Played {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the game does not panic")
    }
}

async fn play(
    slots: &[Slot<Document>],
    every: Duration,
    counting: &AtomicBool,
    stopped: &AtomicBool,
) -> Played {
    let mut played = Played {
        nanos: histogram(),
        empty: histogram(),
        refused: 0,
    };
    let mut random = fastrand::Rng::with_seed(4_711);
    let each_tick = slots.len() as f64 * TICK.as_secs_f64() / every.as_secs_f64();
    let mut due = 0.0;
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while !stopped.load(Ordering::Relaxed) {
        ticks.tick().await;
        due += each_tick;
        while due >= 1.0 {
            due -= 1.0;
            let slot = &slots[random.usize(..slots.len())];
            // Of different lengths: a store may skip what stays as long.
            let digits = random.u32(1..10);
            let value = random.u64(..10_u64.pow(digits));
            let watch = Stopwatch::start();
            let set = slot.set("Currency", value);
            let took = watch.elapsed();
            let empty = loop_for(EMPTY_LOOP);
            if counting.load(Ordering::Relaxed) {
                played.nanos.saturating_record(nanos(took));
                played.empty.saturating_record(nanos(empty));
                played.refused += u64::from(set.is_err());
            }
        }
    }
    played
}

/// Does nothing for so long; returns how long that was in the end.
fn loop_for(time: Duration) -> Duration {
    let watch = Stopwatch::start();
    loop {
        let took = watch.elapsed();
        if took >= time {
            return took;
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
