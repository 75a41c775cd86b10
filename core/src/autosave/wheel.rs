//! Which slots are due when.
//!
//! The interval is divided into turns, and each slot has one of them, so that
//! saves are spread over the interval (A8). A slot that changes is queued in
//! its turn, once: a cycle's work grows with the changed slots only (A1).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;

use crate::slot::SlotState;

/// How long a turn lasts at the least, so that short intervals stay cheap.
const MIN_TURN: Duration = Duration::from_millis(20);
/// How many turns an interval has at the most.
const MAX_TURNS: u128 = 256;

#[derive(Debug)]
pub(crate) struct Wheel<D> {
    turns: Box<[Mutex<Turn<D>>]>,
}

#[derive(Debug)]
struct Turn<D> {
    /// Every open slot that has this turn, for the forced cycle (A6).
    open: BTreeMap<u64, Arc<SlotState<D>>>,
    /// Those that changed since their last turn.
    changed: Vec<Arc<SlotState<D>>>,
}

impl<D> Wheel<D> {
    pub(crate) fn new(interval: Duration) -> Self {
        let turns = (interval.as_millis() / MIN_TURN.as_millis()).clamp(1, MAX_TURNS);
        let turn = || {
            Mutex::new(Turn {
                open: BTreeMap::new(),
                changed: Vec::new(),
            })
        };
        Self {
            turns: (0..turns).map(|_| turn()).collect(),
        }
    }

    /// How many turns an interval has.
    pub(crate) fn len(&self) -> usize {
        self.turns.len()
    }

    fn turn_of(&self, slot: &SlotState<D>) -> &Mutex<Turn<D>> {
        // The remainder is less than the length, a usize.
        let index = usize::try_from(slot.turn % self.turns.len() as u64);
        &self.turns[index.unwrap_or_default()]
    }

    pub(crate) fn insert(&self, slot: &Arc<SlotState<D>>) {
        self.turn_of(slot)
            .lock()
            .open
            .insert(slot.turn, Arc::clone(slot));
    }

    pub(crate) fn remove(&self, slot: &SlotState<D>) {
        self.turn_of(slot).lock().open.remove(&slot.turn);
    }

    /// Queues a slot whose `queued` mark the caller has just set.
    pub(crate) fn push(&self, slot: &Arc<SlotState<D>>) {
        self.turn_of(slot).lock().changed.push(Arc::clone(slot));
    }

    /// Takes what is due in a turn: every open slot, or the changed ones.
    pub(crate) fn take(&self, turn: usize, every: bool) -> Vec<Arc<SlotState<D>>> {
        let mut turn = self.turns[turn].lock();
        let changed = std::mem::take(&mut turn.changed);
        if every {
            turn.open.values().cloned().collect()
        } else {
            changed
        }
    }
}
