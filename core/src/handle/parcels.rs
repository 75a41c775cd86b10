//! Moving parcels between documents.

use std::sync::Arc;

use serde::Deserialize;

use super::{Builder, SessionManager, Slot};
use crate::{
    Error, IdempotencyKey, InvalidName, ParcelDocument, PlayerId, SlotName,
    engine::{ParcelHooks, Take, TradeOutcome, TradeSide, Transferred, message_of},
    value::storable,
};

impl<D: ParcelDocument> Builder<D> {
    /// Lets documents of a game's own type [trade](SessionManager::trade). A
    /// [`Document`](crate::Document) can without this.
    ///
    /// Every server of the game needs it that may load a document which was in
    /// a trade when its server crashed.
    #[must_use]
    pub fn parcels(mut self) -> Self {
        self.set_parcels(ParcelHooks::new());
        self
    }
}

/// Takes this parcel out of a document. What would not come back from the store
/// as it is stays where it is.
fn taking<D: ParcelDocument>(parcel: D::Parcel) -> Take<D> {
    Arc::new(move |document: &mut D| {
        let taken = document.take_parcel(&parcel);
        let taken = taken.map_err(|error| message_of(&error))?;
        storable(&taken).map_err(|error| message_of(&error))?;
        let json = serde_json::to_value(taken).map_err(|error| message_of(&error))?;
        D::Parcel::deserialize(&json).map_err(|error| message_of(&error))?;
        Ok(json)
    })
}

impl<D: ParcelDocument> Slot<D> {
    /// Moves a parcel to another slot, of whatever player and wherever that is:
    /// at most once for a key, and without anything made or lost, whatever
    /// crashes.
    ///
    /// The parcel leaves the document and enters its outbox in one write; then
    /// it is sent as a letter, and is in the other document as any
    /// [letter](SessionManager::send) is: in the gift bank of a
    /// [`Document`](crate::Document), from where
    /// [`claim_gift`](Slot::claim_gift) takes it. That costs this slot one
    /// save, and one more write with the next autosave.
    ///
    /// ```
    /// use playerdata_core::{Error, Parcel, Slot, Transferred};
    ///
    /// async fn give(slot: &Slot, gift_id: &str, to: &str) -> Result<Transferred, Error> {
    ///     let parcel = Parcel::new().item("Starter Sword", 1);
    ///     slot.transfer(gift_id, parcel, to, "Slot1").await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Parcel`] if anything of it is not there, and those of
    /// [`apply_once`](Slot::apply_once): nothing changed.
    /// [`Error::StoreUnavailable`]: the parcel has left the document in memory,
    /// which could not be saved yet; the autosave goes on. Called again with
    /// the key, it moves nothing twice.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it goes on in the background.
    pub async fn transfer<K, P, N>(
        &self,
        key: K,
        parcel: D::Parcel,
        to_player: P,
        to_slot: N,
    ) -> Result<Transferred, Error>
    where
        K: TryInto<IdempotencyKey, Error: Into<InvalidName>>,
        P: TryInto<PlayerId, Error: Into<InvalidName>>,
        N: TryInto<SlotName, Error: Into<InvalidName>>,
    {
        let key = key.try_into().map_err(Into::into)?;
        let player = to_player.try_into().map_err(Into::into)?;
        let to_slot = to_slot.try_into().map_err(Into::into)?;
        let to = (player, self.engine.settings.slot_for(&to_slot));
        let slot = Arc::clone(&self.state);
        let transfer = Arc::clone(&self.engine).transfer(slot, key, taking(parcel), to);
        self.engine
            .run_to_the_end(self.player(), "transferring a parcel", transfer)
            .await?
    }
}

impl<D: ParcelDocument> SessionManager<D> {
    /// Has two slots that are open here give each other parcels, both or
    /// neither, at most once for a key, whatever crashes. They may be one
    /// player's.
    ///
    /// Each parcel moves into its document's escrow, and both are saved; the
    /// store decides; each document gets what the verdict says, which the next
    /// autosave stores. So a trade takes two saves and one more round trip. A
    /// session that is lost meanwhile leaves its part to whoever has that
    /// player next: the verdict stands.
    ///
    /// What there is no room for is refused before the trade begins; if the
    /// room was filled meanwhile, the parcel waits in the gift bank.
    ///
    /// ```
    /// use playerdata_core::{Error, Parcel, SessionManager, Slot, TradeOutcome};
    ///
    /// async fn sell(manager: &SessionManager, id: &str, ann: &Slot, bob: &Slot) -> Result<(), Error> {
    ///     let sword = Parcel::new().item("Starter Sword", 1);
    ///     let price = Parcel::new().amount("Currency", 250);
    ///     let outcome = manager.trade(id, (ann, sword), (bob, price)).await?;
    ///     assert_ne!(outcome, TradeOutcome::Aborted);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Parcel`] if anything is not there, there is no room for it, the
    /// slot would trade with itself, or is another manager's; and those of
    /// [`apply_once`](Slot::apply_once): nothing changed. Any other error:
    /// there was no trade, unless it is one of the store's: then it may have
    /// been decided, which is found out in the background. Called again with
    /// the key, nothing is traded twice.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it goes on in the background.
    pub async fn trade<K>(
        &self,
        key: K,
        first: (&Slot<D>, D::Parcel),
        second: (&Slot<D>, D::Parcel),
    ) -> Result<TradeOutcome, Error>
    where
        K: TryInto<IdempotencyKey, Error: Into<InvalidName>>,
    {
        let key = key.try_into().map_err(Into::into)?;
        let ((a, gives_a), (b, gives_b)) = (first, second);
        if a.player() == b.player() && a.name() == b.name() {
            return Err(refused(a, "a slot can't trade with itself"));
        }
        for slot in [a, b] {
            if !Arc::ptr_eq(&slot.engine, &self.engine) {
                return Err(refused(slot, "it is not open in this manager"));
            }
        }
        let side = |slot: &Slot<D>, gives| TradeSide {
            slot: Arc::clone(&slot.state),
            take: taking(gives),
        };
        let (first, second) = (side(a, gives_a), side(b, gives_b));
        let trade = Arc::clone(&self.engine).trade(key, first, second);
        self.engine
            .run_to_the_end(a.player(), "trading", trade)
            .await?
    }
}

fn refused<D: ParcelDocument>(slot: &Slot<D>, why: &str) -> Error {
    Error::Parcel {
        player: slot.player().clone(),
        slot: slot.name().clone(),
        why: why.into(),
    }
}
