//! Slots of the store of several steps: the claim is in the slot, and a write
//! is one step on the condition that it is there.

use playerdata_core::{
    Fence,
    backend::{Body, Claim, Lock, Opened, Opening, Record, Stamp, WriteOutcome},
};

use crate::{
    Flaw, SteppingStore,
    table::{Items, LiveClaim, SlotItem},
};

impl SteppingStore {
    pub(crate) async fn open_slot(&self, claim: &Claim) -> Opening {
        let seen = if self.has(Flaw::OpeningLooksThenClaims) {
            Some(self.table().step(|items| fence_of(items, claim)).await)
        } else {
            None
        };
        let opened = self.table().step(|items| {
            let fence = seen.unwrap_or_else(|| fence_of(items, claim))?.get();
            let key = (claim.player.clone(), claim.slot.clone());
            let mailbox = items.mailboxes.get(&key);
            let mail = mailbox.is_some_and(|mailbox| !mailbox.waiting.is_empty());
            let slot = items.slots.entry(key).or_default();
            let number = claim.number.get();
            let newer = |live: LiveClaim| live.fence == fence && live.number > number;
            if slot.claim.is_some_and(newer) {
                return Some(Opening::Overtaken);
            }
            slot.claim = Some(LiveClaim {
                session: claim.session,
                fence,
                number,
            });
            slot.opened_under = fence;
            Some(Opening::Opened(Opened {
                revision: slot.revision,
                last_write: slot.last_write,
                record: slot.record.clone(),
                mail,
                version_age: None,
            }))
        });
        match opened.await {
            Some(opening) => opening,
            None => {
                let holder = self.who_else(claim).await;
                Opening::Lost { holder }
            }
        }
    }

    /// Who holds the player, once the claim's session does not any more.
    pub(crate) async fn who_else(&self, claim: &Claim) -> Option<Lock> {
        let seen = self.read_player(&claim.player).await;
        match seen.lock {
            Some(lock) if (lock.session, lock.fence) == (claim.session, claim.fence) => {
                self.finish_ending(&claim.player, &lock).await;
                self.read_player(&claim.player).await.lock
            }
            lock => lock,
        }
    }

    pub(crate) async fn write(
        &self,
        claim: &Claim,
        stamp: &Stamp,
        body: Option<&Body>,
    ) -> WriteOutcome {
        let in_two = match body {
            Some(_) => self.has(Flaw::SaveLooksThenWrites),
            None => self.has(Flaw::DeletionLooksThenWrites),
        };
        let key = (claim.player.clone(), claim.slot.clone());
        let seen = if in_two {
            let live = self.table().step(|items| items.slots.get(&key)?.claim);
            Some(live.await)
        } else {
            None
        };
        let written = self.table().step(|items| {
            let slot = items.slots.get_mut(&key)?;
            let live = seen.unwrap_or(slot.claim)?;
            if (live.session, live.number) != (claim.session, claim.number.get()) {
                return None;
            }
            let revision = stamp.base.next();
            if slot.revision == revision && slot.last_write == Some(stamp.write_id) {
                return Some(WriteOutcome::Written { revision });
            }
            let based = slot.revision == stamp.base || in_two;
            based.then(|| write(slot, stamp, body))
        });
        if let Some(written) = written.await {
            return written;
        }
        let seen = self.read_player(&claim.player).await;
        let own = |lock: Lock| lock.session == claim.session && !seen.ending;
        if seen.lock.is_some_and(own) {
            return WriteOutcome::Overtaken;
        }
        let holder = self.who_else(claim).await;
        WriteOutcome::Lost { holder }
    }
}

/// The fence of the session's lock, if it has one that is not ending.
pub(crate) fn fence_of(items: &Items, claim: &Claim) -> Option<Fence> {
    let item = items.players.get(&claim.player)?;
    let own = |lock: &&Lock| (lock.session, lock.fence) == (claim.session, claim.fence);
    let lock = item.lock.as_ref().filter(own).filter(|_| !item.ending)?;
    Some(lock.fence)
}

fn write(slot: &mut SlotItem, stamp: &Stamp, body: Option<&Body>) -> WriteOutcome {
    let revision = stamp.base.next();
    slot.revision = revision;
    slot.last_write = Some(stamp.write_id);
    slot.record = body.map(|body| Record {
        revision,
        write_id: stamp.write_id,
        saved_at: stamp.at,
        body: body.clone(),
    });
    WriteOutcome::Written { revision }
}
