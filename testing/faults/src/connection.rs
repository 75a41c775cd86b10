//! One server's connection to the store, with all its calls.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// Whether requests and answers pass.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Held until then.
    paused_until: Option<Instant>,
    /// Lost until then.
    partitioned_until: Option<Instant>,
    /// Lost for ever.
    cut: bool,
}

/// What happens to a request or an answer on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    Passed,
    Lost,
    /// The server is gone.
    Cut,
}

/// Those who wait are woken in the order in which they came, so that a test
/// repeats itself; a `watch` channel would wake them in any.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    state: Mutex<State>,
    changed: Notify,
}

impl Connection {
    pub(crate) fn is_clear(&self) -> bool {
        let state = self.state();
        !state.cut && !is_ahead(state.paused_until) && !is_ahead(state.partitioned_until)
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.state().cut
    }

    pub(crate) fn partition_for(&self, time: Duration) {
        let until = Some(Instant::now() + time);
        self.change(|state| state.partitioned_until = state.partitioned_until.max(until));
    }

    pub(crate) fn pause_for(&self, time: Duration) {
        let until = Some(Instant::now() + time);
        self.change(|state| state.paused_until = state.paused_until.max(until));
    }

    pub(crate) fn clear(&self) {
        self.change(|state| {
            state.paused_until = None;
            state.partitioned_until = None;
        });
    }

    pub(crate) fn cut(&self) {
        self.change(|state| state.cut = true);
    }

    fn state(&self) -> State {
        *self.state.lock()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock());
        self.changed.notify_waiters();
    }

    /// Waits for the end of a pause, and says whether what is on its way gets
    /// through then.
    pub(crate) async fn pass(&self) -> Passage {
        loop {
            // Made before the look at the state: no change after it is missed.
            let changed = self.changed.notified();
            let state = self.state();
            if state.cut {
                return Passage::Cut;
            }
            if is_ahead(state.partitioned_until) {
                return Passage::Lost;
            }
            let Some(until) = state.paused_until.filter(|until| is_ahead(Some(*until))) else {
                return Passage::Passed;
            };
            tokio::select! {
                biased; // the order is always the same
                () = changed => {}
                () = sleep_until(until) => {}
            }
        }
    }
}

fn is_ahead(time: Option<Instant>) -> bool {
    time.is_some_and(|time| Instant::now() < time)
}
