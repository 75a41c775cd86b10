//! Locks of the store of several steps: an ending is marked, the claims are
//! withdrawn, and then the lock goes. Whoever finds a mark does the rest.

use playerdata_core::{
    Fence, PlayerId, SessionId, SlotName,
    backend::{Acquisition, Claimant, Erasure, Lock, Release},
};

use crate::{
    Deed, Flaw, SteppingStore,
    table::{Items, Mark, PlayerItem},
};

impl SteppingStore {
    pub(crate) async fn read_player(&self, player: &PlayerId) -> PlayerItem {
        let read = self
            .table()
            .step(|items| items.players.get(player).cloned());
        read.await.unwrap_or_default()
    }

    pub(crate) async fn take(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Acquisition {
        loop {
            let seen = self.read_player(player).await;
            if let Some(mark) = seen.erasing
                && !self.has(Flaw::ErasureNotFinished)
            {
                self.wait_for_others(Flaw::WaitsForErasure).await;
                self.finish_erasure(player, mark).await;
                continue;
            }
            let Some(lock) = seen.lock.clone() else {
                if let Some(fence) = self.write_lock(player, claimant, &seen).await {
                    return Acquisition::Acquired { fence };
                }
                continue;
            };
            if lock.session == claimant.session && !seen.ending {
                return Acquisition::Acquired { fence: lock.fence };
            }
            if Some(lock.session) == replacing {
                if let Some(fence) = self.replace(player, claimant, &seen, &lock).await {
                    return Acquisition::Acquired { fence };
                }
            } else if seen.ending {
                self.wait_for_others(Flaw::WaitsForEnding).await;
                self.finish_ending(player, &lock).await;
            } else {
                return Acquisition::Held { holder: lock };
            }
        }
    }

    /// A flaw: who began something is waited for, however long it takes.
    async fn wait_for_others(&self, flaw: Flaw) {
        if self.has(flaw) {
            std::future::pending::<()>().await;
        }
    }

    async fn write_lock(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        seen: &PlayerItem,
    ) -> Option<Fence> {
        let unchecked = self.has(Flaw::FreePlayerTakenUnchecked);
        let unfinished = self.has(Flaw::ErasureNotFinished);
        let written = self.table().step(|items| {
            let item = items.players.entry(player.clone()).or_default();
            let free = item.lock.is_none() && (item.erasing.is_none() || unfinished);
            (free && item.fence == seen.fence || unchecked).then(|| lock(item, claimant))
        });
        written.await
    }

    async fn replace(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        seen: &PlayerItem,
        old: &Lock,
    ) -> Option<Fence> {
        let unmarked = self.has(Flaw::TakeOverUnmarked);
        if seen.ending {
            self.wait_for_others(Flaw::WaitsForEnding).await;
        } else if !unmarked {
            self.mark(player, old, Some(claimant)).await?;
        }
        self.withdraw(player, old.fence).await;
        let unchecked = self.has(Flaw::TakeOverUnchecked);
        let written = self.table().step(|items| {
            let item = items.players.entry(player.clone()).or_default();
            let same = item
                .lock
                .as_ref()
                .is_some_and(|lock| lock.fence == old.fence);
            (same && (item.ending || unmarked) || unchecked).then(|| lock(item, claimant))
        });
        written.await
    }

    /// Marks a lock as ending; none if it is not the one that was seen.
    async fn mark(&self, player: &PlayerId, old: &Lock, by: Option<&Claimant>) -> Option<()> {
        let unchecked = self.has(Flaw::AnyLockMarked);
        let marked = self.table().step(|items| {
            let item = items.players.get_mut(player)?;
            let lock = item.lock.as_ref()?;
            let same = lock.session == old.session && lock.fence == old.fence && !item.ending;
            if !same && !unchecked {
                return None;
            }
            item.ending = true;
            items.tell(Deed::Marked {
                player: player.clone(),
                lock: old.clone(),
                by: by.cloned(),
            });
            Some(())
        });
        marked.await
    }

    /// Withdraws the claims that were made under a lock.
    async fn withdraw(&self, player: &PlayerId, fence: Fence) {
        let any = self.has(Flaw::AnyClaimWithdrawn);
        let claimed = self.table().step(|items| {
            slots_of(items, player, |claim| {
                claim.is_some_and(|claim| claim == fence.get())
            })
        });
        for slot in claimed.await {
            let withdrawn = self.table().step(|items| {
                if let Some(slot) = items.slots.get_mut(&(player.clone(), slot))
                    && (any || slot.claim.is_some_and(|claim| claim.fence == fence.get()))
                {
                    slot.claim = None;
                }
            });
            withdrawn.await;
        }
    }

    /// Does the rest of an ending that somebody began; whether the lock was
    /// there still.
    pub(crate) async fn finish_ending(&self, player: &PlayerId, old: &Lock) -> bool {
        self.withdraw(player, old.fence).await;
        let unchecked = self.has(Flaw::ReleaseUnchecked);
        let done = self.table().step(|items| {
            let Some(item) = items.players.get_mut(player) else {
                return false;
            };
            let same = item
                .lock
                .as_ref()
                .is_some_and(|lock| lock.fence == old.fence);
            let frees = same && item.ending || unchecked;
            if frees {
                item.ending = false;
                if item.lock.take().is_some() {
                    items.tell(freed(player, old));
                }
            }
            frees
        });
        done.await
    }

    pub(crate) async fn give_up(&self, player: &PlayerId, session: SessionId) -> Release {
        loop {
            let seen = self.read_player(player).await;
            let Some(lock) = seen.lock.filter(|lock| lock.session == session) else {
                return Release::NotHeld;
            };
            if seen.ending {
                self.finish_ending(player, &lock).await;
                return Release::NotHeld;
            }
            if self.has(Flaw::ReleaseUnmarked) {
                self.withdraw(player, lock.fence).await;
            }
            if self.mark(player, &lock, None).await.is_none() {
                continue;
            }
            if self.has(Flaw::ReleaseUnmarked) {
                self.free(player, &lock).await;
            } else {
                self.finish_ending(player, &lock).await;
            }
            return Release::Released;
        }
    }

    /// The last step of a flaw.
    async fn free(&self, player: &PlayerId, old: &Lock) {
        let done = self.table().step(|items| {
            if let Some(item) = items.players.get_mut(player)
                && item
                    .lock
                    .as_ref()
                    .is_some_and(|lock| lock.fence == old.fence)
            {
                item.lock = None;
                item.ending = false;
                items.tell(freed(player, old));
            }
        });
        done.await;
    }

    pub(crate) async fn remove(&self, player: &PlayerId) -> Erasure {
        loop {
            let seen = self.read_player(player).await;
            if let Some(mark) = seen.erasing {
                self.wait_for_others(Flaw::WaitsForErasure).await;
                self.finish_erasure(player, mark).await;
                return Erasure::Erased;
            }
            if let Some(lock) = seen.lock {
                if seen.ending {
                    self.finish_ending(player, &lock).await;
                    continue;
                }
                return Erasure::Locked { holder: lock };
            }
            let marked = self.table().step(|items| {
                let item = items.players.entry(player.clone()).or_default();
                let same = item.lock.is_none() && item.fence == seen.fence;
                let mark = Mark {
                    fence: item.fence,
                    erasures: item.erasures,
                };
                same.then(|| *item.erasing.get_or_insert(mark))
            });
            if let Some(mark) = marked.await {
                self.finish_erasure(player, mark).await;
                return Erasure::Erased;
            }
        }
    }

    /// Removes what was opened under no later fence than that of the mark, and
    /// then the mark.
    async fn finish_erasure(&self, player: &PlayerId, mark: Mark) {
        let any = self.has(Flaw::ErasureRemovesWhatItListed);
        let listed = self.table().step(|items| slots_of(items, player, |_| true));
        for slot in listed.await {
            if self.has(Flaw::ErasureLooksThenRemoves)
                && self.read_player(player).await.erasing != Some(mark)
            {
                return;
            }
            let looked = any || self.has(Flaw::ErasureLooksThenRemoves);
            let removed = self.table().step(|items| {
                let key = (player.clone(), slot);
                let then = items.slots.get(&key);
                if then.is_some_and(|slot| slot.opened_under <= mark.fence) || looked {
                    items.slots.remove(&key);
                    let (player, slot) = key;
                    items.tell(Deed::SlotErased { player, slot });
                }
            });
            removed.await;
        }
        self.remove_mail(player, mark.erasures).await;
        self.remove_versions(player, mark.fence).await;
        let cleared = self.table().step(|items| {
            if let Some(item) = items.players.get_mut(player)
                && item.erasing == Some(mark)
            {
                item.erasing = None;
                item.erasures += 1;
                let player = player.clone();
                items.tell(Deed::Erased { player });
            }
        });
        cleared.await;
    }
}

fn freed(player: &PlayerId, lock: &Lock) -> Deed {
    Deed::Freed {
        player: player.clone(),
        lock: lock.clone(),
    }
}

/// The slots of a player on whose claim, told by its fence, something is true.
fn slots_of(items: &Items, player: &PlayerId, is: impl Fn(Option<u64>) -> bool) -> Vec<SlotName> {
    let own = items.slots.iter().filter(|((owner, _), _)| owner == player);
    own.filter(|(_, slot)| is(slot.claim.map(|claim| claim.fence)))
        .map(|((_, name), _)| name.clone())
        .collect()
}

/// Gives the lock to the claimant.
fn lock(item: &mut PlayerItem, claimant: &Claimant) -> Fence {
    item.fence += 1;
    let fence = Fence::new(item.fence);
    item.ending = false;
    item.lock = Some(Lock {
        session: claimant.session,
        server: claimant.server.clone(),
        fence,
        since: claimant.at,
    });
    fence
}
