//! A store in its plainest form, that can have a flaw.
//!
//! Without one it keeps the whole contract, by walks and comparisons instead
//! of the tricks of a real store. With one it goes wrong in a single place,
//! as real systems did.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use playerdata_core::{
    ClaimNumber, Clock, Fence, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId,
    SlotName, TradeId, WriteId,
    backend::{
        Acquisition, Admission, Backend, BackendError, Body, Claim, Claimant, Effect, Erasure,
        ErrorKind, KeepPolicy, Keeping, KnownLetter, Letter, LetterPosition, Limits, Lock, Notice,
        Notification, Opening, Party, PlayersCursor, PlayersPage, Posting, Record, Release,
        Renewal, Result, SlotSummary, Stamp, Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};

use crate::{
    flaws::Flaw,
    leases::Server,
    locks::Player,
    slots::{Change, Slot},
    trades::Decision,
};

/// Small, so that the largest body is quickly written.
pub(crate) const MAX_BODY_BYTES: usize = 100_000;

/// A handle; all clones share the store.
#[derive(Clone)]
pub(crate) struct PlainStore {
    pub(crate) flaw: Option<Flaw>,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Default)]
pub(crate) struct State {
    /// Whether it can't be reached.
    pub(crate) down: bool,
    pub(crate) players: BTreeMap<String, Player>,
    pub(crate) servers: BTreeMap<String, Server>,
    pub(crate) trades: BTreeMap<u128, Decision>,
}

impl PlainStore {
    pub(crate) fn new(clock: Arc<dyn Clock>, flaw: Option<Flaw>) -> Self {
        Self {
            flaw,
            clock,
            state: Arc::default(),
        }
    }

    pub(crate) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now().get()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// What a process forgets that keeps things in memory which belong on
    /// disk.
    pub(crate) fn restarted(self) -> Self {
        let mut state = self.state();
        for player in state.players.values_mut() {
            if self.has(Flaw::FenceKeptInMemory) && player.lock.is_none() {
                player.fence = 0;
            }
            match self.flaw {
                Some(Flaw::RecordsKeptInMemory) => player.slots.clear(),
                Some(Flaw::ClaimsKeptInMemory) => player.withdraw_claims(usize::MAX),
                Some(Flaw::MailKeptInMemory) => player.mailboxes.clear(),
                Some(Flaw::VersionsKeptInMemory) => player.versions.clear(),
                _ => {}
            }
        }
        match self.flaw {
            Some(Flaw::LeasesKeptInMemory) => state.servers.clear(),
            Some(Flaw::VerdictsKeptInMemory) => state.trades.clear(),
            _ => {}
        }
        drop(state);
        self
    }

    /// The store as it is after a crash; who was connected has no store any
    /// more.
    pub(crate) fn killed(&self) -> Self {
        let mut state = {
            let mut state = self.state();
            state.down = true; // in the same step, so that nothing is acknowledged after it
            state.clone()
        };
        state.down = false;
        for player in state.players.values_mut() {
            match self.flaw {
                Some(Flaw::LocksNotSynced) => player.lock = None,
                Some(Flaw::MailNotSynced) => player.mailboxes.clear(),
                Some(Flaw::VersionsNotSynced) => player.versions.clear(),
                Some(Flaw::ErasureNotSynced) if player.slots.is_empty() => {
                    player.slots.clone_from(&player.erased_slots);
                }
                _ => {}
            }
            for slot in player.slots.values_mut() {
                slot.crash(self.flaw);
            }
        }
        match self.flaw {
            Some(Flaw::IncarnationsNotSynced) => state.servers.clear(),
            Some(Flaw::VerdictsNotSynced) => state.trades.clear(),
            _ => {}
        }
        Self {
            state: Arc::new(Mutex::new(state)),
            ..self.clone()
        }
    }

    /// Fails while the store is down, except for a method whose flaw it is to
    /// answer all the same.
    fn reach<T>(&self, swallows: Flaw, answer: T) -> std::result::Result<(), Result<T>> {
        if !self.state().down {
            return Ok(());
        }
        if self.has(swallows) {
            return Err(Ok(answer));
        }
        let (kind, effect) = match self.flaw {
            Some(Flaw::OutageRejected) => (ErrorKind::Rejected, Effect::None),
            Some(Flaw::OutageInDoubt) => (ErrorKind::Unavailable, Effect::Possible),
            _ => (ErrorKind::Unavailable, Effect::None),
        };
        Err(Err(BackendError::new(kind, effect, "the store is down")))
    }

    /// An answer, unless the store went down since it was asked.
    fn acknowledged<T>(&self, answer: T) -> Result<T> {
        if self.state().down {
            let (kind, effect) = (ErrorKind::Unavailable, Effect::Possible);
            return Err(BackendError::new(kind, effect, "the store went down"));
        }
        Ok(answer)
    }

    /// The way to the store and back, between two steps of what ought to be
    /// one.
    pub(crate) async fn pause(&self) {
        tokio::time::sleep(Duration::from_micros(300)).await;
    }

    /// The key of a player.
    pub(crate) fn key(&self, player: &PlayerId) -> String {
        self.folded(player.as_str())
    }

    pub(crate) fn folded(&self, name: &str) -> String {
        let name = if self.has(Flaw::NamesCutOff) {
            &name[..name.len().min(60)]
        } else {
            name
        };
        if self.has(Flaw::GuidsNormalised)
            && let Ok(guid) = name.parse::<uuid::Uuid>()
        {
            return guid.to_string();
        }
        let longest = [64, 128].contains(&name.len());
        if longest && self.has(Flaw::LongestNameCutByOne) {
            return name[..name.len() - 1].to_owned();
        }
        if self.has(Flaw::BackslashesUnescaped) {
            return name.replace("\\\\", "\\");
        }
        match (self.flaw, name.parse::<f64>()) {
            (Some(Flaw::NamesIgnoreCase), _) => name.to_ascii_lowercase(),
            (Some(Flaw::NamesTakenForNumbers), Ok(number)) => number.to_string(),
            _ => name.to_owned(),
        }
    }
}

impl fmt::Debug for PlainStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlainStore")
            .field("flaw", &self.flaw)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Backend for PlainStore {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn limits(&self) -> Limits {
        if self.has(Flaw::LimitPromisedTooLarge) {
            return Limits::new(usize::MAX / 2);
        }
        Limits::new(MAX_BODY_BYTES)
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        if let Err(answer) = self.reach(
            Flaw::OutageSupersedes,
            Renewal::Superseded {
                by: server.incarnation,
            },
        ) {
            return answer;
        }
        let refused = match self.flaw {
            Some(Flaw::LongLeaseRefused) => u32::try_from(ttl.as_secs()).is_err(),
            Some(Flaw::ShortLeaseRefused) => ttl < Duration::from_secs(1),
            _ => false,
        };
        if refused {
            let what = format!("a lease of {ttl:?}");
            return Err(BackendError::new(ErrorKind::Rejected, Effect::None, what));
        }
        Ok(self.renew(server, ttl).await)
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        if let Err(answer) = self.reach(Flaw::OutageDropsLease, ()) {
            return answer;
        }
        self.end_lease(server);
        Ok(())
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        if let Err(answer) = self.reach(Flaw::OutageIsNoLease, false) {
            return answer;
        }
        Ok(self.is_live(&self.state(), server))
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        let fence = Fence::default();
        if let Err(answer) = self.reach(Flaw::OutageAcquires, Acquisition::Acquired { fence }) {
            return answer;
        }
        Ok(self.take(player, claimant, replacing).await)
    }

    async fn acquire_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        slot: &SlotName,
    ) -> Result<Admission> {
        let (fence, opened) = (Fence::default(), None);
        let acquired = Admission::Acquired { fence, opened };
        if let Err(answer) = self.reach(Flaw::OutageAcquires, acquired) {
            return answer;
        }
        let taken = self.take_and_open(player, claimant, replacing, slot);
        Ok(taken.await)
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        if let Err(answer) = self.reach(Flaw::OutageIsNotHeld, Release::NotHeld) {
            return answer;
        }
        let released = self.give_up(player, session).await;
        if self.has(Flaw::MailGoesWithTheSession)
            && let Some(player) = self.state().players.get_mut(&self.key(player))
        {
            player.mailboxes.clear();
        }
        Ok(released)
    }

    async fn release_knowing(
        &self,
        player: &PlayerId,
        session: SessionId,
        claims: &[(SlotName, ClaimNumber)],
    ) -> Result<Release> {
        if self.has(Flaw::ReleaseBelievesItsCaller) {
            let state = self.state();
            let slots = state
                .players
                .get(&self.key(player))
                .map(|player| &player.slots);
            let is_there = |(slot, number): &(SlotName, ClaimNumber)| {
                let slot = slots.and_then(|slots| slots.get(slot.as_str()));
                slot.is_some_and(|slot| slot.claim == Some((session, number.get())))
            };
            if !claims.iter().all(is_there) {
                return Ok(Release::NotHeld);
            }
        }
        self.release(player, session).await
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        if let Err(answer) = self.reach(Flaw::OutageHasNoHolder, None) {
            return answer;
        }
        let state = self.state();
        let player = state.players.get(&self.key(player));
        let mut lock = player.and_then(|player| player.lock.clone());
        if let Some(lock) = &mut lock
            && self.has(Flaw::LockShowsFormerFence)
        {
            lock.fence = Fence::new(lock.fence.get() - 1);
        }
        Ok(lock)
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        if let Err(answer) = self.reach(Flaw::OutageIsFull, Notification::Full) {
            return answer;
        }
        Ok(self.queue(server, notice))
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        if let Err(answer) = self.reach(Flaw::OutageLosesOpening, Opening::Lost { holder: None }) {
            return answer;
        }
        Ok(self.open_slot(claim))
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        if self.state().down && self.has(Flaw::FailedSaveApplied) {
            self.write(claim, stamp, Change::Save(body.clone())).await;
        }
        if let Err(answer) = self.reach(Flaw::OutageLosesSave, WriteOutcome::Lost { holder: None })
        {
            return answer;
        }
        let (length, mut body) = (body.bytes.len(), body.clone());
        if length == MAX_BODY_BYTES && self.has(Flaw::LastByteAtTheLimitLost) {
            body.bytes.truncate(length - 1);
        }
        let one_over = length == MAX_BODY_BYTES + 1 && self.has(Flaw::OneByteOverTheLimit);
        let limit_excluded = length == MAX_BODY_BYTES && self.has(Flaw::LimitExcluded);
        if length > MAX_BODY_BYTES && !one_over || limit_excluded {
            if !self.has(Flaw::LargeBodyCutOff) {
                let what = format!("{length} bytes");
                return Err(BackendError::new(ErrorKind::TooLarge, Effect::None, what));
            }
            body.bytes.truncate(MAX_BODY_BYTES);
        }
        let outcome = self.write(claim, stamp, Change::Save(body)).await;
        self.acknowledged(outcome)
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        if let Err(answer) = self.reach(Flaw::OutageOvertakesDeletion, WriteOutcome::Overtaken) {
            return answer;
        }
        let outcome = self.write(claim, stamp, Change::Delete).await;
        if let Some(player) = self.state().players.get_mut(&self.key(&claim.player)) {
            match self.flaw {
                Some(Flaw::MailGoesWithTheSlot) => player.mailboxes.clear(),
                Some(Flaw::DeletionTakesVersions) => player.versions.clear(),
                _ => {}
            }
        }
        Ok(outcome)
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        if let Err(answer) = self.reach(Flaw::OutageIsNoRecord, None) {
            return answer;
        }
        let mut state = self.state();
        let player = state.players.get_mut(&self.key(player));
        let mut slot = player.and_then(|player| player.slots.get_mut(&self.folded(slot.as_str())));
        if let Some(slot) = &mut slot
            && self.has(Flaw::ViewKillsClaim)
        {
            slot.claim = None;
        }
        let hidden =
            |slot: &&mut Slot| slot.claim.is_some() && self.has(Flaw::RecordHiddenWhileOpen);
        let slot = slot.filter(|slot| !hidden(slot));
        Ok(slot.and_then(|slot| slot.record.clone()))
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        if let Err(answer) = self.reach(Flaw::OutageIsAnEmptyList, Vec::new()) {
            return answer;
        }
        let deleted_too = self.has(Flaw::ListShowsDeleted);
        let state = self.state();
        let mut listed: Vec<_> = state
            .players
            .get(&self.key(player))
            .into_iter()
            .flat_map(|player| player.slots.values())
            .filter_map(|slot| slot.summary(deleted_too))
            .collect();
        if self.has(Flaw::ListShowsVersions)
            && let Some(known) = state.players.get(&self.key(player))
        {
            let versions = known.versions.len();
            let shown = listed.first().cloned().into_iter();
            listed.extend(shown.cycle().take(versions));
        }
        match self.flaw {
            Some(Flaw::ListShowsOnePage) => listed.truncate(100),
            Some(Flaw::ListSortedWithoutCase) => {
                listed.sort_by_key(|slot| slot.slot.as_str().to_ascii_lowercase());
            }
            _ => {}
        }
        Ok(listed)
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        if let Err(answer) = self.reach(Flaw::OutageErases, Erasure::Erased) {
            return answer;
        }
        if self.has(Flaw::EraseOfUnknownFails)
            && !self.state().players.contains_key(&self.key(player))
        {
            return Err(BackendError::new(
                ErrorKind::Rejected,
                Effect::None,
                "nobody there",
            ));
        }
        Ok(self.remove(player).await)
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        if let Err(answer) = self.reach(Flaw::OutageTakesMail, Posting::Full) {
            return answer;
        }
        Ok(self.put(player, slot, letter).await)
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        if let Err(answer) = self.reach(Flaw::OutageHasNoMail, Vec::new()) {
            return answer;
        }
        Ok(self.read_letters(player, slot, after, limit))
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        if let Err(answer) = self.reach(Flaw::OutageTakesOut, ()) {
            return answer;
        }
        self.take_out(player, slot, id, posting).await;
        Ok(())
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        if let Err(answer) = self.reach(Flaw::OutageSettles, ()) {
            return answer;
        }
        self.settle_letter(player, slot, id, posting);
        Ok(())
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        if let Err(answer) = self.reach(Flaw::OutageKnowsNoLetters, Vec::new()) {
            return answer;
        }
        Ok(self.read_known(player, after, limit))
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        if let Err(answer) = self.reach(Flaw::OutageDecides, verdict) {
            return answer;
        }
        Ok(self.judge(trade, verdict).await)
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        if let Err(answer) = self.reach(Flaw::OutageForgets, ()) {
            return answer;
        }
        self.forget(trade, party);
        Ok(())
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        let lost = Keeping::Lost { holder: None };
        if let Err(answer) = self.reach(Flaw::OutageLosesVersion, lost) {
            return answer;
        }
        Ok(self.keep(claim, policy).await)
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        if let Err(answer) = self.reach(Flaw::OutageHasNoVersions, Vec::new()) {
            return answer;
        }
        Ok(self.list_versions(player, slot))
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        if let Err(answer) = self.reach(Flaw::OutageIsNoVersion, None) {
            return answer;
        }
        Ok(self.find_version(player, slot, revision))
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        if let Err(answer) = self.reach(Flaw::OutageHasNoPlayers, PlayersPage::default()) {
            return answer;
        }
        self.page(after, limit)
    }
}
