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

use super::{Engine, save::Step};
use crate::{
    Error, GameDocument, SaveReason,
    autosave::{HookUnderWay, Job, SaveQueue, Timetable, Wheel},
    backend::pauses,
    metrics,
    state::{Next, Saved, SlotState},
};

/// How many slots are worth waking up for: if fewer are due, those of the next
/// turns are saved with them. Waking up takes longer than a save in memory.
const WORTH_WAKING: usize = 16;

/// How many saves that are due are worth a worker on another thread, even if the
/// store keeps none of them waiting.
const WORTH_A_WORKER: usize = 2 * WORTH_WAKING;

/// How many slots are looked at before they are saved: the data of more would
/// push each other out of the caches.
const WORTH_LOOKING: usize = 512;

/// The running autosave of one manager.
///
/// It sleeps until the next turn that has work. With nothing changed there is
/// none but in the forced cycle: an idle session costs nothing (A1). With few
/// changed, turns come early, by a sixteenth of the interval at most, so that
/// one wake-up is for `WORTH_WAKING` slots, but for no more than these (A8).
///
/// Saves are made by workers, one after another each. The first is part
/// of the scheduler's own task, which is all it takes as long as the store
/// answers at once. When a save has to wait, what is due gets further workers,
/// up to `max_concurrent_saves` (A4).
pub(crate) struct Scheduler<D: GameDocument> {
    engine: Arc<Engine<D>>,
    timetable: Timetable,
    /// Turns before this one are done with.
    next: u64,
    /// The turn that it sleeps until.
    planned: Option<u64>,
    queue: Arc<SaveQueue<D>>,
    /// All workers but the first.
    workers: JoinSet<()>,
    /// That the runtime has for tasks.
    threads: usize,
}

impl<D: GameDocument> Scheduler<D> {
    pub(crate) fn new(engine: Arc<Engine<D>>) -> Self {
        Self {
            timetable: Timetable::new(&engine.settings, Instant::now()),
            threads: engine.runtime.metrics().num_workers(),
            queue: Arc::new(SaveQueue::new(engine.settings.max_concurrent_saves)),
            engine,
            next: 0,
            planned: None,
            workers: JoinSet::new(),
        }
    }

    /// Runs until the manager stops. Saves under way are then finished.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let (engine, queue) = (Arc::clone(&self.engine), Arc::clone(&self.queue));
        let wheel = &engine.autosave;
        let mut stopped = pin!(stop.cancelled());
        let mut first_worker = pin!(Fuse::terminated());
        while !stop.is_cancelled() {
            self.take_turns(wheel);
            let (due, waiting) = queue.due_and_waiting();
            metrics::autosave_queue(due);
            if due > 0 && first_worker.is_terminated() {
                first_worker.set(run_worker(&engine, &queue).fuse());
            }
            self.add_workers(due, waiting);
            let turn_at = self.planned.and_then(|turn| self.timetable.begin(turn));
            let retry_at = queue.next_retry();
            tokio::select! {
                // In a fixed order, so that a simulation repeats itself. No
                // branch waits for another: the last ones only wake the loop.
                biased;
                () = &mut stopped => break,
                () = sleep_until(retry_at) => queue.take_retries(Instant::now()),
                Some(ended) = self.workers.join_next() => note_ended(ended),
                () = &mut first_worker, if !first_worker.is_terminated() => {}
                () = sleep_until(turn_at) => {}
                () = wheel.news() => {}
                () = queue.news() => {}
            }
        }
        queue.close();
        if !first_worker.is_terminated() {
            first_worker.await;
        }
        while let Some(ended) = self.workers.join_next().await {
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
        let mut due = Vec::new();
        // After a stall longer than a cycle, each slot is due once; and it is
        // due for certain if a forced cycle was slept through (A6).
        for turn in self.timetable.skipped_forced_turns(self.next, oldest) {
            due.extend(wheel.take(turn, true));
        }
        self.next = self.next.max(oldest);
        while let Some(turn) = self.plan(wheel).filter(|turn| *turn <= current) {
            due.extend(wheel.take(turn, self.timetable.is_forced(turn)));
            self.next = turn + 1;
        }
        if !due.is_empty() {
            self.bring_forward(wheel, current, &mut due);
            self.plan(wheel);
            SlotState::fetch(&due[..due.len().min(WORTH_LOOKING)]);
            self.queue.push(due);
        }
    }

    fn plan(&mut self, wheel: &Wheel<D>) -> Option<u64> {
        self.planned = self.timetable.next_due(
            self.next,
            |turn| wheel.has_changed(turn),
            |turn| wheel.has_open(turn),
        );
        self.planned
    }

    /// Adds what is due in the next turns, until there is enough to save.
    fn bring_forward(&mut self, wheel: &Wheel<D>, current: u64, due: &mut Vec<Arc<SlotState<D>>>) {
        for turn in self.timetable.early(self.next, current) {
            let room = WORTH_WAKING.saturating_sub(due.len());
            let Some(slots) = wheel.take_few(turn, room) else {
                return;
            };
            if !slots.is_empty() {
                due.extend(slots);
                self.next = turn + 1;
            }
        }
    }

    /// Begins workers for what is due: one for each if saves have to wait (A4),
    /// otherwise enough to use every thread.
    fn add_workers(&mut self, due: usize, waiting: usize) {
        let running = self.workers.len() + 1; // with the first
        let wanted = if waiting > 0 {
            due
        } else if self.threads > 1 {
            // The last task that a thread begins stays with it: so one more
            // than there are other threads.
            (due / WORTH_A_WORKER).min(self.threads.saturating_sub(self.workers.len()))
        } else {
            0
        };
        let max = self.engine.settings.max_concurrent_saves;
        for _ in 0..wanted.min(max.saturating_sub(running)) {
            let (engine, queue) = (Arc::clone(&self.engine), Arc::clone(&self.queue));
            let worker = async move { run_worker(&engine, &queue).await };
            self.workers.spawn(worker);
        }
        self.queue.set_room(self.workers.len() + 1 < max);
    }
}

fn note_ended(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a worker of the autosave was torn down");
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
/// As many workers as there are make as many saves at the same time. A save that
/// the store answers at once costs no task of its own. One that a hook runs
/// for has one: it may take as long as the hook likes, and no worker waits (A9).
async fn run_worker<D: GameDocument>(engine: &Arc<Engine<D>>, queue: &Arc<SaveQueue<D>>) {
    while let Some(job) = queue.next() {
        if job.slot.is_refused() {
            // It keeps its place, and what it is there for.
            engine.autosave.push(&job.slot);
        } else if engine.hooks.before_save.is_some() {
            set_aside(engine, queue, job);
        } else {
            let save = engine.save_once(&job.slot, SaveReason::Autosave);
            let save = counting_wait(AssertUnwindSafe(save).catch_unwind(), queue);
            let result = save.await;
            settle(engine, queue, job, result);
        }
        consume_budget().await; // others have to run too
    }
}

/// Makes a save with a hook in a task of its own.
fn set_aside<D: GameDocument>(engine: &Arc<Engine<D>>, queue: &Arc<SaveQueue<D>>, job: Job<D>) {
    let hook = queue.begin_hook();
    let (tasks, engine, queue) = (&engine.runtime, Arc::clone(engine), Arc::clone(queue));
    tasks.spawn(async move {
        let save = save_with_hook(&engine, &queue, &job.slot, hook);
        let result = AssertUnwindSafe(save).catch_unwind().await;
        settle(&engine, &queue, job, result);
    });
}

async fn save_with_hook<D: GameDocument>(
    engine: &Engine<D>,
    queue: &SaveQueue<D>,
    slot: &Arc<SlotState<D>>,
    hook: HookUnderWay<D>,
) -> Step<Saved> {
    let mut begin = pin!(engine.begin_save(slot, SaveReason::Autosave));
    let begun = timeout(SHORT, &mut begin).await;
    drop(hook); // the others no longer wait for it
    let begun = match begun {
        Ok(begun) => begun?,
        Err(_takes_long) => begin.await?,
    };
    let _room = queue.room_to_write().await;
    engine.finish_save(slot, begun).await
}

/// Runs a save; while it waits for the store, it counts as waiting.
async fn counting_wait<D, F: Future>(save: F, queue: &SaveQueue<D>) -> F::Output {
    let mut save = pin!(save);
    let mut waits = false;
    poll_fn(|context| {
        let polled = save.as_mut().poll(context);
        if waits != polled.is_pending() {
            waits = !waits;
            if waits {
                queue.begin_wait();
            } else {
                queue.end_wait();
            }
        }
        polled
    })
    .await
}

fn settle<D: GameDocument>(
    engine: &Engine<D>,
    queue: &SaveQueue<D>,
    job: Job<D>,
    result: Result<Step<Saved>, Panic>,
) {
    // A panic of a document's own code must not take the slot out of the
    // schedule (A7).
    let result = result.unwrap_or_else(|_| {
        let player = job.slot.core.player.clone();
        let during = "saving a slot";
        Err(Error::Panicked { player, during }.into())
    });
    match result {
        Ok(_) => let_go(engine, queue, job.slot),
        // Whoever closed it has reported that. If it was just being opened then,
        // nobody has taken it out yet.
        Err(error) if error.closes_slot() => engine.autosave.remove(&job.slot),
        Err(error) => try_again(engine, queue, job, &error),
    }
}

fn let_go<D: GameDocument>(engine: &Engine<D>, queue: &SaveQueue<D>, slot: Arc<SlotState<D>>) {
    match slot.let_go() {
        Next::Rest => {}
        Next::Turn => engine.autosave.push(&slot),
        Next::Due => queue.push_again(slot),
    }
}

/// With backoff, and after the last attempt in the next cycle (A3).
fn try_again<D: GameDocument>(
    engine: &Engine<D>,
    queue: &SaveQueue<D>,
    mut job: Job<D>,
    error: &Error,
) {
    let pause = pause_after(engine, job.attempt).filter(|_| error.is_transient());
    engine.report_save_failed(&job.slot, job.attempt, pause, error);
    match pause {
        Some(pause) => {
            job.attempt += 1;
            queue.retry_at(Instant::now() + pause, job);
        }
        None => engine.autosave.push(&job.slot),
    }
}

fn pause_after<D>(engine: &Engine<D>, attempt: u32) -> Option<Duration> {
    pauses(&engine.settings, &engine.jitter).nth(attempt as usize - 1)
}
