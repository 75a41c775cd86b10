//! What an operator needs on a bad day: look, free, erase.

use super::{SessionManager, shared::Shared};
use crate::{
    Error, GameDocument, PlayerId, SlotName,
    backend::{Erasure, Lock, NoticeKind, Record, Release, SlotSummary},
};

impl<D: GameDocument> SessionManager<D> {
    /// Who holds the player, if anybody does.
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`] or [`Error::StoreFailed`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>, Error> {
        Ok(self.store().holder(player).await?)
    }

    /// Whether the lease of the lock's server is live. If not, the next start
    /// of a session takes the player over.
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`] or [`Error::StoreFailed`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn is_live(&self, lock: &Lock) -> Result<bool, Error> {
        Ok(self.store().lease_is_live(&lock.server).await?)
    }

    /// The player's slots, read without the lock.
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`] or [`Error::StoreFailed`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>, Error> {
        Ok(self.store().list(player).await?)
    }

    /// A slot's record as stored, read without the lock. Its body can be read
    /// with [`decode`](Self::decode).
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`] or [`Error::StoreFailed`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>, Error> {
        Ok(self.store().view(player, slot).await?)
    }

    /// The JSON in a record's body, neither migrated nor completed.
    ///
    /// # Errors
    ///
    /// [`Error::Undecodable`], with the body.
    pub fn decode(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        record: &Record,
    ) -> Result<serde_json::Value, Error> {
        self.shared
            .codec
            .decode(&record.body)
            .map_err(|source| Error::Undecodable {
                player: player.clone(),
                slot: slot.clone(),
                revision: record.revision,
                body: Box::new(record.body.clone()),
                source: std::sync::Arc::new(source),
            })
    }

    /// Frees a player from a session, wherever it is. What that session has
    /// not saved is lost, and what it saves from then on is refused.
    ///
    /// Pass the session of the lock that was looked at: if another session
    /// holds the player by now, nothing happens and the answer is
    /// [`Release::NotHeld`].
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`]: the lock may still be there.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe; calling it again does no harm.
    pub async fn free(&self, player: &PlayerId, lock: &Lock) -> Result<Release, Error> {
        tracing::warn!(%player, %lock, "a player is freed by hand");
        let released = self.store().release(player, lock.session).await?;
        if released == Release::Released {
            // So that the session is closed at the next heartbeat of its
            // server, and not only when it saves.
            self.shared.tell(player, lock, NoticeKind::Taken).await;
        }
        Ok(released)
    }

    /// Removes all slots of a player, for good.
    ///
    /// # Errors
    ///
    /// [`Error::PlayerHeld`] if a session holds the player: nothing is
    /// removed then.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe; calling it again does no harm.
    pub async fn erase(&self, player: &PlayerId) -> Result<(), Error> {
        match self.store().erase(player).await? {
            Erasure::Erased => Ok(()),
            Erasure::Locked { holder } => Err(Error::PlayerHeld {
                player: player.clone(),
                holder,
            }),
        }
    }

    fn store(&self) -> &crate::store::Store {
        let shared: &Shared<D> = &self.shared;
        &shared.store
    }
}
