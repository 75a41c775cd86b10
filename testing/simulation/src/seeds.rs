//! Many runs, some at the same time.

use std::{
    ops::Range,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use parking_lot::Mutex;

use crate::{Failure, Report, Simulation};

/// Runs the simulation of each seed, on as many threads as there are
/// processors, and reports each that passed to `done`.
///
/// # Errors
///
/// The failure of the least seed among those that failed before all threads
/// had stopped.
pub fn run_seeds(
    seeds: Range<u64>,
    simulation: impl Fn(u64) -> Simulation + Sync,
    done: impl Fn(&Report) + Sync,
) -> Result<(), Failure> {
    let next = AtomicU64::new(seeds.start);
    let failed = AtomicBool::new(false);
    let failures = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    match simulation(seed).run() {
                        Ok(report) => done(&report),
                        Err(failure) => {
                            failures.lock().push(failure);
                            failed.store(true, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    let first = failures
        .into_inner()
        .into_iter()
        .min_by_key(|failure| failure.seed);
    first.map_or(Ok(()), Err)
}
