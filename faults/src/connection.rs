//! One server's connection to the store, with all its calls.

use std::time::Duration;

use tokio::{
    sync::watch,
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

/// What became of a request or an answer on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    Passed,
    Lost,
    /// The server is no more.
    Cut,
}

#[derive(Debug)]
pub(crate) struct Connection(watch::Sender<State>);

impl Connection {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(State::default()))
    }

    pub(crate) fn is_clear(&self) -> bool {
        let state = *self.0.borrow();
        !state.cut && !is_ahead(state.paused_until) && !is_ahead(state.partitioned_until)
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.0.borrow().cut
    }

    pub(crate) fn partition_for(&self, time: Duration) {
        let until = Instant::now() + time;
        self.0.send_modify(|state| {
            state.partitioned_until = state.partitioned_until.max(Some(until));
        });
    }

    pub(crate) fn pause_for(&self, time: Duration) {
        let until = Instant::now() + time;
        self.0
            .send_modify(|state| state.paused_until = state.paused_until.max(Some(until)));
    }

    pub(crate) fn clear(&self) {
        self.0.send_modify(|state| {
            state.paused_until = None;
            state.partitioned_until = None;
        });
    }

    pub(crate) fn cut(&self) {
        self.0.send_modify(|state| state.cut = true);
    }

    /// Waits for the end of a pause, and says whether what is on its way gets
    /// through then.
    pub(crate) async fn pass(&self) -> Passage {
        let mut changes = self.0.subscribe();
        loop {
            let state = *changes.borrow_and_update();
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
                _ = changes.changed() => {}
                () = sleep_until(until) => {}
            }
        }
    }
}

fn is_ahead(time: Option<Instant>) -> bool {
    time.is_some_and(|time| Instant::now() < time)
}
