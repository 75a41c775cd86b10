//! What is still to be done at the store for a record that goes: that is
//! deleted, erased, or replaced by one from before.
//!
//! Nobody loads such a record any more. So what it has sent and does not know
//! to have arrived, and what it owes to the store, is done with it, or handed
//! on to the record that takes its place. Otherwise a parcel on its way would
//! be gone, and the store would remember trades and letters for ever.

use std::sync::Arc;

use super::Engine;
use crate::{
    Error, GameDocument, PlayerId, SlotName,
    backend::{Erasure, Party, Record, StoreFailure, Verdict},
    codec::{Address, Envelope, Escrow, Outgoing, Side},
    excerpt::Chain,
};

/// Which party's document a side of a trade is.
pub(super) fn party(side: Side) -> Party {
    if side.first {
        Party::First
    } else {
        Party::Second
    }
}

impl<D: GameDocument> Engine<D> {
    /// What is kept beside the document in a record; nothing if that can't be
    /// read.
    pub(super) fn beside(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        record: Option<&Record>,
    ) -> Envelope {
        let Some(record) = record else {
            return Envelope::default();
        };
        match self.codec.open(&record.body) {
            Ok((_, envelope)) => envelope,
            Err(error) => {
                tracing::warn!(
                    %player, %slot, error = %Chain(&error),
                    "what was kept beside the replaced document can't be read and is gone with it"
                );
                Envelope::default()
            }
        }
    }

    /// Ends the trades that a record is in, for both parties: whoever goes on
    /// with one elsewhere finds it aborted, unless it was decided before.
    pub(super) async fn end_trades<'a>(
        &self,
        escrows: impl IntoIterator<Item = &'a Escrow>,
    ) -> Result<(), Error> {
        for escrow in escrows {
            let decided = self.store.decide(escrow.side.trade, Verdict::Abort);
            decided.await?;
        }
        Ok(())
    }

    /// Does what has to be done before a record goes: its trades end, its
    /// parcels are sent, and the letters that it has had don't come again.
    pub(super) async fn wind_up(
        self: &Arc<Self>,
        player: &PlayerId,
        slot: &SlotName,
        beside: &Envelope,
    ) -> Result<(), Error> {
        self.end_trades(&beside.escrow).await?;
        for (id, posting) in beside.letters.iter() {
            self.store.discard(player, slot, id, posting).await?;
        }
        for outgoing in &beside.outbox {
            self.post_parcel((player, slot), outgoing).await?;
        }
        Ok(())
    }

    /// Erases a player whom nobody holds.
    pub(crate) async fn erase(self: Arc<Self>, player: PlayerId) -> Result<(), Error> {
        let held = |player: PlayerId, holder| Err(Error::PlayerHeld { player, holder });
        if let Some(holder) = self.store.holder(&player).await? {
            return held(player, holder);
        }
        let mut gone = Vec::new();
        for slot in unless_damaged(self.store.list(&player).await)?.unwrap_or_default() {
            let slot = slot.slot;
            let record = unless_damaged(self.store.view(&player, &slot).await)?.flatten();
            let beside = self.beside(&player, &slot, record.as_ref());
            match self.wind_up(&player, &slot, &beside).await {
                // A full mailbox keeps nobody from being erased.
                Err(error @ Error::Letter { .. }) => {
                    let why = Chain(&error);
                    tracing::warn!(%player, %slot, error = %why, "a parcel is erased with its sender");
                }
                wound_up => wound_up?,
            }
            gone.push(beside);
        }
        match self.store.erase(&player).await? {
            Erasure::Erased => {
                gone.into_iter().for_each(|beside| self.forget_for(beside));
                Ok(())
            }
            Erasure::Locked { holder } => held(player, holder),
        }
    }

    /// Has the store forget, in the background, what it
    /// remembers for the sake of a record that is gone.
    pub(super) fn forget_for(self: &Arc<Self>, gone: Envelope) {
        let owes = |envelope: &Envelope| {
            let Envelope {
                outbox,
                settling,
                escrow,
                acted,
                ..
            } = envelope;
            !(outbox.is_empty() && settling.is_empty() && escrow.is_empty() && acted.is_empty())
        };
        if !owes(&gone) {
            return;
        }
        let engine = Arc::clone(self);
        self.runtime.spawn(async move {
            for failed in 0.. {
                let Err(error) = engine.forget_once(&gone).await else {
                    return;
                };
                tracing::warn!(error = %Chain(&error), "a trade or a letter is not forgotten yet");
                tokio::select! {
                    biased;
                    () = engine.quiet.cancelled() => return,
                    () = tokio::time::sleep(engine.errand_pause(failed)) => {}
                }
            }
        });
    }

    async fn forget_once(&self, gone: &Envelope) -> Result<(), Error> {
        for side in sides(gone) {
            let forgotten = self.store.forget_decision(side.trade, party(side));
            forgotten.await?;
        }
        for to in addresses(gone) {
            let settled = self.store.settle(&to.player, &to.slot, &to.id, to.posting);
            settled.await?;
        }
        Ok(())
    }
}

/// What was read; nothing if nobody can read it, which keeps nobody from being
/// erased either.
fn unless_damaged<T>(read: Result<T, StoreFailure>) -> Result<Option<T>, Error> {
    match read.map_err(Error::from) {
        Err(Error::StoreFailed(failure)) => {
            tracing::warn!(error = %Chain(&failure), "erased unread");
            Ok(None)
        }
        read => read.map(Some),
    }
}

fn sides(envelope: &Envelope) -> impl Iterator<Item = Side> {
    let pending = envelope.escrow.iter().map(|escrow| escrow.side);
    pending.chain(envelope.acted.iter().copied())
}

fn addresses(envelope: &Envelope) -> impl Iterator<Item = &Address> {
    let pending = envelope.outbox.iter().map(|outgoing| &outgoing.to);
    pending.chain(&envelope.settling)
}

/// What holds of what was kept beside a version when it takes the place of a
/// record, and whether that is less than all. The trades that only the record
/// is in have ended.
///
/// What both have pending is pending still. What only the version has was sent
/// or decided since, and is not given back. What only the record has is left to
/// the document of before, but has to be forgotten by the store. What is
/// repeated harmlessly stays: letters that the version has and the mailbox may
/// still have.
pub(super) fn as_restored(version: Envelope, replaced: &Envelope) -> (Envelope, bool) {
    let before = version.outbox.len() + version.escrow.len();
    let mut restored = version;
    restored.outbox.retain(|one| replaced.outbox.contains(one));
    restored.escrow.retain(|one| replaced.escrow.contains(one));
    let left_out = restored.outbox.len() + restored.escrow.len() < before;
    inherit(&mut restored, replaced);
    (restored, left_out)
}

/// Has an envelope that takes the place of another go on with what the store
/// remembers for the other's sake.
pub(super) fn inherit(envelope: &mut Envelope, replaced: &Envelope) {
    let is_pending = |side: Side| envelope.escrow.iter().any(|one| one.side == side);
    let new: Vec<_> = sides(replaced)
        .filter(|side| !is_pending(*side) && !envelope.acted.contains(side))
        .collect();
    envelope.acted.extend(new);
    let waits = |to: &Address| envelope.outbox.iter().any(|one: &Outgoing| one.to == *to);
    let new: Vec<_> = addresses(replaced)
        .filter(|to| !waits(to) && !envelope.settling.contains(to))
        .cloned()
        .collect();
    envelope.settling.extend(new);
}
