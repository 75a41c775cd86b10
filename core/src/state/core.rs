//! Who a session is and whether it still is one.

use std::{
    pin::pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Gate;
use crate::{
    ClaimNumber, EndReason, Error, Fence, PlayerId, SessionId, SlotName, UnixMillis,
    backend::{Claim, Lock},
};

/// The part of a session that its slots know.
#[derive(Debug)]
pub(crate) struct SessionCore {
    pub(crate) player: PlayerId,
    pub(crate) id: SessionId,
    pub(crate) fence: Fence,
    /// When its lock was asked for.
    pub(crate) since: UnixMillis,
    gate: Arc<Gate>,
    status: Mutex<Status>,
    /// Whether the status is `Active`. Read without the lock before every
    /// change, and written under it.
    active: AtomicBool,
    /// Notified when it is over. Made for the first who waits for that.
    over: OnceLock<Box<Notify>>,
    /// The greatest claim number that was given out, or one less.
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
    Ended(EndReason),
    /// Its lock is another's, or gone.
    Lost(Option<Box<Lock>>),
}

/// How a session ended, or that it will never be known.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// # let session = manager.start_session(4711_u64).await?;
/// use playerdata_core::SessionEnd;
///
/// # session.end().await?;
/// match session.ended().await {
///     SessionEnd::Ended(reason) => println!("saved and released: {reason:?}"),
///     SessionEnd::Lost { .. } => println!("kick: another server has the player"),
///     _ => println!("the manager is gone"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEnd {
    /// Its lock is released and, unless it was abandoned, everything saved.
    Ended(EndReason),
    /// Its lock is another's, or gone: send the player away.
    Lost {
        /// Who took the player, if it is known.
        holder: Option<Lock>,
    },
    /// The manager's runtime is gone: nothing is saved any more, and the lock
    /// is left to lapse with the server's lease.
    RuntimeGone,
}

impl Status {
    /// How the session ended, if it has.
    fn end(&self) -> Option<SessionEnd> {
        match self {
            Self::Ended(reason) => Some(SessionEnd::Ended(*reason)),
            Self::Lost(holder) => Some(SessionEnd::Lost {
                holder: holder.as_deref().cloned(),
            }),
            Self::Active | Self::Ending | Self::Releasing => None,
        }
    }
}

impl SessionCore {
    /// `with_lock` is the number of the claim that may have been made together
    /// with the lock.
    pub(crate) fn new(
        player: PlayerId,
        id: SessionId,
        fence: Fence,
        since: UnixMillis,
        gate: Arc<Gate>,
        with_lock: Option<ClaimNumber>,
    ) -> Self {
        let status = Mutex::new(Status::Active);
        Self {
            player,
            id,
            fence,
            since,
            gate,
            status,
            active: AtomicBool::new(true),
            over: OnceLock::new(),
            claims: AtomicU64::new(with_lock.map_or(0, ClaimNumber::get)),
        }
    }

    /// Looks at what a save needs of it; see [`fetch`](crate::fetch).
    pub(crate) fn fetch(&self) -> u8 {
        let first = self.player.as_str().as_bytes().first();
        first.copied().unwrap_or_default() ^ u8::from(self.active.load(Ordering::Relaxed))
    }

    pub(crate) fn status(&self) -> Status {
        self.status.lock().clone()
    }

    /// Moves on from one of the states `from`; returns whether it did.
    pub(crate) fn advance(&self, from: &[Status], to: Status) -> bool {
        let mut status = self.status.lock();
        let moves = from.contains(&status);
        if moves {
            self.active.store(to == Status::Active, Ordering::Release);
            *status = to;
        }
        let over = status.end().is_some();
        drop(status);
        // Who begins to wait now sees the status.
        if moves
            && over
            && let Some(waiters) = self.over.get()
        {
            waiters.notify_waiters();
        }
        moves
    }

    /// Notes that the lock is another's; returns whether that is news.
    pub(crate) fn mark_lost(&self, holder: Option<Lock>) -> bool {
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

    /// Returns once the session is over, at once if it is.
    pub(crate) async fn ended(&self) -> SessionEnd {
        let waiters = self.over.get_or_init(Box::default);
        loop {
            let mut over = pin!(waiters.notified());
            over.as_mut().enable(); // before the look, so that nothing is missed
            if let Some(end) = self.status.lock().end() {
                return end;
            }
            tokio::select! {
                biased;
                () = over => {}
                () = self.gate.gone() => {
                    return self.status.lock().end().unwrap_or(SessionEnd::RuntimeGone);
                }
            }
        }
    }

    /// Whether the session takes changes and they can be saved; otherwise why
    /// not.
    pub(crate) fn check_open(&self) -> Result<(), Error> {
        self.check_active()?;
        self.gate.check()
    }

    /// Whether the session goes on; otherwise why not.
    pub(crate) fn check_active(&self) -> Result<(), Error> {
        if self.active.load(Ordering::Acquire) {
            return Ok(());
        }
        match &*self.status.lock() {
            Status::Active => Ok(()), // it has just become that again
            closed => Err(self.refusal(closed)),
        }
    }

    /// Whether the session may still write what it has; otherwise why not.
    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        if self.active.load(Ordering::Acquire) {
            return Ok(());
        }
        match &*self.status.lock() {
            Status::Active | Status::Ending => Ok(()),
            closed => Err(self.refusal(closed)),
        }
    }

    fn refusal(&self, status: &Status) -> Error {
        match status {
            Status::Lost(holder) => self.lost_error(holder.as_deref().cloned()),
            _ => Error::SessionEnded {
                player: self.player.clone(),
            },
        }
    }

    pub(crate) fn lost_error(&self, holder: Option<Lock>) -> Error {
        Error::SessionLost {
            player: self.player.clone(),
            session: self.id,
            holder,
        }
    }

    /// A claim number greater than all before it in this session. It is odd:
    /// see [`ClaimNumber::with_lock`].
    pub(crate) fn next_claim(&self) -> ClaimNumber {
        ClaimNumber::new(self.claims.fetch_add(2, Ordering::Relaxed) + 1)
    }

    /// The number of the claim that was made together with the lock, while the
    /// session has made no other.
    pub(crate) fn claim_with_lock(&self) -> Option<ClaimNumber> {
        let number = ClaimNumber::with_lock(self.fence)?;
        (self.claims.load(Ordering::Relaxed) == number.get()).then_some(number)
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
    use crate::ServerName;

    #[test]
    fn f26_a_lost_session_never_comes_back() {
        let gate = Gate::new(
            ServerName::new("a").unwrap(),
            std::time::Duration::from_secs(60),
        );
        let core = SessionCore::new(
            PlayerId::from(1),
            SessionId::from_uuid(Uuid::nil()),
            Fence::new(1),
            UnixMillis::default(),
            Arc::new(gate),
            None,
        );
        assert!(core.mark_lost(None));
        assert!(!core.mark_lost(None), "the second time is not news");
        assert!(!core.advance(&[Status::Active, Status::Ending], Status::Active));
        assert!(matches!(core.check_open(), Err(Error::SessionLost { .. })));
        assert!(matches!(
            core.check_writable(),
            Err(Error::SessionLost { .. })
        ));
    }
}
