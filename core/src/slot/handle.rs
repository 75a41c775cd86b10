//! The handle to an open slot.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
};

use super::{save::Saved, state::SlotState};
use crate::{
    ChangeError, Document, Error, GameDocument, PlayerId, Revision, SaveReason, SessionId,
    SlotName, manager::Shared,
};

/// An open slot of a player: cheap to clone, read and changed synchronously.
///
/// Game code changes the document and forgets about it: the autosave writes
/// what changed. Reads and changes never wait for the store. A change takes a
/// lock for the time of the change; do not touch the same slot from within
/// the closure given to [`modify`](Self::modify).
///
/// After the session ended or was lost, the document can still be read, and
/// every change is refused.
pub struct Slot<D = Document> {
    pub(super) state: Arc<SlotState<D>>,
    pub(super) shared: Arc<Shared<D>>,
}

impl<D> Clone for Slot<D> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<D> fmt::Debug for Slot<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("player", &self.state.core.player)
            .field("name", &self.state.name)
            .field("session", &self.state.core.id)
            .finish_non_exhaustive()
    }
}

impl<D: GameDocument> Slot<D> {
    pub(crate) fn new(state: Arc<SlotState<D>>, shared: Arc<Shared<D>>) -> Self {
        Self { state, shared }
    }

    /// The slot's name.
    #[must_use]
    pub fn name(&self) -> &SlotName {
        &self.state.name
    }

    /// Whose slot it is.
    #[must_use]
    pub fn player(&self) -> &PlayerId {
        &self.state.core.player
    }

    /// The session that opened it.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.state.core.id
    }

    /// The revision that the store is known to have: the one that the slot
    /// was loaded with, or that the last acknowledged save made. 0 if the slot
    /// was never written.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.state.revision()
    }

    /// Whether there are changes that the store has not acknowledged.
    ///
    /// A change that was changed back counts until the autosave has looked at
    /// it, and so does one to a skipped key until the next save.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        self.state.is_unsaved()
    }

    /// The document as it is now. Later changes do not show in it.
    ///
    /// Holding on to it makes the next change copy the document.
    #[must_use]
    pub fn snapshot(&self) -> Arc<D> {
        self.state.document()
    }

    /// Reads from the document as it is now, without keeping others from
    /// changing it meanwhile.
    pub fn read<R>(&self, read: impl FnOnce(&D) -> R) -> R {
        read(&self.snapshot())
    }

    /// Changes the document.
    ///
    /// If the closure panics, what it had changed by then stays; where that
    /// matters, use [`try_modify`](Self::try_modify).
    ///
    /// # Errors
    ///
    /// [`Error::SessionLost`] or [`Error::SessionEnded`] if the session takes
    /// no changes any more; the closure is not called then.
    pub fn modify<R>(&self, modify: impl FnOnce(&mut D) -> R) -> Result<R, Error> {
        self.change(|document| Ok(modify(document)))
    }

    /// Changes the document if the closure succeeds: it works on a copy, and
    /// an error or a panic leaves the document as it was (V7).
    ///
    /// The closure's error can be any that is made from [`Error`], which is
    /// what comes back; or that of an inventory, a gift bank or a document,
    /// which comes back as an [`Error::Document`]. With more than one of
    /// these, `?` makes [`DocumentError`](crate::DocumentError) of all.
    ///
    /// ```
    /// use playerdata_core::{DocumentError, Error, GiftBank, Inventory, Slot};
    /// # #[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
    /// # struct Profile { items: Inventory, gifts: GiftBank }
    ///
    /// fn buy(slot: &Slot<Profile>) -> Result<u64, Error> {
    ///     slot.try_modify(|profile| profile.items.add("Bread", 3))
    /// }
    ///
    /// fn swap(slot: &Slot<Profile>) -> Result<(), Error> {
    ///     slot.try_modify(|profile| {
    ///         profile.items.remove("Bread", 1)?;
    ///         profile.gifts.put("g-17", "a cake")?;
    ///         Ok::<_, DocumentError>(())
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// What the closure returns, and those of [`modify`](Self::modify).
    pub fn try_modify<R, E: ChangeError>(
        &self,
        modify: impl FnOnce(&mut D) -> Result<R, E>,
    ) -> Result<R, E::Error> {
        self.change(|document| {
            let mut copy = document.clone();
            let result = modify(&mut copy);
            let result = result.map_err(|error| error.in_slot(self.player(), self.name()))?;
            *document = copy;
            Ok(result)
        })
    }

    /// Applies a change that leaves the document alone if it fails.
    pub(super) fn change<R, E: From<Error>>(
        &self,
        change: impl FnOnce(&mut D) -> Result<R, E>,
    ) -> Result<R, E> {
        let prepared = |document: &mut D| {
            let result = catch_unwind(AssertUnwindSafe(|| change(document)));
            // It may have put another document in its place.
            (self.shared.origin.prepare)(document);
            result.unwrap_or_else(|panic| resume_unwind(panic))
        };
        let changing = AssertUnwindSafe(|| self.state.change(prepared));
        let (result, must_queue) = catch_unwind(changing).unwrap_or_else(|panic| {
            // What the closure had changed by then is a change like any other.
            if self.state.touch_changed() {
                self.shared.autosave.push(&self.state);
            }
            resume_unwind(panic)
        });
        if must_queue {
            self.shared.autosave.push(&self.state);
        }
        result
    }

    /// Writes the document now, changed or not, and returns when the store
    /// has acknowledged it.
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`] after `save_attempts` attempts: the change
    /// is kept and the autosave tries again. [`Error::SessionLost`]: nothing
    /// can be saved any more. [`Error::Unencodable`] if the document is too
    /// large or can't be encoded.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a save that has begun goes on in the background (E7).
    pub async fn save(&self) -> Result<Saved, Error> {
        let Self { state, shared } = self.clone();
        let save = async move { shared.save_with_retries(&state, SaveReason::Asked).await };
        self.shared
            .run_to_the_end(self.player(), "saving a slot", save)
            .await?
    }
}
