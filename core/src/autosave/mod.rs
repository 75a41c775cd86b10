//! The autosave: one scheduler for all sessions.

mod wheel;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::FutureExt;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use self::wheel::Wheel;
use crate::{
    Error, GameDocument, SaveReason, Settings,
    manager::Shared,
    slot::{Saved, SlotState},
    store,
};

/// Where slots wait for their turn to be saved.
#[derive(Debug)]
pub(crate) struct Autosave<D> {
    wheel: Wheel<D>,
    next_turn: AtomicU64,
}

impl<D> Autosave<D> {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            wheel: Wheel::new(settings.autosave_interval),
            next_turn: AtomicU64::new(0),
        }
    }

    /// A turn for a slot that is being opened: they go round, so each turn
    /// gets the same number of slots (A8).
    pub(crate) fn assign_turn(&self) -> u64 {
        self.next_turn.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn insert(&self, slot: &Arc<SlotState<D>>) {
        self.wheel.insert(slot);
    }

    pub(crate) fn remove(&self, slot: &SlotState<D>) {
        self.wheel.remove(slot);
    }

    /// Queues a slot that has just been marked as queued.
    pub(crate) fn push(&self, slot: &Arc<SlotState<D>>) {
        self.wheel.push(slot);
    }

    /// Queues a slot unless it is queued already.
    pub(crate) fn enqueue(&self, slot: &Arc<SlotState<D>>) {
        if !std::mem::replace(&mut slot.live().queued, true) {
            self.wheel.push(slot);
        }
    }
}

/// One save to be made.
struct Job<D> {
    slot: Arc<SlotState<D>>,
    reason: SaveReason,
    /// Which attempt in a row it is, from 1.
    attempt: u32,
}

/// What became of a job.
struct Done<D> {
    job: Job<D>,
    result: Result<Saved, Error>,
}

/// The running autosave of one manager.
pub(crate) struct Scheduler<D: GameDocument> {
    shared: Arc<Shared<D>>,
    /// The turn that comes next.
    turn: usize,
    /// The cycle it belongs to, from 1.
    cycle: u32,
    /// Due, waiting for one of the `max_concurrent_saves`. A slot changes its
    /// place only by being saved, so this holds each slot twice at the most.
    due: VecDeque<Job<D>>,
    /// Failed, waiting for another attempt.
    retries: BTreeMap<(Instant, u64), Job<D>>,
    running: JoinSet<Done<D>>,
}

impl<D: GameDocument> Scheduler<D> {
    pub(crate) fn new(shared: Arc<Shared<D>>) -> Self {
        Self {
            shared,
            turn: 0,
            cycle: 1,
            due: VecDeque::new(),
            retries: BTreeMap::new(),
            running: JoinSet::new(),
        }
    }

    /// Runs until the manager stops. Saves under way are then finished.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let turns = u32::try_from(self.shared.autosave.wheel.len()).unwrap_or(u32::MAX);
        let mut clock = tokio::time::interval(self.shared.settings.autosave_interval / turns);
        // After a delay the missed turns are made up for at once: each takes
        // only what is due, and what is due is saved only so many at a time.
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        while !stop.is_cancelled() {
            self.fill();
            let retry_at = self.retries.first_key_value().map(|((at, _), _)| *at);
            tokio::select! {
                () = stop.cancelled() => break,
                _ = clock.tick() => self.take_turn(),
                Some(done) = self.running.join_next() => self.settle(done),
                () = sleep_until(retry_at) => self.take_retries(),
            }
        }
        while let Some(done) = self.running.join_next().await {
            self.settle(done);
        }
    }

    /// Starts what is due, as far as there is room (A4).
    fn fill(&mut self) {
        while self.running.len() < self.shared.settings.max_concurrent_saves {
            let Some(job) = self.due.pop_front() else {
                return;
            };
            let shared = Arc::clone(&self.shared);
            self.running.spawn(async move {
                // A panic of a document's own code must not take the slot out
                // of the schedule (A7).
                let save = shared.save_once(&job.slot, job.reason);
                let result = std::panic::AssertUnwindSafe(save).catch_unwind().await;
                let result = result.unwrap_or_else(|_| {
                    let player = job.slot.core.player.clone();
                    Err(Error::Panicked {
                        player,
                        during: "saving a slot",
                    })
                });
                Done { job, result }
            });
        }
    }

    fn take_turn(&mut self) {
        let every = self.shared.settings.force_save_every;
        let forced = every > 0 && self.cycle.is_multiple_of(every);
        let reason = if forced {
            SaveReason::Forced
        } else {
            SaveReason::Autosave
        };
        let slots = self.shared.autosave.wheel.take(self.turn, forced);
        self.due.extend(slots.into_iter().map(|slot| Job {
            slot,
            reason,
            attempt: 1,
        }));
        self.turn += 1;
        if self.turn == self.shared.autosave.wheel.len() {
            self.turn = 0;
            self.cycle = self.cycle.wrapping_add(1).max(1);
        }
    }

    fn take_retries(&mut self) {
        let now = Instant::now();
        while let Some(entry) = self.retries.first_entry() {
            if entry.key().0 > now {
                return;
            }
            self.due.push_back(entry.remove());
        }
    }

    fn settle(&mut self, done: Result<Done<D>, tokio::task::JoinError>) {
        let Done { mut job, result } = match done {
            Ok(done) => done,
            Err(error) => {
                tracing::error!(%error, "an autosave task was torn down");
                return;
            }
        };
        let Err(error) = result else { return };
        if matches!(
            error,
            Error::SessionLost { .. } | Error::SessionEnded { .. } | Error::SlotDeleted { .. }
        ) {
            return; // closed; whoever closed it has told so
        }
        let pause = self.pause_after(job.attempt).filter(|_| error.may_pass());
        self.shared
            .tell_save_failed(&job.slot, job.attempt, pause, &error);
        match pause {
            Some(pause) => {
                // Marked, so that a change meanwhile does not queue it twice.
                job.slot.live().queued = true;
                job.attempt += 1;
                let key = (Instant::now() + pause, job.slot.turn);
                self.retries.insert(key, job);
            }
            None => self.shared.autosave.enqueue(&job.slot),
        }
    }

    fn pause_after(&self, attempt: u32) -> Option<Duration> {
        store::pauses(&self.shared.settings).nth(attempt as usize - 1)
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
