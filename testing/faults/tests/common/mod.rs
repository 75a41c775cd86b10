//! A player on a store in memory, behind a connection with faults.
#![allow(dead_code, unreachable_pub)] // each test uses a part of it
#![allow(clippy::unwrap_used)] // all of it is test code

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use playerdata_core::{
    ClaimNumber, Fence, Incarnation, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName,
    UnixMillis, WriteId,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Encoding, Opening, Record, Result, Stamp,
        WriteOutcome,
    },
};
use playerdata_faults::FaultyBackend;
use playerdata_memory::MemoryBackend;
use uuid::Uuid;

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
        let player = PlayerId::from(number);
        let claimant = Claimant {
            session: SessionId::from_uuid(Uuid::from_u128(number.into())),
            server: ServerId {
                name: ServerName::new("game-1").unwrap(),
                incarnation: Incarnation::from_uuid(Uuid::from_u128(1)),
            },
            at: UnixMillis::new(0),
        };
        let claim = Claim {
            player: player.clone(),
            session: claimant.session,
            fence: Fence::new(1),
            slot: SlotName::new("Slot1").unwrap(),
            number: ClaimNumber::new(1),
        };
        let acquired = store.acquire(&player, &claimant, None).await.unwrap();
        assert_eq!(
            acquired,
            Acquisition::Acquired {
                fence: Fence::new(1)
            }
        );
        assert!(matches!(
            store.open(&claim).await.unwrap(),
            Opening::Opened(_)
        ));
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
    let stamp = Stamp {
        base: Revision::new(revision - 1),
        write_id: WriteId::from_uuid(Uuid::from_u128(revision.into())),
        at: UnixMillis::new(0),
    };
    let body = Body {
        schema: 1,
        encoding: Encoding::Json,
        bytes: Bytes::from_static(b"{}"),
    };
    backend.save(claim, &stamp, &body).await
}

pub fn written(revision: u64) -> WriteOutcome {
    WriteOutcome::Written {
        revision: Revision::new(revision),
    }
}

/// The answer, or nothing if none comes within [`PATIENCE`].
pub async fn within<T>(call: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(PATIENCE, call).await.ok()
}
