//! Sits at a server and sees what it asks for and what it is told.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_core::{
    LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId, WriteId,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Erasure, Hazard, KeepPolicy, Keeping,
        KnownLetter, Letter, LetterPosition, Limits, Lock, Notice, Notification, Opening, Party,
        PlayersCursor, PlayersPage, Posting, Record, Release, Renewal, Result, SlotSummary, Stamp,
        Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};

use crate::ledger::Ledger;

/// Writes into the ledger what one server knows. Between it and the store
/// are the faults.
pub(crate) struct Witness {
    network: Arc<dyn Backend>,
    ledger: Ledger,
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").finish_non_exhaustive()
    }
}

impl Witness {
    pub(crate) fn new(network: Arc<dyn Backend>, ledger: Ledger) -> Self {
        Self { network, ledger }
    }

    fn told_written(&self, claim: &Claim, stamp: &Stamp, outcome: &Result<WriteOutcome>) {
        if let Ok(WriteOutcome::Written { revision }) = outcome {
            self.ledger
                .step(|state| state.told_written(claim, stamp, *revision));
        }
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Backend for Witness {
    fn name(&self) -> &'static str {
        self.network.name()
    }

    fn limits(&self) -> Limits {
        self.network.limits()
    }

    async fn hazards(&self) -> Result<Vec<Hazard>> {
        self.network.hazards().await
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        self.network.renew_lease(server, ttl).await
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        self.network.drop_lease(server).await
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        self.network.lease_is_live(server).await
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        self.ledger
            .step(|state| state.asks(player, claimant.session));
        let _asked = Asked(&self.ledger, claimant.session);
        self.network.acquire(player, claimant, replacing).await
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        self.ledger.step(|state| state.gives_up(session));
        self.network.release(player, session).await
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        self.network.holder(player).await
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        self.network.notify(server, notice).await
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        let outcome = self.network.open(claim).await;
        if let Ok(Opening::Opened(opened)) = &outcome {
            self.ledger.step(|state| state.told_opened(claim, opened));
        }
        outcome
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        let sending = self.ledger.sends(claim);
        let outcome = self.network.save(claim, stamp, body).await;
        sending.settle(&outcome);
        self.told_written(claim, stamp, &outcome);
        outcome
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        let sending = self.ledger.sends(claim);
        let outcome = self.network.delete(claim, stamp).await;
        sending.settle(&outcome);
        self.told_written(claim, stamp, &outcome);
        outcome
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        self.network.view(player, slot).await
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        self.network.list(player).await
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        self.network.erase(player).await
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        self.ledger
            .step(|state| state.asks_to_post(player, slot, letter));
        self.network.post(player, slot, letter).await
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        self.network.letters(player, slot, after, limit).await
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        self.ledger
            .step(|state| state.asks_to_discard(player, id, posting));
        self.network.discard(player, slot, id, posting).await
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        self.network.settle(player, slot, id, posting).await
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        self.network.known_letters(player, after, limit).await
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        self.ledger
            .step(|state| state.asks_to_decide(trade, verdict));
        self.network.decide(trade, verdict).await
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        self.network.forget_decision(trade, party).await
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        self.network.keep_version(claim, policy).await
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        self.network.versions(player, slot).await
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        self.network.version(player, slot, revision).await
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        self.network.players(after, limit).await
    }
}

/// Notes the end of a call of `acquire`, also of one that was given up.
struct Asked<'a>(&'a Ledger, SessionId);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.step(|state| state.asked(self.1));
    }
}
