//! Parcels from one document to another: out of it into its outbox in one
//! write, from there into a mailbox (P2).

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::Engine;
use crate::{
    Error, GameDocument, IdempotencyKey, LetterError, LetterId, PlayerId, SaveReason, SlotName,
    WriteId,
    backend::{self, MAX_LETTER_BYTES, Posting, Retention},
    codec::{self, Address, Envelope, MAX_OUTBOX, Outgoing},
    state::SlotState,
};

/// The outcome of a transfer.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// # let session = manager.start_session(4711_u64).await?;
/// # let slot = session.load_slot("Slot1").await?;
/// use playerdata_core::{Parcel, Transferred};
///
/// let bread = || Parcel::new().item("Bread", 2);
/// let sent = slot.transfer("gift-3", bread(), "bob", "Slot1").await?;
/// assert_eq!(sent, Transferred::Sent);
/// let again = slot.transfer("gift-3", bread(), "bob", "Slot1").await?;
/// assert_eq!(again, Transferred::AlreadyTransferred);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transferred {
    /// The parcel is in the other slot's mailbox.
    Sent,
    /// It has left the document for good, but could not be sent yet: it waits
    /// in the document's outbox, and is sent as soon as that can be done, by
    /// whoever has the slot then.
    Waiting,
    /// An earlier call with the key did it. Nothing changed.
    AlreadyTransferred,
}

/// Takes a parcel out of a document: what it was, or why not.
pub(crate) type Take<D> = Arc<dyn Fn(&mut D) -> Result<Value, Arc<str>> + Send + Sync>;

impl<D: GameDocument> Engine<D> {
    /// Moves a parcel to another slot.
    pub(crate) async fn transfer(
        self: Arc<Self>,
        slot: Arc<SlotState<D>>,
        key: IdempotencyKey,
        take: Take<D>,
        to: (PlayerId, SlotName),
    ) -> Result<Transferred, Error> {
        let (player, slot_name) = to;
        let to = Address {
            player,
            slot: slot_name,
            // Nobody else's letter can have it, whatever keys others use.
            id: LetterId::new(self.ids.next_id().to_string()).expect("a GUID is a short name"),
            posting: WriteId::from_uuid(self.ids.next_id()),
        };
        let (engine, changed, address) = (Arc::clone(&self), Arc::clone(&slot), to.clone());
        let took = self
            .on_blocking_thread(&slot, "taking a parcel", move || {
                engine.move_to_outbox(&changed, &key, &take, &address)
            })
            .await?;
        if !took {
            return Ok(Transferred::AlreadyTransferred);
        }
        self.save_with_retries(&slot, SaveReason::Requested).await?;
        self.run_errands(&slot).await;
        let beside = slot.envelope();
        let waits = beside.outbox.iter().any(|outgoing| outgoing.to == to);
        Ok(if waits {
            Transferred::Waiting
        } else {
            Transferred::Sent
        })
    }

    /// Takes a parcel out of the document into its outbox; returns false if
    /// that was done before.
    fn move_to_outbox(
        &self,
        slot: &Arc<SlotState<D>>,
        key: &IdempotencyKey,
        take: &Take<D>,
        to: &Address,
    ) -> Result<bool, Error> {
        let (now, memory) = (self.clock.now(), self.settings.idempotency_memory);
        let parcel = self.change_beside(
            slot,
            "transfer",
            |document, beside| {
                if beside.has_key(key) {
                    return Ok(None);
                }
                self.check_room_for_key(slot, beside)?;
                if beside.outbox.len() >= MAX_OUTBOX {
                    return Err(self.refused_parcel(slot, "its outbox is full".into()));
                }
                let parcel = take(document).map_err(|why| self.refused_parcel(slot, why))?;
                let (bytes, limit) = (parcel.to_string().len(), MAX_LETTER_BYTES);
                if bytes > limit {
                    let source = LetterError::TooLong { bytes, limit };
                    return Err(letter_error(to, source));
                }
                Ok(Some(parcel))
            },
            |envelope, parcel| {
                envelope.keys.add(key.clone(), now, memory);
                envelope.outbox.push(Outgoing {
                    to: to.clone(),
                    at: now,
                    parcel,
                });
            },
        )?;
        Ok(parcel)
    }

    /// Puts a parcel from an outbox into the mailbox that it is for.
    pub(super) async fn post_parcel(
        self: &Arc<Self>,
        (player, slot): (&PlayerId, &SlotName),
        outgoing: &Outgoing,
    ) -> Result<(), Error> {
        let to = &outgoing.to;
        let letter = backend::Letter {
            id: to.id.clone(),
            posting: to.posting,
            sender: format!("{player} {slot}"),
            sent_at: outgoing.at,
            retention: Retention::UntilSettled,
            content: Bytes::from(outgoing.parcel.to_string()),
        };
        let room = self.background.room().await;
        let posted = self.store.post(&to.player, &to.slot, &letter).await?;
        drop(room);
        match posted {
            Posting::Posted { holder } | Posting::AlreadyPosted { holder, .. } => {
                if let Some(holder) = holder {
                    self.tell_of_mail(&to.player, &holder).await;
                }
                Ok(())
            }
            Posting::Full => Err(letter_error(to, LetterError::MailboxFull)),
        }
    }

    /// Changes a document, and what is kept beside it, if `change` returns
    /// something to note there; returns whether it did.
    ///
    /// Not for a thread of the runtime's: others may keep the slot.
    pub(super) fn change_beside<R>(
        &self,
        slot: &Arc<SlotState<D>>,
        during: &'static str,
        change: impl FnOnce(&mut D, &Envelope) -> Result<Option<R>, Error>,
        note: impl FnOnce(&mut Envelope, R),
    ) -> Result<bool, Error> {
        let (player, name) = (&slot.core.player, &slot.name);
        let (keeping, document) = slot.keep()?;
        let noted = self.kept.note(player, name, during);
        let mut copy = Arc::unwrap_or_clone(document);
        let Some(result) = change(&mut copy, &slot.envelope())? else {
            return Ok(false);
        };
        (self.origin.prepare)(&mut copy);
        if !codec::is_object(&copy) {
            let (player, slot) = (player.clone(), name.clone());
            return Err(Error::NoEnvelope { player, slot });
        }
        drop(noted);
        let noting = |envelope: &mut Arc<Envelope>| note(Arc::make_mut(envelope), result);
        if keeping.commit_with(copy, noting)? {
            self.autosave.push(slot);
        }
        Ok(true)
    }

    /// Runs code that may run the game's, or wait for it.
    pub(super) async fn on_blocking_thread<R: Send + 'static>(
        &self,
        slot: &SlotState<D>,
        during: &'static str,
        run: impl FnOnce() -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        let ran = self.runtime.spawn_blocking(run).await;
        ran.map_err(|error| {
            if error.is_panic() {
                let player = slot.core.player.clone();
                return Error::Panicked { player, during };
            }
            Error::RuntimeGone
        })?
    }

    /// Whether the slot can remember one more key; otherwise why not.
    pub(crate) fn check_room_for_key(
        &self,
        slot: &SlotState<D>,
        beside: &Envelope,
    ) -> Result<(), Error> {
        let (memory, limit) = (
            self.settings.idempotency_memory,
            self.settings.max_idempotency_keys,
        );
        // A trade that goes on has a place for its key.
        let keys = beside.keys.remembered(self.clock.now(), memory) + beside.escrow.len();
        if keys < limit {
            return Ok(());
        }
        Err(Error::TooManyKeys {
            player: slot.core.player.clone(),
            slot: slot.name.clone(),
            limit,
        })
    }

    pub(super) fn refused_parcel(&self, slot: &SlotState<D>, why: Arc<str>) -> Error {
        Error::Parcel {
            player: slot.core.player.clone(),
            slot: slot.name.clone(),
            why,
        }
    }
}

fn letter_error(to: &Address, source: LetterError) -> Error {
    Error::Letter {
        player: to.player.clone(),
        slot: to.slot.clone(),
        letter: to.id.clone(),
        source: Arc::new(source),
    }
}
