//! A player's lock: taking, releasing, reading it, and erasing the player.

use std::mem;

use playerdata_core::{
    ClaimNumber, PlayerId, SessionId, SlotName, UnixMillis,
    backend::{Acquisition, Admission, Claimant, Erasure, Lock, Release},
};

use crate::player::{Player, Players};

impl Players {
    pub(crate) fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Acquisition {
        self.with_known(player, |player| player.acquire(claimant, replacing))
    }

    pub(crate) fn acquire_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        slot: &SlotName,
        now: UnixMillis,
    ) -> Admission {
        self.with_known(player, |known| {
            let before = known.fence;
            let mut admission = known.acquire(claimant, replacing).into();
            if let Admission::Acquired { fence, opened } = &mut admission
                && *fence != before
                && let Some(number) = ClaimNumber::with_lock(*fence)
            {
                *opened = Some(known.open_slot(slot, (*fence, number), now));
            }
            admission
        })
    }

    pub(crate) fn release(&self, player: &PlayerId, session: SessionId) -> Release {
        self.with(player, |player| {
            let Some(player) = player.filter(|player| player.lock_of(session).is_some()) else {
                return Release::NotHeld;
            };
            player.lock = None;
            Release::Released
        })
    }

    pub(crate) fn holder(&self, player: &PlayerId) -> Option<Lock> {
        self.with(player, |player| {
            player.and_then(|player| player.lock.clone())
        })
    }

    pub(crate) fn erase(&self, player: &PlayerId) -> Erasure {
        let erased = self.with(player, |player| match player {
            None => Ok(Player::default()),
            Some(Player {
                lock: Some(holder), ..
            }) => Err(holder.clone()),
            Some(player) => {
                let fence = player.fence;
                let known = mem::take(player);
                player.fence = fence;
                Ok(known)
            }
        });
        // The documents are freed here, outside the critical section.
        match erased {
            Ok(_known) => Erasure::Erased,
            Err(holder) => Erasure::Locked { holder },
        }
    }
}

impl Player {
    /// A lock that is replaced or released takes its claims with it, without
    /// a walk over the slots: a claim counts only under the fence it was made
    /// under.
    fn acquire(&mut self, claimant: &Claimant, replacing: Option<SessionId>) -> Acquisition {
        match &self.lock {
            Some(lock) if lock.session == claimant.session => {
                return Acquisition::Acquired { fence: lock.fence };
            }
            Some(lock) if Some(lock.session) != replacing => {
                return Acquisition::Held {
                    holder: lock.clone(),
                };
            }
            Some(_) | None => {}
        }
        self.fence = self.fence.next();
        self.lock = Some(Lock {
            session: claimant.session,
            server: claimant.server.clone(),
            fence: self.fence,
            since: claimant.at,
        });
        Acquisition::Acquired { fence: self.fence }
    }
}
