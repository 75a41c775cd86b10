//! A table of items of which one is written at a time, each on a condition, as
//! in many a store that is spread over machines; and the gate before it, at
//! which a process can be frozen.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use parking_lot::{Mutex, MutexGuard};
use playerdata_conformance::Process;
use playerdata_core::{
    Incarnation, PlayerId, Revision, ServerName, SessionId, SlotName, WriteId,
    backend::{Backend, Lock, Notice, Record},
};
use tokio::sync::watch;

use super::{flaws::Flaw, store::SteppingStore};

/// What is kept of a player beside the slots.
#[derive(Clone, Default)]
pub(crate) struct PlayerItem {
    pub(crate) fence: u64,
    pub(crate) lock: Option<Lock>,
    /// The lock is being taken away: no claims are added.
    pub(crate) ending: bool,
    /// The player is being erased: what was opened under no later fence goes.
    pub(crate) erasing: Option<u64>,
}

/// The claim on a slot, which is all that a write looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct LiveClaim {
    pub(crate) session: SessionId,
    pub(crate) fence: u64,
    pub(crate) number: u64,
}

#[derive(Clone, Default)]
pub(crate) struct SlotItem {
    pub(crate) claim: Option<LiveClaim>,
    /// The fence under which the slot was opened last.
    pub(crate) opened_under: u64,
    pub(crate) revision: Revision,
    pub(crate) last_write: Option<WriteId>,
    pub(crate) record: Option<Record>,
}

#[derive(Clone, Default)]
pub(crate) struct ServerItem {
    pub(crate) latest: Option<Incarnation>,
    pub(crate) lapses_at: Option<u64>,
    pub(crate) notices: Vec<Notice>,
}

#[derive(Default)]
pub(crate) struct Items {
    pub(crate) players: HashMap<PlayerId, PlayerItem>,
    pub(crate) slots: BTreeMap<(PlayerId, SlotName), SlotItem>,
    pub(crate) servers: HashMap<ServerName, ServerItem>,
}

/// A process' way to the table: each use of it is a step.
#[derive(Clone, Default)]
pub(crate) struct Table {
    items: Arc<Mutex<Items>>,
    gate: Gate,
}

impl Table {
    /// The way of another process.
    pub(crate) fn another_process(&self) -> Self {
        Self {
            items: self.items.clone(),
            gate: Gate::default(),
        }
    }

    /// Carries out one step.
    pub(crate) async fn step<T>(&self, step: impl FnOnce(&mut Items) -> T) -> T {
        self.gate.pass().await;
        let mut items: MutexGuard<'_, Items> = self.items.lock();
        step(&mut items)
    }
}

/// Where a process is frozen.
#[derive(Clone)]
struct Gate(Arc<watch::Sender<Steps>>);

#[derive(Debug, Default)]
struct Steps {
    /// How many more go through; none if all do.
    left: Option<usize>,
    frozen: bool,
}

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }
}

impl Gate {
    async fn pass(&self) {
        self.0.send_if_modified(|steps| match &mut steps.left {
            None => false,
            Some(0) => {
                steps.frozen = true;
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
        });
        let mut awake = self.0.subscribe();
        let awake = awake.wait_for(|steps| !steps.frozen).await;
        awake.expect("the gate outlives who passes it");
    }
}

/// A process that can be frozen.
#[derive(Debug)]
pub(crate) struct SlowProcess(SteppingStore);

impl SlowProcess {
    pub(crate) fn new(store: &SteppingStore, flaw: Option<Flaw>) -> Self {
        Self(store.another_process(flaw))
    }

    fn gate(&self) -> &watch::Sender<Steps> {
        &self.0.table().gate.0
    }
}

impl Process for SlowProcess {
    fn backend(&self) -> Arc<dyn Backend> {
        Arc::new(self.0.clone())
    }

    fn freeze_after(&self, steps: usize) {
        self.gate().send_modify(|gate| gate.left = Some(steps));
    }

    fn is_frozen(&self) -> bool {
        self.gate().borrow().frozen
    }

    fn wake(&self) {
        self.gate().send_replace(Steps::default());
    }
}
