//! The saves that are due, and those that wait for another attempt.
//!
//! In: the slots of a turn, and saves that failed. Out: one save after another,
//! for whichever worker asks next.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit},
    time::Instant,
};

use crate::state::SlotState;

/// One save to be made.
#[derive(Debug)]
pub(crate) struct Job<D> {
    pub(crate) slot: Arc<SlotState<D>>,
    /// Which attempt in a row it is, from 1.
    pub(crate) attempt: u32,
}

impl<D> Job<D> {
    pub(crate) fn first(slot: Arc<SlotState<D>>) -> Self {
        Self { slot, attempt: 1 }
    }
}

/// How many hooks run at the same time, but for those that take long: each
/// takes a task, and a thread if it can have one.
const MAX_HOOKS: usize = 64;

/// A save whose hook is being run, and has not taken long yet.
#[derive(Debug)]
pub(crate) struct HookUnderWay<D>(Arc<SaveQueue<D>>);

impl<D> Drop for HookUnderWay<D> {
    fn drop(&mut self) {
        let mut queued = self.0.queued.lock();
        queued.hooks -= 1;
        if !queued.due.is_empty() {
            self.0.news.notify_one();
        }
    }
}

/// A slot is in one place at a time, so that this holds each slot once at the
/// most.
#[derive(Debug)]
pub(crate) struct SaveQueue<D> {
    queued: Mutex<Queued<D>>,
    /// Notifies the scheduler that it has something to look at.
    news: Notify,
    /// For saves that have had their hook: no more of them are at the store
    /// than the settings say.
    room: Semaphore,
}

#[derive(Debug)]
struct Queued<D> {
    /// Waiting for a worker.
    due: VecDeque<Job<D>>,
    /// Failed, waiting for another attempt.
    retries: BTreeMap<(Instant, u64), Job<D>>,
    /// How many saves wait for the store: what is due must not wait for them.
    waiting: usize,
    /// How many saves are having their hook run, without those whose hook
    /// takes long.
    hooks: usize,
    /// Whether another worker could be begun.
    has_room: bool,
    /// Whether no more saves are to be begun.
    closed: bool,
}

impl<D> SaveQueue<D> {
    pub(crate) fn new(max_concurrent_saves: usize) -> Self {
        Self {
            queued: Mutex::new(Queued {
                due: VecDeque::new(),
                retries: BTreeMap::new(),
                waiting: 0,
                hooks: 0,
                has_room: true,
                closed: false,
            }),
            news: Notify::new(),
            room: Semaphore::new(max_concurrent_saves.min(Semaphore::MAX_PERMITS)),
        }
    }

    /// The next save to make; `None` if nothing is due.
    pub(crate) fn next(&self) -> Option<Job<D>> {
        let mut queued = self.queued.lock();
        if queued.closed || queued.hooks >= MAX_HOOKS {
            return None;
        }
        queued.due.pop_front()
    }

    /// Puts a slot back that is due again.
    pub(crate) fn push_again(&self, slot: Arc<SlotState<D>>) {
        self.push([slot]);
        self.news.notify_one();
    }

    pub(crate) fn push(&self, slots: impl IntoIterator<Item = Arc<SlotState<D>>>) {
        let jobs = slots.into_iter().map(Job::first);
        self.queued.lock().due.extend(jobs);
    }

    /// Has a save made again at a later time.
    pub(crate) fn retry_at(&self, at: Instant, job: Job<D>) {
        let key = (at, job.slot.turn);
        self.queued.lock().retries.insert(key, job);
        self.news.notify_one();
    }

    pub(crate) fn next_retry(&self) -> Option<Instant> {
        let queued = self.queued.lock();
        queued.retries.first_key_value().map(|((at, _), _)| *at)
    }

    /// Makes those due whose time has come.
    pub(crate) fn take_retries(&self, now: Instant) {
        let mut queued = self.queued.lock();
        let Queued { due, retries, .. } = &mut *queued;
        while let Some(entry) = retries.first_entry() {
            if entry.key().0 > now {
                return;
            }
            due.push_back(entry.remove());
        }
    }

    /// Notes that a save has to wait for the store.
    pub(crate) fn begin_wait(&self) {
        let mut queued = self.queued.lock();
        queued.waiting += 1;
        if queued.has_room && !queued.due.is_empty() {
            self.news.notify_one();
        }
    }

    /// Notes that a save that had to wait is over.
    pub(crate) fn end_wait(&self) {
        self.queued.lock().waiting -= 1;
    }

    /// Counts a save whose hook is to be run, until what this returns is
    /// dropped.
    pub(crate) fn begin_hook(self: &Arc<Self>) -> HookUnderWay<D> {
        self.queued.lock().hooks += 1;
        HookUnderWay(Arc::clone(self))
    }

    /// Waits until a save that has had its hook may be written.
    pub(crate) async fn room_to_write(&self) -> Option<SemaphorePermit<'_>> {
        self.room.acquire().await.ok() // nobody closes it
    }

    /// How many saves are due that could be made now, and how many wait for
    /// the store.
    pub(crate) fn due_and_waiting(&self) -> (usize, usize) {
        let queued = self.queued.lock();
        let due = if queued.hooks < MAX_HOOKS {
            queued.due.len()
        } else {
            0 // until a hook returns
        };
        (due, queued.waiting)
    }

    pub(crate) fn set_room(&self, has_room: bool) {
        self.queued.lock().has_room = has_room;
    }

    /// Lets no more saves begin.
    pub(crate) fn close(&self) {
        self.queued.lock().closed = true;
    }

    /// Returns once there is something to look at, at once if that was since
    /// the last call.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }
}
