//! A player's lock: taking it, giving it back, and erasing the player.

use playerdata_core::{
    SessionId,
    backend::{Acquisition, Claimant, Erasure, Lock, Release},
};
use uuid::Uuid;

use crate::player::Player;

impl Player {
    pub(crate) fn acquire(
        &mut self,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Acquisition {
        match &self.lock {
            Some(lock) if lock.session == claimant.session => {
                let fence = lock.fence;
                return Acquisition::Acquired { fence };
            }
            Some(lock) if Some(lock.session) != replacing => {
                let holder = lock.clone();
                return Acquisition::Held { holder };
            }
            Some(_) | None => {}
        }
        let fence = self.fence.next();
        self.fence = fence;
        self.kill_claims();
        self.lock = Some(Lock {
            session: claimant.session,
            server: claimant.server.clone(),
            fence,
            since: claimant.at,
        });
        Acquisition::Acquired { fence }
    }

    pub(crate) fn release(&mut self, session: SessionId) -> Release {
        if !self.is_held_by(session) {
            return Release::NotHeld;
        }
        self.kill_claims();
        self.lock = None;
        Release::Released
    }

    /// Gives the files with the content of the letters that were erased, too.
    pub(crate) fn erase(&mut self) -> (Erasure, Vec<Uuid>) {
        if let Some(holder) = self.lock.clone() {
            return (Erasure::Locked { holder }, Vec::new());
        }
        self.slots.clear();
        self.versions.clear();
        (Erasure::Erased, self.erase_mail())
    }

    /// Nothing of a lock that ends succeeds any more.
    fn kill_claims(&mut self) {
        for slot in self.slots.values_mut() {
            slot.claim = None;
        }
    }
}
