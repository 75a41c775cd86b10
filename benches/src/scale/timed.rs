//! A backend whose saves are timed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use hdrhistogram::Histogram;
use parking_lot::Mutex;
use playerdata_core::{
    ClaimNumber, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    WriteId,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Erasure, Hazard, KeepPolicy, Keeping,
        KnownLetter, Letter, LetterPosition, Limits, Lock, Notice, Notification, Opening, Party,
        PlayersCursor, PlayersPage, Posting, Record, Release, Renewal, Result, SlotSummary, Stamp,
        Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};

use crate::timing::Stopwatch;

/// Forwards everything, and keeps how long each save took.
#[derive(Debug)]
pub(super) struct Timed {
    backend: Arc<dyn Backend>,
    saves: Mutex<Histogram<u64>>,
    bytes: AtomicU64,
    failures: AtomicU64,
}

/// What there was since the last time.
#[derive(Debug)]
pub(super) struct Saves {
    /// Nanoseconds of each save that was applied.
    pub(super) nanos: Histogram<u64>,
    /// Bytes of their bodies.
    pub(super) bytes: u64,
    /// Saves that failed or were refused.
    pub(super) failures: u64,
}

/// From a nanosecond to a minute, with three digits.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds make sense")
}

impl Timed {
    pub(super) fn new(backend: Arc<dyn Backend>) -> Self {
        Self {
            backend,
            saves: Mutex::new(histogram()),
            bytes: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
    }

    /// What there was since the last time.
    pub(super) fn take(&self) -> Saves {
        Saves {
            nanos: std::mem::replace(&mut *self.saves.lock(), histogram()),
            bytes: self.bytes.swap(0, Ordering::Relaxed),
            failures: self.failures.swap(0, Ordering::Relaxed),
        }
    }

    fn note(&self, took: Duration, body: &Body, outcome: &Result<WriteOutcome>) {
        if matches!(outcome, Ok(WriteOutcome::Written { .. })) {
            let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            self.saves.lock().saturating_record(nanos);
            let bytes = body.bytes.len() as u64;
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        } else {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Backend for Timed {
    fn name(&self) -> &'static str {
        self.backend.name()
    }

    fn limits(&self) -> Limits {
        self.backend.limits()
    }

    async fn hazards(&self) -> Result<Vec<Hazard>> {
        self.backend.hazards().await
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        self.backend.renew_lease(server, ttl).await
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        self.backend.drop_lease(server).await
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        self.backend.lease_is_live(server).await
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        self.backend.acquire(player, claimant, replacing).await
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        self.backend.release(player, session).await
    }

    async fn release_knowing(
        &self,
        player: &PlayerId,
        session: SessionId,
        claims: &[(SlotName, ClaimNumber)],
    ) -> Result<Release> {
        (self.backend.release_knowing(player, session, claims)).await
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        self.backend.holder(player).await
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        self.backend.notify(server, notice).await
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        self.backend.open(claim).await
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        let watch = Stopwatch::start();
        let outcome = self.backend.save(claim, stamp, body).await;
        self.note(watch.elapsed(), body, &outcome);
        outcome
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        self.backend.delete(claim, stamp).await
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        self.backend.view(player, slot).await
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        self.backend.list(player).await
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        self.backend.erase(player).await
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        self.backend.post(player, slot, letter).await
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        self.backend.letters(player, slot, after, limit).await
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        self.backend.discard(player, slot, id, posting).await
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        self.backend.settle(player, slot, id, posting).await
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        self.backend.known_letters(player, after, limit).await
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        self.backend.decide(trade, verdict).await
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        self.backend.forget_decision(trade, party).await
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        self.backend.keep_version(claim, policy).await
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        self.backend.versions(player, slot).await
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        self.backend.version(player, slot, revision).await
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        self.backend.players(after, limit).await
    }
}
