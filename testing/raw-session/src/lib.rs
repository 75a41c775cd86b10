//! Sessions played on a backend by hand: the calls that a session manager
//! makes, one at a time and with nothing done on its own.
//!
//! For tests and benchmarks of backends. What a call has to do, it does, or
//! the test fails: all of this panics if the store fails or answers anything
//! else.

use std::fmt::Debug;

use bytes::Bytes;
use playerdata_core::{
    ClaimNumber, Fence, IdSource as _, Incarnation, PlayerId, RandomIds, Revision, ServerId,
    ServerName, SessionId, SlotName, UnixMillis, WriteId,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Encoding, Opened, Opening, Release, Result,
        Stamp, WriteOutcome,
    },
};
use uuid::Uuid;

/// When everything happens.
pub const NOW: UnixMillis = UnixMillis::new(1_800_000_000_000);

/// A session of one player with one slot, and what its server has to remember.
#[derive(Clone, Debug)]
pub struct RawSession {
    /// Whom it asks for the lock as.
    pub claimant: Claimant,
    /// Its claim on the slot. The fence is that of its lock, once it was taken;
    /// the number is that of the last opening.
    pub claim: Claim,
    /// What the next save builds on.
    pub revision: Revision,
}

impl RawSession {
    /// One of a server that nobody has seen before, not started yet.
    pub fn of(player: impl TryInto<PlayerId, Error: Debug>) -> Self {
        let server = ServerId {
            name: ServerName::new("eu-1").expect("the constant is a valid name"),
            incarnation: Incarnation::from_uuid(RandomIds.next_id()),
        };
        Self::by(
            player,
            Claimant {
                session: SessionId::from_uuid(RandomIds.next_id()),
                server,
                at: NOW,
            },
        )
    }

    /// The session of a claimant, not started yet.
    pub fn by(player: impl TryInto<PlayerId, Error: Debug>, claimant: Claimant) -> Self {
        let claim = Claim {
            player: player.try_into().expect("a valid player id"),
            session: claimant.session,
            fence: Fence::new(0),
            slot: slot("Slot1"),
            number: ClaimNumber::new(0),
        };
        Self {
            claimant,
            claim,
            revision: Revision::new(0),
        }
    }

    /// One of a free player, with the lock, and the slot open.
    pub async fn start(
        backend: &dyn Backend,
        player: impl TryInto<PlayerId, Error: Debug>,
    ) -> Self {
        let mut session = Self::of(player);
        session.take(backend, None).await;
        session.open(backend).await;
        session
    }

    /// The same session, with another slot, which it has not opened yet.
    #[must_use]
    pub fn in_slot(&self, name: &str) -> Self {
        let mut session = self.clone();
        session.claim.slot = slot(name);
        session.claim.number = ClaimNumber::new(0);
        session.revision = Revision::new(0);
        session
    }

    /// The session's id.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.claim.session
    }

    /// Takes the lock, from `other` if that holds it.
    pub async fn take(&mut self, backend: &dyn Backend, other: Option<&Self>) -> Fence {
        let replacing = other.map(Self::id);
        self.claim.fence = acquired(backend, &self.claim.player, &self.claimant, replacing).await;
        self.claim.fence
    }

    /// Takes the lock from whoever holds it.
    pub async fn take_over(&mut self, backend: &dyn Backend) -> Fence {
        let held = backend.holder(&self.claim.player).await;
        let holder = held.expect("the lock can be read").map(|lock| lock.session);
        self.claim.fence = acquired(backend, &self.claim.player, &self.claimant, holder).await;
        self.claim.fence
    }

    /// Opens the slot under the next claim number.
    pub async fn open(&mut self, backend: &dyn Backend) -> Opened {
        self.claim.number = self.claim.number.next();
        let opened = opened(backend, &self.claim).await;
        self.revision = opened.revision;
        opened
    }

    /// A write of the next revision.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp {
            base: self.revision,
            write_id: WriteId::from_uuid(RandomIds.next_id()),
            at: NOW,
        }
    }

    /// Saves a text, whatever comes of it.
    ///
    /// # Errors
    ///
    /// Those of the backend.
    pub async fn try_save(
        &self,
        backend: &dyn Backend,
        text: impl AsRef<[u8]>,
    ) -> Result<WriteOutcome> {
        let body = body(text);
        backend.save(&self.claim, &self.stamp(), &body).await
    }

    /// Saves a text.
    pub async fn save(&mut self, backend: &dyn Backend, text: impl AsRef<[u8]>) {
        self.save_body(backend, &body(text)).await;
    }

    /// Saves a body. Its write is not drawn, but counted: where saves are
    /// measured, that of the backend is to be measured alone.
    pub async fn save_body(&mut self, backend: &dyn Backend, body: &Body) {
        let revision = self.revision.next();
        let write = self
            .id()
            .as_uuid()
            .as_u128()
            .wrapping_add(revision.get().into());
        let stamp = stamp(self.revision.get(), write);
        match backend.save(&self.claim, &stamp, body).await {
            Ok(WriteOutcome::Written { revision: written }) if written == revision => {
                self.revision = revision;
            }
            other => panic!("the save of {} was not applied: {other:?}", self.claim),
        }
    }

    /// Gives the lock back.
    pub async fn release(&self, backend: &dyn Backend) {
        match backend.release(&self.claim.player, self.id()).await {
            Ok(Release::Released) => {}
            other => panic!("the lock of {} was not released: {other:?}", self.claim),
        }
    }

    /// The text that the slot has, as anybody sees it.
    pub async fn stored(&self, backend: &dyn Backend) -> Option<String> {
        let record = backend.view(&self.claim.player, &self.claim.slot).await;
        let record = record.expect("the slot can be viewed")?;
        Some(String::from_utf8_lossy(&record.body.bytes).into_owned())
    }
}

/// Takes the lock of a player who is free, or is `replacing`'s.
pub async fn acquired(
    backend: &dyn Backend,
    player: &PlayerId,
    claimant: &Claimant,
    replacing: Option<SessionId>,
) -> Fence {
    match backend.acquire(player, claimant, replacing).await {
        Ok(Acquisition::Acquired { fence }) => fence,
        other => panic!("player {player} could not be taken: {other:?}"),
    }
}

/// Opens a slot that is open to the claim.
pub async fn opened(backend: &dyn Backend, claim: &Claim) -> Opened {
    match backend.open(claim).await {
        Ok(Opening::Opened(opened)) => opened,
        other => panic!("{claim} does not open: {other:?}"),
    }
}

/// The session of that number.
#[must_use]
pub fn session(number: u128) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(number))
}

/// A server of that name, in the incarnation of that number.
#[must_use]
pub fn server(name: &str, incarnation: u128) -> ServerId {
    ServerId {
        name: ServerName::new(name).expect("a valid server name"),
        incarnation: Incarnation::from_uuid(Uuid::from_u128(incarnation)),
    }
}

/// The slot of that name.
#[must_use]
pub fn slot(name: &str) -> SlotName {
    SlotName::new(name).expect("a valid slot name")
}

/// The write of that number, on a base.
#[must_use]
pub fn stamp(base: u64, write: u128) -> Stamp {
    Stamp {
        base: Revision::new(base),
        write_id: WriteId::from_uuid(Uuid::from_u128(write)),
        at: NOW,
    }
}

/// A text as a body. It need not be JSON: backends don't look.
pub fn body(text: impl AsRef<[u8]>) -> Body {
    Body {
        schema: 1,
        encoding: Encoding::Json,
        bytes: Bytes::copy_from_slice(text.as_ref()),
    }
}

/// The outcome of a write that made this revision.
#[must_use]
pub fn written(revision: u64) -> WriteOutcome {
    WriteOutcome::Written {
        revision: Revision::new(revision),
    }
}
