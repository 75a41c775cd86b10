//! One game server's session of one player, played on the backend directly.

use bytes::Bytes;
use playerdata_core::{
    ClaimNumber, Fence, IdSource as _, Incarnation, PlayerId, RandomIds, Revision, ServerId,
    ServerName, SessionId, SlotName, UnixMillis, WriteId,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Encoding, Opened, Opening, Release, Result,
        Stamp, WriteOutcome,
    },
};

/// A session, with what its server has to remember.
#[derive(Clone, Debug)]
pub struct Game {
    pub player: PlayerId,
    pub claimant: Claimant,
    pub slot: SlotName,
    /// That of its lock, once it was taken.
    pub fence: Fence,
    pub number: ClaimNumber,
    pub revision: Revision,
}

impl Game {
    /// A session that has not started yet.
    pub fn of(player: &str) -> Self {
        let server = ServerId {
            name: ServerName::new("eu-1").unwrap(),
            incarnation: Incarnation::from_uuid(RandomIds.next_id()),
        };
        Self {
            player: PlayerId::new(player).unwrap(),
            claimant: Claimant {
                session: SessionId::from_uuid(RandomIds.next_id()),
                server,
                at: UnixMillis::new(1_000),
            },
            slot: SlotName::new("Slot1").unwrap(),
            fence: Fence::new(0),
            number: ClaimNumber::new(0),
            revision: Revision::new(0),
        }
    }

    /// A session with the lock and its slot opened.
    pub async fn start(backend: &dyn Backend, player: &str) -> Self {
        let mut game = Self::of(player);
        game.take(backend, None).await;
        game.open(backend).await;
        game
    }

    pub fn session(&self) -> SessionId {
        self.claimant.session
    }

    pub fn claim(&self) -> Claim {
        Claim {
            player: self.player.clone(),
            session: self.session(),
            fence: self.fence,
            slot: self.slot.clone(),
            number: self.number,
        }
    }

    /// Takes the lock, from `other` if that holds it.
    pub async fn take(&mut self, backend: &dyn Backend, other: Option<&Self>) -> Fence {
        let replacing = other.map(Self::session);
        match backend
            .acquire(&self.player, &self.claimant, replacing)
            .await
            .unwrap()
        {
            Acquisition::Acquired { fence } => {
                self.fence = fence;
                fence
            }
            held @ Acquisition::Held { .. } => panic!("{held:?}"),
        }
    }

    /// Opens the slot under the next claim number.
    pub async fn open(&mut self, backend: &dyn Backend) -> Opened {
        self.number = self.number.next();
        match backend.open(&self.claim()).await.unwrap() {
            Opening::Opened(opened) => {
                self.revision = opened.revision;
                opened
            }
            refused => panic!("{refused:?}"),
        }
    }

    /// A write of the next revision.
    pub fn stamp(&self) -> Stamp {
        Stamp {
            base: self.revision,
            write_id: WriteId::from_uuid(RandomIds.next_id()),
            at: UnixMillis::new(2_000),
        }
    }

    pub async fn try_save(&self, backend: &dyn Backend, text: &str) -> Result<WriteOutcome> {
        backend
            .save(&self.claim(), &self.stamp(), &body(text))
            .await
    }

    /// Saves, and has to succeed.
    pub async fn save(&mut self, backend: &dyn Backend, text: &str) {
        let outcome = self.try_save(backend, text).await.unwrap();
        let revision = self.revision.next();
        assert_eq!(outcome, WriteOutcome::Written { revision });
        self.revision = revision;
    }

    pub async fn release(&self, backend: &dyn Backend) {
        let released = backend.release(&self.player, self.session()).await;
        assert_eq!(released.unwrap(), Release::Released);
    }

    /// What the slot holds, as anybody sees it.
    pub async fn stored(&self, backend: &dyn Backend) -> Option<String> {
        let record = backend.view(&self.player, &self.slot).await.unwrap()?;
        Some(String::from_utf8(record.body.bytes.to_vec()).unwrap())
    }
}

pub fn body(text: &str) -> Body {
    Body {
        schema: 1,
        encoding: Encoding::Json,
        bytes: Bytes::copy_from_slice(text.as_bytes()),
    }
}
