//! What the autosave knows: which slots are due when.

mod queue;
mod timetable;
mod wheel;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use self::timetable::turns_of;
pub(crate) use self::{
    queue::{HookUnderWay, Job, Work},
    timetable::Timetable,
    wheel::Wheel,
};
use crate::{Settings, state::SlotState};

/// Where slots wait for their turn to be saved.
#[derive(Debug)]
pub(crate) struct Autosave<D> {
    pub(crate) wheel: Wheel<D>,
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
