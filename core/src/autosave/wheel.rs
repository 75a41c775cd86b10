//! Which slots are due when.
//!
//! The interval is divided into turns, and each slot has one of them, so that
//! saves are spread over the interval (A8). A slot that changes is queued in
//! its turn, once: a cycle's work grows with the changed slots only (A1).
//!
//! In: a slot that changed, or was opened. Out: when its turn comes, the slots
//! that are due.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::timetable::turns_of;
use crate::{Settings, state::SlotState};

#[derive(Debug)]
pub(crate) struct Wheel<D> {
    turns: Box<[Turn<D>]>,
    /// The turn of the slot that is opened next.
    next_turn: AtomicU64,
    /// Notified when a turn that had nothing to do gets something.
    news: Notify,
}

#[derive(Debug)]
struct Turn<D> {
    slots: Mutex<Slots<D>>,
    /// Whether slots are queued. Read without the lock when looking for the
    /// next turn that has work, and written under it.
    has_changed: AtomicBool,
    /// Likewise whether there are open slots.
    has_open: AtomicBool,
}

#[derive(Debug)]
struct Slots<D> {
    /// Every open slot that has this turn, for the forced cycle (A6), by the
    /// number of its turn. These grow, so that a slot that is opened comes last,
    /// or nearly so.
    open: Vec<(u64, Arc<SlotState<D>>)>,
    /// Those that changed since their last turn.
    changed: Vec<Arc<SlotState<D>>>,
}

impl<D> Slots<D> {
    /// Where the slot with this turn is among the open ones, or has to go.
    fn place_of(&self, turn: u64) -> usize {
        self.open.partition_point(|(other, _)| *other < turn)
    }

    /// Gives memory back when most players have left.
    fn shrink(&mut self) {
        if self.open.len() < self.open.capacity() / 4 {
            self.open.shrink_to(self.open.len() * 2);
        }
    }
}

impl<D> Turn<D> {
    fn new() -> Self {
        let slots = Slots {
            open: Vec::new(),
            changed: Vec::new(),
        };
        Self {
            slots: Mutex::new(slots),
            has_changed: AtomicBool::new(false),
            has_open: AtomicBool::new(false),
        }
    }
}

impl<D> Wheel<D> {
    pub(crate) fn new(settings: &Settings) -> Self {
        let turns = turns_of(settings.autosave_interval);
        Self {
            turns: (0..turns).map(|_| Turn::new()).collect(),
            next_turn: AtomicU64::new(0),
            news: Notify::new(),
        }
    }

    /// A turn for a slot that is being opened: they go round, so each turn
    /// gets the same number of slots (A8).
    pub(crate) fn assign_turn(&self) -> u64 {
        self.next_turn.fetch_add(1, Ordering::Relaxed)
    }

    fn turn_of(&self, slot: &SlotState<D>) -> &Turn<D> {
        &self.turns[self.index(slot.turn)]
    }

    /// The place of a turn that is counted on and on.
    fn index(&self, turn: u64) -> usize {
        let index = usize::try_from(turn % self.turns.len() as u64);
        index.expect("a remainder is less than the length that it is of")
    }

    pub(crate) fn insert(&self, slot: &Arc<SlotState<D>>) {
        let turn = self.turn_of(slot);
        let mut slots = turn.slots.lock();
        let at = slots.place_of(slot.turn);
        slots.open.insert(at, (slot.turn, Arc::clone(slot)));
        if !turn.has_open.swap(true, Ordering::Release) {
            self.news.notify_one();
        }
    }

    pub(crate) fn remove(&self, slot: &SlotState<D>) {
        let turn = self.turn_of(slot);
        let mut slots = turn.slots.lock();
        let at = slots.place_of(slot.turn);
        if slots
            .open
            .get(at)
            .is_some_and(|(turn, _)| *turn == slot.turn)
        {
            slots.open.remove(at);
            slots.shrink();
        }
        turn.has_open
            .store(!slots.open.is_empty(), Ordering::Release);
    }

    /// Queues a slot that was in no place of the autosave's until now, as the
    /// caller has found.
    pub(crate) fn push(&self, slot: &Arc<SlotState<D>>) {
        let turn = self.turn_of(slot);
        let mut slots = turn.slots.lock();
        slots.changed.push(Arc::clone(slot));
        if !turn.has_changed.swap(true, Ordering::Release) {
            self.news.notify_one();
        }
    }

    /// Queues a slot unless it is queued already.
    pub(crate) fn enqueue(&self, slot: &Arc<SlotState<D>>) {
        if slot.touch() {
            self.push(slot);
        }
    }

    /// Takes what is due in a turn: the changed slots, and in a forced cycle
    /// the other open ones too. A slot that waits elsewhere stays there, and
    /// is written when it is its turn there.
    pub(crate) fn take(&self, turn: u64, forced: bool) -> Vec<Arc<SlotState<D>>> {
        let turn = &self.turns[self.index(turn)];
        let mut slots = turn.slots.lock();
        turn.has_changed.store(false, Ordering::Release);
        let mut due = std::mem::take(&mut slots.changed);
        let open: Vec<_> = if forced {
            slots
                .open
                .iter()
                .map(|(_, slot)| Arc::clone(slot))
                .collect()
        } else {
            Vec::new()
        };
        drop(slots); // what follows takes each slot's own lock
        due.extend(open.into_iter().filter(|slot| slot.force()));
        due
    }

    /// Takes the changed slots of a turn, unless they are more than `most`.
    pub(crate) fn take_few(&self, turn: u64, most: usize) -> Option<Vec<Arc<SlotState<D>>>> {
        let turn = &self.turns[self.index(turn)];
        if !turn.has_changed.load(Ordering::Acquire) {
            return Some(Vec::new());
        }
        let mut slots = turn.slots.lock();
        if slots.changed.len() > most {
            return None;
        }
        turn.has_changed.store(false, Ordering::Release);
        Some(std::mem::take(&mut slots.changed))
    }

    pub(crate) fn has_changed(&self, turn: u64) -> bool {
        self.turns[self.index(turn)]
            .has_changed
            .load(Ordering::Acquire)
    }

    pub(crate) fn has_open(&self, turn: u64) -> bool {
        self.turns[self.index(turn)]
            .has_open
            .load(Ordering::Acquire)
    }

    /// Returns once a turn that had nothing to do has got something, at once
    /// if that was since the last call.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }
}
