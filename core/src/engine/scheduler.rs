//! The autosave at work: a scheduler, which says when what is saved, and the
//! workers, which save it.
//!
//! In: the time, and what the wheel has for it. Out: a call of `save_once` for
//! each slot that is due (`engine/save.rs`), and its place in the wheel or the
//! queue after that.

use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use futures::{
    FutureExt,
    future::{Fuse, FusedFuture},
};
use tokio::{
    task::{JoinSet, coop::consume_budget},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::{
    Error, GameDocument, SaveReason,
    autosave::{HookUnderWay, Job, Timetable, Wheel, Work},
    backend::pauses,
    fetch, metrics,
    state::{Next, Saved, SlotState},
};

/// So many saves that are due are worth a lane on another thread, even if the
/// store keeps none of them waiting.
const WORTH_A_LANE: usize = 16;

/// The running autosave of one manager.
///
/// It sleeps until the next turn that has work. With nothing changed there is
/// none but in the forced cycle: an idle session costs nothing (A1).
///
/// Saves are made in lanes, each of them one after another. The first is part
/// of the scheduler's own task, which is all it takes as long as the store
/// answers at once. When a save has to wait, what is due gets further lanes,
/// up to `max_concurrent_saves` (A4).
pub(crate) struct Scheduler<D: GameDocument> {
    shared: Arc<Engine<D>>,
    timetable: Timetable,
    /// Turns before this one are done with.
    next: u64,
    /// The turn that it sleeps until.
    planned: Option<u64>,
    work: Arc<Work<D>>,
    /// All lanes but the first.
    lanes: JoinSet<()>,
    /// That the runtime has for tasks.
    threads: usize,
}

impl<D: GameDocument> Scheduler<D> {
    pub(crate) fn new(shared: Arc<Engine<D>>) -> Self {
        Self {
            timetable: Timetable::new(&shared.settings, Instant::now()),
            threads: shared.runtime.metrics().num_workers(),
            work: Arc::new(Work::new(shared.settings.max_concurrent_saves)),
            shared,
            next: 0,
            planned: None,
            lanes: JoinSet::new(),
        }
    }

    /// Runs until the manager stops. Saves under way are then finished.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let (shared, work) = (Arc::clone(&self.shared), Arc::clone(&self.work));
        let wheel = &shared.autosave;
        let mut stopped = pin!(stop.cancelled());
        let mut first_lane = pin!(Fuse::terminated());
        while !stop.is_cancelled() {
            self.take_turns(wheel);
            let (due, waiting) = work.due_and_waiting();
            metrics::autosave_queue(due);
            if due > 0 && first_lane.is_terminated() {
                first_lane.set(run_worker(&shared, &work).fuse());
            }
            self.add_lanes(due, waiting);
            let turn_at = self.planned.and_then(|turn| self.timetable.begin(turn));
            let retry_at = work.next_retry();
            tokio::select! {
                // In a fixed order, so that a simulation repeats itself. No
                // branch waits for another: the last ones only wake the loop.
                biased;
                () = &mut stopped => break,
                () = sleep_until(retry_at) => work.take_retries(Instant::now()),
                Some(ended) = self.lanes.join_next() => note_ended(ended),
                () = &mut first_lane, if !first_lane.is_terminated() => {}
                () = sleep_until(turn_at) => {}
                () = wheel.news() => {}
                () = work.news() => {}
            }
        }
        work.close();
        if !first_lane.is_terminated() {
            first_lane.await;
        }
        while let Some(ended) = self.lanes.join_next().await {
            note_ended(ended);
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
        let oldest = self.timetable.oldest_to_make_up_for(current);
        // After a stall longer than a cycle, each slot is due once; and it is
        // due for certain if a forced cycle was slept through (A6).
        for turn in self.timetable.skipped_forced_turns(self.next, oldest) {
            self.take_turn(wheel, turn);
        }
        self.next = self.next.max(oldest);
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
        fetch::all(&slots, |slot| slot.fetch());
        self.work.push(slots);
    }

    /// Begins lanes for what is due: one for each if saves have to wait (A4),
    /// otherwise enough to use every thread.
    fn add_lanes(&mut self, due: usize, waiting: usize) {
        let running = self.lanes.len() + 1; // with the first
        let wanted = if waiting > 0 {
            due
        } else if self.threads > 1 {
            // The last task that a thread begins stays with it: so one more
            // than there are other threads.
            (due / WORTH_A_LANE).min(self.threads.saturating_sub(self.lanes.len()))
        } else {
            0
        };
        let max = self.shared.settings.max_concurrent_saves;
        for _ in 0..wanted.min(max.saturating_sub(running)) {
            let (shared, work) = (Arc::clone(&self.shared), Arc::clone(&self.work));
            let lane = async move { run_worker(&shared, &work).await };
            self.lanes.spawn(lane);
        }
        self.work.set_room(self.lanes.len() + 1 < max);
    }
}

fn note_ended(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a lane of the autosave was torn down");
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// What is caught of a panic. It has gone to the panic hook.
type Panic = Box<dyn Any + Send>;

/// A hook that takes longer than this counts no more among those that run at
/// the same time.
const SHORT: Duration = Duration::from_millis(100);

/// Makes the saves that are due until none is left.
///
/// As many lanes as there are make as many saves at the same time. A save that
/// the store answers at once costs no task of its own. One that a hook runs
/// for has one: it may take as long as the hook likes, and no lane waits (A9).
async fn run_worker<D: GameDocument>(shared: &Arc<Engine<D>>, work: &Arc<Work<D>>) {
    while let Some(job) = work.next() {
        if job.slot.is_refused() {
            // It keeps its place, and what it is there for.
            shared.autosave.push(&job.slot);
        } else if shared.hooks.before_save.is_some() {
            set_aside(shared, work, job);
        } else {
            let save = shared.save_once(&job.slot, SaveReason::Autosave);
            let save = counting_wait(AssertUnwindSafe(save).catch_unwind(), work);
            let result = save.await;
            settle(shared, work, job, result);
        }
        consume_budget().await; // others have to run too
    }
}

/// Makes a save with a hook in a task of its own.
fn set_aside<D: GameDocument>(shared: &Arc<Engine<D>>, work: &Arc<Work<D>>, job: Job<D>) {
    let hook = work.begin_hook();
    let (tasks, shared, work) = (&shared.runtime, Arc::clone(shared), Arc::clone(work));
    tasks.spawn(async move {
        let save = save_with_hook(&shared, &work, &job.slot, hook);
        let result = AssertUnwindSafe(save).catch_unwind().await;
        settle(&shared, &work, job, result);
    });
}

async fn save_with_hook<D: GameDocument>(
    shared: &Engine<D>,
    work: &Work<D>,
    slot: &SlotState<D>,
    hook: HookUnderWay<D>,
) -> Result<Saved, Error> {
    let mut begin = pin!(shared.begin_save(slot, SaveReason::Autosave));
    let begun = timeout(SHORT, &mut begin).await;
    drop(hook); // the others no longer wait for it
    let begun = match begun {
        Ok(begun) => begun?,
        Err(_takes_long) => begin.await?,
    };
    let _room = work.room_to_write().await;
    shared.finish_save(slot, begun).await
}

/// Runs a save; while it waits for the store, it counts as waiting.
async fn counting_wait<D, F: Future>(save: F, work: &Work<D>) -> F::Output {
    let mut save = pin!(save);
    let mut waits = false;
    poll_fn(|context| {
        let polled = save.as_mut().poll(context);
        if waits != polled.is_pending() {
            waits = !waits;
            if waits {
                work.begin_wait();
            } else {
                work.end_wait();
            }
        }
        polled
    })
    .await
}

fn settle<D: GameDocument>(
    shared: &Engine<D>,
    work: &Work<D>,
    job: Job<D>,
    result: Result<Result<Saved, Error>, Panic>,
) {
    // A panic of a document's own code must not take the slot out of the
    // schedule (A7).
    let result = result.unwrap_or_else(|_| {
        Err(Error::Panicked {
            player: job.slot.core.player.clone(),
            during: "saving a slot",
        })
    });
    match result {
        Ok(_) => let_go(shared, work, job.slot),
        // Whoever closed it has told so. If it was just being opened then,
        // nobody has taken it out yet.
        Err(error) if error.closes_slot() => shared.autosave.remove(&job.slot),
        Err(error) => try_again(shared, work, job, &error),
    }
}

fn let_go<D: GameDocument>(shared: &Engine<D>, work: &Work<D>, slot: Arc<SlotState<D>>) {
    match slot.let_go() {
        Next::Rest => {}
        Next::Turn => shared.autosave.push(&slot),
        Next::Due => work.push_again(slot),
    }
}

/// With backoff, and after the last attempt in the next cycle (A3).
fn try_again<D: GameDocument>(shared: &Engine<D>, work: &Work<D>, mut job: Job<D>, error: &Error) {
    let pause = pause_after(shared, job.attempt).filter(|_| error.is_transient());
    shared.tell_save_failed(&job.slot, job.attempt, pause, error);
    match pause {
        Some(pause) => {
            job.attempt += 1;
            work.retry_at(Instant::now() + pause, job);
        }
        None => shared.autosave.push(&job.slot),
    }
}

fn pause_after<D>(shared: &Engine<D>, attempt: u32) -> Option<Duration> {
    pauses(&shared.settings, &shared.jitter).nth(attempt as usize - 1)
}
