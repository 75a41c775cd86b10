//! A store in memory that fails on demand, and counts.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use parking_lot::Mutex;
use playerdata_core::{
    LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId, WriteId,
    backend::{
        Acquisition, Backend, BackendError, Body, Claim, Claimant, Effect, Erasure, ErrorKind,
        Hazard, KeepPolicy, Keeping, KnownLetter, Letter, LetterPosition, Limits, Lock, Notice,
        Notification, Opening, Party, PlayersCursor, PlayersPage, Posting, Record, Release,
        Renewal, Result, SlotSummary, Stamp, Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};
use playerdata_memory::MemoryBackend;
use tokio::time::Instant;

/// The operations that faults and counts are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Hazards,
    Renew,
    DropLease,
    IsLive,
    Acquire,
    Release,
    Holder,
    Notify,
    Open,
    Save,
    Delete,
    View,
    List,
    Erase,
    Post,
    Letters,
    Discard,
    Settle,
    KnownLetters,
    Decide,
    ForgetDecision,
    KeepVersion,
    Versions,
    Version,
    Players,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// It fails at once and was certainly not applied.
    Refused,
    /// The store says no for good.
    Rejected,
    /// It fails, was not applied, and nobody knows.
    Lost,
    /// It is applied, and the answer is lost.
    AnswerLost,
    /// It never answers and is not applied.
    Hang,
    /// It is applied and never answers.
    HangAfter,
    /// It takes this long.
    Delay(Duration),
    /// It is applied at once, and its answer takes this long.
    AnswerDelayed(Duration),
    /// It never answers, and is applied this much later all the same: saves
    /// and acquisitions.
    Late(Duration),
    /// It panics.
    Panic,
}

#[derive(Debug)]
struct Planned {
    op: Op,
    player: Option<PlayerId>,
    fault: Fault,
    times: usize,
}

/// One call that was made.
#[derive(Clone, Debug)]
pub struct Call {
    pub op: Op,
    pub player: Option<PlayerId>,
    pub at: Instant,
}

/// A process that dies during one of its calls: it hears of nothing any more.
#[derive(Clone, Copy, Debug)]
struct Crash {
    /// How many calls it still makes.
    after: usize,
    /// Whether the last one is applied.
    applied: bool,
    dead: bool,
}

#[derive(Debug)]
pub struct Faulty {
    pub memory: MemoryBackend,
    /// What it says that it could lose.
    pub hazards: Mutex<Vec<Hazard>>,
    planned: Mutex<Vec<Planned>>,
    calls: Mutex<Vec<Call>>,
    /// When the process dies that calls.
    crash: Mutex<Option<Crash>>,
    /// The outcomes of saves that arrived late.
    late: Arc<Mutex<Vec<WriteOutcome>>>,
}

impl Faulty {
    pub fn new(memory: MemoryBackend) -> Self {
        Self {
            memory,
            hazards: Mutex::default(),
            planned: Mutex::default(),
            calls: Mutex::default(),
            crash: Mutex::default(),
            late: Arc::default(),
        }
    }

    /// Plans a fault for every call of an operation from now on.
    pub fn fail(&self, op: Op, fault: Fault) {
        self.plan(op, None, fault, usize::MAX);
    }

    /// Plans a fault for the next call of an operation.
    pub fn fail_once(&self, op: Op, fault: Fault) {
        self.plan(op, None, fault, 1);
    }

    /// Plans a fault for every call of an operation about one player.
    pub fn fail_for(&self, player: &PlayerId, op: Op, fault: Fault) {
        self.plan(op, Some(player.clone()), fault, usize::MAX);
    }

    fn plan(&self, op: Op, player: Option<PlayerId>, fault: Fault, times: usize) {
        self.planned.lock().push(Planned {
            op,
            player,
            fault,
            times,
        });
    }

    /// Every operation fails so from now on.
    pub fn go_down(&self, fault: Fault) {
        for op in [
            Op::Hazards,
            Op::Renew,
            Op::DropLease,
            Op::IsLive,
            Op::Acquire,
            Op::Release,
            Op::Holder,
            Op::Notify,
            Op::Open,
            Op::Save,
            Op::Delete,
            Op::View,
            Op::List,
            Op::Erase,
        ] {
            self.fail(op, fault);
        }
    }

    /// Has the process that calls die during one of its calls that are not its
    /// own sign of life, after so many of them. It never gets an answer again.
    pub fn crash_after(&self, calls: usize, applied: bool) {
        *self.crash.lock() = Some(Crash {
            after: calls,
            applied,
            dead: false,
        });
    }

    pub fn has_crashed(&self) -> bool {
        self.crash.lock().is_some_and(|crash| crash.dead)
    }

    /// Whether the process lives on after this call, or else whether the call
    /// is applied.
    fn survives(&self, op: Op) -> std::result::Result<(), bool> {
        let mut crash = self.crash.lock();
        let Some(crash) = &mut *crash else {
            return Ok(());
        };
        if crash.dead {
            return Err(false);
        }
        if matches!(op, Op::Hazards | Op::Renew | Op::DropLease | Op::IsLive) {
            return Ok(());
        }
        if crash.after == 0 {
            crash.dead = true;
            return Err(crash.applied);
        }
        crash.after -= 1;
        Ok(())
    }

    /// Nothing fails any more.
    pub fn heal(&self) {
        self.planned.lock().clear();
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().clone()
    }

    pub fn forget_calls(&self) {
        self.calls.lock().clear();
    }

    pub fn count(&self, op: Op) -> usize {
        self.calls
            .lock()
            .iter()
            .filter(|call| call.op == op)
            .count()
    }

    /// Everything but the server's own sign of life.
    pub fn count_of_players(&self) -> usize {
        let calls = self.calls.lock();
        calls.iter().filter(|call| call.player.is_some()).count()
    }

    pub fn late_outcomes(&self) -> Vec<WriteOutcome> {
        self.late.lock().clone()
    }

    fn fault_of(&self, op: Op, player: Option<&PlayerId>) -> Option<Fault> {
        self.calls.lock().push(Call {
            op,
            player: player.cloned(),
            at: Instant::now(),
        });
        let mut planned = self.planned.lock();
        let found = planned.iter_mut().find(|plan| {
            plan.times > 0
                && plan.op == op
                && plan.player.as_ref().is_none_or(|p| Some(p) == player)
        })?;
        found.times -= 1;
        Some(found.fault)
    }

    async fn pass<T>(
        &self,
        op: Op,
        player: Option<&PlayerId>,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        if let Err(applied) = self.survives(op) {
            if applied {
                let _ = call.await;
            }
            return std::future::pending().await;
        }
        let Some(fault) = self.fault_of(op, player) else {
            return call.await;
        };
        match fault {
            Fault::Refused => Err(error(ErrorKind::Unavailable, Effect::None)),
            Fault::Rejected => Err(error(ErrorKind::Rejected, Effect::None)),
            Fault::Lost => Err(error(ErrorKind::Unavailable, Effect::Possible)),
            Fault::AnswerLost => {
                call.await?;
                Err(error(ErrorKind::Unavailable, Effect::Possible))
            }
            Fault::Hang | Fault::Late(_) => std::future::pending().await,
            Fault::HangAfter => {
                call.await?;
                std::future::pending().await
            }
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                call.await
            }
            Fault::AnswerDelayed(time) => {
                let answer = call.await;
                tokio::time::sleep(time).await;
                answer
            }
            Fault::Panic => panic!("the store was told to"),
        }
    }

    /// How late a call of the operation is to arrive, if that is planned.
    fn late(&self, op: Op) -> Option<Duration> {
        self.planned
            .lock()
            .iter()
            .find_map(|plan| match plan.fault {
                Fault::Late(after) if plan.op == op && plan.times > 0 => Some(after),
                _ => None,
            })
    }

    /// Sends a save that will arrive late, if that is planned.
    fn save_late(&self, claim: &Claim, stamp: &Stamp, body: &Body) {
        let Some(after) = self.late(Op::Save) else {
            return;
        };
        let (memory, outcomes) = (self.memory.clone(), Arc::clone(&self.late));
        let (claim, stamp, body) = (claim.clone(), *stamp, body.clone());
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let outcome = memory.save(&claim, &stamp, &body).await.unwrap();
            outcomes.lock().push(outcome);
        });
    }

    /// The same of an acquisition.
    fn acquire_late(&self, player: &PlayerId, claimant: &Claimant) {
        let Some(after) = self.late(Op::Acquire) else {
            return;
        };
        let memory = self.memory.clone();
        let (player, claimant) = (player.clone(), claimant.clone());
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            memory.acquire(&player, &claimant, None).await.unwrap();
        });
    }
}

fn error(kind: ErrorKind, effect: Effect) -> BackendError {
    BackendError::new(kind, effect, "the store was told to fail")
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Backend for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn limits(&self) -> Limits {
        self.memory.limits()
    }

    async fn hazards(&self) -> Result<Vec<Hazard>> {
        let hazards = self.hazards.lock().clone();
        self.pass(Op::Hazards, None, async { Ok(hazards) }).await
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        let call = self.memory.renew_lease(server, ttl);
        self.pass(Op::Renew, None, call).await
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        self.pass(Op::DropLease, None, self.memory.drop_lease(server))
            .await
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        self.pass(Op::IsLive, None, self.memory.lease_is_live(server))
            .await
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        self.acquire_late(player, claimant);
        let call = self.memory.acquire(player, claimant, replacing);
        self.pass(Op::Acquire, Some(player), call).await
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        let call = self.memory.release(player, session);
        self.pass(Op::Release, Some(player), call).await
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        let call = self.memory.holder(player);
        self.pass(Op::Holder, Some(player), call).await
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        let call = self.memory.notify(server, notice);
        self.pass(Op::Notify, Some(&notice.player), call).await
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        let call = self.memory.open(claim);
        self.pass(Op::Open, Some(&claim.player), call).await
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        self.save_late(claim, stamp, body);
        let call = self.memory.save(claim, stamp, body);
        self.pass(Op::Save, Some(&claim.player), call).await
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        let call = self.memory.delete(claim, stamp);
        self.pass(Op::Delete, Some(&claim.player), call).await
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        let call = self.memory.view(player, slot);
        self.pass(Op::View, Some(player), call).await
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        let call = self.memory.list(player);
        self.pass(Op::List, Some(player), call).await
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        let call = self.memory.erase(player);
        self.pass(Op::Erase, Some(player), call).await
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        let call = self.memory.post(player, slot, letter);
        self.pass(Op::Post, Some(player), call).await
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        let call = self.memory.letters(player, slot, after, limit);
        self.pass(Op::Letters, Some(player), call).await
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let call = self.memory.discard(player, slot, id, posting);
        self.pass(Op::Discard, Some(player), call).await
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let call = self.memory.settle(player, slot, id, posting);
        self.pass(Op::Settle, Some(player), call).await
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        let call = self.memory.known_letters(player, after, limit);
        self.pass(Op::KnownLetters, Some(player), call).await
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        let call = self.memory.decide(trade, verdict);
        self.pass(Op::Decide, None, call).await
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        let call = self.memory.forget_decision(trade, party);
        self.pass(Op::ForgetDecision, None, call).await
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        let call = self.memory.keep_version(claim, policy);
        self.pass(Op::KeepVersion, Some(&claim.player), call).await
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        let call = self.memory.versions(player, slot);
        self.pass(Op::Versions, Some(player), call).await
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        let call = self.memory.version(player, slot, revision);
        self.pass(Op::Version, Some(player), call).await
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        let call = self.memory.players(after, limit);
        self.pass(Op::Players, None, call).await
    }
}
