//! What the manager knows of one open slot: its document, whether the autosave
//! has it queued, and what the store is known to have.
//!
//! In: a change of the document, or the outcome of a save. Out: whether the
//! slot has to be queued, and, for a save, a snapshot of the document.

use std::{
    any::Any,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64},
    },
    time::Duration,
};

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::time::Instant;

use super::{SessionCore, keep::Keeper, requests::SaveRequests};
use crate::{
    ClaimNumber, Document, Error, GameDocument, LetterId, Revision, SlotName, UnixMillis, WriteId,
    backend::{Claim, Opened},
    codec::{Envelope, Fingerprints, KeyFingerprints},
    fetch,
};

/// One open slot, shared by its handles, its session and the autosave.
#[derive(Debug)]
pub(crate) struct SlotState<D> {
    pub(crate) core: Arc<SessionCore>,
    pub(crate) name: SlotName,
    /// Unique in the manager; says when in the interval the slot's turn is
    /// (A8).
    pub(crate) turn: u64,
    pub(crate) live: Mutex<Live<D>>,
    /// Notified when a change is over that others may wait for.
    pub(crate) freed: Condvar,
    /// Held through a save, so that a claim has one write under way at most.
    pub(crate) write_state: tokio::sync::Mutex<WriteState>,
    /// What few slots need: made when it is first wanted.
    dealings: OnceLock<Box<Dealings>>,
}

/// What a slot needs that has letters or errands, or of which game code asks
/// for a save.
#[derive(Debug, Default)]
pub(crate) struct Dealings {
    /// What saves are asked for.
    pub(crate) requests: Mutex<SaveRequests>,
    /// How often ids of discarded letters were taken off the document. A
    /// mailbox that was read before the last time may still show such letters.
    pub(crate) discards: AtomicU64,
    /// Whether somebody is about to run errands.
    pub(crate) has_errands_queued: AtomicBool,
    /// Held while letters are delivered; those that were refused meanwhile.
    pub(crate) mail: tokio::sync::Mutex<Vec<(LetterId, WriteId)>>,
    /// Held while errands are run.
    pub(crate) errands: tokio::sync::Mutex<()>,
}

/// The document as game code sees it, behind a lock that is held for moments
/// only, and never while game code runs (A9): a save takes the `Arc` and
/// leaves.
#[derive(Debug)]
pub(crate) struct Live<D> {
    pub(crate) document: Arc<D>,
    /// What is kept beside the document, and written with it.
    pub(super) envelope: Arc<Envelope>,
    /// What the store is known to have beside the document: only what is in
    /// it may be acted on outside.
    stored_envelope: Arc<Envelope>,
    /// Grows with every change, from 1.
    version: u64,
    /// The version whose whole content is known to be in the store; 0 if that
    /// is none.
    stored_version: u64,
    /// Whether the slot is over, although its session may go on: it was deleted
    /// in the store, or it failed to load, so that nobody has it. It takes no
    /// changes, and is not written.
    over: bool,
    /// The revision that the store is known to have. The write state's own may
    /// be ahead of it for the time of a save.
    revision: Revision,
    queue: QueueState,
    /// The version that can't be encoded, if it is known that one can't.
    refused: Option<Box<Refused>>,
    /// The change that is being made, on a copy.
    pub(crate) keeper: Option<Box<Keeper>>,
    /// How many changes were made on a copy, this one included; it may begin
    /// again from 0.
    pub(crate) keeps: u32,
}

/// How the autosave has the slot.
#[derive(Debug, Default)]
struct QueueState {
    /// It is in the wheel, due, being saved, or waiting for another attempt:
    /// in one of these places, and there once.
    queued: bool,
    /// There is something that no save has looked at.
    touched: bool,
    /// The forced cycle wants it written (A6).
    forced: bool,
}

/// What can't be encoded, and when the autosave has another look at it. What
/// its code does may depend on more than the document.
#[derive(Debug)]
struct Refused {
    version: u64,
    times: u32,
    not_before: Instant,
}

/// Where a slot goes that the autosave is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nowhere: there is nothing to do.
    Rest,
    /// To its next turn: it was changed meanwhile.
    Turn,
    /// To those that are due: the forced cycle came round meanwhile.
    Due,
}

/// A document as it was at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot<D> {
    pub(crate) document: Arc<D>,
    pub(crate) envelope: Arc<Envelope>,
    pub(crate) version: u64,
    /// Whether all of it is known to be in the store.
    pub(crate) stored: bool,
}

/// What the next write builds on, and what is known of the last one.
#[derive(Debug)]
pub(crate) struct WriteState {
    pub(crate) claim: SlotClaim,
    pub(crate) revision: Revision,
    /// What the store has acknowledged; `None` if it has nothing (S10).
    pub(crate) stored: Option<Fingerprints>,
    /// The last write that the store is known to have.
    pub(crate) last: Option<LastWrite>,
    /// Whether the document was proved to come back, or need not be (S11).
    pub(crate) proved: bool,
    /// In debug mode: what was stored, key by key.
    pub(crate) keys: Option<Box<KeyFingerprints>>,
}

/// What is known of the claim that the slot was opened under. Unless it is
/// live, the slot has to be opened again before anything is written (S2).
#[derive(Debug)]
pub(crate) enum SlotClaim {
    /// The next write may be sent under it.
    Live(ClaimNumber),
    /// It was found dead, or is being killed by another opening.
    Dead,
    /// A write under it was sent whose answer has not come, or never came.
    /// In a block of its own, since it is there only as long as a write takes.
    InDoubt(Box<Doubt>),
}

impl SlotClaim {
    /// The write that may have been applied, if there is one.
    pub(crate) fn doubt(&self) -> Option<Doubt> {
        match self {
            Self::InDoubt(doubt) => Some(**doubt),
            Self::Live(_) | Self::Dead => None,
        }
    }

    /// The number that it was made under, if it is live.
    pub(crate) fn number(&self) -> Option<ClaimNumber> {
        match self {
            Self::Live(number) => Some(*number),
            Self::InDoubt(_) | Self::Dead => None,
        }
    }

    /// Notes that the slot is being opened by somebody else, which kills it.
    /// A write in doubt stays to be asked about.
    pub(crate) fn kill(&mut self) {
        if let Self::Live(_) = self {
            *self = Self::Dead;
        }
    }
}

/// Which write made what the store has, and when that was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastWrite {
    pub(crate) id: WriteId,
    pub(crate) at: UnixMillis,
}

impl LastWrite {
    /// The one that a slot was opened with; `None` if it holds nothing.
    pub(crate) fn of(opened: &Opened) -> Option<Self> {
        let record = opened.record.as_ref()?;
        Some(Self {
            id: record.write_id,
            at: record.saved_at,
        })
    }
}

/// A write that may have been applied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doubt {
    pub(crate) write_id: WriteId,
    pub(crate) content: Fingerprints,
}

impl<D> Live<D> {
    fn is_unsaved(&self) -> bool {
        self.stored_version != self.version
    }

    /// Puts a changed document in the place of the one that is there. Returns
    /// that, and whether the caller has to queue the slot.
    pub(crate) fn put(&mut self, document: Arc<D>) -> (Arc<D>, bool) {
        let before = std::mem::replace(&mut self.document, document);
        self.version += 1;
        (before, self.queue.touch())
    }

    fn take_snapshot(&mut self, by_autosave: bool) -> (Snapshot<D>, bool) {
        self.queue.touched = false;
        let forced = by_autosave && std::mem::take(&mut self.queue.forced);
        (self.snapshot(), forced)
    }

    fn snapshot(&self) -> Snapshot<D> {
        Snapshot {
            document: Arc::clone(&self.document),
            envelope: Arc::clone(&self.envelope),
            version: self.version,
            stored: !self.is_unsaved(),
        }
    }
}

impl QueueState {
    /// Marks the slot; returns whether the caller has to queue it.
    fn touch(&mut self) -> bool {
        self.touched = true;
        !std::mem::replace(&mut self.queued, true)
    }
}

impl<D> SlotState<D> {
    pub(crate) fn new(
        core: Arc<SessionCore>,
        name: SlotName,
        turn: u64,
        document: D,
        envelope: Arc<Envelope>,
        write_state: WriteState,
    ) -> Self {
        let version = 1;
        let stored_version = if write_state.stored.is_some() {
            version
        } else {
            0
        };
        let live = Live {
            document: Arc::new(document),
            // What was loaded is stored; of what is new there are no errands.
            stored_envelope: Arc::clone(&envelope),
            envelope,
            version,
            stored_version,
            over: false,
            revision: write_state.revision,
            queue: QueueState::default(),
            refused: None,
            keeper: None,
            keeps: 0,
        };
        Self {
            core,
            name,
            turn,
            live: Mutex::new(live),
            freed: Condvar::new(),
            write_state: tokio::sync::Mutex::new(write_state),
            dealings: OnceLock::new(),
        }
    }

    /// What it needs for letters, errands and saves that are asked for.
    pub(crate) fn dealings(&self) -> &Dealings {
        self.dealings.get_or_init(Box::default)
    }

    /// What is said of a slot that is over. Of one that failed to load nobody
    /// hears it.
    fn deleted(&self) -> Error {
        Error::SlotDeleted {
            player: self.core.player.clone(),
            slot: self.name.clone(),
        }
    }

    /// Whether the slot takes changes; otherwise why not.
    pub(crate) fn check_takes_changes(&self, live: &Live<D>) -> Result<(), Error> {
        self.core.check_open()?;
        if live.over {
            return Err(self.deleted());
        }
        Ok(())
    }

    /// The slot's lock, when nobody keeps the slot and it takes changes.
    pub(super) fn lock_for_change(&self) -> Result<MutexGuard<'_, Live<D>>, Error> {
        let mut live = self.live.lock();
        if live.keeper.is_some() {
            drop(live);
            live = self.lock_when_free()?;
        }
        self.check_takes_changes(&live)?;
        Ok(live)
    }

    /// Whether what the slot holds can still be saved; otherwise why not.
    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        if self.live.lock().over {
            return Err(self.deleted());
        }
        self.core.check_writable()
    }

    /// The document as it is now.
    pub(crate) fn document(&self) -> Arc<D> {
        Arc::clone(&self.live.lock().document)
    }

    /// The document as it is now, and what is kept beside it.
    pub(crate) fn whole(&self) -> (Arc<D>, Arc<Envelope>) {
        let live = self.live.lock();
        (Arc::clone(&live.document), Arc::clone(&live.envelope))
    }

    /// What is kept beside the document.
    pub(crate) fn envelope(&self) -> Arc<Envelope> {
        Arc::clone(&self.live.lock().envelope)
    }

    pub(crate) fn is_unsaved(&self) -> bool {
        self.live.lock().is_unsaved()
    }

    /// What the store is known to have beside the document.
    pub(crate) fn stored_envelope(&self) -> Arc<Envelope> {
        Arc::clone(&self.live.lock().stored_envelope)
    }

    /// Changes what is kept beside the document, if the slot can still be
    /// written, and returns whether it did. It is not a reason for a save by
    /// itself: it is in the next one.
    pub(crate) fn edit_envelope(&self, edit: impl FnOnce(&mut Envelope)) -> bool {
        let mut live = self.live.lock();
        if live.over || self.core.check_writable().is_err() {
            return false;
        }
        let mut envelope = Envelope::clone(&live.envelope);
        edit(&mut envelope);
        let changes = envelope != *live.envelope;
        if changes {
            live.envelope = Arc::new(envelope);
            live.version += 1;
        }
        changes
    }

    /// Notes that all of a snapshot's content is in the store, as `revision`.
    pub(crate) fn note_stored(&self, snapshot: &Snapshot<D>, revision: Revision) {
        let mut live = self.live.lock();
        live.stored_version = snapshot.version;
        live.stored_envelope = Arc::clone(&snapshot.envelope);
        live.refused = None;
        live.revision = revision;
    }

    /// Notes the revision that the store is known to have.
    pub(crate) fn note_revision(&self, revision: Revision) {
        self.live.lock().revision = revision;
    }

    pub(crate) fn revision(&self) -> Revision {
        self.live.lock().revision
    }

    /// Notes that what the store has is not known any more.
    pub(crate) fn forget_stored(&self) {
        self.live.lock().stored_version = 0;
    }

    /// Notes that the slot is over. Whoever does has the write state, so that no
    /// save is under way that would open the slot again.
    pub(crate) fn note_over(&self) {
        self.live.lock().over = true;
    }

    /// Takes the document for a save, and whether the forced cycle wants it;
    /// if the slot can't be written any more, says why not. A change made from
    /// here on is not in this save, and marks the slot again (A2).
    pub(crate) fn begin_save(&self, by_autosave: bool) -> Result<(Snapshot<D>, bool), Error> {
        let mut live = self.live.lock();
        if live.over {
            return Err(self.deleted());
        }
        self.core.check_writable()?;
        Ok(live.take_snapshot(by_autosave))
    }

    /// Takes the document for a save, whatever the state of the slot.
    pub(crate) fn take_snapshot(&self) -> Snapshot<D> {
        self.live.lock().take_snapshot(false).0
    }

    /// Puts what a hook made of a version in its place; returns whether it did.
    ///
    /// It does not if the document was changed meanwhile, nor if it is just
    /// being changed: that change is made on the document without the hook's.
    pub(crate) fn replace(&self, snapshot: &mut Snapshot<D>, document: Arc<D>) -> bool {
        let mut live = self.live.lock();
        if live.version != snapshot.version || live.keeper.is_some() {
            return false;
        }
        let before = std::mem::replace(&mut live.document, document);
        live.version += 1;
        if let Some(refused) = &mut live.refused
            && refused.version == snapshot.version
        {
            refused.version += 1; // a hook's change is not one of the game's
        }
        // All of it is in this snapshot.
        live.queue.touched = false;
        let now = live.snapshot();
        drop(live);
        drop(before); // it may be game code that does that
        *snapshot = now;
        true
    }

    /// Whether game code has changed the document since a snapshot.
    pub(crate) fn has_changed_since(&self, snapshot: &Snapshot<D>) -> bool {
        self.live.lock().version != snapshot.version
    }

    /// Notes a change, or that a save failed; returns whether the caller has
    /// to queue the slot.
    pub(crate) fn touch(&self) -> bool {
        self.live.lock().queue.touch()
    }

    /// Notes that a save of a snapshot failed: what it was for is still to be
    /// done (A3), by whoever has the slot or has to queue it.
    pub(crate) fn note_failed(&self, forced: bool) {
        let mut live = self.live.lock();
        live.queue.touched = true;
        live.queue.forced |= forced;
    }

    /// Notes that a version can't be encoded. `pause` says how long to leave it
    /// alone after this many attempts before.
    pub(crate) fn note_refused(&self, version: u64, pause: impl FnOnce(u32) -> Duration) {
        let mut live = self.live.lock();
        let before = live.refused.as_ref();
        let times = before.filter(|before| before.version == version);
        let times = times.map_or(0, |before| before.times.saturating_add(1));
        let not_before = Instant::now() + pause(times);
        live.refused = Some(Box::new(Refused {
            version,
            times,
            not_before,
        }));
    }

    /// Whether the autosave leaves the slot alone, since the document can't be
    /// encoded and was not changed since that was found.
    pub(crate) fn is_refused(&self) -> bool {
        let live = self.live.lock();
        let refused = live.refused.as_ref();
        let same = refused.filter(|refused| refused.version == live.version);
        same.is_some_and(|refused| Instant::now() < refused.not_before)
            && !live.over
            && self.core.check_writable().is_ok()
    }

    /// Notes that the forced cycle wants the slot written; returns whether
    /// the caller has to queue it.
    pub(crate) fn force(&self) -> bool {
        let queue = &mut self.live.lock().queue;
        queue.forced = true;
        !std::mem::replace(&mut queue.queued, true)
    }

    /// Says where a slot goes that the autosave is done with.
    pub(crate) fn let_go(&self) -> Next {
        let queue = &mut self.live.lock().queue;
        if queue.forced {
            Next::Due
        } else if queue.touched {
            Next::Turn
        } else {
            queue.queued = false;
            Next::Rest
        }
    }

    pub(crate) fn claim(&self, number: ClaimNumber) -> Claim {
        self.core.claim(&self.name, number)
    }
}

impl<D: GameDocument> SlotState<D> {
    /// Looks at what saves of these slots need; see [`fetch`].
    pub(crate) fn fetch(slots: &[Arc<Self>]) {
        fetch::all(slots, |slot| {
            u8::from(slot.live.is_locked()) ^ u8::from(slot.dealings.get().is_some())
        });
        fetch::all(slots, |slot| slot.core.fetch());
        let documents: Vec<_> = slots.iter().map(|slot| slot.document()).collect();
        let documents = || {
            let documents = documents.iter().map(|document| &**document as &dyn Any);
            documents.filter_map(<dyn Any>::downcast_ref::<Document>)
        };
        fetch::all(documents(), Document::fetch);
        fetch::all(documents(), Document::fetch_parts);
    }
}

impl SlotState<Document> {
    /// Looks at the document under the slot's lock. No game code may run in it.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Document) -> R) -> R {
        look(&self.live.lock().document)
    }

    /// Changes the document in its place, under the slot's lock. No game code
    /// may run in it, and what fails must change nothing. Returns the result
    /// and whether the slot has to be queued for the autosave.
    pub(crate) fn edit<R>(
        &self,
        edit: impl FnOnce(&mut Document) -> Result<R, Error>,
    ) -> Result<(R, bool), Error> {
        let mut live = self.lock_for_change()?;
        let result = edit(Arc::make_mut(&mut live.document))?;
        live.version += 1;
        Ok((result, live.queue.touch()))
    }
}
