//! Kept copies of a slot's record.

use std::time::Duration;

use playerdata_core::{
    PlayerId, Revision, SlotName, UnixMillis,
    backend::{Claim, KeepPolicy, Keeping, Record, VersionSummary},
};

use crate::player::{Player, Players};

/// A player's versions, of all slots, in the order in which they were kept,
/// which is that of a slot's revisions.
#[derive(Default)]
pub(crate) struct Versions(Vec<Version>);

struct Version {
    slot: SlotName,
    kept_at: UnixMillis,
    record: Record,
}

impl Players {
    pub(crate) fn keep_version(
        &self,
        claim: &Claim,
        policy: KeepPolicy,
        now: UnixMillis,
    ) -> Keeping {
        self.with(&claim.player, |player| match player {
            None => Keeping::Lost { holder: None },
            Some(player) => player.keep_version(claim, policy, now),
        })
    }

    pub(crate) fn versions(&self, player: &PlayerId, slot: &SlotName) -> Vec<VersionSummary> {
        self.with(player, |player| {
            let versions = player.into_iter().flat_map(|player| &player.versions.0);
            let of_slot = versions.rev().filter(|version| version.slot == *slot);
            of_slot.map(Version::summary).collect()
        })
    }

    pub(crate) fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Option<Record> {
        self.with(player, |player| {
            let versions = &player?.versions.0;
            let of_slot = versions.iter().filter(|version| version.slot == *slot);
            let mut found = of_slot.filter(|version| version.record.revision == revision);
            Some(found.next()?.record.clone())
        })
    }
}

impl Player {
    fn keep_version(&mut self, claim: &Claim, policy: KeepPolicy, now: UnixMillis) -> Keeping {
        if !self.is_locked_for(claim) {
            return Keeping::Lost {
                holder: self.lock.clone(),
            };
        }
        match self.slots.record(&claim.slot) {
            Some(record) if policy.most > 0 => self.versions.keep(&claim.slot, record, policy, now),
            _ => Keeping::Nothing,
        }
    }
}

impl Versions {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn keep(
        &mut self,
        slot: &SlotName,
        record: Record,
        policy: KeepPolicy,
        now: UnixMillis,
    ) -> Keeping {
        let revision = record.revision;
        match self.newest(slot) {
            Some(newest) if newest.record.revision == revision => {
                return Keeping::Kept { revision };
            }
            Some(newest) if newest.is_younger_than(policy.min_age, now) => {
                return Keeping::Recent;
            }
            _ => {}
        }
        self.0.push(Version {
            slot: slot.clone(),
            kept_at: now,
            record,
        });
        self.drop_oldest(slot, policy.most);
        Keeping::Kept { revision }
    }

    /// How long ago the newest version of a slot was kept, unless by a clock that
    /// ran ahead.
    pub(crate) fn age_of_newest(&self, slot: &SlotName, now: UnixMillis) -> Option<Duration> {
        let newest = self.newest(slot)?;
        let age = now.get().checked_sub(newest.kept_at.get())?;
        Some(Duration::from_millis(age))
    }

    fn newest(&self, slot: &SlotName) -> Option<&Version> {
        self.0.iter().rev().find(|version| version.slot == *slot)
    }

    fn drop_oldest(&mut self, slot: &SlotName, most: u32) {
        let kept = self.0.iter().filter(|version| version.slot == *slot);
        let mut over = kept.count().saturating_sub(most as usize);
        self.0.retain(|version| {
            let goes = version.slot == *slot && over > 0;
            over -= usize::from(goes);
            !goes
        });
    }
}

impl Version {
    /// One of the future was kept by a clock that ran ahead.
    fn is_younger_than(&self, age: Duration, now: UnixMillis) -> bool {
        self.kept_at <= now && now < self.kept_at.saturating_add(age)
    }

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
