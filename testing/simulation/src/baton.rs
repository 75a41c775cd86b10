//! Who may run: the run's own thread, or the one for what blocks.
//!
//! A manager does on another thread what may wait for game code: it takes
//! parcels out of documents and puts letters in. Which of the two threads is
//! faster must not make a difference to a run. So only one of them goes on at a
//! time: the other one gets its turn when the run's thread has nothing to do.

use std::{sync::Arc, time::Duration};

use parking_lot::{Condvar, Mutex};
use tokio::runtime::{Builder, Runtime};

#[derive(Debug, Default)]
struct Baton {
    turn: Mutex<Turn>,
    passed_on: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Turn {
    /// One of the threads goes on.
    #[default]
    Taken,
    /// Whoever comes next goes on.
    Open,
    /// The run is over, and nobody waits any more.
    Over,
}

impl Baton {
    fn take(&self) {
        let mut turn = self.turn.lock();
        self.passed_on
            .wait_while(&mut turn, |turn| *turn == Turn::Taken);
        if *turn == Turn::Open {
            *turn = Turn::Taken;
        }
    }

    fn pass_on(&self) {
        let mut turn = self.turn.lock();
        if *turn == Turn::Taken {
            *turn = Turn::Open;
        }
        self.passed_on.notify_all();
    }

    fn end(&self) {
        *self.turn.lock() = Turn::Over;
        self.passed_on.notify_all();
    }
}

/// Runs everything of one run to its end, on virtual time.
pub(crate) fn run<T>(everything: impl Future<Output = T>) -> T {
    let baton = Arc::new(Baton::default());
    let runtime = runtime(&baton);
    let _ended = Ended(&baton); // before the runtime waits for its threads
    runtime.block_on(everything)
}

fn runtime(baton: &Arc<Baton>) -> Runtime {
    let hook = |act: fn(&Baton)| {
        let baton = Arc::clone(baton);
        move || act(&baton)
    };
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .on_thread_park(hook(Baton::pass_on))
        .on_thread_unpark(hook(Baton::take))
        // One thread for what blocks, which ends when it has nothing to do.
        .max_blocking_threads(1)
        .thread_keep_alive(Duration::ZERO)
        .on_thread_start(hook(Baton::take))
        .on_thread_stop(hook(Baton::pass_on))
        .build();
    runtime.expect("a runtime without I/O can always be made")
}

struct Ended<'a>(&'a Baton);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
