//! The handle to an open slot.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
};

use super::{save::Saved, state::SlotState};
use crate::{
    Document, Error, GameDocument, PlayerId, Revision, SaveReason, SessionId, SlotName, Unsaved,
    manager::Shared, session::Held,
};

/// An open slot of a player: cheap to clone, read and changed synchronously.
///
/// Game code changes the document and forgets about it: the autosave writes
/// what changed. Reads and changes never wait for the store. A change takes a
/// lock for the time of the change; do not touch the same slot from within
/// the closure given to [`modify`](Self::modify).
///
/// A slot keeps its session: it ends in the background when the last handle of
/// it and of its slots is dropped.
///
/// After the session ended or was lost, the document can still be read, and
/// every change is refused. So is every change that nobody could save any more:
/// after the manager's shutdown began, after its runtime is gone, or was not
/// run for as long as the server's lease lives, and once the server is known to
/// be superseded (E8).
pub struct Slot<D = Document> {
    pub(super) state: Arc<SlotState<D>>,
    pub(super) shared: Arc<Shared<D>>,
    /// Keeps the session alive.
    held: Arc<Held<D>>,
}

impl<D> Clone for Slot<D> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
            shared: Arc::clone(&self.shared),
            held: Arc::clone(&self.held),
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
    pub(crate) fn new(state: Arc<SlotState<D>>, held: Arc<Held<D>>) -> Self {
        let shared = Arc::clone(&held.shared);
        Self {
            state,
            shared,
            held,
        }
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

    /// The document as it is now, to be put into a store that has lost what it
    /// acknowledged, by [`SessionManager::recover`](crate::SessionManager::recover).
    #[must_use]
    pub fn for_recovery(&self) -> Unsaved<D> {
        let error = self.state.core.check_open().err();
        let error = error.unwrap_or_else(|| Error::Unfinished {
            player: self.player().clone(),
        });
        Unsaved::new(&self.state, error)
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
    /// no changes any more, and [`Error::ShuttingDown`], [`Error::RuntimeGone`]
    /// or [`Error::Superseded`] if nobody could save one; the closure is not
    /// called then.
    pub fn modify<R>(&self, modify: impl FnOnce(&mut D) -> R) -> Result<R, Error> {
        self.change(|document| Ok(modify(document)))
    }

    /// Changes the document if the closure succeeds: it works on a copy, and
    /// an error or a panic leaves the document as it was (V7).
    ///
    /// # Errors
    ///
    /// What the closure returns, and those of [`modify`](Self::modify).
    pub fn try_modify<R, E: From<Error>>(
        &self,
        modify: impl FnOnce(&mut D) -> Result<R, E>,
    ) -> Result<R, E> {
        self.change(|document| {
            let mut copy = document.clone();
            let result = modify(&mut copy)?;
            *document = copy;
            Ok(result)
        })
    }

    /// Applies a change that leaves the document alone if it fails.
    pub(super) fn change<R, E: From<Error>>(
        &self,
        change: impl FnOnce(&mut D) -> Result<R, E>,
    ) -> Result<R, E> {
        let changing = AssertUnwindSafe(|| self.state.change(change));
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
        let (state, shared) = (Arc::clone(&self.state), Arc::clone(&self.shared));
        let save = async move { shared.save_with_retries(&state, SaveReason::Asked).await };
        self.shared
            .run_to_the_end(self.player(), "saving a slot", save)
            .await?
    }
}
