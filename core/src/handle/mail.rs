//! Sending letters.

use std::sync::Arc;

use super::SessionManager;
use crate::{Error, GameDocument, InvalidName, Letter, PlayerId, Sent, SlotName};

impl<D: GameDocument> SessionManager<D> {
    /// Sends a letter to a slot: no session and no lock is needed, whoever
    /// holds the player, or nobody.
    ///
    /// It gets into the document exactly once, through crashes, lost answers
    /// and repetitions: before game code sees the slot that is loaded next, or
    /// within a heartbeat if it is open on any server. A
    /// [`Document`](crate::Document) has it in its gift bank under its id; a
    /// game's own type does with it what
    /// [`Builder::on_letter`](crate::Builder::on_letter) says. Letters are
    /// delivered in order of arrival.
    ///
    /// It waits for the player for as long as it takes. After it was taken in,
    /// its id is remembered for 30 days at least. A slot that was never
    /// loaded, or a player who was never here, can be sent letters too.
    ///
    /// ```
    /// use playerdata_core::{Error, Letter, Parcel, SessionManager};
    ///
    /// async fn deliver(manager: &SessionManager, order: &str) -> Result<(), Error> {
    ///     let parcel = Parcel::new().item("Bread", 3).amount("Currency", 100);
    ///     let letter = Letter::new(order, parcel)?.from_sender("web shop");
    ///     manager.send(4711_u64, "Slot1", letter).await?; // safe to be called again
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Letter`] if it is too long, or 1 000 letters wait for the slot
    /// already. [`Error::StoreUnavailable`]: it may have been sent or not;
    /// send it again, with the same id.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a letter that is under way is sent.
    pub async fn send<P, N>(&self, player: P, slot: N, letter: Letter) -> Result<Sent, Error>
    where
        P: TryInto<PlayerId, Error: Into<InvalidName>>,
        N: TryInto<SlotName, Error: Into<InvalidName>>,
    {
        let player = player.try_into().map_err(Into::into)?;
        let slot = slot.try_into().map_err(Into::into)?;
        let slot = self.engine.settings.slot_for(&slot);
        let send = Arc::clone(&self.engine).send_letter(player.clone(), slot, letter);
        self.engine
            .run_to_the_end(&player, "sending a letter", send)
            .await?
    }
}
