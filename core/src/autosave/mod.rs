//! The autosave: one scheduler for all sessions.

mod timetable;
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
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use self::{
    timetable::{Timetable, turns_of},
    wheel::Wheel,
};
use crate::{
    Error, GameDocument, SaveReason, Settings,
    manager::Shared,
    slot::{Next, Saved, SlotState},
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
            wheel: Wheel::new(turns_of(settings.autosave_interval) as usize),
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

    /// Queues a slot that was in no place of the autosave's until now.
    pub(crate) fn push(&self, slot: &Arc<SlotState<D>>) {
        self.wheel.push(slot);
    }

    /// Queues a slot unless it is queued already.
    pub(crate) fn enqueue(&self, slot: &Arc<SlotState<D>>) {
        if slot.touch() {
            self.wheel.push(slot);
        }
    }
}

/// One save to be made.
struct Job<D> {
    slot: Arc<SlotState<D>>,
    /// Which attempt in a row it is, from 1.
    attempt: u32,
}

impl<D> Job<D> {
    fn first(slot: Arc<SlotState<D>>) -> Self {
        Self { slot, attempt: 1 }
    }
}

/// What became of a job.
struct Done<D> {
    job: Job<D>,
    result: Result<Saved, Error>,
}

/// The running autosave of one manager.
///
/// It sleeps until the next turn that has work. With nothing changed there is
/// none but in the forced cycle: an idle session costs nothing (A1).
pub(crate) struct Scheduler<D: GameDocument> {
    shared: Arc<Shared<D>>,
    timetable: Timetable,
    /// Turns before this one are done with.
    next: u64,
    /// The turn that it sleeps until.
    planned: Option<u64>,
    /// Due, waiting for one of the `max_concurrent_saves`. A slot is in one
    /// place at a time, so that this holds each slot once at the most.
    due: VecDeque<Job<D>>,
    /// Failed, waiting for another attempt.
    retries: BTreeMap<(Instant, u64), Job<D>>,
    running: JoinSet<Done<D>>,
}

impl<D: GameDocument> Scheduler<D> {
    pub(crate) fn new(shared: Arc<Shared<D>>) -> Self {
        Self {
            timetable: Timetable::new(&shared.settings, Instant::now()),
            shared,
            next: 0,
            planned: None,
            due: VecDeque::new(),
            retries: BTreeMap::new(),
            running: JoinSet::new(),
        }
    }

    /// Runs until the manager stops. Saves under way are then finished.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let shared = Arc::clone(&self.shared);
        let wheel = &shared.autosave.wheel;
        while !stop.is_cancelled() {
            self.take_turns(wheel);
            let turn_at = self.planned.map(|turn| self.timetable.begin(turn));
            self.fill();
            let retry_at = self.retries.first_key_value().map(|((at, _), _)| *at);
            tokio::select! {
                () = stop.cancelled() => break,
                () = wheel.news() => {}
                () = sleep_until(turn_at) => {}
                Some(done) = self.running.join_next() => self.settle(done),
                () = sleep_until(retry_at) => self.take_retries(),
            }
        }
        while let Some(done) = self.running.join_next().await {
            self.settle(done);
        }
    }

    /// Takes what is due by now, and plans the turn that is due next.
    fn take_turns(&mut self, wheel: &Wheel<D>) {
        let current = self.timetable.current(Instant::now());
        if self.planned.is_none_or(|planned| planned > current) {
            // Turns up to now had nothing to do when they came. What changed
            // since is due when they come again, not all at once (A8).
            self.next = self.next.max(current + 1);
        }
        self.next = self.next.max(self.timetable.oldest_to_make_up_for(current));
        loop {
            self.planned = self.timetable.next_due(
                self.next,
                |turn| wheel.has_changed(turn),
                |turn| wheel.has_open(turn),
            );
            match self.planned {
                Some(turn) if turn <= current => {
                    self.take_turn(wheel, turn);
                    self.next = turn + 1;
                }
                _ => return,
            }
        }
    }

    fn take_turn(&mut self, wheel: &Wheel<D>, turn: u64) {
        let slots = wheel.take(turn, self.timetable.is_forced(turn));
        self.due.extend(slots.into_iter().map(Job::first));
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
                let save = shared.save_once(&job.slot, SaveReason::Autosave);
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
        match done {
            Ok(Done { job, result }) => match result {
                Ok(_) => self.let_go(job.slot),
                // Whoever closed it has told so. If it was just being opened
                // then, nobody has taken it out yet.
                Err(error) if error.closes_slot() => self.shared.autosave.remove(&job.slot),
                Err(error) => self.try_again(job, &error),
            },
            Err(error) => tracing::error!(%error, "an autosave task was torn down"),
        }
    }

    fn let_go(&mut self, slot: Arc<SlotState<D>>) {
        match slot.let_go() {
            Next::Rest => {}
            Next::Turn => self.shared.autosave.push(&slot),
            Next::Due => self.due.push_back(Job::first(slot)),
        }
    }

    /// With backoff, and after the last attempt in the next cycle (A3).
    fn try_again(&mut self, mut job: Job<D>, error: &Error) {
        let pause = self.pause_after(job.attempt).filter(|_| error.may_pass());
        self.shared
            .tell_save_failed(&job.slot, job.attempt, pause, error);
        match pause {
            Some(pause) => {
                job.attempt += 1;
                let key = (Instant::now() + pause, job.slot.turn);
                self.retries.insert(key, job);
            }
            None => self.shared.autosave.push(&job.slot),
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
