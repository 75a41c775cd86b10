//! The handle to an open slot.

use std::{fmt, sync::Arc};

use futures::FutureExt;

use crate::{
    ChangeError, Document, Error, GameDocument, PlayerId, Revision, Saved, SessionId, SlotName,
    Unsaved,
    engine::Engine,
    state::{Held, SlotState},
};

/// An open slot of a player: cheap to clone, read and changed synchronously.
///
/// Game code changes the document and forgets about it: the autosave writes
/// what changed. Reads and changes never wait for the store, and reads wait
/// for nothing at all.
///
/// A slot is changed by one caller at a time. A closure given to
/// [`modify`](Self::modify) works on a copy of the document that takes its
/// place when the closure returns; until then everybody else, the closure's
/// own reads of the slot included, sees the document as it was, and that is
/// what a save, the end of the session or a shutdown writes. Another change
/// waits for it, but never for more than half a second after it began, and
/// fails with [`Error::SlotBusy`] then; so does one that would wait for itself.
/// A closure that takes long keeps nobody else's slot from being changed,
/// saved or ended.
///
/// A slot keeps its session: it ends in the background when the last handle of
/// it and of its slots is dropped.
///
/// After the session ended or was lost, the document can still be read, and
/// every change is refused. So is every change that nobody could save any more:
/// after the manager's shutdown began, after its runtime is gone, or was not
/// run for as long as the server's lease lives, and once the server is known to
/// be superseded.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// # let session = manager.start_session(4711_u64).await?;
/// let slot = session.load_slot("Slot1").await?;
/// slot.modify(|player| player.inventory_mut().add("Bread", 1))??;
/// let loaves = slot.read(|player| player.inventory().count("Bread"));
/// assert!(slot.is_unsaved());
///
/// // Not needed, since the autosave does it: wait until the store has it.
/// slot.save().await?;
/// assert!(!slot.is_unsaved());
/// # assert_eq!(loaves, 6);
/// # Ok(())
/// # }
/// ```
pub struct Slot<D = Document> {
    pub(super) state: Arc<SlotState<D>>,
    /// Keeps the session alive. Dropped before the engine, which ends it then.
    held: Held<D>,
    pub(super) engine: Arc<Engine<D>>,
}

impl<D> Clone for Slot<D> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
            engine: Arc::clone(&self.engine),
            held: self.held.clone(),
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
    pub(super) fn new(state: Arc<SlotState<D>>, engine: &Arc<Engine<D>>, held: &Held<D>) -> Self {
        Self {
            state,
            engine: Arc::clone(engine),
            held: held.clone(),
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
    /// acknowledged, by
    /// [`SessionManager::recover`](crate::SessionManager::recover).
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

    /// Changes the document. The closure works on a copy: a panic leaves the
    /// document as it was.
    ///
    /// A [`Document`] is copied in no time, and what the closure changes of it
    /// is copied then. Copying a game's own type takes time in proportion to
    /// it; a part that is large and rarely changed is cheap to copy in an
    /// [`Arc`].
    ///
    /// # Errors
    ///
    /// [`Error::SessionLost`], [`Error::SessionEnded`] or
    /// [`Error::SlotDeleted`] if the slot takes no changes any more,
    /// [`Error::ShuttingDown`], [`Error::RuntimeGone`] or
    /// [`Error::Superseded`] if nobody could save one, and [`Error::SlotBusy`]
    /// if it is being changed already; the closure is not called then. If the
    /// session ended or was lost while the closure ran, what it did is dropped.
    pub fn modify<R>(&self, modify: impl FnOnce(&mut D) -> R) -> Result<R, Error> {
        self.try_modify(|document| Ok::<_, Error>(modify(document)))
    }

    /// Changes the document if the closure succeeds; an error or a panic
    /// leaves the document as it was.
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
        let (keeping, document) = self.state.keep()?;
        let noted = self.engine.kept.note(self.player(), self.name(), "modify");
        let mut copy = D::clone(&document);
        drop(document);
        let result = modify(&mut copy);
        let result = result.map_err(|error| error.in_slot(self.player(), self.name()))?;
        // It may have put another document in its place.
        (self.engine.origin.prepare)(&mut copy);
        drop(noted);
        if keeping.commit(copy)? {
            self.engine.autosave.push(&self.state);
        }
        Ok(result)
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
    /// Saves of one slot that are asked for while another is under way share
    /// the next write.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a save that was asked for is made in the background.
    pub async fn save(&self) -> Result<Saved, Error> {
        let saved = self.engine.request_save(&self.state).await;
        saved.unwrap_or(Err(Error::RuntimeGone)) // its runtime is gone
    }

    /// Asks for a [`save`](Self::save) without waiting for it, from any thread,
    /// with or without a runtime around. A failure is reported as
    /// [`Event::SaveFailed`](crate::Event::SaveFailed), and the autosave tries
    /// again.
    ///
    /// # Errors
    ///
    /// [`Error::SessionLost`], [`Error::SessionEnded`] or
    /// [`Error::SlotDeleted`] if the slot can't be saved any more;
    /// [`Error::RuntimeGone`] if the manager's runtime is gone.
    pub fn request_save(&self) -> Result<(), Error> {
        self.state.check_writable()?;
        match self.engine.request_save(&self.state).now_or_never() {
            Some(Err(_runtime_is_gone)) => Err(Error::RuntimeGone),
            _ => Ok(()),
        }
    }
}
