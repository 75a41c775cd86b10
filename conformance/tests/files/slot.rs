//! A player's slots: opening, writing and seeing them.

use playerdata_core::{
    SlotName,
    backend::{Body, Claim, Opened, Opening, Record, SlotSummary, Stamp, WriteOutcome},
};

use crate::player::{Content, Player};

impl Player {
    pub(crate) fn open(&mut self, claim: &Claim) -> Opening {
        let fence = self.lock.as_ref().map(|lock| lock.fence);
        if !self.is_held_by(claim.session) || fence != Some(claim.fence) {
            let holder = self.lock.clone();
            return Opening::Lost { holder };
        }
        let mail = !self.waiting(&claim.slot, None, 1).is_empty();
        let slot = self.slots.entry(claim.slot.clone()).or_default();
        if slot.claim > Some(claim.number) {
            return Opening::Overtaken;
        }
        slot.claim = Some(claim.number);
        Opening::Opened(Opened {
            revision: slot.revision,
            last_write: slot.last_write,
            record: slot.record(),
            mail,
            version_age: None,
        })
    }

    /// Saves `body`, or deletes if there is none.
    pub(crate) fn write(
        &mut self,
        claim: &Claim,
        stamp: &Stamp,
        body: Option<&Body>,
    ) -> WriteOutcome {
        if !self.is_held_by(claim.session) {
            let holder = self.lock.clone();
            return WriteOutcome::Lost { holder };
        }
        let Some(slot) = self.slots.get_mut(&claim.slot) else {
            return WriteOutcome::Overtaken;
        };
        if slot.claim != Some(claim.number) {
            return WriteOutcome::Overtaken;
        }
        let revision = stamp.base.next();
        if slot.revision == revision && slot.last_write == Some(stamp.write_id) {
            // This very write, again.
            return WriteOutcome::Written { revision };
        }
        if slot.revision != stamp.base {
            return WriteOutcome::Overtaken;
        }
        slot.revision = revision;
        slot.last_write = Some(stamp.write_id);
        slot.content = body.map(|body| Content {
            saved_at: stamp.at,
            schema: body.schema,
            encoding: body.encoding,
            bytes: body.bytes.to_vec(),
        });
        WriteOutcome::Written { revision }
    }

    pub(crate) fn view(&self, slot: &SlotName) -> Option<Record> {
        self.slots.get(slot)?.record()
    }

    pub(crate) fn list(&self) -> Vec<SlotSummary> {
        let slots = self.slots.iter();
        let listed = slots.filter_map(|(name, slot)| {
            let content = slot.content.as_ref()?;
            Some(SlotSummary {
                slot: name.clone(),
                revision: slot.revision,
                saved_at: content.saved_at,
                schema: content.schema,
                body_bytes: content.bytes.len() as u64,
            })
        });
        listed.collect()
    }
}
