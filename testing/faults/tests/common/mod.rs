//! A player on a store in memory, behind a connection with faults.
#![allow(dead_code, unreachable_pub, unused_imports)] // each test uses a part of it
#![allow(clippy::unwrap_used)] // all of it is test code

use std::{future::Future, sync::Arc, time::Duration};

use playerdata_core::{
    PlayerId,
    backend::{Backend, Claim, Claimant, Record, Result, WriteOutcome},
};
use playerdata_faults::FaultyBackend;
use playerdata_memory::MemoryBackend;
pub use playerdata_raw_session::written;
use playerdata_raw_session::{RawSession, body, stamp};

/// What a caller waits for an answer, and a little more than most faults last.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A player whose slot was opened and can be saved.
pub struct Player {
    /// The store itself, without faults.
    pub store: Arc<MemoryBackend>,
    /// The connection with faults.
    pub faulty: FaultyBackend,
    pub claim: Claim,
    pub claimant: Claimant,
}

impl Player {
    pub async fn new(number: u64) -> Self {
        Self::on(Arc::new(MemoryBackend::new()), number).await
    }

    pub async fn on(store: Arc<MemoryBackend>, number: u64) -> Self {
        let RawSession {
            claim, claimant, ..
        } = RawSession::start(&*store, number).await;
        Self {
            faulty: FaultyBackend::new(store.clone()),
            store,
            claim,
            claimant,
        }
    }

    pub fn id(&self) -> &PlayerId {
        &self.claim.player
    }

    /// Makes revision `revision`, through the connection with faults.
    pub async fn save(&self, revision: u64) -> Result<WriteOutcome> {
        save(&self.faulty, &self.claim, revision).await
    }

    pub async fn stored(&self) -> Option<Record> {
        let record = self.store.view(self.id(), &self.claim.slot).await;
        record.unwrap()
    }

    /// How many saves were applied.
    pub async fn revision(&self) -> u64 {
        self.stored()
            .await
            .map_or(0, |record| record.revision.get())
    }
}

pub async fn save(backend: &FaultyBackend, claim: &Claim, revision: u64) -> Result<WriteOutcome> {
    let stamp = stamp(revision - 1, revision.into());
    backend.save(claim, &stamp, &body("{}")).await
}

/// The answer, or nothing if none comes within [`PATIENCE`].
pub async fn within<T>(call: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(PATIENCE, call).await.ok()
}
