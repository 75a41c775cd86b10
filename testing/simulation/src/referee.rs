//! Sits at the store and sees every operation as it is applied.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_core::{
    ClaimNumber, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    WriteId,
    backend::{
        Acquisition, Admission, Backend, Body, Claim, Claimant, Erasure, KeepPolicy, Keeping,
        Letter, Lock, Notice, Notification, Opening, Party, Posting, Record, Release, Renewal,
        Result, Stamp, Verdict, WriteOutcome,
    },
    forward_backend,
};

use playerdata_stepping::{Deed, Observer, SteppingStore};

use crate::{Rule, ledger::Ledger};

/// Writes every operation and its outcome into the ledger, and after each
/// compares what the store has with what it should have.
///
/// The store is in memory and the run is one thread: the last step of an
/// operation, the note of it and the look at the store are not interrupted. Of
/// what an operation of several steps does before its last one, the
/// [`Spectator`] hears.
pub(crate) struct Referee {
    store: Arc<dyn Backend>,
    ledger: Ledger,
    /// The same store, if its operations take several steps.
    stepping: Option<SteppingStore>,
}

/// Writes into the ledger what a step does that is not its operation's last.
#[derive(Debug)]
pub(crate) struct Spectator(pub(crate) Ledger);

impl Observer for Spectator {
    fn saw(&self, deed: &Deed) {
        self.0.step(|state| match deed {
            Deed::Marked { player, lock, by } => state.marked(player, lock, by.as_ref()),
            Deed::Freed { player, lock } => state.freed(player, lock),
            Deed::SlotErased { player, slot } => state.slot_erased(player, slot),
            Deed::Erased { player } => state.erasure_over(player),
            Deed::Posted {
                player,
                slot,
                letter,
            } => state.posted(player, slot, letter, &Posting::Posted { holder: None }),
            other => state.breaks(Rule::NoPanic, format_args!("unknown: {other:?}")),
        });
    }
}

impl fmt::Debug for Referee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Referee").finish_non_exhaustive()
    }
}

impl Referee {
    pub(crate) fn new(store: Arc<dyn Backend>, ledger: Ledger) -> Self {
        Self {
            store,
            ledger,
            stepping: None,
        }
    }

    pub(crate) fn of_steps(store: SteppingStore, ledger: Ledger) -> Self {
        Self {
            store: Arc::new(store.clone()),
            ledger,
            stepping: Some(store),
        }
    }

    async fn lock_now(&self, player: &PlayerId) -> Result<Option<Lock>> {
        match &self.stepping {
            Some(store) => Ok(store.lock_now(player)),
            None => self.store.holder(player).await,
        }
    }

    async fn record_now(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        match &self.stepping {
            Some(store) => Ok(store.record_now(player, slot)),
            None => self.store.view(player, slot).await,
        }
    }

    async fn version_now(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        match &self.stepping {
            Some(store) => Ok(store.version_now(player, slot, revision)),
            None => self.store.version(player, slot, revision).await,
        }
    }

    /// Looks whether an erasure left versions, where it is one step.
    async fn inspect_versions(&self, player: &PlayerId) -> Result<()> {
        for slot in self.ledger.step(|state| state.known_slots(player)) {
            let left = self.store.versions(player, &slot).await?.len();
            self.ledger
                .step(|state| state.versions_left(player, &slot, left));
        }
        Ok(())
    }

    /// Compares a player's lock and slots with the model.
    async fn inspect(&self, player: &PlayerId, lock_rule: Rule) -> Result<()> {
        let lock = self.lock_now(player).await?;
        self.ledger
            .step(|state| state.lock_is(player, lock.as_ref(), lock_rule));
        let slots = self.ledger.step(|state| state.known_slots(player));
        for slot in slots {
            let record = self.record_now(player, &slot).await?;
            self.ledger
                .step(|state| state.record_is(player, &slot, record.as_ref()));
        }
        Ok(())
    }

    /// Compares every player's lock with the model, after an operation that
    /// is about no player and must not change any.
    async fn inspect_locks(&self) -> Result<()> {
        for player in self.ledger.step(|state| state.known_players()) {
            let lock = self.lock_now(&player).await?;
            self.ledger
                .step(|state| state.lock_is(&player, lock.as_ref(), Rule::L7));
        }
        Ok(())
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Backend for Referee {
    forward_backend!(store:
        name, limits, hazards, list, letters, known_letters, versions, version, players,
    );

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        let outcome = self.store.renew_lease(server, ttl).await?;
        self.ledger
            .step(|state| state.renewed(server, ttl, &outcome));
        self.inspect_locks().await?;
        Ok(outcome)
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        self.store.drop_lease(server).await?;
        self.ledger.step(|state| state.lease_dropped(server));
        self.inspect_locks().await
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        let live = self.store.lease_is_live(server).await?;
        self.ledger
            .step(|state| state.lease_looked_at(server, live));
        Ok(live)
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        let outcome = self.store.acquire(player, claimant, replacing).await?;
        self.ledger
            .step(|state| state.acquired(player, claimant, replacing, &outcome));
        self.inspect(player, Rule::L1).await?;
        Ok(outcome)
    }

    async fn acquire_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        slot: &SlotName,
    ) -> Result<Admission> {
        let acquire = self
            .store
            .acquire_and_open(player, claimant, replacing, slot);
        let outcome = acquire.await?;
        self.ledger.step(|state| {
            state.acquired(player, claimant, replacing, &outcome.acquisition());
            if let Some((claim, opened)) = outcome.opened(player, claimant.session, slot) {
                state.opened(&claim, &Opening::Opened(opened.clone()));
            }
        });
        self.inspect(player, Rule::L1).await?;
        Ok(outcome)
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
        let began_after = self.ledger.step(|state| state.acquisitions(player));
        let released = self.store.release_knowing(player, session, claims);
        let outcome = released.await?;
        self.ledger.step(|state| match self.stepping {
            Some(_) => state.told_released(player, session, outcome, began_after),
            None => state.released(player, session, outcome),
        });
        self.inspect(player, Rule::L6).await?;
        Ok(outcome)
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        let lock = self.store.holder(player).await?;
        self.ledger
            .step(|state| state.lock_is(player, lock.as_ref(), Rule::L1));
        Ok(lock)
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        let outcome = self.store.notify(server, notice).await?;
        self.ledger
            .step(|state| state.notified(server, notice, outcome));
        Ok(outcome)
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        let outcome = self.store.open(claim).await?;
        self.ledger.step(|state| state.opened(claim, &outcome));
        self.inspect(&claim.player, Rule::L1).await?;
        Ok(outcome)
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        let outcome = self.store.save(claim, stamp, body).await?;
        self.ledger
            .step(|state| state.written(claim, stamp, Some(body), &outcome));
        self.inspect(&claim.player, Rule::L1).await?;
        Ok(outcome)
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        let outcome = self.store.delete(claim, stamp).await?;
        self.ledger
            .step(|state| state.written(claim, stamp, None, &outcome));
        self.inspect(&claim.player, Rule::L1).await?;
        Ok(outcome)
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        let record = self.store.view(player, slot).await?;
        self.ledger
            .step(|state| state.record_is(player, slot, record.as_ref()));
        Ok(record)
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        let outcome = self.store.erase(player).await?;
        self.ledger.step(|state| match self.stepping {
            Some(_) => state.told_erased(player, &outcome),
            None => state.erased(player, &outcome),
        });
        if outcome == Erasure::Erased && self.stepping.is_none() {
            self.inspect_versions(player).await?;
        }
        self.inspect(player, Rule::L1).await?;
        Ok(outcome)
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        let outcome = self.store.post(player, slot, letter).await?;
        let is_told = matches!(outcome, Posting::Posted { .. }) && self.stepping.is_some();
        if !is_told {
            self.ledger
                .step(|state| state.posted(player, slot, letter, &outcome));
        }
        Ok(outcome)
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        self.store.discard(player, slot, id, posting).await?;
        self.ledger
            .step(|state| state.discarded(player, slot, id, posting));
        Ok(())
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        self.store.settle(player, slot, id, posting).await?;
        self.ledger
            .step(|state| state.settled(player, slot, id, posting));
        Ok(())
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        let stands = self.store.decide(trade, verdict).await?;
        self.ledger
            .step(|state| state.decided(trade, verdict, stands));
        Ok(stands)
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        self.store.forget_decision(trade, party).await?;
        self.ledger.step(|state| state.forgotten(trade, party));
        Ok(())
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        let outcome = self.store.keep_version(claim, policy).await?;
        self.ledger
            .step(|state| state.version_kept(claim, &outcome));
        if let Keeping::Kept { revision } = outcome {
            let (player, slot) = (&claim.player, &claim.slot);
            let version = self.version_now(player, slot, revision).await?;
            self.ledger
                .step(|state| state.version_is((player, slot), revision, version.as_ref()));
        }
        Ok(outcome)
    }
}
