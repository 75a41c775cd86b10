//! Locks of the plain store.

use std::collections::BTreeMap;

use playerdata_core::{
    ClaimNumber, Fence, PlayerId, SessionId, SlotName,
    backend::{Acquisition, Admission, Claim, Claimant, Erasure, Lock, Opening, Release},
};

use crate::{
    flaws::Flaw,
    mail::Mailbox,
    slots::Slot,
    store::{PlainStore, State},
    versions::Version,
};

#[derive(Clone, Default)]
pub(crate) struct Player {
    pub(crate) fence: u64,
    pub(crate) lock: Option<Lock>,
    /// The last lock that was taken away, for a flaw.
    pub(crate) former: Option<Lock>,
    pub(crate) slots: BTreeMap<String, Slot>,
    pub(crate) mailboxes: BTreeMap<String, Mailbox>,
    /// In the order in which they were kept.
    pub(crate) versions: Vec<Version>,
    /// What was erased, for a flaw.
    pub(crate) erased_slots: BTreeMap<String, Slot>,
    /// Under which number each session's first claim was, for a flaw.
    entered: BTreeMap<SessionId, ClaimNumber>,
    /// Whether an erasure was begun, for a flaw.
    erased: bool,
}

impl Player {
    /// Whether a slot holds one, for a flaw.
    pub(crate) fn has_record(&self, slot: &SlotName) -> bool {
        let slot = self.slots.get(slot.as_str());
        slot.is_some_and(|slot| slot.record.is_some())
    }

    pub(crate) fn withdraw_claims(&mut self, count: usize) {
        for slot in self.slots.values_mut().take(count) {
            slot.claim = None;
        }
    }
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
        let outcome = {
            let mut state = self.state();
            let refused = self.refusal(&state, player, claimant, replacing);
            refused.ok_or_else(|| self.write_lock(&mut state, player, claimant))
        };
        match outcome {
            Ok(refused) => {
                self.after_refusal(player, claimant, &refused);
                refused
            }
            Err(written) => {
                self.withdraw_later(player).await;
                written
            }
        }
    }

    /// Takes the lock, and opens a slot if it is a new one.
    pub(crate) async fn take_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        slot: &SlotName,
    ) -> Admission {
        let before = self.fence_of(player);
        let acquisition = self.take(player, claimant, replacing).await;
        let Acquisition::Acquired { fence } = acquisition else {
            if self.has(Flaw::HeldPlayerOpened) {
                self.unclaim(player, slot);
            }
            return acquisition.into();
        };
        if fence.get() == before && !self.has(Flaw::AskingAgainOpens) {
            return acquisition.into();
        }
        if fence.get() == before {
            self.unclaim(player, slot); // though it is a later one
        }
        let Some(claim) = self.claim_with_lock(player, claimant, fence, slot) else {
            return acquisition.into();
        };
        let Opening::Opened(mut opened) = self.open_slot(&claim) else {
            return acquisition.into();
        };
        match self.flaw {
            Some(Flaw::OpenedWithTheLockUnclaimed) => self.unclaim(player, slot),
            Some(Flaw::OpenedWithTheLockEmpty) => opened.record = None,
            Some(Flaw::OpenedWithTheLockWithoutMail) => opened.mail = false,
            _ => {}
        }
        let opened = Some(opened);
        Admission::Acquired { fence, opened }
    }

    fn fence_of(&self, player: &PlayerId) -> u64 {
        let state = self.state();
        let player = state.players.get(&self.key(player));
        player.map_or(0, |player| player.fence)
    }

    fn unclaim(&self, player: &PlayerId, slot: &SlotName) {
        if let Some(player) = self.state().players.get_mut(&self.key(player))
            && let Some(slot) = player.slots.get_mut(&self.folded(slot.as_str()))
        {
            slot.claim = None;
        }
    }

    /// The claim that is made together with a lock.
    fn claim_with_lock(
        &self,
        player: &PlayerId,
        by: &Claimant,
        fence: Fence,
        slot: &SlotName,
    ) -> Option<Claim> {
        let mut number = ClaimNumber::with_lock(fence)?;
        let mut state = self.state();
        let known = state.players.get_mut(&self.key(player))?;
        let first = *known.entered.entry(by.session).or_insert(number);
        if self.has(Flaw::LateCopyBringsClaimBack) {
            number = first;
        }
        Some(Claim {
            player: player.clone(),
            session: by.session,
            fence,
            slot: slot.clone(),
            number,
        })
    }

    /// What a flaw does although nothing is to be done.
    fn after_refusal(&self, player: &PlayerId, by: &Claimant, refused: &Acquisition) {
        let mut state = self.state();
        let Some(player) = state.players.get_mut(&self.key(player)) else {
            return;
        };
        match (self.flaw, refused) {
            (Some(Flaw::RefusedRequestKillsClaims), Acquisition::Held { .. }) => {
                player.withdraw_claims(usize::MAX);
            }
            (Some(Flaw::SinceOfAskingAgain), Acquisition::Acquired { .. }) => {
                if let Some(lock) = &mut player.lock {
                    lock.since = by.at;
                }
            }
            _ => {}
        }
    }

    /// The second step of a flaw.
    async fn withdraw_later(&self, player: &PlayerId) {
        if self.has(Flaw::ClaimsWithdrawnInSecondStep) {
            self.pause().await;
            if let Some(player) = self.state().players.get_mut(&self.key(player)) {
                player.withdraw_claims(usize::MAX);
            }
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
        let Some(player) = state.players.get(&self.key(player)) else {
            let refused = replacing.is_some() && self.has(Flaw::NewPlayerNotReplaced);
            return refused.then(|| Acquisition::Acquired {
                fence: Fence::new(1),
            });
        };
        let Some(lock) = player.lock.clone() else {
            let nobody = replacing.is_some() && self.has(Flaw::GoneHolderReplacedByNobody);
            return nobody.then(|| Acquisition::Acquired {
                fence: Fence::new(player.fence + 1),
            });
        };
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
            Some(Flaw::HolderNeverReplaced) => false,
            Some(Flaw::LockLapsesWithLease) => {
                replacing == Some(lock.session) || !self.is_live(state, &lock.server)
            }
            Some(Flaw::EarlierClaimantRefused) if claimant.at < lock.since => false,
            _ => replacing == Some(lock.session),
        };
        (!named).then_some(Acquisition::Held { holder: lock })
    }

    fn write_lock(&self, state: &mut State, player: &PlayerId, by: &Claimant) -> Acquisition {
        self.kill_by_prefix(state, &self.key(player));
        let player = state.players.entry(self.key(player)).or_default();
        let replaced = player.lock.take();
        let keeps_fence = self.has(Flaw::TakeOverKeepsFence) && replaced.is_some();
        if !keeps_fence {
            player.fence += 1;
        }
        let fence = Fence::new(player.fence);
        let mut server = by.server.clone();
        if let Some(former) = &replaced
            && former.server.name == server.name
            && self.has(Flaw::IncarnationOfTheFormerRun)
        {
            server = former.server.clone();
        }
        player.lock = Some(Lock {
            session: by.session,
            server,
            fence,
            since: self.stored_time(by.at, self.has(Flaw::LockTimeSigned)),
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
        player.withdraw_claims(match self.flaw {
            Some(
                Flaw::ClaimsLeftInSlots
                | Flaw::ClaimsComeBackToLife
                | Flaw::ClaimsWithdrawnInSecondStep,
            ) => 0,
            Some(Flaw::OnePageOfClaimsWithdrawn) => 100,
            Some(Flaw::ThousandthClaimForgotten) => 999,
            _ => usize::MAX,
        });
    }

    /// A flaw: the claims of whoever's id begins like the player's.
    fn kill_by_prefix(&self, state: &mut State, key: &str) {
        if self.has(Flaw::ClaimsKilledByPrefix) {
            for (other, player) in &mut state.players {
                if other.starts_with(key) {
                    player.withdraw_claims(usize::MAX);
                }
            }
        }
    }

    pub(crate) async fn give_up(&self, player: &PlayerId, session: SessionId) -> Release {
        let key = self.key(player);
        if self.has(Flaw::ReleaseReadsThenRemoves) {
            let own = {
                let state = self.state();
                let player = state.players.get(&key);
                player.is_some_and(|player| self.is_released_by(player, session))
            };
            self.pause().await;
            if !own {
                return Release::NotHeld;
            }
        }
        let released = self.release_at_once(&key, session);
        if released == Release::Released {
            self.withdraw_later(player).await;
        }
        released
    }

    fn release_at_once(&self, key: &str, session: SessionId) -> Release {
        let mut state = self.state();
        let own = state.players.get(key).is_some_and(|player| {
            let held = player.lock.is_some();
            let seen = self.has(Flaw::ReleaseReadsThenRemoves);
            held && (seen || self.is_released_by(player, session))
        });
        if !own {
            return match self.flaw {
                Some(Flaw::ReleaseAlwaysDone) => Release::Released,
                _ => Release::NotHeld,
            };
        }
        if self.has(Flaw::ReleaseFreesWholeServer) {
            for player in state.players.values_mut() {
                self.remove_lock(player);
            }
        }
        self.kill_by_prefix(&mut state, key);
        if let Some(player) = state.players.get_mut(key)
            && !self.has(Flaw::ReleaseForgotten)
        {
            self.remove_lock(player);
        }
        Release::Released
    }

    /// Whether the lock is one that the session may release.
    fn is_released_by(&self, player: &Player, session: SessionId) -> bool {
        player.lock.as_ref().is_some_and(|lock| match self.flaw {
            Some(Flaw::ReleaseUnchecked) => true,
            Some(Flaw::ReleaseByAnySessionOfTheServer) => {
                let former = player.former.as_ref();
                lock.session == session
                    || former.is_some_and(|former| {
                        former.session == session && former.server == lock.server
                    })
            }
            _ => lock.session == session,
        })
    }

    fn remove_lock(&self, player: &mut Player) {
        player.former = player.lock.take().or(player.former.take());
        if self.has(Flaw::ReleaseResetsFence) {
            player.fence = 0;
        }
        if !self.has(Flaw::ReleaseForgetsClaims) {
            self.withdraw_claims(player);
        }
    }

    fn erase_slots(&self, player: &mut Player) {
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
            _ => player.erased_slots = std::mem::take(&mut player.slots),
        }
    }

    pub(crate) async fn remove(&self, player: &PlayerId) -> Erasure {
        let key = self.key(player);
        if self.has(Flaw::EraseMarkedBeforeDone) {
            if let Some(player) = self.state().players.get_mut(&key)
                && player.lock.is_none()
                && std::mem::replace(&mut player.erased, true)
            {
                return Erasure::Erased;
            }
            self.pause().await;
        }
        let mut checked = self.has(Flaw::EraseUnchecked);
        if self.has(Flaw::LockCheckedThenErased) {
            let player = self
                .state()
                .players
                .get(&key)
                .map(|player| player.lock.is_none());
            checked = player == Some(true);
            self.pause().await;
        }
        let listed = self.list_mail_first(&key).await;
        let mut state = self.state();
        self.erase_trades(&mut state, &key);
        for (other, player) in &mut state.players {
            let too = match self.flaw {
                Some(Flaw::EraseByPrefix) => other.starts_with(&key),
                Some(Flaw::ErasureIgnoresCase) => other.eq_ignore_ascii_case(&key),
                _ => false,
            };
            if too && player.lock.is_none() {
                player.slots.clear();
            }
        }
        let Some(player) = state.players.get_mut(&key) else {
            return Erasure::Erased;
        };
        if let Some(holder) = player.lock.clone()
            && !checked
        {
            return Erasure::Locked { holder };
        }
        self.erase_slots(player);
        self.erase_mail(player, listed.as_deref());
        if !self.has(Flaw::ErasureLeavesVersions) {
            player.versions.clear();
        }
        player.erased = false;
        if self.has(Flaw::EraseResetsFence) {
            player.fence = 0;
        }
        Erasure::Erased
    }
}
