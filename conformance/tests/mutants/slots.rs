//! Slots of the plain store.

use std::time::Duration;

use playerdata_core::{
    Revision, SessionId, SlotName, UnixMillis, WriteId,
    backend::{
        Body, Claim, Encoding, Lock, Opened, Opening, Record, SlotSummary, Stamp, WriteOutcome,
    },
};

use crate::{
    flaws::Flaw,
    locks::Player,
    store::{PlainStore, State},
};

#[derive(Clone)]
pub(crate) struct Slot {
    name: SlotName,
    pub(crate) claim: Option<(SessionId, u64)>,
    /// The number of the last claim of all, for a flaw.
    greatest: u64,
    revision: Revision,
    last_write: Option<WriteId>,
    pub(crate) record: Option<Record>,
    /// The session that wrote it, for a flaw.
    writer: Option<SessionId>,
}

#[derive(Clone)]
pub(crate) enum Change {
    Save(Body),
    Delete,
}

impl Slot {
    fn new(name: &SlotName) -> Self {
        Self {
            name: name.clone(),
            claim: None,
            greatest: 0,
            revision: Revision::default(),
            last_write: None,
            record: None,
            writer: None,
        }
    }

    /// What a crash takes along, with a flaw.
    pub(crate) fn crash(&mut self, flaw: Option<Flaw>) {
        match flaw {
            Some(Flaw::SavesNotSynced) => {
                self.record = None;
                self.revision = Revision::default();
            }
            Some(Flaw::RecordHalfSynced) => {
                if let Some(record) = &mut self.record {
                    record.body.bytes.truncate(record.body.bytes.len() / 2);
                }
            }
            Some(Flaw::ClaimsNotSynced) => self.claim = None,
            _ => {}
        }
    }

    pub(crate) fn summary(&self, deleted_too: bool) -> Option<SlotSummary> {
        if self.record.is_none() && !deleted_too {
            return None;
        }
        let record = self.record.as_ref();
        Some(SlotSummary {
            slot: self.name.clone(),
            revision: self.revision,
            saved_at: record.map_or(UnixMillis::default(), |record| record.saved_at),
            schema: record.map_or(0, |record| record.body.schema),
            body_bytes: record.map_or(0, |record| record.body.bytes.len() as u64),
        })
    }
}

impl PlainStore {
    pub(crate) fn open_slot(&self, claim: &Claim) -> Opening {
        let mut state = self.state();
        if self.has(Flaw::NumberBeforeLock)
            && let Some(player) = state.players.get(&self.key(&claim.player))
            && let Some(slot) = player.slots.get(claim.slot.as_str())
            && slot
                .claim
                .is_some_and(|(_, live)| live > claim.number.get())
        {
            return Opening::Overtaken;
        }
        if let Some(holder) = self.lost_to_open(&state, claim)
            && !self.has(Flaw::OpenUnchecked)
        {
            return Opening::Lost { holder };
        }
        let player = state.players.entry(self.key(&claim.player)).or_default();
        if self.has(Flaw::OneClaimPerPlayer) {
            for slot in player
                .slots
                .values_mut()
                .filter(|slot| slot.name != claim.slot)
            {
                slot.claim = None;
            }
        }
        if self.has(Flaw::OpeningIgnoresCase) {
            for slot in player.slots.values_mut() {
                if slot.name.as_str().eq_ignore_ascii_case(claim.slot.as_str()) {
                    slot.claim = None;
                }
            }
        }
        let mailbox = player.mailboxes.get(&self.mailbox_key(&claim.slot));
        let mail = mailbox.is_some_and(|mailbox| !mailbox.waiting.is_empty());
        let slot = slot_of(player, self.folded(claim.slot.as_str()), claim);
        let late = slot.claim.is_some_and(|live| self.is_late(claim, live));
        let long_ago = slot.greatest > claim.number.get();
        if late || long_ago && self.has(Flaw::ClaimNumbersOutliveSessions) {
            return Opening::Overtaken;
        }
        slot.greatest = claim.number.get();
        slot.claim = Some((claim.session, self.stored_number(claim)));
        if self.has(Flaw::OpeningCountsAsWrite) {
            slot.revision = slot.revision.next();
        }
        let others = slot.writer.is_some_and(|writer| writer != claim.session);
        let hidden = others && self.has(Flaw::RecordHiddenFromOpening);
        Opening::Opened(Opened {
            revision: slot.revision,
            last_write: slot
                .last_write
                .filter(|_| !self.has(Flaw::LastWriteNotShown)),
            record: slot.record.clone().filter(|_| !hidden),
            mail: mail && !self.has(Flaw::MailNotAnnounced),
            version_age: self.has(Flaw::VersionAlwaysNew).then_some(Duration::ZERO),
        })
    }

    /// The number of a claim as it is stored.
    fn stored_number(&self, claim: &Claim) -> u64 {
        let number = claim.number.get();
        if self.has(Flaw::ClaimNumbersCutDown) {
            number.min(i64::MAX as u64)
        } else {
            number
        }
    }

    /// A caller's time as it is stored.
    pub(crate) fn stored_time(&self, at: UnixMillis, signed: bool) -> UnixMillis {
        match self.flaw {
            Some(Flaw::TimesEndInTheYear9999) => at.min(UnixMillis::new(253_402_300_799_999)),
            Some(Flaw::TimesSigned) => UnixMillis::new(at.get().cast_signed().max(0) as u64),
            _ if signed => UnixMillis::new(at.get().cast_signed().max(0) as u64),
            _ => at,
        }
    }

    /// Whether an opening comes after one under the live claim.
    fn is_late(&self, claim: &Claim, (session, live): (SessionId, u64)) -> bool {
        let (own, number) = (session == claim.session, self.stored_number(claim));
        match self.flaw {
            Some(Flaw::LateOpeningAccepted) => false,
            Some(Flaw::ClaimNumbersComparedAsText) => own && live.to_string() > number.to_string(),
            Some(Flaw::SameClaimRefused) => own && live >= number,
            Some(Flaw::ClaimNumbersSigned) => own && live.cast_signed() > number.cast_signed(),
            _ => own && live > number,
        }
    }

    /// Who holds the player, if it is not the claim's session.
    fn lost(&self, state: &State, claim: &Claim) -> Option<Option<Lock>> {
        let player = state.players.get(&self.key(&claim.player));
        let lock = player.and_then(|player| player.lock.clone());
        let own = lock
            .as_ref()
            .is_some_and(|lock| lock.session == claim.session);
        let held = match (self.flaw, &lock) {
            (Some(Flaw::AbsentLockAccepted), None) => true,
            (Some(Flaw::ServersComparedNotSessions), Some(lock)) => {
                own || former_server_is(player, lock)
            }
            (Some(Flaw::HolderNeedsLease), Some(lock)) => own && !self.has_lapsed(state, lock),
            _ => own,
        };
        if held {
            None
        } else if self.has(Flaw::LossNamesNobody) {
            Some(None)
        } else {
            Some(lock)
        }
    }

    /// The same for an opening, which looks at the fence too.
    fn lost_to_open(&self, state: &State, claim: &Claim) -> Option<Option<Lock>> {
        let player = state.players.get(&self.key(&claim.player));
        let lock = player.and_then(|player| player.lock.clone());
        let own = |lock: &Lock| lock.session == claim.session && !self.is_of(claim, lock);
        self.lost(state, claim)
            .or_else(|| lock.filter(own).map(Some))
    }

    /// Whether a session's claim is under this lock of its.
    fn is_of(&self, claim: &Claim, lock: &Lock) -> bool {
        match self.flaw {
            Some(Flaw::FencesNotCompared) => true,
            Some(Flaw::FencesComparedByOrder) => claim.fence >= lock.fence,
            Some(Flaw::FencesComparedShort) => claim.fence.get() as u32 == lock.fence.get() as u32,
            _ => claim.fence == lock.fence,
        }
    }

    fn has_lapsed(&self, state: &State, lock: &Lock) -> bool {
        state
            .servers
            .contains_key(&self.folded(lock.server.name.as_str()))
            && !self.is_live(state, &lock.server)
    }

    /// Why a write is refused, if it is.
    fn refused(&self, state: &State, claim: &Claim, change: &Change) -> Option<WriteOutcome> {
        let player = state.players.get(&self.key(&claim.player));
        let slot = player.and_then(|player| player.slots.get(&self.folded(claim.slot.as_str())));
        let (session, number) = (claim.session, self.stored_number(claim));
        let exact = slot.is_some_and(|slot| slot.claim == Some((session, number)));
        let lost = self.lost(state, claim);
        let accepted = match (self.flaw, change) {
            (Some(Flaw::SaveUnchecked), Change::Save(_))
            | (Some(Flaw::DeleteUnchecked), Change::Delete) => true,
            // The claim in the slot is all that is looked at.
            (
                Some(
                    Flaw::ClaimsLeftInSlots
                    | Flaw::OnePageOfClaimsWithdrawn
                    | Flaw::ThousandthClaimForgotten,
                ),
                _,
            )
            | (Some(Flaw::ReleaseForgetsClaims | Flaw::ClaimsWithdrawnInSecondStep), _) => exact,
            // The lock is all that is looked at.
            (Some(Flaw::StaleClaimAccepted | Flaw::LateWriteLands), _) => lost.is_none(),
            (Some(Flaw::AbsentLockAccepted | Flaw::ServersComparedNotSessions), _) => {
                lost.is_none() && slot.is_some_and(|slot| slot.claim.is_none() || exact)
            }
            _ => lost.is_none() && exact,
        };
        match lost {
            _ if accepted => None,
            Some(holder) => Some(WriteOutcome::Lost { holder }),
            None => Some(WriteOutcome::Overtaken),
        }
    }

    pub(crate) async fn write(&self, claim: &Claim, stamp: &Stamp, change: Change) -> WriteOutcome {
        let refused = self.refused(&self.state(), claim, &change);
        if let Some(refused) = refused {
            return self.after_refusal_of(claim, stamp, change, refused);
        }
        match self.flaw {
            Some(Flaw::LockCheckedThenWritten) => self.pause().await,
            Some(Flaw::RecordWrittenInTwoSteps) => {
                self.show(claim, change.clone());
                self.pause().await;
            }
            _ => {}
        }
        let mut state = self.state();
        if !self.has(Flaw::LockCheckedThenWritten)
            && let Some(refused) = self.refused(&state, claim, &change)
        {
            return refused;
        }
        let player = state.players.entry(self.key(&claim.player)).or_default();
        let slot = slot_of(player, self.folded(claim.slot.as_str()), claim);
        slot.writer = Some(claim.session);
        self.apply(slot, stamp, change)
    }

    /// What a flaw makes of a write that is refused.
    fn after_refusal_of(
        &self,
        claim: &Claim,
        stamp: &Stamp,
        change: Change,
        refused: WriteOutcome,
    ) -> WriteOutcome {
        let key = self.key(&claim.player);
        match self.flaw {
            Some(Flaw::RefusedSaveShown) => self.show(claim, change),
            Some(Flaw::RefusedDeletionApplied) if matches!(change, Change::Delete) => {
                if let Some(player) = self.state().players.get_mut(&key)
                    && let Some(slot) = player.slots.get_mut(claim.slot.as_str())
                {
                    slot.record = None;
                }
            }
            Some(Flaw::WrittenByIdAlone) => {
                let state = self.state();
                let player = state.players.get(&key);
                let slot = player.and_then(|player| player.slots.get(claim.slot.as_str()));
                if slot.is_some_and(|slot| slot.last_write == Some(stamp.write_id)) {
                    let revision = stamp.base.next();
                    return WriteOutcome::Written { revision };
                }
            }
            _ => {}
        }
        refused
    }

    /// Puts a body where others can see it, and nothing else.
    fn show(&self, claim: &Claim, change: Change) {
        let mut state = self.state();
        let player = state.players.entry(self.key(&claim.player)).or_default();
        let slot = slot_of(player, self.folded(claim.slot.as_str()), claim);
        if let (Some(record), Change::Save(body)) = (&mut slot.record, change) {
            record.body = body;
        }
    }

    fn apply(&self, slot: &mut Slot, stamp: &Stamp, change: Change) -> WriteOutcome {
        let revision = stamp.base.next();
        let written = WriteOutcome::Written { revision };
        let base_unchecked = self.has(Flaw::BaseUnchecked) || self.has(Flaw::LateWriteLands);
        if slot.revision != stamp.base && !base_unchecked {
            let again = slot.revision == revision && slot.last_write == Some(stamp.write_id);
            return if again && !self.has(Flaw::RepeatedWriteRefused) {
                written
            } else {
                WriteOutcome::Overtaken
            };
        }
        let dropped = match self.flaw {
            Some(Flaw::SaveAcknowledgedUnwritten) => revision.get() == 2,
            Some(Flaw::LaterClockWins) => {
                let record = slot.record.as_ref();
                record.is_some_and(|record| record.saved_at > stamp.at)
            }
            _ => false,
        };
        let nothing = slot.record.is_none() && matches!(change, Change::Delete);
        if nothing && self.has(Flaw::EmptySlotNotDeleted) {
            return WriteOutcome::Overtaken;
        }
        if dropped {
            return written;
        }
        slot.revision = revision;
        slot.last_write = Some(stamp.write_id);
        match change {
            Change::Save(body) => self.fill(slot, stamp, body),
            Change::Delete => self.empty(slot),
        }
        if self.has(Flaw::RevisionSkips) && revision.get() == 3 {
            slot.revision = revision.next();
            return WriteOutcome::Written {
                revision: slot.revision,
            };
        }
        written
    }

    fn fill(&self, slot: &mut Slot, stamp: &Stamp, mut body: Body) {
        match self.flaw {
            Some(Flaw::BodyCutAtZero) => {
                let zero = body.bytes.iter().position(|byte| *byte == 0);
                body.bytes.truncate(zero.unwrap_or(body.bytes.len()));
            }
            Some(Flaw::EncodingForgotten) => body.encoding = Encoding::Json,
            Some(Flaw::SchemaForgotten) => body.schema = 1,
            Some(Flaw::RestOfLongerBodyKept) => {
                if let Some(old) = &slot.record
                    && let Some(rest) = old.body.bytes.get(body.bytes.len()..)
                {
                    body.bytes = [&body.bytes, rest].concat().into();
                }
            }
            _ => {}
        }
        let nothing = body.bytes.is_empty() && self.has(Flaw::EmptyBodyIsNothing);
        slot.record = (!nothing).then_some(Record {
            revision: slot.revision,
            write_id: stamp.write_id,
            saved_at: self.stored_time(stamp.at, false),
            body,
        });
    }

    fn empty(&self, slot: &mut Slot) {
        slot.record = None;
        match self.flaw {
            Some(Flaw::DeletionForgetsRevision) => {
                slot.revision = Revision::default();
                slot.last_write = None;
            }
            Some(Flaw::DeletionKillsClaim) => slot.claim = None,
            _ => {}
        }
    }
}

fn slot_of<'a>(player: &'a mut Player, key: String, claim: &Claim) -> &'a mut Slot {
    player
        .slots
        .entry(key)
        .or_insert_with(|| Slot::new(&claim.slot))
}

fn former_server_is(player: Option<&Player>, lock: &Lock) -> bool {
    player
        .and_then(|player| player.former.as_ref())
        .is_some_and(|former| former.server == lock.server)
}

impl Player {
    /// A flaw: what is not a write of a slot counts as one.
    pub(crate) fn count_a_write(&mut self, name: &SlotName) {
        let slot = self.slots.entry(name.to_string());
        let slot = slot.or_insert_with(|| Slot::new(name));
        slot.revision = slot.revision.next();
    }
}
