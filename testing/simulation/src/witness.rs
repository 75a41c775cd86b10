//! Sits at a server and sees what it asks for and what it is told.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use playerdata_core::{
    ClaimNumber, LetterId, PlayerId, SessionId, SlotName, TradeId, WriteId,
    backend::{
        Acquisition, Admission, Backend, Body, Claim, Claimant, Letter, Opening, Posting, Release,
        Result, Stamp, Verdict, WriteOutcome,
    },
    forward_backend,
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
    forward_backend!(network:
        name, limits, hazards, renew_lease, drop_lease, lease_is_live, holder, notify, view, list,
        erase, letters, settle, known_letters, forget_decision, keep_version, versions, version,
        players,
    );

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

    async fn acquire_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        slot: &SlotName,
    ) -> Result<Admission> {
        let session = claimant.session;
        self.ledger.step(|state| state.asks(player, session));
        let _asked = Asked(&self.ledger, session);
        let acquire = self
            .network
            .acquire_and_open(player, claimant, replacing, slot);
        let admission = acquire.await?;
        if let Some((claim, opened)) = admission.opened(player, session, slot) {
            self.ledger.step(|state| state.told_opened(&claim, opened));
        }
        Ok(admission)
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        self.release_knowing(player, session, &[]).await
    }

    async fn release_knowing(
        &self,
        player: &PlayerId,
        session: SessionId,
        claims: &[(SlotName, ClaimNumber)],
    ) -> Result<Release> {
        self.ledger.step(|state| state.gives_up(session));
        let release = self.network.release_knowing(player, session, claims);
        release.await
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

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        self.ledger
            .step(|state| state.asks_to_post(player, slot, letter));
        self.network.post(player, slot, letter).await
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

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        self.ledger
            .step(|state| state.asks_to_decide(trade, verdict));
        self.network.decide(trade, verdict).await
    }
}

/// Notes the end of a call that acquires, also of one that was given up.
struct Asked<'a>(&'a Ledger, SessionId);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.step(|state| state.asked(self.1));
    }
}
