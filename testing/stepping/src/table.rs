//! A table of items of which one is written at a time, each on a condition, as
//! in many a store that is spread over machines.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use playerdata_core::{
    Incarnation, PlayerId, Revision, ServerName, SessionId, SlotName, WriteId,
    backend::{Lock, Notice, Record},
};

use crate::{Deed, Gate, Observer, OpenGate};

/// What is kept of a player beside the slots.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlayerItem {
    pub(crate) fence: u64,
    pub(crate) lock: Option<Lock>,
    /// The lock is being taken away: no claims are added.
    pub(crate) ending: bool,
    /// The player is being erased: what was opened under no later fence goes.
    pub(crate) erasing: Option<u64>,
}

/// The claim on a slot, which is all that a write looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LiveClaim {
    pub(crate) session: SessionId,
    pub(crate) fence: u64,
    pub(crate) number: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct SlotItem {
    pub(crate) claim: Option<LiveClaim>,
    /// The fence under which the slot was opened last.
    pub(crate) opened_under: u64,
    pub(crate) revision: Revision,
    pub(crate) last_write: Option<WriteId>,
    pub(crate) record: Option<Record>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ServerItem {
    pub(crate) latest: Option<Incarnation>,
    pub(crate) lapses_at: Option<u64>,
    pub(crate) notices: Vec<Notice>,
}

#[derive(Debug, Default)]
pub(crate) struct Items {
    pub(crate) players: BTreeMap<PlayerId, PlayerItem>,
    pub(crate) slots: BTreeMap<(PlayerId, SlotName), SlotItem>,
    pub(crate) servers: BTreeMap<ServerName, ServerItem>,
    /// What the present step did.
    deeds: Vec<Deed>,
}

impl Items {
    pub(crate) fn tell(&mut self, deed: Deed) {
        self.deeds.push(deed);
    }
}

/// A process' way to the table: each use of it is a step.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    items: Arc<Mutex<Items>>,
    gate: Arc<dyn Gate>,
    observer: Option<Arc<dyn Observer>>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            items: Arc::default(),
            gate: Arc::new(OpenGate),
            observer: None,
        }
    }

    /// The way of another process.
    pub(crate) fn another_process(&self, gate: Arc<dyn Gate>) -> Self {
        Self {
            items: Arc::clone(&self.items),
            gate,
            observer: self.observer.clone(),
        }
    }

    pub(crate) fn observe(&mut self, observer: Arc<dyn Observer>) {
        self.observer = Some(observer);
    }

    /// Carries out one step.
    pub(crate) async fn step<T>(&self, step: impl FnOnce(&mut Items) -> T) -> T {
        self.gate.pass().await;
        let (result, deeds) = {
            let mut items = self.items.lock();
            let result = step(&mut items);
            (result, std::mem::take(&mut items.deeds))
        };
        if let Some(observer) = &self.observer {
            deeds.iter().for_each(|deed| observer.saw(deed));
        }
        result
    }

    /// Looks at the table, which is no step of any process.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Items) -> T) -> T {
        look(&self.items.lock())
    }
}
