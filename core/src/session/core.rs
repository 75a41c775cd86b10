//! Who a session is and whether it still is one.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::{
    ClaimNumber, Error, Fence, PlayerId, SessionId, SlotName,
    backend::{Claim, Lock},
};

/// The part of a session that its slots know.
#[derive(Debug)]
pub(crate) struct SessionCore {
    pub(crate) player: PlayerId,
    pub(crate) id: SessionId,
    pub(crate) fence: Fence,
    status: Mutex<Status>,
    claims: AtomicU64,
}

/// What a session takes and does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It holds the player, as far as this server knows.
    Active,
    /// Its last save is under way: no changes any more.
    Ending,
    /// All is saved, or given up: only the lock has still to go. There is no
    /// way back, since the lock may be gone already.
    Releasing,
    /// It was saved and released, or abandoned.
    Ended,
    /// Its lock is another's, or gone.
    Lost(Option<Box<Lock>>),
}

impl SessionCore {
    pub(crate) fn new(player: PlayerId, id: SessionId, fence: Fence) -> Self {
        let status = Mutex::new(Status::Active);
        Self {
            player,
            id,
            fence,
            status,
            claims: AtomicU64::new(0),
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.status.lock().clone()
    }

    /// Moves on from one of the states `from`; returns whether it did.
    pub(crate) fn advance(&self, from: &[Status], to: Status) -> bool {
        let mut status = self.status.lock();
        let moves = from.contains(&status);
        if moves {
            *status = to;
        }
        moves
    }

    /// Notes that the lock is another's; returns whether that is news.
    pub(crate) fn lose(&self, holder: Option<Lock>) -> bool {
        self.advance(
            &[Status::Active, Status::Ending],
            Status::Lost(holder.map(Box::new)),
        )
    }

    /// Whether the session was ended by its last save, and only its lock may
    /// still be there.
    pub(crate) fn is_releasing(&self) -> bool {
        *self.status.lock() == Status::Releasing
    }

    /// Whether the session takes changes; otherwise why not.
    pub(crate) fn check_open(&self) -> Result<(), Error> {
        match &*self.status.lock() {
            Status::Active => Ok(()),
            closed => Err(self.refusal(closed)),
        }
    }

    /// Whether the session may still write what it has; otherwise why not.
    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        match &*self.status.lock() {
            Status::Active | Status::Ending => Ok(()),
            closed => Err(self.refusal(closed)),
        }
    }

    fn refusal(&self, status: &Status) -> Error {
        match status {
            Status::Lost(holder) => self.lost(holder.as_deref().cloned()),
            _ => Error::SessionEnded {
                player: self.player.clone(),
            },
        }
    }

    pub(crate) fn lost(&self, holder: Option<Lock>) -> Error {
        Error::SessionLost {
            player: self.player.clone(),
            session: self.id,
            holder,
        }
    }

    /// A claim number greater than all before it in this session.
    pub(crate) fn next_claim(&self) -> ClaimNumber {
        ClaimNumber::new(self.claims.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(crate) fn claim(&self, slot: &SlotName, number: ClaimNumber) -> Claim {
        Claim {
            player: self.player.clone(),
            session: self.id,
            fence: self.fence,
            slot: slot.clone(),
            number,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn f26_a_lost_session_never_comes_back() {
        let core = SessionCore::new(
            PlayerId::from(1),
            SessionId::from_uuid(Uuid::nil()),
            Fence::new(1),
        );
        assert!(core.lose(None));
        assert!(!core.lose(None), "the second time is no news");
        assert!(!core.advance(&[Status::Active, Status::Ending], Status::Active));
        assert!(matches!(core.check_open(), Err(Error::SessionLost { .. })));
        assert!(matches!(
            core.check_writable(),
            Err(Error::SessionLost { .. })
        ));
    }
}
