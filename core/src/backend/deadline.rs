//! When the caller of a backend stops waiting.

use std::future::Future;

use tokio::time::Instant;

tokio::task_local! {
    static DEADLINE: Instant;
}

/// When the caller of the method that is running gives it up, by dropping its
/// future; `None` if no session manager calls, or nobody gives up.
///
/// A backend that waits, or tries again by itself, does so no longer than
/// this, less the time that an answer takes. An error that says what happened to
/// the operation then arrives in time, instead of a future that is dropped and
/// an operation in doubt. It is to be asked in the method itself: tasks that a
/// backend spawns don't know it.
#[must_use]
pub fn deadline() -> Option<Instant> {
    DEADLINE.try_with(|deadline| *deadline).ok()
}

/// Runs a call of a backend that is given up at `deadline`.
pub(crate) fn within<F: Future>(deadline: Instant, call: F) -> impl Future<Output = F::Output> {
    DEADLINE.scope(deadline, call)
}
