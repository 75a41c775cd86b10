//! Locks that may be in the store without a session of ours behind them.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::{GameDocument, PlayerId, SessionId, manager::Shared};

/// How many such locks are remembered. One that is forgotten is released when
/// somebody asks for its player.
const MAX_ORPHANS: usize = 10_000;

/// Released at every heartbeat until the store has confirmed it often enough
/// that a late acquisition can't be on its way any more.
#[derive(Debug, Default)]
pub(crate) struct Orphans(Mutex<VecDeque<Orphan>>);

#[derive(Clone, Debug)]
struct Orphan {
    player: PlayerId,
    session: SessionId,
    confirmations_left: u32,
}

/// Two heartbeats are far longer than a request survives in a network.
const CONFIRMATIONS: u32 = 2;

impl Orphans {
    /// Notes a lock that has to go.
    pub(crate) fn add(&self, player: PlayerId, session: SessionId) {
        let mut orphans = self.0.lock();
        if orphans.len() == MAX_ORPHANS {
            tracing::error!(%player, %session, "too many orphaned locks; one is left to be asked for");
            orphans.pop_front();
        }
        orphans.push_back(Orphan {
            player,
            session,
            confirmations_left: CONFIRMATIONS,
        });
    }

    fn take(&self) -> VecDeque<Orphan> {
        std::mem::take(&mut *self.0.lock())
    }

    fn put_back(&self, orphans: impl IntoIterator<Item = Orphan>) {
        self.0.lock().extend(orphans);
    }
}

impl<D: GameDocument> Shared<D> {
    /// Releases the locks that should not be there (L8). Stops at the first
    /// failure: a store that is down is not asked about each of them.
    pub(crate) async fn release_orphans(&self) {
        let mut orphans = self.orphans.take();
        while let Some(mut orphan) = orphans.pop_front() {
            if let Err(error) = self.store.release(&orphan.player, orphan.session).await {
                tracing::warn!(player = %orphan.player, %error, "an orphaned lock is still there");
                orphans.push_front(orphan);
                self.orphans.put_back(orphans);
                return;
            }
            orphan.confirmations_left -= 1;
            if orphan.confirmations_left > 0 {
                self.orphans.put_back([orphan]);
            }
        }
    }
}
