//! Kept versions of the plain store.

use playerdata_core::{
    PlayerId, Revision, SlotName, UnixMillis,
    backend::{Claim, KeepPolicy, Keeping, Lock, Record, VersionSummary},
};

use crate::{
    flaws::Flaw,
    locks::Player,
    store::{PlainStore, State},
};

#[derive(Clone)]
pub(crate) struct Version {
    slot: String,
    kept_at: UnixMillis,
    record: Record,
}

impl PlainStore {
    pub(crate) async fn keep(&self, claim: &Claim, policy: KeepPolicy) -> Keeping {
        let in_two = [Flaw::LockCheckedThenKept, Flaw::VersionReadInTwoSteps];
        let earlier = if in_two.iter().any(|flaw| self.has(*flaw)) {
            let seen = self.look_to_keep(&self.state(), claim);
            self.pause().await;
            Some(seen)
        } else {
            None
        };
        let (kept, record) = self.keep_what_is_seen(claim, policy, earlier);
        if self.has(Flaw::VersionWrittenInTwoSteps)
            && let Some(record) = record
        {
            self.pause().await;
            self.write_the_rest(claim, &record);
        }
        kept
    }

    /// Who has the player in the claim's place, and what there is to keep.
    fn look_to_keep(&self, state: &State, claim: &Claim) -> (Option<Option<Lock>>, Option<Record>) {
        (self.not_kept(state, claim), self.to_keep(state, claim))
    }

    fn keep_what_is_seen(
        &self,
        claim: &Claim,
        policy: KeepPolicy,
        earlier: Option<(Option<Option<Lock>>, Option<Record>)>,
    ) -> (Keeping, Option<Record>) {
        let mut state = self.state();
        let (mut lost, mut record) = self.look_to_keep(&state, claim);
        match (self.flaw, earlier) {
            (Some(Flaw::LockCheckedThenKept), Some((seen, _))) => lost = seen,
            (Some(Flaw::VersionReadInTwoSteps), Some((_, Some(seen)))) => {
                if let Some(record) = &mut record {
                    record.revision = seen.revision;
                }
            }
            _ => {}
        }
        if let Some(holder) = lost {
            return (Keeping::Lost { holder }, None);
        }
        let before = self.count_versions(&state, claim);
        let kept = self.keep_at_once(&mut state, claim, policy, record.clone());
        let added = self.count_versions(&state, claim) > before;
        (kept, record.filter(|_| added))
    }

    fn count_versions(&self, state: &State, claim: &Claim) -> usize {
        let player = state.players.get(&self.key(&claim.player));
        player.map_or(0, |player| player.versions.len())
    }

    /// The second step of a flaw.
    fn write_the_rest(&self, claim: &Claim, record: &Record) {
        let mut state = self.state();
        let player = state.players.entry(self.key(&claim.player)).or_default();
        for version in &mut player.versions {
            if version.record.revision == record.revision {
                version.record = record.clone();
            }
        }
    }

    /// Who holds the player, if it is not under the claim's lock.
    fn not_kept(&self, state: &State, claim: &Claim) -> Option<Option<Lock>> {
        let player = state.players.get(&self.key(&claim.player));
        let lock = player.and_then(|player| player.lock.clone());
        let own = lock.as_ref().is_some_and(|lock| {
            let fence = lock.fence == claim.fence || self.has(Flaw::VersionUnderAnyFence);
            lock.session == claim.session && fence
        });
        let held = match self.flaw {
            Some(Flaw::VersionWithoutTheLock) => true,
            Some(Flaw::VersionOfAnErasedPlayer) => own || lock.is_none(),
            _ => own,
        };
        (!held).then_some(lock)
    }

    fn to_keep(&self, state: &State, claim: &Claim) -> Option<Record> {
        let player = state.players.get(&self.key(&claim.player))?;
        let key = self.folded(claim.slot.as_str());
        let erased = self.has(Flaw::VersionOfAnErasedPlayer);
        let erased = player.erased_slots.get(&key).filter(|_| erased);
        player.slots.get(&key).or(erased)?.record.clone()
    }

    fn keep_at_once(
        &self,
        state: &mut State,
        claim: &Claim,
        policy: KeepPolicy,
        record: Option<Record>,
    ) -> Keeping {
        let now = UnixMillis::new(self.now());
        let slot = self.folded(claim.slot.as_str());
        let player = state.players.entry(self.key(&claim.player)).or_default();
        let live = player.slots.get(&slot).and_then(|slot| slot.claim);
        let alive = live == Some((claim.session, claim.number.get()));
        if self.has(Flaw::VersionNeedsLiveClaim) && !alive {
            return Keeping::Nothing;
        }
        if policy.most == 0 {
            if self.has(Flaw::NoneKeptRemovesAll) {
                player.versions.retain(|version| version.slot != slot);
            }
            return Keeping::Nothing;
        }
        let Some(record) = record else {
            if self.has(Flaw::EmptySlotPushesVersionsOut) {
                player.drop_versions(&slot, 0, self.flaw);
            }
            return Keeping::Nothing;
        };
        let revision = record.revision;
        let own = |version: &&mut Version| version.slot == slot;
        if let Some(newest) = player.versions.iter_mut().rev().find(own) {
            let same = newest.record.revision == revision;
            if same && !self.has(Flaw::RevisionKeptTwice) {
                if self.has(Flaw::KeptAgainIsKeptNow) {
                    newest.kept_at = now;
                }
                return Keeping::Kept { revision };
            }
            let of_the_future = newest.kept_at > now && !self.has(Flaw::FutureVersionIsRecent);
            let recent = now < newest.kept_at.saturating_add(policy.min_age) && !of_the_future;
            if recent && !self.has(Flaw::MinAgeIgnored) {
                return Keeping::Recent;
            }
        }
        let record = self.kept_record(record, now);
        player.versions.push(Version {
            slot: slot.clone(),
            kept_at: now,
            record,
        });
        player.drop_versions(&slot, policy.most as usize, self.flaw);
        match self.flaw {
            Some(Flaw::KeepingKillsClaims) => player.withdraw_claims(usize::MAX),
            Some(Flaw::KeepingCountsAsWrite) => player.count_a_write(&claim.slot),
            _ => {}
        }
        Keeping::Kept { revision }
    }

    /// A record as a version of it is stored.
    fn kept_record(&self, mut record: Record, now: UnixMillis) -> Record {
        match self.flaw {
            Some(Flaw::VersionHasTimeOfKeeping) => record.saved_at = now,
            Some(Flaw::VersionCutOff) => record.body.bytes.truncate(64 * 1024),
            Some(Flaw::VersionWrittenInTwoSteps) => {
                record.body.bytes.truncate(record.body.bytes.len() / 2);
            }
            _ => {}
        }
        record
    }

    pub(crate) fn list_versions(&self, player: &PlayerId, slot: &SlotName) -> Vec<VersionSummary> {
        let state = self.state();
        let Some(player) = state.players.get(&self.key(player)) else {
            return Vec::new();
        };
        let key = self.folded(slot.as_str());
        let own = player.versions.iter().filter(|version| version.slot == key);
        let mut listed: Vec<_> = own.rev().map(Version::summary).collect();
        match self.flaw {
            Some(Flaw::VersionsOldestFirst) => listed.reverse(),
            Some(Flaw::VersionsSortedAsText) => {
                listed.sort_by_key(|version| std::cmp::Reverse(version.revision.to_string()));
            }
            _ => {}
        }
        listed
    }

    pub(crate) fn find_version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Option<Record> {
        let state = self.state();
        let player = state.players.get(&self.key(player))?;
        let key = self.folded(slot.as_str());
        let mut own = player.versions.iter().filter(|version| version.slot == key);
        let found = match self.flaw {
            Some(Flaw::NearestVersionGiven) => own.rfind(|one| one.record.revision <= revision),
            _ => own.find(|one| one.record.revision == revision),
        };
        let mut record = found?.record.clone();
        if self.has(Flaw::VersionReadFromTheSlot)
            && let Some(now) = player.slots.get(&key)
            && let Some(now) = &now.record
        {
            record.body = now.body.clone();
        }
        Some(record)
    }
}

impl Player {
    fn drop_versions(&mut self, slot: &str, most: usize, flaw: Option<Flaw>) {
        let together = flaw == Some(Flaw::VersionsCountedPerPlayer);
        let own = |version: &Version| version.slot == slot || together;
        let kept = self.versions.iter().filter(|version| own(version)).count();
        for _ in most..kept {
            let mut versions = self.versions.iter();
            let goes = match flaw {
                Some(Flaw::NewestVersionGoes) => versions.rposition(own),
                _ => versions.position(own),
            };
            if let Some(at) = goes {
                self.versions.remove(at);
            }
            if flaw == Some(Flaw::OneVersionGoesAtATime) {
                break;
            }
        }
    }
}

impl Version {
    fn summary(&self) -> VersionSummary {
        VersionSummary {
            revision: self.record.revision,
            saved_at: self.record.saved_at,
            kept_at: self.kept_at,
            schema: self.record.body.schema,
            body_bytes: self.record.body.bytes.len() as u64,
        }
    }
}
