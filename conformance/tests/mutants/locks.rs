//! Locks of the plain store.

use std::collections::BTreeMap;

use playerdata_core::{
    Fence, PlayerId, SessionId,
    backend::{Acquisition, Claimant, Erasure, Lock, Release},
};

use crate::{
    flaws::Flaw,
    slots::Slot,
    store::{PlainStore, State},
};

#[derive(Default)]
pub(crate) struct Player {
    pub(crate) fence: u64,
    pub(crate) lock: Option<Lock>,
    /// The last lock that was taken away, for a flaw.
    pub(crate) former: Option<Lock>,
    pub(crate) slots: BTreeMap<String, Slot>,
}

impl PlainStore {
    pub(crate) async fn take(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Acquisition {
        if self.has(Flaw::LockReadThenWritten) {
            let seen = self.refusal(&self.state(), player, claimant, replacing);
            if let Some(refused) = seen {
                return refused;
            }
            self.pause().await;
            return self.write_lock(&mut self.state(), player, claimant);
        }
        let mut state = self.state();
        match self.refusal(&state, player, claimant, replacing) {
            Some(outcome) => outcome,
            None => self.write_lock(&mut state, player, claimant),
        }
    }

    /// The outcome, if the lock is not to be written.
    fn refusal(
        &self,
        state: &State,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Option<Acquisition> {
        let lock = state.players.get(&self.key(player))?.lock.clone()?;
        if lock.session == claimant.session {
            return match self.flaw {
                Some(Flaw::RepeatedAcquireGrowsFence) => None,
                Some(Flaw::RepeatedAcquireRefused) => Some(Acquisition::Held { holder: lock }),
                _ => Some(Acquisition::Acquired { fence: lock.fence }),
            };
        }
        let named = match self.flaw {
            Some(Flaw::AcquireUnchecked) => true,
            Some(Flaw::AnyHolderReplaced) => replacing.is_some(),
            Some(Flaw::LockLapsesWithLease) => {
                replacing == Some(lock.session) || !self.is_live(state, &lock.server)
            }
            _ => replacing == Some(lock.session),
        };
        (!named).then_some(Acquisition::Held { holder: lock })
    }

    fn write_lock(&self, state: &mut State, player: &PlayerId, by: &Claimant) -> Acquisition {
        let player = state.players.entry(self.key(player)).or_default();
        let replaced = player.lock.take();
        let keeps_fence = self.has(Flaw::TakeOverKeepsFence) && replaced.is_some();
        if !keeps_fence {
            player.fence += 1;
        }
        let fence = Fence::new(player.fence);
        player.lock = Some(Lock {
            session: by.session,
            server: by.server.clone(),
            fence,
            since: by.at,
        });
        let takes_over = replaced.is_some();
        player.former = replaced.or(player.former.take());
        if takes_over || !self.has(Flaw::ReleaseForgetsClaims) {
            self.withdraw_claims(player);
        }
        Acquisition::Acquired { fence }
    }

    /// Kills what was claimed under the lock that is gone.
    fn withdraw_claims(&self, player: &mut Player) {
        let count = match self.flaw {
            Some(Flaw::ClaimsLeftInSlots | Flaw::ClaimsComeBackToLife) => 0,
            Some(Flaw::OnePageOfClaimsWithdrawn) => 100,
            _ => player.slots.len(),
        };
        for slot in player.slots.values_mut().take(count) {
            slot.claim = None;
        }
    }

    pub(crate) async fn give_up(&self, player: &PlayerId, session: SessionId) -> Release {
        if self.has(Flaw::ReleaseReadsThenRemoves) {
            let holder = {
                let state = self.state();
                let player = state.players.get(&self.key(player));
                player.and_then(|player| player.lock.as_ref().map(|lock| lock.session))
            };
            self.pause().await;
            if holder != Some(session) {
                return Release::NotHeld;
            }
        }
        let mut state = self.state();
        let Some(player) = state.players.get_mut(&self.key(player)) else {
            return Release::NotHeld;
        };
        let own = player.lock.as_ref().is_some_and(|lock| match self.flaw {
            Some(Flaw::ReleaseUnchecked | Flaw::ReleaseReadsThenRemoves) => true,
            Some(Flaw::ReleaseByAnySessionOfTheServer) => {
                let former = player.former.as_ref();
                lock.session == session
                    || former.is_some_and(|former| {
                        former.session == session && former.server == lock.server
                    })
            }
            _ => lock.session == session,
        });
        if !own {
            return Release::NotHeld;
        }
        player.former = player.lock.take();
        if self.has(Flaw::ReleaseResetsFence) {
            player.fence = 0;
        }
        if self.has(Flaw::ReleaseForgetsClaims) {
            return Release::Released;
        }
        self.withdraw_claims(player);
        Release::Released
    }

    pub(crate) fn remove(&self, player: &PlayerId) -> Erasure {
        let key = self.key(player);
        let mut state = self.state();
        if self.has(Flaw::EraseByPrefix) {
            for (other, player) in &mut state.players {
                if other.starts_with(&key) && player.lock.is_none() {
                    player.slots.clear();
                }
            }
        }
        let Some(player) = state.players.get_mut(&key) else {
            return Erasure::Erased;
        };
        if let Some(holder) = player.lock.clone()
            && !self.has(Flaw::EraseUnchecked)
        {
            return Erasure::Locked { holder };
        }
        match self.flaw {
            Some(Flaw::EraseLeavesDeletedSlots) => {
                player.slots.retain(|_, slot| slot.record.is_none());
            }
            Some(Flaw::EraseStopsAfterOnePage) => {
                let page: Vec<_> = player.slots.keys().take(100).cloned().collect();
                for slot in page {
                    player.slots.remove(&slot);
                }
            }
            _ => player.slots.clear(),
        }
        if self.has(Flaw::EraseResetsFence) {
            player.fence = 0;
        }
        Erasure::Erased
    }
}
