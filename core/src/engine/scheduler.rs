//! The scheduler: when what is saved, and by how many lanes.

use std::{pin::pin, sync::Arc};

use futures::{
    FutureExt,
    future::{Fuse, FusedFuture},
};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Engine, lane};
use crate::{
    GameDocument,
    autosave::{Timetable, Wheel, Work},
    fetch, metrics,
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
        let wheel = &shared.autosave.wheel;
        let mut stopped = pin!(stop.cancelled());
        let mut first_lane = pin!(Fuse::terminated());
        while !stop.is_cancelled() {
            self.take_turns(wheel);
            let (due, waiting) = work.due_and_waiting();
            metrics::autosave_queue(due);
            if due > 0 && first_lane.is_terminated() {
                first_lane.set(lane::run(&shared, &work).fuse());
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
            let lane = async move { lane::run(&shared, &work).await };
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
