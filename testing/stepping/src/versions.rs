//! Versions of the store of several steps, kept on the condition that the
//! claim's lock is there; and the listing of players.

use std::collections::BTreeSet;

use playerdata_core::{
    PlayerId, Revision, SlotName,
    backend::{
        BackendError, Claim, Effect, ErrorKind, KeepPolicy, Keeping, PlayersCursor, PlayersPage,
        Record, Result, VersionSummary,
    },
};

use crate::{
    Flaw, SteppingStore,
    slots::fence_of,
    table::{Items, VersionItem},
};

/// What a cursor of this store begins with.
const CURSOR: &str = "after:";

impl SteppingStore {
    pub(crate) async fn keep(&self, claim: &Claim, policy: KeepPolicy) -> Keeping {
        let seen = if self.has(Flaw::VersionLooksThenKeeps) {
            Some(self.table().step(|items| fence_of(items, claim)).await)
        } else {
            None
        };
        let kept = self.table().step(|items| {
            let fence = seen.unwrap_or_else(|| fence_of(items, claim))?.get();
            Some(self.keep_at_once(items, claim, policy, fence))
        });
        match kept.await {
            Some(kept) => kept,
            None => {
                let holder = self.who_else(claim).await;
                Keeping::Lost { holder }
            }
        }
    }

    fn keep_at_once(
        &self,
        items: &mut Items,
        claim: &Claim,
        policy: KeepPolicy,
        fence: u64,
    ) -> Keeping {
        let now = self.clock().now();
        let key = (claim.player.clone(), claim.slot.clone());
        let record = items.slots.get(&key).and_then(|slot| slot.record.clone());
        let Some(record) = record.filter(|_| policy.most > 0) else {
            return Keeping::Nothing;
        };
        let revision = record.revision;
        let kept = items.versions.entry(key).or_default();
        if let Some(newest) = kept.last() {
            if newest.record.revision == revision {
                return Keeping::Kept { revision };
            }
            // One of the future was kept by a clock that ran ahead.
            if newest.kept_at <= now && now < newest.kept_at.saturating_add(policy.min_age) {
                return Keeping::Recent;
            }
        }
        kept.push(VersionItem {
            kept_under: fence,
            kept_at: now,
            record,
        });
        let over = kept.len().saturating_sub(policy.most as usize);
        kept.drain(..over);
        Keeping::Kept { revision }
    }

    pub(crate) async fn list_versions(
        &self,
        player: &PlayerId,
        slot: &SlotName,
    ) -> Vec<VersionSummary> {
        let key = (player.clone(), slot.clone());
        let listed = self.table().step(|items| {
            let kept = items.versions.get(&key).into_iter().flatten();
            kept.rev().map(VersionItem::summary).collect()
        });
        listed.await
    }

    pub(crate) async fn find_version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Option<Record> {
        let found = self
            .table()
            .step(|items| version_of(items, player, slot, revision));
        found.await
    }

    /// A step of an erasure: removes the versions of a player that were kept
    /// under no later fence than that of the mark.
    pub(crate) async fn remove_versions(&self, player: &PlayerId, mark: u64) {
        let any = self.has(Flaw::ErasureRemovesAnyVersion);
        let removed = self.table().step(|items| {
            for ((owner, _), kept) in &mut items.versions {
                if owner == player {
                    kept.retain(|version| version.kept_under > mark && !any);
                }
            }
            items.versions.retain(|_, kept| !kept.is_empty());
        });
        removed.await;
    }

    pub(crate) async fn page(
        &self,
        after: Option<&PlayersCursor>,
        limit: usize,
    ) -> Result<PlayersPage> {
        let after = match after.map(|after| after.as_str().strip_prefix(CURSOR)) {
            None => None,
            Some(Some(after)) => PlayerId::new(after).ok(),
            Some(None) => {
                let what = "not a cursor of this store";
                return Err(BackendError::new(ErrorKind::Rejected, Effect::None, what));
            }
        };
        let listed = self.table().step(|items| {
            let slots = items.slots.iter().filter(|(_, slot)| slot.record.is_some());
            let mail = items.mailboxes.iter();
            let mail = mail.filter(|(_, mailbox)| !mailbox.waiting.is_empty());
            let versions = items.versions.iter().filter(|(_, kept)| !kept.is_empty());
            let players = slots.map(|((player, _), _)| player);
            let players = players.chain(mail.map(|((player, _), _)| player));
            let players = players.chain(versions.map(|((player, _), _)| player));
            let rest = players.filter(|player| Some(*player) > after.as_ref());
            let rest: BTreeSet<_> = rest.cloned().collect();
            rest.into_iter().take(limit).collect::<Vec<_>>()
        });
        let players = listed.await;
        let next = players.last().filter(|_| players.len() == limit);
        Ok(PlayersPage {
            next: next.map(|last| PlayersCursor::new(format!("{CURSOR}{last}"))),
            players,
        })
    }
}

pub(crate) fn version_of(
    items: &Items,
    player: &PlayerId,
    slot: &SlotName,
    revision: Revision,
) -> Option<Record> {
    let key = (player.clone(), slot.clone());
    let mut kept = items.versions.get(&key)?.iter();
    let version = kept.find(|version| version.record.revision == revision)?;
    Some(version.record.clone())
}

impl VersionItem {
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
