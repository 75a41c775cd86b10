//! What the manager keeps of one session.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, AtomicU32},
};

use parking_lot::Mutex;

use super::{Held, SessionCore, SlotState, Status, Unsaved};
use crate::{Error, SlotName};

#[derive(Debug)]
pub(crate) struct SessionState<D> {
    pub(crate) core: Arc<SessionCore>,
    slots: Mutex<Vec<Arc<SlotState<D>>>>,
    /// Held while slots are loaded or deleted and while the session ends, so
    /// that these don't get into each other's way.
    pub(crate) exclusive: tokio::sync::Mutex<()>,
    /// Whether a task of the manager's is about to end it already.
    pub(crate) end_is_under_way: AtomicBool,
    /// How often a task of the manager's has failed to end it.
    pub(crate) failed_ends: AtomicU32,
    /// How many notices of mail came since there was last a look for it.
    pub(crate) mail_notices: AtomicU32,
    /// What all its handles hold, as long as there are any.
    pub(crate) held: Mutex<Weak<Held<D>>>,
}

impl<D> SessionState<D> {
    pub(crate) fn new(core: SessionCore) -> Self {
        Self {
            core: Arc::new(core),
            slots: Mutex::default(),
            exclusive: tokio::sync::Mutex::new(()),
            end_is_under_way: AtomicBool::new(false),
            failed_ends: AtomicU32::new(0),
            mail_notices: AtomicU32::new(0),
            held: Mutex::new(Weak::new()),
        }
    }

    /// The open slots.
    pub(crate) fn slots(&self) -> Vec<Arc<SlotState<D>>> {
        self.slots.lock().clone()
    }

    pub(crate) fn slot(&self, name: &SlotName) -> Option<Arc<SlotState<D>>> {
        self.slots
            .lock()
            .iter()
            .find(|slot| slot.name == *name)
            .cloned()
    }

    pub(crate) fn add(&self, slot: Arc<SlotState<D>>) {
        let mut slots = self.slots.lock();
        debug_assert!(slots.iter().all(|open| open.name != slot.name));
        slots.push(slot);
    }

    pub(crate) fn take_out(&self, name: &SlotName) {
        self.slots.lock().retain(|slot| slot.name != *name);
    }

    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.core.status(), Status::Ended(_) | Status::Lost(_))
    }

    /// Whether anybody has a handle to it.
    pub(crate) fn is_held(&self) -> bool {
        self.held.lock().strong_count() > 0
    }

    /// The documents that the store does not have as they are here.
    pub(crate) fn unsaved(&self, error: &Error) -> Vec<Unsaved<D>> {
        let slots = self.slots();
        let unsaved = slots.iter().filter(|slot| slot.is_unsaved());
        unsaved
            .map(|slot| Unsaved::new(slot, error.clone()))
            .collect()
    }
}
