//! When the caller of a backend stops waiting.

use std::{cell::Cell, future::Future, time::Duration};

use tokio::time::Instant;

tokio::task_local! {
    static DEADLINE: Deadline;
}

/// When a call is given up. The clock is read when somebody wants to know,
/// which for a store that answers at once is nobody.
#[derive(Debug)]
pub(crate) struct Deadline {
    timeout: Duration,
    at: Cell<Option<Instant>>,
}

impl Deadline {
    /// This long after it is first asked for.
    pub(crate) const fn after(timeout: Duration) -> Self {
        Self {
            timeout,
            at: Cell::new(None),
        }
    }

    /// A time that is known.
    pub(crate) const fn at(at: Instant) -> Self {
        Self {
            timeout: Duration::ZERO,
            at: Cell::new(Some(at)),
        }
    }

    fn get(&self) -> Instant {
        let at = self
            .at
            .get()
            .unwrap_or_else(|| Instant::now() + self.timeout);
        self.at.set(Some(at));
        at
    }
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
    DEADLINE.try_with(Deadline::get).ok()
}

/// Runs a call of a backend that is given up at `deadline`.
pub(crate) fn within<F: Future>(deadline: Deadline, call: F) -> impl Future<Output = F::Output> {
    DEADLINE.scope(deadline, call)
}
