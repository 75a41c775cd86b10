//! Kept versions of slots: keep one now, look at them, go back to one.

use std::sync::Arc;

use super::{SessionManager, Slot};
use crate::{
    Error, GameDocument, PlayerId, RestoreOptions, Restored, Revision, SlotName,
    backend::{Record, VersionSummary},
};

impl<D: GameDocument> Slot<D> {
    /// Saves the slot and keeps what was saved as a version, whatever
    /// `version_interval` says: before something that may have to be undone.
    /// Returns its revision; `None` if `versions_kept` is 0.
    ///
    /// # Errors
    ///
    /// Those of [`save`](Self::save), and [`Error::StoreUnavailable`] if the
    /// store failed to keep it: the document is saved then.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it goes on in the background.
    pub async fn keep_version(&self) -> Result<Option<Revision>, Error> {
        let slot = self.clone();
        let keeping = async move {
            slot.save().await?;
            slot.engine.keep_now(&slot.state).await
        };
        self.engine
            .run_to_the_end(self.player(), "keeping a version", keeping)
            .await?
    }
}

impl<D: GameDocument> SessionManager<D> {
    /// The kept versions of a slot, newest first, read without the lock.
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`] or [`Error::StoreFailed`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn versions(
        &self,
        player: &PlayerId,
        slot: &SlotName,
    ) -> Result<Vec<VersionSummary>, Error> {
        let (asked, slot) = (player.clone(), slot.clone());
        self.ask(player, "listing versions", async move |engine| {
            Ok(engine.store.versions(&asked, &slot).await?)
        })
        .await
    }

    /// A kept version of a slot as it was stored, read without the lock; `None`
    /// if there is none of that revision. Its body can be read with
    /// [`decode`](Self::decode).
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`] or [`Error::StoreFailed`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>, Error> {
        let (asked, slot) = (player.clone(), slot.clone());
        self.ask(player, "reading a version", async move |engine| {
            Ok(engine.store.version(&asked, &slot, revision).await?)
        })
        .await
    }

    /// Makes a kept version the newest revision of its slot, through a session
    /// of its own that is over when this returns. What it replaces is kept as a
    /// version before.
    ///
    /// The idempotency keys are those of the version: what was applied once
    /// since then can be applied again. What was sent to others since then can't
    /// be undone here; [`Restored::left_out`] says whether the version held
    /// something on its way, which has arrived since.
    ///
    /// It is refused if a session holds the player, unless the options say
    /// otherwise.
    ///
    /// # Errors
    ///
    /// [`Error::NoVersion`], [`Error::PlayerHeld`], and
    /// [`Error::Undecodable`] of a version that could not be loaded: nothing
    /// was changed. [`Error::StoreUnavailable`]: it may be there or not;
    /// calling it again does no harm.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it goes on in the background.
    pub async fn restore(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
        options: RestoreOptions,
    ) -> Result<Restored, Error> {
        let slot = self.engine.settings.slot_for(slot);
        let restoring = Arc::clone(&self.engine).restore(player.clone(), slot, revision, options);
        self.engine
            .run_to_the_end(player, "restoring a version", restoring)
            .await?
    }
}
