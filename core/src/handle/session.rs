//! The handle to a session.

use std::{fmt, sync::Arc};

use super::Slot;
use crate::{
    Document, EndError, EndReason, Error, Fence, GameDocument, InvalidName, PlayerId, Saved,
    SessionEnd, SessionId, SlotName, Unsaved,
    backend::SlotSummary,
    engine::Engine,
    state::{Held, SessionState, Status},
};

/// One server's exclusive right to one player's data, from
/// [`start_session`](crate::SessionManager::start_session) until
/// [`end`](Self::end). Cheap to clone.
///
/// It lives as long as any handle to it, those of its slots included. Dropping
/// the last one ends the session in the background: what is unsaved is saved,
/// the lock released, and failures are reported as events.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// let session = manager.start_session(4711_u64).await?;
/// let hero = session.load_slot("Hero").await?;
/// let bank = session.load_slot("Bank").await?;
/// hero.decrement("Currency", 100)?;
/// bank.increment("Currency", 100)?;
/// session.save_all().await?;
///
/// // When the player leaves.
/// session.end().await?;
/// assert!(!session.is_active());
/// # Ok(())
/// # }
/// ```
pub struct Session<D: GameDocument = Document> {
    /// Dropped before the engine, which ends the session then.
    held: Held<D>,
    engine: Arc<Engine<D>>,
}

impl<D: GameDocument> Clone for Session<D> {
    fn clone(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            held: self.held.clone(),
        }
    }
}

impl<D: GameDocument> fmt::Debug for Session<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("player", &self.state().core.player)
            .field("id", &self.state().core.id)
            .field("status", &self.state().core.status())
            .finish_non_exhaustive()
    }
}

impl<D: GameDocument> Session<D> {
    pub(super) fn new(held: Held<D>, engine: &Arc<Engine<D>>) -> Self {
        Self {
            engine: Arc::clone(engine),
            held,
        }
    }

    fn state(&self) -> &Arc<SessionState<D>> {
        &self.held.state
    }

    fn engine(&self) -> &Arc<Engine<D>> {
        &self.engine
    }

    /// Whose data it is.
    #[must_use]
    pub fn player(&self) -> &PlayerId {
        &self.state().core.player
    }

    /// The session's GUID, as the lock in the store has it.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.state().core.id
    }

    /// The generation of the lock.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.state().core.fence
    }

    /// Whether the session takes changes, as far as this server knows.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state().core.status() == Status::Active
    }

    /// Whether the session was found lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self.state().core.status(), Status::Lost(_))
    }

    /// Waits until the session is over, and says how it ended: at once if it
    /// has ended already. No event can be missed this way.
    ///
    /// What it returns does not keep the session alive.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only waits.
    pub fn ended(&self) -> impl Future<Output = SessionEnd> + Send + 'static + use<D> {
        let core = Arc::clone(&self.state().core);
        async move { core.ended().await }
    }

    /// What of its documents is not in the store as it is here: of a lost
    /// session what can be [recovered](crate::SessionManager::recover), of a
    /// live one what waits to be saved.
    #[must_use]
    pub fn unsaved(&self) -> Vec<Unsaved<D>> {
        let core = &self.state().core;
        let error = core.check_open().err();
        let error = error.unwrap_or_else(|| Error::Unfinished {
            player: core.player.clone(),
        });
        self.state().unsaved(&error)
    }

    /// Opens a slot and reads its document, or makes the defaults if nothing is
    /// stored. A slot that is open already is handed out again. Several slots
    /// can be open at once.
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`], [`Error::SessionLost`],
    /// [`Error::Undecodable`], [`Error::Migration`], and
    /// [`Error::InvalidName`]. Whatever the error, the session is as it was:
    /// the slot can be loaded again, and so can others.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a load that has begun goes on in the background, and the
    /// slot is handed out by the next call.
    pub async fn load_slot<N>(&self, name: N) -> Result<Slot<D>, Error>
    where
        N: TryInto<SlotName, Error: Into<InvalidName>>,
    {
        let name = self.slot_name(name)?;
        let session = self.clone(); // it goes on while the slot is loaded
        let load = async move {
            let slot = session.engine.load(session.state(), &name).await?;
            Ok(Slot::new(slot, &session.engine, &session.held))
        };
        self.run("loading a slot", load).await
    }

    /// The player's slots in the store, sorted by name.
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`] or [`Error::StoreFailed`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn slots(&self) -> Result<Vec<SlotSummary>, Error> {
        let (engine, player) = (Arc::clone(self.engine()), self.player().clone());
        let list = async move { Ok(engine.store.list(&player).await?) };
        self.run("listing the slots", list).await
    }

    /// Deletes what a slot holds, open or not. Handles to it refuse changes
    /// from then on; [`load_slot`](Self::load_slot) starts it over. Parcels that
    /// are on their way from it are sent first, and a trade that it is in ends.
    ///
    /// # Errors
    ///
    /// Those of [`load_slot`](Self::load_slot), and [`Error::Letter`] if such a
    /// parcel can't be sent, since the mailbox that it is for is full: nothing
    /// is deleted then. After
    /// [`Error::StoreUnavailable`] the slot may be deleted or not; an open
    /// one is still open, and its next save writes it again.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a deletion that has begun goes on in the background.
    pub async fn delete_slot<N>(&self, name: N) -> Result<(), Error>
    where
        N: TryInto<SlotName, Error: Into<InvalidName>>,
    {
        let name = self.slot_name(name)?;
        let delete = Arc::clone(self.engine()).delete_slot(Arc::clone(self.state()), name);
        self.run("deleting a slot", delete).await
    }

    /// Saves every open slot now, changed or not.
    ///
    /// # Errors
    ///
    /// Those of [`Slot::save`], of the first slot that could not be saved;
    /// the others are still saved.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: saves that have begun go on in the background.
    pub async fn save_all(&self) -> Result<Vec<Saved>, Error> {
        let handles = self.state().slots().into_iter();
        let slots: Vec<_> = handles
            .map(|slot| Slot::new(slot, &self.engine, &self.held))
            .collect();
        let saves = futures::future::join_all(slots.iter().map(Slot::save)).await;
        saves.into_iter().collect()
    }

    /// Ends the session: the last-save hook, a last save of what is unsaved,
    /// and the release of the lock. Ending it again does nothing.
    ///
    /// # Errors
    ///
    /// [`EndError`] with the unsaved documents. Unless the session is lost, it
    /// goes on: it still holds the player and takes changes, until this is
    /// called again or [`abandon`](Self::abandon) is. If nothing is unsaved,
    /// only the lock could not be released, which the manager tries again.
    /// After the manager's runtime is gone, the cause is
    /// [`Error::RuntimeGone`], and all that can be done is to write the
    /// documents down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: an end that has begun goes on in the background.
    pub async fn end(&self) -> Result<(), EndError<D>> {
        let end = Arc::clone(self.engine()).end(Arc::clone(self.state()), EndReason::Requested);
        let ended = self
            .engine()
            .run_to_the_end(self.player(), "ending the session", end)
            .await;
        ended.unwrap_or_else(|cause| {
            let unsaved = self.state().unsaved(&cause);
            Err(EndError::new(self.player(), unsaved, cause))
        })
    }

    /// Releases the player without saving what is unsaved.
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`]: the lock may still be there. No changes
    /// are taken any more, and the manager tries again at every heartbeat.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a release that has begun goes on in the background.
    pub async fn abandon(&self) -> Result<(), Error> {
        let abandon = Arc::clone(self.engine()).abandon(Arc::clone(self.state()));
        self.run("abandoning the session", abandon).await
    }

    async fn run<T: Send + 'static>(
        &self,
        during: &'static str,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        self.engine()
            .run_to_the_end(self.player(), during, work)
            .await?
    }

    fn slot_name<N>(&self, name: N) -> Result<SlotName, Error>
    where
        N: TryInto<SlotName, Error: Into<InvalidName>>,
    {
        let name = name.try_into().map_err(Into::into)?;
        Ok(self.engine().settings.slot_for(&name))
    }
}
