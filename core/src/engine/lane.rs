//! A lane: one save after another, as long as any are due.

use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use futures::FutureExt;
use tokio::{
    task::coop::consume_budget,
    time::{Instant, timeout},
};

use super::Engine;
use crate::{
    Error, GameDocument, SaveReason,
    autosave::{HookUnderWay, Job, Work},
    backend::pauses,
    state::{Next, Saved, SlotState},
};

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
pub(super) async fn run<D: GameDocument>(shared: &Arc<Engine<D>>, work: &Arc<Work<D>>) {
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
    slot: &Arc<SlotState<D>>,
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
    pauses(&shared.settings).nth(attempt as usize - 1)
}
