//! Putting documents into the store by hand: what could not be saved (E10), and
//! what takes the place of a record that can't be read (S12).

use std::sync::Arc;

use serde_json::Value;

use super::SessionManager;
use crate::{Error, GameDocument, PlayerId, RecoverOptions, Revision, SlotName, Unsaved};

impl<D: GameDocument> SessionManager<D> {
    /// Puts a document that could not be saved into its slot, through a session
    /// of its own that is over when this returns. Any manager of the game's can
    /// do it, also a later one; returns the revision that it made.
    ///
    /// It is refused if a session holds the player, and if the slot was written
    /// or deleted since by anybody else, unless the options say otherwise. A
    /// store that came back empty, or with an older revision of what the
    /// document builds on, does not stop it.
    ///
    /// # Errors
    ///
    /// [`Error::PlayerHeld`], [`Error::Newer`], [`Error::Unencodable`]: nothing
    /// was changed. [`Error::StoreUnavailable`]: it may be there or not; calling
    /// it again does no harm.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it goes on in the background.
    pub async fn recover(
        &self,
        unsaved: &Unsaved<D>,
        options: RecoverOptions,
    ) -> Result<Revision, Error> {
        let recovery = Arc::clone(&self.engine).recover(unsaved.clone(), options);
        self.engine
            .run_to_the_end(&unsaved.player, "recovering a document", recovery)
            .await?
    }

    /// Puts a document into a slot, as JSON, in place of the revision that was
    /// looked at ([`view`](Self::view); 0 if there was nothing): to repair one
    /// that can't be read, or to bring back one that was written down. It needs
    /// no session of the game's, and works like [`recover`](Self::recover).
    ///
    /// A document that could not be loaded is refused; one of a newer schema
    /// than this program knows is not looked at.
    ///
    /// # Errors
    ///
    /// Those of [`recover`](Self::recover), where any other revision than
    /// `base` is newer, and [`Error::Undecodable`] or [`Error::Migration`] of
    /// the document given.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it goes on in the background.
    pub async fn put(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        document: &Value,
        base: Revision,
        options: RecoverOptions,
    ) -> Result<Revision, Error> {
        let (asked, document) = (player.clone(), document.clone());
        let slot = self.engine.settings.slot_for(slot);
        let put = Arc::clone(&self.engine).put(asked, slot, document, base, options);
        self.engine
            .run_to_the_end(player, "putting a document", put)
            .await?
    }
}
