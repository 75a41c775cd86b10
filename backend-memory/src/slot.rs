//! A player's slots: opening, saving, deleting, viewing, listing.

use std::mem;

use playerdata_core::{
    ClaimNumber, Fence, PlayerId, Revision, SlotName, UnixMillis, WriteId,
    backend::{Body, Claim, Opened, Opening, Record, SlotSummary, Stamp, WriteOutcome},
};

use smallvec::SmallVec;

use crate::{
    content::Content,
    player::{Player, Players},
};

/// A player's slots, sorted by name: few, and often only one.
#[derive(Default)]
pub(crate) struct Slots(SmallVec<[(SlotName, SlotState); 1]>);

impl Slots {
    fn find(&self, name: &SlotName) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(name))
    }

    fn get(&self, name: &SlotName) -> Option<&SlotState> {
        let at = self.find(name).ok()?;
        Some(&self.0[at].1)
    }

    fn get_mut(&mut self, name: &SlotName) -> Option<&mut SlotState> {
        let known = self.0.iter_mut().find(|(known, _)| known == name)?;
        Some(&mut known.1)
    }

    pub(crate) fn has_record(&self) -> bool {
        self.0.iter().any(|(_, slot)| slot.content.is_some())
    }

    pub(crate) fn record(&self, name: &SlotName) -> Option<Record> {
        self.get(name)?.record()
    }

    /// The slot, which is known from then on.
    fn known(&mut self, name: &SlotName) -> &mut SlotState {
        let at = self.find(name).unwrap_or_else(|at| {
            self.0.insert(at, (name.clone(), SlotState::default()));
            at
        });
        &mut self.0[at].1
    }
}

/// One slot. It is kept after a deletion too, since the revision goes on.
#[derive(Default)]
pub(crate) struct SlotState {
    /// The claim that may write, as long as its fence is that of the lock.
    claim: Option<(Fence, ClaimNumber)>,
    revision: Revision,
    last_write: Option<WriteId>,
    content: Option<Content>,
}

impl Players {
    pub(crate) fn open(&self, claim: &Claim, now: UnixMillis) -> Opening {
        self.with(&claim.player, |player| match player {
            None => Opening::Lost { holder: None },
            Some(player) => player.open(claim, now),
        })
    }

    /// Saves `body`, or deletes if there is none.
    pub(crate) fn write(&self, claim: &Claim, stamp: &Stamp, body: Option<&Body>) -> WriteOutcome {
        let mut replaced = None; // freed outside the lock
        self.with(&claim.player, |player| match player {
            None => WriteOutcome::Lost { holder: None },
            Some(player) => player.write(claim, stamp, body, &mut replaced),
        })
    }

    pub(crate) fn view(&self, player: &PlayerId, slot: &SlotName) -> Option<Record> {
        self.with(player, |player| player?.slots.record(slot))
    }

    pub(crate) fn list(&self, player: &PlayerId) -> Vec<SlotSummary> {
        self.with(player, |player| {
            player
                .into_iter()
                .flat_map(|player| &player.slots.0)
                .filter_map(|(name, slot)| slot.summary(name))
                .collect()
        })
    }
}

impl Player {
    fn open(&mut self, claim: &Claim, now: UnixMillis) -> Opening {
        if !self.is_locked_for(claim) {
            return Opening::Lost {
                holder: self.lock.clone(),
            };
        }
        // Fences compare first: under a newer lock, numbers start again.
        let claimed = (claim.fence, claim.number);
        if self.slots.known(&claim.slot).claim > Some(claimed) {
            return Opening::Overtaken;
        }
        Opening::Opened(self.open_slot(&claim.slot, claimed, now))
    }

    /// Claims a slot, and reads it.
    pub(crate) fn open_slot(
        &mut self,
        name: &SlotName,
        claimed: (Fence, ClaimNumber),
        now: UnixMillis,
    ) -> Opened {
        let mail = self.mailboxes.has_letter_for(name);
        let slot = self.slots.known(name);
        slot.claim = Some(claimed);
        Opened {
            revision: slot.revision,
            last_write: slot.last_write,
            record: slot.record(),
            mail,
            version_age: self.versions.age_of_newest(name, now),
        }
    }

    /// Content that is replaced is left in `replaced`.
    fn write(
        &mut self,
        claim: &Claim,
        stamp: &Stamp,
        body: Option<&Body>,
        replaced: &mut Option<Content>,
    ) -> WriteOutcome {
        let Some(fence) = self.lock_of(claim.session).map(|lock| lock.fence) else {
            let holder = self.lock.clone();
            return WriteOutcome::Lost { holder };
        };
        let claimed = Some((fence, claim.number));
        match self.slots.get_mut(&claim.slot) {
            Some(slot) if slot.claim == claimed => slot.write(stamp, body, replaced),
            Some(_) | None => WriteOutcome::Overtaken,
        }
    }
}

impl SlotState {
    fn write(
        &mut self,
        stamp: &Stamp,
        body: Option<&Body>,
        replaced: &mut Option<Content>,
    ) -> WriteOutcome {
        let revision = stamp.base.next();
        if self.revision == stamp.base {
            self.revision = revision;
            self.last_write = Some(stamp.write_id);
            let overwritten = match (&mut self.content, body) {
                (Some(content), Some(body)) => content.overwrite(stamp, body),
                _ => false,
            };
            if !overwritten {
                let content = body.map(|body| Content::of(stamp, body));
                *replaced = mem::replace(&mut self.content, content);
            }
            return WriteOutcome::Written { revision };
        }
        let repeated = self.revision == revision && self.last_write == Some(stamp.write_id);
        if repeated {
            WriteOutcome::Written { revision }
        } else {
            WriteOutcome::Overtaken
        }
    }

    fn record(&self) -> Option<Record> {
        let content = self.content.as_ref()?;
        Some(Record {
            revision: self.revision,
            write_id: self.last_write?,
            saved_at: content.saved_at,
            body: content.body(),
        })
    }

    fn summary(&self, name: &SlotName) -> Option<SlotSummary> {
        let content = self.content.as_ref()?;
        Some(SlotSummary {
            slot: name.clone(),
            revision: self.revision,
            saved_at: content.saved_at,
            schema: content.schema,
            body_bytes: content.len() as u64,
        })
    }
}
