//! A backend that is half built, and what the suite says of it.

use std::{panic, sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_conformance::{Case, Fixture};
use playerdata_core::{
    LetterId, ManualClock, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    WriteId,
    backend::{
        Acquisition, Backend, BackendError, Body, Claim, Claimant, Effect, Erasure, ErrorKind,
        Hazard, KeepPolicy, Keeping, KnownLetter, Letter, LetterPosition, Limits, Lock, Notice,
        Notification, Opening, Party, PlayersCursor, PlayersPage, Posting, Record, Release,
        Renewal, Result, SlotSummary, Stamp, Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};
use playerdata_memory::{MemoryBackend, MemoryOptions};

/// A store in memory of which some methods are built.
#[derive(Clone, Debug)]
pub(crate) struct Half {
    store: MemoryBackend,
    built: Vec<&'static str>,
    /// A mistake to be shown: a release removes whatever lock is there.
    releases_anybody: bool,
}

impl Half {
    pub(crate) fn new(clock: Arc<ManualClock>, built: Vec<&'static str>) -> Self {
        Self {
            store: MemoryBackend::with_options(
                MemoryOptions::default()
                    .clock(clock)
                    .max_body_bytes(100_000),
            ),
            built,
            releases_anybody: false,
        }
    }

    /// The same, with a mistake in it.
    pub(crate) fn that_releases_anybody(self) -> Self {
        Self {
            releases_anybody: true,
            ..self
        }
    }

    async fn call<T>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        if self.built.contains(&method) {
            return call.await;
        }
        let what = format!("{method} is not built yet");
        Err(BackendError::new(ErrorKind::Rejected, Effect::None, what))
    }
}

/// Runs a case on a backend; gives its message if it fails.
pub(crate) fn failure(case: &Case, half: impl FnOnce(Arc<ManualClock>) -> Half) -> Option<String> {
    let clock = Arc::new(ManualClock::default());
    let store = half(clock.clone());
    let clients =
        |store: Half| -> [Arc<dyn Backend>; 2] { [(); 2].map(|()| Arc::new(store.clone()) as _) };
    let [one, other] = clients(store.clone());
    let fixture = Fixture::builder(one, other)
        .manual_clock(clock)
        .reopen(async move || clients(store))
        .build();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a test may start threads");
    let result = runtime.block_on(async {
        let case = tokio::spawn(case.run(fixture));
        tokio::time::timeout(Duration::from_secs(60), case).await
    });
    let error = result.expect("a case ends in time").err()?;
    match error.into_panic().downcast::<String>() {
        Ok(message) => Some(*message),
        Err(other) => panic::resume_unwind(other),
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Backend for Half {
    fn name(&self) -> &'static str {
        "half"
    }

    fn limits(&self) -> Limits {
        self.store.limits()
    }

    async fn hazards(&self) -> Result<Vec<Hazard>> {
        self.store.hazards().await
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        self.call("renew_lease", self.store.renew_lease(server, ttl))
            .await
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        self.call("drop_lease", self.store.drop_lease(server)).await
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        self.call("lease_is_live", self.store.lease_is_live(server))
            .await
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        self.call("acquire", self.store.acquire(player, claimant, replacing))
            .await
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        let holder = self.store.holder(player).await?;
        let session = match holder {
            Some(lock) if self.releases_anybody => lock.session,
            Some(_) | None => session,
        };
        self.call("release", self.store.release(player, session))
            .await
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        self.call("holder", self.store.holder(player)).await
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        self.call("notify", self.store.notify(server, notice)).await
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        self.call("open", self.store.open(claim)).await
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        self.call("save", self.store.save(claim, stamp, body)).await
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        self.call("delete", self.store.delete(claim, stamp)).await
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        self.call("view", self.store.view(player, slot)).await
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        self.call("list", self.store.list(player)).await
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        self.call("erase", self.store.erase(player)).await
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        self.call("post", self.store.post(player, slot, letter))
            .await
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        self.call("letters", self.store.letters(player, slot, after, limit))
            .await
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        self.call("discard", self.store.discard(player, slot, id, posting))
            .await
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        self.call("settle", self.store.settle(player, slot, id, posting))
            .await
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        let known = self.store.known_letters(player, after, limit);
        self.call("known_letters", known).await
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        self.call("decide", self.store.decide(trade, verdict)).await
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        let forgotten = self.store.forget_decision(trade, party);
        self.call("forget_decision", forgotten).await
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        self.call("keep_version", self.store.keep_version(claim, policy))
            .await
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        self.call("versions", self.store.versions(player, slot))
            .await
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        self.call("version", self.store.version(player, slot, revision))
            .await
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        self.call("players", self.store.players(after, limit)).await
    }
}
