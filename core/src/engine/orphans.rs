//! Releasing the locks that are in the store without a session behind them.

use tokio::time::Instant;

use super::Engine;
use crate::{Error, GameDocument, PlayerId, SessionId, excerpt::Chain};

impl<D: GameDocument> Engine<D> {
    /// Notes a lock that a start may have left: no answer came.
    pub(crate) fn note_orphan(&self, player: &PlayerId, session: SessionId) {
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
