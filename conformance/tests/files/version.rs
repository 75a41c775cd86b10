//! Kept versions of a player's slots.

use std::time::Duration;

use playerdata_core::{
    Revision, SlotName, UnixMillis, WriteId,
    backend::{Claim, KeepPolicy, Keeping, Record, VersionSummary},
};
use serde::{Deserialize, Serialize};

use crate::player::{Content, Player};

#[derive(Serialize, Deserialize)]
pub(crate) struct Version {
    kept_at: UnixMillis,
    revision: Revision,
    write_id: WriteId,
    content: Content,
}

impl Version {
    /// One of the future was kept by a clock that ran ahead.
    fn is_younger_than(&self, age: Duration, now: UnixMillis) -> bool {
        self.kept_at <= now && now < self.kept_at.saturating_add(age)
    }
}

impl Player {
    pub(crate) fn keep_version(
        &mut self,
        claim: &Claim,
        policy: KeepPolicy,
        now: UnixMillis,
    ) -> Keeping {
        let fence = self.lock.as_ref().map(|lock| lock.fence);
        if !self.is_held_by(claim.session) || fence != Some(claim.fence) {
            let holder = self.lock.clone();
            return Keeping::Lost { holder };
        }
        let slot = self.slots.get(&claim.slot);
        let Some((slot, content)) = slot.and_then(|slot| Some((slot, slot.content.clone()?)))
        else {
            return Keeping::Nothing;
        };
        let (revision, Some(write_id)) = (slot.revision, slot.last_write) else {
            return Keeping::Nothing;
        };
        if policy.most == 0 {
            return Keeping::Nothing;
        }
        let kept = self.versions.entry(claim.slot.clone()).or_default();
        match kept.last() {
            Some(newest) if newest.revision == revision => return Keeping::Kept { revision },
            Some(newest) if newest.is_younger_than(policy.min_age, now) => {
                return Keeping::Recent;
            }
            _ => {}
        }
        kept.push(Version {
            kept_at: now,
            revision,
            write_id,
            content,
        });
        let over = kept.len().saturating_sub(policy.most as usize);
        kept.drain(..over);
        Keeping::Kept { revision }
    }

    pub(crate) fn versions_of(&self, slot: &SlotName) -> Vec<VersionSummary> {
        let kept = self.versions.get(slot).into_iter().flatten();
        let listed = kept.rev().map(|version| VersionSummary {
            revision: version.revision,
            saved_at: version.content.saved_at,
            kept_at: version.kept_at,
            schema: version.content.schema,
            body_bytes: version.content.bytes.len() as u64,
        });
        listed.collect()
    }

    pub(crate) fn version(&self, slot: &SlotName, revision: Revision) -> Option<Record> {
        let mut kept = self.versions.get(slot)?.iter();
        let version = kept.find(|version| version.revision == revision)?;
        Some(version.content.record(version.revision, version.write_id))
    }
}
