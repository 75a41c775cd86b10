//! What the manager keeps of one open slot.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use crate::{
    ClaimNumber, Error, Revision, SlotName, WriteId,
    backend::Claim,
    codec::{Fingerprints, KeyFingerprints},
    session::SessionCore,
};

/// One open slot, shared by its handles, its session and the autosave.
#[derive(Debug)]
pub(crate) struct SlotState<D> {
    pub(crate) core: Arc<SessionCore>,
    pub(crate) name: SlotName,
    /// Unique in the manager; says when in the interval the slot's turn is (A8).
    pub(crate) turn: u64,
    live: Mutex<Live<D>>,
    /// Held through a save, so that a claim has one write under way at most.
    pub(crate) saver: tokio::sync::Mutex<Saver>,
}

/// The document as game code sees it, behind a lock that is held for the time
/// of a change only: a save takes the `Arc` and leaves.
#[derive(Debug)]
pub(crate) struct Live<D> {
    pub(crate) document: Arc<D>,
    /// Grows with every change.
    pub(crate) version: u64,
    /// The version whose whole content is known to be in the store.
    pub(crate) stored_version: Option<u64>,
    /// Whether the slot waits for the autosave already.
    pub(crate) queued: bool,
    /// Whether the slot was deleted in the store: it takes no changes.
    pub(crate) deleted: bool,
    /// The revision that the store is known to have. The saver's own may be
    /// ahead of it for the time of a save.
    pub(crate) revision: Revision,
}

/// What the next write builds on, and what is known of the last one.
#[derive(Debug)]
pub(crate) struct Saver {
    /// The claim that the slot was opened under; `None` once it is dead or in
    /// doubt, and the slot has to be opened again (S2).
    pub(crate) claim: Option<ClaimNumber>,
    pub(crate) revision: Revision,
    /// What the store has acknowledged; `None` if it has nothing (S10).
    pub(crate) stored: Option<Fingerprints>,
    /// A write whose answer has not come, or never came.
    pub(crate) doubt: Option<Doubt>,
    /// In debug mode: what was stored, key by key.
    pub(crate) keys: Option<Box<KeyFingerprints>>,
}

/// A write that may have been applied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doubt {
    pub(crate) write_id: WriteId,
    pub(crate) content: Fingerprints,
}

impl<D> Live<D> {
    pub(crate) fn is_unsaved(&self) -> bool {
        self.stored_version != Some(self.version)
    }

    /// Puts a changed document in the place of the one there.
    pub(crate) fn replace(&mut self, document: D) {
        self.document = Arc::new(document);
        self.version += 1;
    }
}

impl<D> SlotState<D> {
    pub(crate) fn new(
        core: Arc<SessionCore>,
        name: SlotName,
        turn: u64,
        document: D,
        saver: Saver,
    ) -> Self {
        let stored_version = saver.stored.is_some().then_some(0);
        let live = Live {
            document: Arc::new(document),
            version: 0,
            stored_version,
            queued: false,
            deleted: false,
            revision: saver.revision,
        };
        Self {
            core,
            name,
            turn,
            live: Mutex::new(live),
            saver: tokio::sync::Mutex::new(saver),
        }
    }

    pub(crate) fn live(&self) -> MutexGuard<'_, Live<D>> {
        self.live.lock()
    }

    fn deleted(&self) -> Error {
        Error::SlotDeleted {
            player: self.core.player.clone(),
            slot: self.name.clone(),
        }
    }

    /// Whether the slot can still be written; otherwise why not.
    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        if self.live.lock().deleted {
            return Err(self.deleted());
        }
        self.core.check_writable()
    }

    /// The document as it is now.
    pub(crate) fn document(&self) -> Arc<D> {
        Arc::clone(&self.live.lock().document)
    }

    pub(crate) fn is_unsaved(&self) -> bool {
        self.live.lock().is_unsaved()
    }

    /// Notes that all of a version's content is in the store.
    pub(crate) fn note_stored(&self, version: u64) {
        self.live.lock().stored_version = Some(version);
    }

    /// Notes the revision that the store is known to have.
    pub(crate) fn note_revision(&self, revision: Revision) {
        self.live.lock().revision = revision;
    }

    pub(crate) fn revision(&self) -> Revision {
        self.live.lock().revision
    }

    pub(crate) fn claim(&self, number: ClaimNumber) -> Claim {
        self.core.claim(&self.name, number)
    }
}

impl<D: Clone> SlotState<D> {
    /// Applies a change while the session takes changes. Returns its result
    /// and whether the slot has to be queued for the autosave.
    ///
    /// The check and the change are under one lock: a change either precedes
    /// the last save's snapshot or is refused.
    pub(crate) fn change<R, E: From<Error>>(
        &self,
        change: impl FnOnce(&mut D) -> Result<R, E>,
    ) -> (Result<R, E>, bool) {
        let mut live = self.live.lock();
        if let Err(closed) = self.core.check_open() {
            return (Err(closed.into()), false);
        }
        if live.deleted {
            return (Err(self.deleted().into()), false);
        }
        let result = change(Arc::make_mut(&mut live.document));
        if result.is_err() {
            return (result, false);
        }
        live.version += 1;
        (result, !std::mem::replace(&mut live.queued, true))
    }
}
