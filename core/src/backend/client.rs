//! The backend as the core calls it: every call bounded in time, idempotent
//! ones repeated, failures reported with player, slot and operation (E6, E8).
//!
//! In: a claim, a stamp and a body, say. Out: the same call of the backend, and
//! its outcome, or a [`StoreFailure`].

use std::{
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::FutureExt;
use tokio::{
    task::coop::unconstrained,
    time::{Instant, sleep_until},
};

use tracing::{Instrument, Span};

use super::{
    Acquisition, Admission, Backend, BackendError, Body, Claim, Claimant, Deadline, Effect,
    Erasure, ErrorKind, Hazard, KeepPolicy, Keeping, Letter, LetterPosition, Limits, Lock, Notice,
    Notification, Opening, Operation, Party, PlayersCursor, PlayersPage, Posting, Record, Release,
    Renewal, SlotSummary, Stamp, StoreFailure, Verdict, VersionSummary, WaitingLetter,
    WriteOutcome, within,
};
use crate::{
    ClaimNumber, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, Settings, SlotName,
    TradeId, WriteId, clock::Jitter, metrics,
};

/// Caps the pause between two attempts, as a multiple of the first pause.
const MAX_DELAY_FACTOR: u32 = 20;

pub(crate) type Result<T> = std::result::Result<T, StoreFailure>;

/// The future of one call of a backend.
trait Attempt<T>: Future<Output = std::result::Result<T, BackendError>> {}

impl<T, F: Future<Output = std::result::Result<T, BackendError>>> Attempt<T> for F {}

#[derive(Debug)]
pub(crate) struct Client {
    backend: Arc<dyn Backend>,
    operation_timeout: Duration,
    backoff: ExponentialBuilder,
    jitter: Arc<Jitter>,
}

/// What a call is about, for its error.
struct Call<'a> {
    operation: Operation,
    player: Option<&'a PlayerId>,
    slot: Option<&'a SlotName>,
}

impl Call<'_> {
    /// Around every call to the store, for traces.
    fn span(&self) -> Span {
        tracing::debug_span!(
            "store",
            operation = self.operation.method(),
            player = self.player.map(PlayerId::as_str),
            slot = self.slot.map(SlotName::as_str),
        )
    }

    fn failed(&self, source: BackendError) -> StoreFailure {
        StoreFailure {
            operation: self.operation,
            player: self.player.cloned(),
            slot: self.slot.cloned(),
            source: Arc::new(source),
        }
    }
}

const fn about(operation: Operation) -> Call<'static> {
    Call {
        operation,
        player: None,
        slot: None,
    }
}

const fn of_player<'a>(operation: Operation, player: &'a PlayerId) -> Call<'a> {
    Call {
        operation,
        player: Some(player),
        slot: None,
    }
}

const fn of_slot<'a>(operation: Operation, player: &'a PlayerId, slot: &'a SlotName) -> Call<'a> {
    Call {
        operation,
        player: Some(player),
        slot: Some(slot),
    }
}

const fn of_claim<'a>(operation: Operation, claim: &'a Claim) -> Call<'a> {
    Call {
        operation,
        player: Some(&claim.player),
        slot: Some(&claim.slot),
    }
}

impl Client {
    pub(crate) fn new(backend: Arc<dyn Backend>, settings: &Settings, jitter: Arc<Jitter>) -> Self {
        Self {
            backend,
            operation_timeout: settings.operation_timeout,
            backoff: backoff(settings),
            jitter,
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.backend.limits()
    }

    pub(crate) fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// One attempt, bounded in time. A call that is given up may still land.
    async fn once<T>(&self, call: &Call<'_>, attempt: impl Attempt<T>) -> Result<T> {
        let deadline = Deadline::after(self.operation_timeout);
        let result = self.attempt(call, deadline, attempt).await;
        result.map_err(|error| call.failed(error))
    }

    /// Attempts at an operation that may be repeated, all of them within one
    /// `operation_timeout`.
    async fn repeated<T, A: Attempt<T>>(
        &self,
        call: &Call<'_>,
        attempt: impl FnMut() -> A,
    ) -> Result<T> {
        self.repeated_telling(call, attempt).await.0
    }

    /// The same; says also whether there was an attempt that may have been
    /// applied without an answer, however a later one ended.
    async fn repeated_telling<T, A: Attempt<T>>(
        &self,
        call: &Call<'_>,
        mut attempt: impl FnMut() -> A,
    ) -> (Result<T>, bool) {
        let deadline = Instant::now() + self.operation_timeout;
        let mut pauses = self.backoff.with_jitter_seed(self.jitter.seed()).build();
        // An error after an attempt of unknown effect must not hide that effect.
        let mut in_doubt = false;
        loop {
            let within = Deadline::at(deadline);
            let error = match self.attempt(call, within, attempt()).await {
                Ok(answer) => return (Ok(answer), in_doubt),
                Err(error) => error,
            };
            in_doubt |= error.effect() == Effect::Possible;
            let may_pass = error.kind() == ErrorKind::Unavailable;
            let next = pauses.next().map(|pause| Instant::now() + pause);
            match next.filter(|next| may_pass && *next < deadline) {
                Some(next) => tokio::time::sleep_until(next).await,
                None if in_doubt => return (Err(call.failed(error).in_doubt()), in_doubt),
                None => return (Err(call.failed(error)), in_doubt),
            }
        }
    }

    /// One attempt, as traces and metrics have it.
    async fn attempt<T>(
        &self,
        call: &Call<'_>,
        deadline: Deadline,
        attempt: impl Attempt<T>,
    ) -> std::result::Result<T, BackendError> {
        let began = metrics::ENABLED.then(Instant::now);
        let result = self
            .bounded(deadline, attempt)
            .instrument(call.span())
            .await;
        if let Some(began) = began {
            let outcome = outcome_of(&result);
            metrics::store_call(call.operation.method(), outcome, began.elapsed());
        }
        result
    }

    /// A backend that panics is one that failed: the heartbeat and the
    /// autosave must live on.
    ///
    /// A store that answers at once needs no timer.
    async fn bounded<T>(
        &self,
        deadline: Deadline,
        attempt: impl Attempt<T>,
    ) -> std::result::Result<T, BackendError> {
        let mut attempt = pin!(AssertUnwindSafe(attempt).catch_unwind());
        let mut given_up = pin!(None);
        let answer = poll_fn(|context| {
            if let Poll::Ready(result) = attempt.as_mut().poll(context) {
                return Poll::Ready(result.unwrap_or_else(|_panic| Err(panicked())));
            }
            if given_up.is_none() {
                // Looked at also when the attempt has used up the task's turn.
                given_up.set(super::deadline().map(sleep_until).map(unconstrained));
            }
            match given_up.as_mut().as_pin_mut().map(|end| end.poll(context)) {
                Some(Poll::Ready(())) => Poll::Ready(Err(no_answer(self.operation_timeout))),
                Some(Poll::Pending) | None => Poll::Pending,
            }
        });
        within(deadline, answer).await
    }

    /// The store says again and again that a fresh claim is dead.
    pub(crate) fn claims_keep_dying(&self, player: &PlayerId, slot: &SlotName) -> StoreFailure {
        let call = Call {
            operation: Operation::Open,
            player: Some(player),
            slot: Some(slot),
        };
        let what = "every claim on it dies at once, though the session holds the lock";
        call.failed(BackendError::new(
            ErrorKind::Corrupt,
            Effect::Possible,
            what,
        ))
    }

    pub(crate) async fn hazards(&self) -> Result<Vec<Hazard>> {
        self.repeated(&about(Operation::Hazards), || self.backend.hazards())
            .await
    }

    /// Says also whether there was an attempt without an answer, which may have
    /// drained notices that nobody has now.
    pub(crate) async fn renew_lease(
        &self,
        server: &ServerId,
        ttl: Duration,
    ) -> (Result<Renewal>, bool) {
        self.repeated_telling(&about(Operation::RenewLease), || {
            self.backend.renew_lease(server, ttl)
        })
        .await
    }

    pub(crate) async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        self.repeated(&about(Operation::DropLease), || {
            self.backend.drop_lease(server)
        })
        .await
    }

    pub(crate) async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        self.repeated(&about(Operation::LeaseIsLive), || {
            self.backend.lease_is_live(server)
        })
        .await
    }

    pub(crate) async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        let call = of_player(Operation::Acquire, player);
        self.repeated(&call, || self.backend.acquire(player, claimant, replacing))
            .await
    }

    pub(crate) async fn acquire_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        slot: &SlotName,
    ) -> Result<Admission> {
        let call = of_player(Operation::Acquire, player);
        self.repeated(&call, || {
            self.backend
                .acquire_and_open(player, claimant, replacing, slot)
        })
        .await
    }

    pub(crate) async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        let call = of_player(Operation::Release, player);
        self.repeated(&call, || self.backend.release(player, session))
            .await
    }

    pub(crate) async fn release_knowing(
        &self,
        player: &PlayerId,
        session: SessionId,
        claims: &[(SlotName, ClaimNumber)],
    ) -> Result<Release> {
        let call = of_player(Operation::Release, player);
        self.repeated(&call, || {
            self.backend.release_knowing(player, session, claims)
        })
        .await
    }

    pub(crate) async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        let call = of_player(Operation::Holder, player);
        self.repeated(&call, || self.backend.holder(player)).await
    }

    pub(crate) async fn notify(
        &self,
        server: &ServerName,
        notice: &Notice,
    ) -> Result<Notification> {
        let call = of_player(Operation::Notify, &notice.player);
        self.once(&call, self.backend.notify(server, notice)).await
    }

    pub(crate) async fn open(&self, claim: &Claim) -> Result<Opening> {
        self.repeated(&of_claim(Operation::Open, claim), || {
            self.backend.open(claim)
        })
        .await
    }

    /// One attempt only: after a doubtful one the slot has to be opened again
    /// (S2), which is the caller's business.
    pub(crate) async fn save(
        &self,
        claim: &Claim,
        stamp: &Stamp,
        body: &Body,
    ) -> Result<WriteOutcome> {
        let call = of_claim(Operation::Save, claim);
        self.once(&call, self.backend.save(claim, stamp, body))
            .await
    }

    /// One attempt only, as with [`save`](Self::save).
    pub(crate) async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        let call = of_claim(Operation::Delete, claim);
        self.once(&call, self.backend.delete(claim, stamp)).await
    }

    pub(crate) async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        let call = of_slot(Operation::View, player, slot);
        self.repeated(&call, || self.backend.view(player, slot))
            .await
    }

    pub(crate) async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        let call = of_player(Operation::List, player);
        self.repeated(&call, || self.backend.list(player)).await
    }

    pub(crate) async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        let call = of_player(Operation::Erase, player);
        self.repeated(&call, || self.backend.erase(player)).await
    }
}

// What is not called yet is called by what is built on it next.
#[allow(dead_code)]
impl Client {
    pub(crate) async fn post(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        letter: &Letter,
    ) -> Result<Posting> {
        let call = of_slot(Operation::Post, player, slot);
        self.repeated(&call, || self.backend.post(player, slot, letter))
            .await
    }

    pub(crate) async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        let call = of_slot(Operation::Letters, player, slot);
        self.repeated(&call, || self.backend.letters(player, slot, after, limit))
            .await
    }

    pub(crate) async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let call = of_slot(Operation::Discard, player, slot);
        self.repeated(&call, || self.backend.discard(player, slot, id, posting))
            .await
    }

    pub(crate) async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let call = of_slot(Operation::Settle, player, slot);
        self.repeated(&call, || self.backend.settle(player, slot, id, posting))
            .await
    }

    pub(crate) async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        let call = about(Operation::Decide);
        self.repeated(&call, || self.backend.decide(trade, verdict))
            .await
    }

    pub(crate) async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        let call = about(Operation::ForgetDecision);
        self.repeated(&call, || self.backend.forget_decision(trade, party))
            .await
    }

    pub(crate) async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        let call = of_claim(Operation::KeepVersion, claim);
        self.repeated(&call, || self.backend.keep_version(claim, policy))
            .await
    }

    pub(crate) async fn versions(
        &self,
        player: &PlayerId,
        slot: &SlotName,
    ) -> Result<Vec<VersionSummary>> {
        let call = of_slot(Operation::Versions, player, slot);
        self.repeated(&call, || self.backend.versions(player, slot))
            .await
    }

    pub(crate) async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        let call = of_slot(Operation::Version, player, slot);
        self.repeated(&call, || self.backend.version(player, slot, revision))
            .await
    }

    pub(crate) async fn players(
        &self,
        after: Option<&PlayersCursor>,
        limit: usize,
    ) -> Result<PlayersPage> {
        let call = about(Operation::Players);
        self.repeated(&call, || self.backend.players(after, limit))
            .await
    }
}

/// The name of a call's outcome among the figures.
fn outcome_of<T>(result: &std::result::Result<T, BackendError>) -> &'static str {
    match result.as_ref().map_err(BackendError::kind) {
        Ok(_) => "ok",
        Err(ErrorKind::Unavailable) => "unavailable",
        Err(ErrorKind::Rejected) => "rejected",
        Err(ErrorKind::Corrupt) => "corrupt",
        Err(ErrorKind::TooLarge) => "too_large",
    }
}

/// The pauses between attempts: growing, bounded, with jitter.
fn backoff(settings: &Settings) -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(settings.retry_delay)
        .with_max_delay(settings.retry_delay * MAX_DELAY_FACTOR)
        .with_max_times(settings.save_attempts.saturating_sub(1) as usize)
        .with_jitter()
}

/// The pauses between the attempts at one save.
pub(crate) fn pauses(
    settings: &Settings,
    jitter: &Jitter,
) -> impl Iterator<Item = Duration> + Send + use<> {
    backoff(settings).with_jitter_seed(jitter.seed()).build()
}

fn panicked() -> BackendError {
    let what = "the backend panicked";
    BackendError::new(ErrorKind::Rejected, Effect::Possible, what)
}

fn no_answer(after: Duration) -> BackendError {
    let what = format!("no answer within {after:?}");
    BackendError::new(ErrorKind::Unavailable, Effect::Possible, what)
}
