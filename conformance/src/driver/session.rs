//! A session and its slots, as a backend sees them: the calls that a session
//! manager makes, with nothing done on its own.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use playerdata_core::{
    ClaimNumber, Fence, PlayerId, Revision, SessionId, SlotName,
    backend::{Body, Claim, Claimant, Lock, Opened, Opening, Record, Release, Stamp, WriteOutcome},
};

use super::{Client, world::body};
use crate::Rule;

/// A session that got its player's lock, whether it still has it or not.
#[derive(Clone, Debug)]
pub struct RawSession {
    client: Client,
    player: PlayerId,
    claimant: Claimant,
    fence: Fence,
    last_claim: Arc<AtomicU64>,
}

impl RawSession {
    pub(crate) fn new(client: Client, player: PlayerId, claimant: Claimant, fence: Fence) -> Self {
        Self {
            client,
            player,
            claimant,
            fence,
            last_claim: Arc::default(),
        }
    }

    /// The client that it speaks through.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The session's id.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.claimant.session
    }

    /// The generation of its lock.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.fence
    }

    /// Whom it asked for the lock as.
    #[must_use]
    pub fn claimant(&self) -> &Claimant {
        &self.claimant
    }

    /// The lock as everybody should see it.
    #[must_use]
    pub fn lock(&self) -> Lock {
        Lock {
            session: self.claimant.session,
            server: self.claimant.server.clone(),
            fence: self.fence,
            since: self.claimant.at,
        }
    }

    /// The same session speaking through another client.
    #[must_use]
    pub fn through(&self, client: &Client) -> Self {
        Self {
            client: client.clone(),
            ..self.clone()
        }
    }

    /// The same session counting on from the claim that it may have got with
    /// its lock.
    pub(crate) fn with_a_claim(self) -> Self {
        let first = ClaimNumber::with_lock(self.fence).map_or(0, ClaimNumber::get);
        self.last_claim.store(first, Ordering::SeqCst);
        self
    }

    /// A claim with a number greater than all before.
    #[must_use]
    pub fn next_claim(&self, slot: &SlotName) -> Claim {
        let number = self.last_claim.fetch_add(1, Ordering::SeqCst) + 1;
        self.claim(slot, number)
    }

    /// A claim with this number.
    #[must_use]
    pub fn claim(&self, slot: &SlotName, number: u64) -> Claim {
        Claim {
            player: self.player.clone(),
            session: self.id(),
            fence: self.fence,
            slot: slot.clone(),
            number: ClaimNumber::new(number),
        }
    }

    /// Opens a slot, which has to work.
    pub async fn open(&self, slot: &SlotName) -> RawSlot {
        self.open_as(self.next_claim(slot)).await
    }

    /// Opens a slot under a claim, which has to work.
    pub async fn open_as(&self, claim: Claim) -> RawSlot {
        match self.client.open(&claim).await {
            Opening::Opened(opened) => RawSlot::new(&self.client, claim, opened),
            other => self.client.world().fail(
                Rule::L1,
                &format!("the holder of a player can open a slot, but found {other:?}"),
            ),
        }
    }

    /// Gives the player up, which has to work.
    pub async fn release(&self) {
        let released = self.client.release(&self.player, self.id()).await;
        self.client.world().expect_eq(
            Rule::L1,
            "the holder of a player can release it",
            released,
            Release::Released,
        );
    }
}

/// A slot that a session opened, whether its claim is alive or not.
#[derive(Clone, Debug)]
pub struct RawSlot {
    client: Client,
    claim: Claim,
    opened: Opened,
    base: Revision,
}

impl RawSlot {
    pub(crate) fn new(client: &Client, claim: Claim, opened: Opened) -> Self {
        Self {
            client: client.clone(),
            base: opened.revision,
            opened,
            claim,
        }
    }

    /// The same claim, for writes on another base.
    #[must_use]
    pub fn on_base(&self, base: Revision) -> Self {
        Self {
            base,
            ..self.clone()
        }
    }

    /// The claim under which it was opened.
    #[must_use]
    pub fn claim(&self) -> &Claim {
        &self.claim
    }

    /// What was there when it was opened.
    #[must_use]
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The revision that the next write builds on.
    #[must_use]
    pub fn base(&self) -> Revision {
        self.base
    }

    /// The same claim spoken for by another client, as if its server's calls
    /// took another way.
    #[must_use]
    pub fn through(&self, client: &Client) -> Self {
        Self {
            client: client.clone(),
            ..self.clone()
        }
    }

    /// A stamp for the next write.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.client.world().stamp(self.base)
    }

    /// Saves, which has to work, and gives the record that everybody should
    /// see.
    pub async fn save(&mut self, bytes: impl Into<Bytes>) -> Record {
        self.save_as(&self.stamp(), &body(bytes)).await
    }

    /// Saves a body under a stamp, which has to work.
    pub async fn save_as(&mut self, stamp: &Stamp, body: &Body) -> Record {
        let outcome = self.send(stamp, body).await;
        self.written(outcome);
        self.record(stamp, body)
    }

    /// Opens under the same claim, which has to work.
    pub async fn again(&self) -> Self {
        match self.try_open().await {
            Opening::Opened(opened) => Self {
                base: opened.revision,
                opened,
                ..self.clone()
            },
            other => self.client.world().fail(
                Rule::Repeats,
                &format!("a live claim can be opened again, but found {other:?}"),
            ),
        }
    }

    /// Deletes, which has to work.
    pub async fn delete(&mut self) -> Stamp {
        let stamp = self.stamp();
        let outcome = self.client.delete(&self.claim, &stamp).await;
        self.written(outcome);
        stamp
    }

    /// Saves, or finds the session lost: gives the record, or nothing.
    pub async fn save_unless_lost(&mut self, bytes: impl Into<Bytes>) -> Option<Record> {
        let (stamp, body) = (self.stamp(), body(bytes));
        let outcome = self.send(&stamp, &body).await;
        if matches!(outcome, WriteOutcome::Lost { .. }) {
            return None;
        }
        self.written(outcome);
        Some(self.record(&stamp, &body))
    }

    /// Sends a save, whatever comes of it.
    pub async fn try_save(&self, bytes: impl Into<Bytes>) -> WriteOutcome {
        self.send(&self.stamp(), &body(bytes)).await
    }

    /// Sends a body under a stamp, whatever comes of it.
    pub async fn send(&self, stamp: &Stamp, body: &Body) -> WriteOutcome {
        self.client.save(&self.claim, stamp, body).await
    }

    /// Sends a body under a stamp to a store that may fail, and counts on if
    /// it was written.
    pub(crate) async fn attempt(
        &mut self,
        stamp: &Stamp,
        body: &Body,
    ) -> playerdata_core::backend::Result<WriteOutcome> {
        let backend = self.client.backend();
        let outcome = backend.save(&self.claim, stamp, body).await?;
        if let WriteOutcome::Written { revision } = outcome {
            self.base = revision;
        }
        Ok(outcome)
    }

    /// Sends a deletion, whatever comes of it.
    pub async fn try_delete(&self) -> WriteOutcome {
        self.client.delete(&self.claim, &self.stamp()).await
    }

    /// Opens under the same claim, whatever comes of it.
    pub async fn try_open(&self) -> Opening {
        self.client.open(&self.claim).await
    }

    fn written(&mut self, outcome: WriteOutcome) {
        let revision = self.base.next();
        self.client.world().expect_eq(
            Rule::S3,
            "a write under a live claim is written as its base's successor",
            outcome,
            WriteOutcome::Written { revision },
        );
        self.base = revision;
    }
    /// The record that the last write made.
    fn record(&self, stamp: &Stamp, body: &Body) -> Record {
        Record {
            revision: self.base,
            write_id: stamp.write_id,
            saved_at: stamp.at,
            body: body.clone(),
        }
    }
}
