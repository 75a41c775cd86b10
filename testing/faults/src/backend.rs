//! The wrapper itself: every method makes a request, and sends it on its way.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use playerdata_core::{
    ClaimNumber, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    WriteId,
    backend::{
        Acquisition, Admission, Backend, Body, Claim, Claimant, Effect, Erasure, Hazard,
        KeepPolicy, Keeping, KnownLetter, Letter, LetterPosition, Limits, Lock, Notice,
        Notification, Opening, Party, PlayersCursor, PlayersPage, Posting, Record, Release,
        Renewal, Result, SlotSummary, Stamp, Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};

use crate::{
    Call, Fault, Injected, Odds, Operation, When,
    calls::Calls,
    connection::Connection,
    delivery::{CUT_OFF, Request, failed},
    odds::Draw,
    plan::Plan,
};

/// One server's way to the store, with faults on it.
///
/// It is cheap to clone; clones are the same connection. Without a script and
/// without odds it passes everything on.
///
/// # Cancel safety
///
/// Dropping a call's future leaves the request where it is: one that was
/// delayed or held is applied all the same, as in a network. One without a
/// fault is dropped with its caller, except on a [`detached`](Self::detached)
/// connection.
#[derive(Clone)]
pub struct FaultyBackend {
    store: Arc<dyn Backend>,
    connection: Arc<Connection>,
    plan: Arc<Mutex<Plan>>,
    calls: Arc<Calls>,
    /// What it says instead of the store.
    hazards: Arc<Mutex<Option<Vec<Hazard>>>>,
    detached: bool,
}

impl fmt::Debug for FaultyBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyBackend")
            .field("store", &self.store)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl FaultyBackend {
    /// A connection to `store`, as yet without faults.
    #[must_use]
    pub fn new(store: Arc<dyn Backend>) -> Self {
        Self {
            store,
            connection: Arc::default(),
            plan: Arc::new(Mutex::new(Plan::new())),
            calls: Arc::default(),
            hazards: Arc::default(),
            detached: false,
        }
    }

    /// Carries out every request in a task of its own, so that dropping a
    /// call's future never stops it half way: for a store whose operations
    /// take several steps, to have them finished late, when their caller has
    /// long given up.
    #[must_use = "it returns the same connection, to be used on"]
    pub fn detached(mut self) -> Self {
        self.detached = true;
        self
    }

    /// Adds a fault to the script, and returns the same connection. Several
    /// can be added, at any time; if more than one picks a call, the one added
    /// first is carried out.
    pub fn inject(&self, when: When, fault: Fault) -> Self {
        self.plan.lock().inject(when, fault);
        self.clone()
    }

    /// Adds faults at random to the calls that the script leaves alone, and
    /// returns the same connection. The same seed gives the same faults to the
    /// same calls.
    pub fn with_odds(&self, odds: Odds, seed: u64) -> Self {
        self.plan.lock().set_odds(odds, seed);
        self.clone()
    }

    /// The faults that were injected into calls so far, the last 10 000 of
    /// them, oldest first.
    #[must_use]
    pub fn injected(&self) -> Vec<Injected> {
        self.plan.lock().injected()
    }

    /// Remembers every call from now on, for [`calls`](Self::calls) and
    /// [`count`](Self::count), and forgets those before.
    pub fn record_calls(&self) {
        self.calls.record();
    }

    /// The calls that were made since [`record_calls`](Self::record_calls),
    /// oldest first, whatever happened to them.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.calls.all()
    }

    /// How many of them were calls of this operation.
    #[must_use]
    pub fn count(&self, operation: Operation) -> usize {
        self.calls.count(operation)
    }

    /// Says from now on that the store could lose this, whatever the store
    /// itself says.
    pub fn set_hazards(&self, hazards: Vec<Hazard>) {
        *self.hazards.lock() = Some(hazards);
    }

    /// Loses every request and every answer for a time: calls hang.
    pub fn partition_for(&self, time: Duration) {
        self.connection.partition_for(time);
    }

    /// Holds every request and every answer for a time and then lets them
    /// through, as if the server's process had been stopped and continued.
    pub fn pause_for(&self, time: Duration) {
        self.connection.pause_for(time);
    }

    /// Ends a partition or a pause before its time.
    pub fn reconnect(&self) {
        self.connection.clear();
    }

    /// Cuts the server off for good, as a crash does: from now on every call
    /// fails at once. What is in the network already may still arrive.
    pub fn cut(&self) {
        self.connection.cut();
    }

    /// Whether the server was cut off: by [`cut`](Self::cut), or by a
    /// [`Fault::Crash`].
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.connection.is_cut()
    }

    /// Ends everything but a cut: no script, no odds, no partition, no pause.
    /// What is in the network already may still arrive.
    pub fn calm(&self) {
        self.plan.lock().calm();
        self.reconnect();
    }

    async fn call<T, F>(&self, call: Call, lie: Option<T>, send: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(Arc<dyn Backend>) -> BoxFuture<'static, Result<T>> + Send + Sync + 'static,
    {
        self.calls.note(&call);
        if self.connection.is_cut() {
            return Err(failed(Effect::None, CUT_OFF));
        }
        let decided = self.plan.lock().decide(&call);
        let fault = match decided {
            Draw::Nothing => None,
            Draw::Fault(fault) => Some(fault),
            Draw::Partition(time) => {
                self.partition_for(time);
                None
            }
            Draw::Pause(time) => {
                self.pause_for(time);
                None
            }
        };
        let request = Request {
            store: Arc::clone(&self.store),
            connection: Arc::clone(&self.connection),
            send: Arc::new(send),
            lie,
            detached: self.detached,
        };
        request.deliver(fault).await
    }
}

/// Makes a request that can be sent again and again: it owns copies of the
/// arguments, and hands out copies of these.
///
/// Arguments after a semicolon are small and passed by value.
macro_rules! request {
    ($method:ident($($argument:ident),* $(; $($value:ident),*)?)) => {{
        $(let $argument = $argument.clone();)*
        move |store: Arc<dyn Backend>| -> BoxFuture<'static, _> {
            $(let $argument = $argument.clone();)*
            Box::pin(async move { store.$method($(&$argument,)* $($($value),*)?).await })
        }
    }};
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Backend for FaultyBackend {
    fn name(&self) -> &'static str {
        self.store.name()
    }

    fn limits(&self) -> Limits {
        self.store.limits()
    }

    async fn hazards(&self) -> Result<Vec<Hazard>> {
        let call = Call::new(Operation::Hazards);
        let given = self.hazards.lock().clone();
        self.call(call, None, move |store| {
            let given = given.clone();
            Box::pin(async move {
                match given {
                    Some(hazards) => Ok(hazards),
                    None => store.hazards().await,
                }
            })
        })
        .await
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        let call = Call::new(Operation::RenewLease);
        let lie = Renewal::Renewed {
            notices: Vec::new(),
        };
        let server = server.clone();
        self.call(call, Some(lie), move |store| {
            let server = server.clone();
            Box::pin(async move { store.renew_lease(&server, ttl).await })
        })
        .await
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        let call = Call::new(Operation::DropLease);
        self.call(call, Some(()), request!(drop_lease(server)))
            .await
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        let call = Call::new(Operation::LeaseIsLive);
        self.call(call, None, request!(lease_is_live(server))).await
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        let call = Call::of(Operation::Acquire, player);
        let (player, claimant) = (player.clone(), claimant.clone());
        self.call(call, None, move |store| {
            let (player, claimant) = (player.clone(), claimant.clone());
            Box::pin(async move { store.acquire(&player, &claimant, replacing).await })
        })
        .await
    }

    async fn acquire_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        slot: &SlotName,
    ) -> Result<Admission> {
        let call = Call::on(Operation::Acquire, player, slot);
        let (player, claimant, slot) = (player.clone(), claimant.clone(), slot.clone());
        self.call(call, None, move |store| {
            let (player, claimant, slot) = (player.clone(), claimant.clone(), slot.clone());
            Box::pin(async move {
                let acquire = store.acquire_and_open(&player, &claimant, replacing, &slot);
                acquire.await
            })
        })
        .await
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        let call = Call::of(Operation::Release, player);
        let player = player.clone();
        self.call(call, Some(Release::Released), move |store| {
            let player = player.clone();
            Box::pin(async move { store.release(&player, session).await })
        })
        .await
    }

    async fn release_knowing(
        &self,
        player: &PlayerId,
        session: SessionId,
        claims: &[(SlotName, ClaimNumber)],
    ) -> Result<Release> {
        let call = Call::of(Operation::Release, player);
        let (player, claims) = (player.clone(), claims.to_vec());
        self.call(call, Some(Release::Released), move |store| {
            let (player, claims) = (player.clone(), claims.clone());
            Box::pin(async move { store.release_knowing(&player, session, &claims).await })
        })
        .await
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        let call = Call::of(Operation::Holder, player);
        self.call(call, None, request!(holder(player))).await
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        let call = Call::of(Operation::Notify, &notice.player);
        let lie = Some(Notification::Queued);
        self.call(call, lie, request!(notify(server, notice))).await
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        let call = Call::on(Operation::Open, &claim.player, &claim.slot);
        self.call(call, None, request!(open(claim))).await
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        let call = Call::on(Operation::Save, &claim.player, &claim.slot);
        let lie = Some(written(stamp));
        self.call(call, lie, request!(save(claim, stamp, body)))
            .await
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        let call = Call::on(Operation::Delete, &claim.player, &claim.slot);
        let lie = Some(written(stamp));
        self.call(call, lie, request!(delete(claim, stamp))).await
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        let call = Call::on(Operation::View, player, slot);
        self.call(call, None, request!(view(player, slot))).await
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        let call = Call::of(Operation::List, player);
        self.call(call, None, request!(list(player))).await
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        let call = Call::of(Operation::Erase, player);
        self.call(call, Some(Erasure::Erased), request!(erase(player)))
            .await
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        let call = Call::on(Operation::Post, player, slot);
        self.call(
            call,
            Some(Posting::Posted { holder: None }),
            request!(post(player, slot, letter)),
        )
        .await
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        let call = Call::on(Operation::Letters, player, slot);
        self.call(call, None, request!(letters(player, slot; after, limit)))
            .await
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let call = Call::on(Operation::Discard, player, slot);
        self.call(call, Some(()), request!(discard(player, slot, id; posting)))
            .await
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let call = Call::on(Operation::Settle, player, slot);
        self.call(call, Some(()), request!(settle(player, slot, id; posting)))
            .await
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        let after = after.map(|(slot, id)| (slot.clone(), id.clone()));
        let player = player.clone();
        let call = Call::of(Operation::KnownLetters, &player);
        let request = move |store: Arc<dyn Backend>| -> BoxFuture<'static, _> {
            let (player, after) = (player.clone(), after.clone());
            Box::pin(async move {
                let after = after.as_ref().map(|(slot, id)| (slot, id));
                store.known_letters(&player, after, limit).await
            })
        };
        self.call(call, None, request).await
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        let call = Call::new(Operation::Decide);
        self.call(call, Some(verdict), request!(decide(; trade, verdict)))
            .await
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        let call = Call::new(Operation::ForgetDecision);
        self.call(call, Some(()), request!(forget_decision(; trade, party)))
            .await
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        let call = Call::on(Operation::KeepVersion, &claim.player, &claim.slot);
        self.call(call, None, request!(keep_version(claim; policy)))
            .await
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        let call = Call::on(Operation::Versions, player, slot);
        self.call(call, None, request!(versions(player, slot)))
            .await
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        let call = Call::on(Operation::Version, player, slot);
        self.call(call, None, request!(version(player, slot; revision)))
            .await
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        let call = Call::new(Operation::Players);
        let after = after.cloned();
        self.call(call, None, move |store| {
            let after = after.clone();
            Box::pin(async move { store.players(after.as_ref(), limit).await })
        })
        .await
    }
}

fn written(stamp: &Stamp) -> WriteOutcome {
    WriteOutcome::Written {
        revision: stamp.base.next(),
    }
}
