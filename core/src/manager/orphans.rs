//! Locks that may be in the store without a session of ours behind them.

use std::time::Duration;

use indexmap::IndexMap;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{Error, GameDocument, PlayerId, SessionId, error::Chain, manager::Shared};

/// How many such locks are remembered. One that is forgotten is released when
/// somebody asks for its player.
const MAX_ORPHANS: usize = 10_000;

/// Released at every heartbeat, until the store has confirmed it at a time
/// when a late acquisition can't be on its way any more.
#[derive(Debug, Default)]
pub(crate) struct Orphans(Mutex<IndexMap<SessionId, Orphan>>);

#[derive(Clone, Debug)]
struct Orphan {
    player: PlayerId,
    /// Until when an acquisition may still arrive.
    doubtful_until: Instant,
}

impl Orphans {
    /// Notes a lock that has to go; its acquisition may arrive within `late`.
    pub(crate) fn add(&self, player: PlayerId, session: SessionId, late: Duration) {
        let mut orphans = self.0.lock();
        if orphans.len() >= MAX_ORPHANS {
            tracing::error!(%player, %session, "too many orphaned locks; one is left to be asked for");
            orphans.shift_remove_index(0);
        }
        let doubtful_until = Instant::now() + late;
        orphans.entry(session).or_insert(Orphan {
            player,
            doubtful_until,
        });
    }

    fn all(&self) -> Vec<(SessionId, Orphan)> {
        let orphans = self.0.lock();
        let pairs = orphans.iter();
        pairs
            .map(|(session, orphan)| (*session, orphan.clone()))
            .collect()
    }

    fn settle(&self, session: SessionId) {
        self.0.lock().swap_remove(&session);
    }
}

impl<D: GameDocument> Shared<D> {
    /// Notes a lock that a start may have left: no answer came.
    pub(super) fn note_orphan(&self, player: &PlayerId, session: SessionId) {
        // Far longer than a request survives in a network.
        let late = self.settings.heartbeat_interval * 2;
        self.orphans.add(player.clone(), session, late);
    }

    /// Releases the locks that should not be there (L8).
    pub(crate) async fn release_orphans(&self) {
        for (session, orphan) in self.orphans.all() {
            match self.store.release(&orphan.player, session).await {
                Ok(_) if Instant::now() >= orphan.doubtful_until => self.orphans.settle(session),
                Ok(_) => {}
                Err(failure) => {
                    let error = Error::from(failure);
                    let (player, why) = (&orphan.player, Chain(&error));
                    tracing::warn!(%player, error = %why, "an orphaned lock is still there");
                    if error.is_transient() {
                        return; // a store that is down is not asked about each of them
                    }
                }
            }
        }
    }
}
