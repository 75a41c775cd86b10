//! What the manager keeps of one session.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicUsize, Ordering},
};

use parking_lot::Mutex;
use smallvec::SmallVec;

use super::{EndDropped, SessionCore, SlotState, Status, Unsaved};
use crate::{Error, SlotName};

#[derive(Debug)]
pub(crate) struct SessionState<D> {
    pub(crate) core: Arc<SessionCore>,
    /// Mostly one.
    slots: Mutex<SmallVec<[Arc<SlotState<D>>; 1]>>,
    /// Held while slots are loaded or deleted and while the session ends, so
    /// that these don't get into each other's way.
    pub(crate) exclusive: tokio::sync::Mutex<()>,
    /// Whether a task of the manager's is about to end it already.
    pub(crate) end_is_under_way: AtomicBool,
    /// How often a task of the manager's has failed to end it.
    failed_ends: AtomicU16,
    /// Whether there was news of mail, so that an opening from before may say
    /// that there is none.
    pub(crate) mail_came: AtomicBool,
    /// How many notices of mail came since there was last a look for it.
    pub(crate) mail_notices: AtomicU32,
    /// How many handles there are.
    pub(super) handles: AtomicUsize,
    /// What to do when the last of them is dropped.
    pub(super) end_dropped: Arc<EndDropped<D>>,
}

impl<D> SessionState<D> {
    pub(crate) fn new(core: SessionCore, end_dropped: Arc<EndDropped<D>>) -> Self {
        Self {
            core: Arc::new(core),
            slots: Mutex::default(),
            exclusive: tokio::sync::Mutex::new(()),
            end_is_under_way: AtomicBool::new(false),
            failed_ends: AtomicU16::new(0),
            mail_came: AtomicBool::new(false),
            mail_notices: AtomicU32::new(0),
            handles: AtomicUsize::new(0),
            end_dropped,
        }
    }

    /// The open slots.
    pub(crate) fn slots(&self) -> Vec<Arc<SlotState<D>>> {
        self.slots.lock().to_vec()
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

    /// Notes that a task of the manager's has failed to end it; returns how
    /// often one had before.
    pub(crate) fn note_failed_end(&self) -> u16 {
        let more = |failed: u16| failed.checked_add(1);
        let noted = self
            .failed_ends
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        noted.unwrap_or_else(|most| most)
    }

    /// Whether anybody has a handle to it.
    pub(crate) fn is_held(&self) -> bool {
        self.handles.load(Ordering::Acquire) > 0
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
