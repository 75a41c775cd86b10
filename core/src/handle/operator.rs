//! What an operator needs on a bad day: look, release by force, erase.

use std::sync::Arc;

use super::SessionManager;
use crate::{
    Error, GameDocument, PlayerId, SlotName,
    backend::{LetterPosition, Lock, NoticeKind, Record, Release, SlotSummary, WaitingLetter},
    engine::Engine,
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
        let asked = player.clone();
        self.ask(player, "looking at the lock", async move |engine| {
            Ok(engine.store.holder(&asked).await?)
        })
        .await
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
        let (engine, server) = (Arc::clone(&self.engine), lock.server.clone());
        let look = async move { engine.store.lease_is_live(&server).await };
        let looked = self.engine.runtime.spawn(look).await;
        Ok(looked.map_err(|_| Error::RuntimeGone)??)
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
        let asked = player.clone();
        self.ask(player, "listing the slots", async move |engine| {
            Ok(engine.store.list(&asked).await?)
        })
        .await
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
        let (asked, slot) = (player.clone(), slot.clone());
        self.ask(player, "viewing a slot", async move |engine| {
            Ok(engine.store.view(&asked, &slot).await?)
        })
        .await
    }

    /// The JSON in a record's body, neither migrated nor completed.
    ///
    /// # Errors
    ///
    /// [`Error::Undecodable`], with the body.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
    /// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
    /// use playerdata_core::{PlayerId, SlotName};
    ///
    /// # manager.start_session(4711_u64).await?.load_slot("Slot1").await?.save().await?;
    /// let (player, slot) = (PlayerId::from(4711_u64), SlotName::new("Slot1")?);
    /// if let Some(record) = manager.view(&player, &slot).await? {
    ///     println!("revision {}: {}", record.revision, manager.decode(&player, &slot, &record)?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn decode(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        record: &Record,
    ) -> Result<serde_json::Value, Error> {
        self.engine
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

    /// What the library keeps beside the document in a record, as JSON, for
    /// people to read; `null` if that is nothing. `keys` are those of changes
    /// that were applied once, `letters` are in the document and still to be
    /// discarded, parcels in `outbox` are still to be sent, and those in
    /// `escrow` wait for the verdict on a trade.
    ///
    /// # Errors
    ///
    /// [`Error::Undecodable`], with the body.
    pub fn decode_beside(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        record: &Record,
    ) -> Result<serde_json::Value, Error> {
        let beside = self.engine.codec.decode_beside(&record.body);
        beside.map_err(|source| Error::Undecodable {
            player: player.clone(),
            slot: slot.clone(),
            revision: record.revision,
            body: Box::new(record.body.clone()),
            source: Arc::new(source),
        })
    }

    /// Releases a player's lock by force, wherever its session is. What that
    /// session has not saved is lost, and what it saves from then on is
    /// refused.
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
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
    /// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
    /// use playerdata_core::PlayerId;
    ///
    /// # let _session = manager.start_session(4711_u64).await?;
    /// let player = PlayerId::from(4711_u64);
    /// if let Some(lock) = manager.holder(&player).await? {
    ///     println!("held by {lock} since {}", lock.since);
    ///     if !manager.is_live(&lock).await? {
    ///         manager.force_release(&player, &lock).await?;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn force_release(&self, player: &PlayerId, lock: &Lock) -> Result<Release, Error> {
        tracing::warn!(%player, %lock, "a player's lock is released by force");
        let (freed, lock) = (player.clone(), lock.clone());
        self.ask(player, "releasing a lock by force", async move |engine| {
            let released = engine.store.release(&freed, lock.session).await?;
            if released == Release::Released {
                // So that the session is closed at the next heartbeat of its
                // server, and not only when it saves.
                engine.notify(&freed, &lock, NoticeKind::Taken).await;
            }
            Ok(released)
        })
        .await
    }

    /// Removes all slots of a player, for good, and all mail. Parcels that are
    /// on their way from these slots are sent first, those excepted that are for
    /// a full mailbox, and trades that they are in end.
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
        let erased = player.clone();
        self.ask(player, "erasing the player", async move |engine| {
            engine.erase(erased).await
        })
        .await
    }

    /// The letters that wait in a slot's mailbox, in order of arrival: at most
    /// `limit`, from the first one after the position `after`.
    ///
    /// # Errors
    ///
    /// [`Error::StoreUnavailable`] or [`Error::StoreFailed`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>, Error> {
        let (asked, slot) = (player.clone(), slot.clone());
        self.ask(player, "reading a mailbox", async move |engine| {
            Ok(engine.store.letters(&asked, &slot, after, limit).await?)
        })
        .await
    }

    /// Does something at the store, on the manager's runtime, so that it works
    /// from any thread.
    pub(super) async fn ask<T, F>(
        &self,
        player: &PlayerId,
        during: &'static str,
        ask: impl FnOnce(Arc<Engine<D>>) -> F,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let asked = ask(Arc::clone(&self.engine));
        self.engine.run_to_the_end(player, during, asked).await?
    }
}
