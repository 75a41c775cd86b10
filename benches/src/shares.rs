//! Work that is done with a given number of operations in flight.

use std::time::Duration;

use crate::timing::Stopwatch;

/// Deals things out to `in_flight` tasks, each of which does its `work` on its
/// share of them, and gathers the things again. `work` also has the number of
/// its share. Returns how long the work took.
///
/// # Panics
///
/// If a task does.
pub async fn work_in_shares<T, W>(
    things: Vec<T>,
    in_flight: usize,
    work: impl Fn(Vec<T>, usize) -> W,
) -> (Duration, Vec<T>)
where
    T: Send + 'static,
    W: Future<Output = Vec<T>> + Send + 'static,
{
    let mut shares: Vec<Vec<T>> = (0..in_flight).map(|_| Vec::new()).collect();
    for (at, thing) in things.into_iter().enumerate() {
        shares[at % in_flight].push(thing);
    }
    let watch = Stopwatch::start();
    let tasks: Vec<_> = shares
        .into_iter()
        .enumerate()
        .map(|(at, share)| tokio::spawn(work(share, at)))
        .collect();
    let mut things = Vec::new();
    for task in tasks {
        things.extend(task.await.expect("an operation failed"));
    }
    (watch.elapsed(), things)
}
