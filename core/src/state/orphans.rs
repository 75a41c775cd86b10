//! Locks that may be in the store without a session of ours behind them.

use std::time::Duration;

use indexmap::IndexMap;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{PlayerId, SessionId};

/// How many such locks are remembered. One that is forgotten is released when
/// somebody asks for its player.
const MAX_ORPHANS: usize = 10_000;

/// Released at every heartbeat, until the store has confirmed it at a time
/// when a late acquisition can't be on its way any more.
#[derive(Debug, Default)]
pub(crate) struct Orphans(Mutex<IndexMap<SessionId, Orphan>>);

#[derive(Clone, Debug)]
pub(crate) struct Orphan {
    pub(crate) player: PlayerId,
    /// Until when an acquisition may still arrive.
    pub(crate) doubtful_until: Instant,
}

impl Orphans {
    /// Notes a lock that has to go; its acquisition may arrive within `late`.
    pub(crate) fn add(&self, player: PlayerId, session: SessionId, late: Duration) {
        let mut orphans = self.0.lock();
        if orphans.len() >= MAX_ORPHANS {
            tracing::error!(%player, %session, "too many orphaned locks: one is left until its player is asked for");
            orphans.shift_remove_index(0);
        }
        let doubtful_until = Instant::now() + late;
        orphans.entry(session).or_insert(Orphan {
            player,
            doubtful_until,
        });
    }

    pub(crate) fn all(&self) -> Vec<(SessionId, Orphan)> {
        let orphans = self.0.lock();
        let pairs = orphans.iter();
        pairs
            .map(|(session, orphan)| (*session, orphan.clone()))
            .collect()
    }

    pub(crate) fn settle(&self, session: SessionId) {
        self.0.lock().swap_remove(&session);
    }
}
