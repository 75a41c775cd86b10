//! The backend itself: every method one step in one critical section.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_core::{
    Clock, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    WriteId,
    backend::{
        Acquisition, Admission, Backend, Body, Claim, Claimant, Erasure, KeepPolicy, Keeping,
        KnownLetter, Letter, LetterPosition, Limits, Lock, Notice, Notification, Opening, Party,
        PlayersCursor, PlayersPage, Posting, Record, Release, Renewal, Result, SlotSummary, Stamp,
        Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};

use crate::{
    MemoryOptions,
    error::{foreign_cursor, too_large},
    lease::Leases,
    player::Players,
    trade::Trades,
};

/// A store in this process's memory, which all clones share.
///
/// No method waits or fails, except for a body over the limit. The first poll
/// of a method's future does all of its work, so a future that was never polled
/// did nothing, and one that was polled did everything.
#[derive(Clone)]
pub struct MemoryBackend {
    store: Arc<Store>,
}

struct Store {
    options: MemoryOptions,
    leases: Leases,
    players: Players,
    trades: Trades,
}

impl MemoryBackend {
    /// An empty store with the default [`MemoryOptions`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store whose leases lapse by `clock`.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self::with_options(MemoryOptions::default().clock(clock))
    }

    /// An empty store.
    #[must_use]
    pub fn with_options(options: MemoryOptions) -> Self {
        Self {
            store: Arc::new(Store {
                options,
                leases: Leases::default(),
                players: Players::default(),
                trades: Trades::default(),
            }),
        }
    }
}

impl Default for MemoryBackend {
    fn default() -> Self {
        Self::with_options(MemoryOptions::default())
    }
}

impl fmt::Debug for MemoryBackend {
    /// Leaves out what is stored: documents have no place in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBackend")
            .field("options", &self.store.options)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Backend for MemoryBackend {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn limits(&self) -> Limits {
        Limits::new(self.store.options.max_body_bytes)
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        let now = self.store.options.clock.now();
        Ok(self.store.leases.renew(server, ttl, now))
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        let now = self.store.options.clock.now();
        self.store.leases.drop_lease(server, now);
        Ok(())
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        let now = self.store.options.clock.now();
        Ok(self.store.leases.is_live(server, now))
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        Ok(self.store.players.acquire(player, claimant, replacing))
    }

    async fn acquire_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        slot: &SlotName,
    ) -> Result<Admission> {
        let (now, players) = (self.store.options.clock.now(), &self.store.players);
        Ok(players.acquire_and_open(player, claimant, replacing, slot, now))
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        Ok(self.store.players.release(player, session))
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        Ok(self.store.players.holder(player))
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        let now = self.store.options.clock.now();
        Ok(self.store.leases.notify(server, notice, now))
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        let now = self.store.options.clock.now();
        Ok(self.store.players.open(claim, now))
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        let limit = self.store.options.max_body_bytes;
        if body.bytes.len() > limit {
            return Err(too_large(body.bytes.len(), limit));
        }
        Ok(self.store.players.write(claim, stamp, Some(body)))
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        Ok(self.store.players.write(claim, stamp, None))
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        Ok(self.store.players.view(player, slot))
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        Ok(self.store.players.list(player))
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        Ok(self.store.players.erase(player))
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        let now = self.store.options.clock.now();
        Ok(self.store.players.post(player, slot, letter, now))
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        Ok(self.store.players.letters(player, slot, after, limit))
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let now = self.store.options.clock.now();
        self.store.players.discard(player, slot, id, posting, now);
        Ok(())
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let now = self.store.options.clock.now();
        self.store.players.settle(player, slot, id, posting, now);
        Ok(())
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        Ok(self.store.players.known_letters(player, after, limit))
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        let now = self.store.options.clock.now();
        Ok(self.store.trades.decide(trade, verdict, now))
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        let now = self.store.options.clock.now();
        self.store.trades.forget(trade, party, now);
        Ok(())
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        let now = self.store.options.clock.now();
        Ok(self.store.players.keep_version(claim, policy, now))
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        Ok(self.store.players.versions(player, slot))
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        Ok(self.store.players.version(player, slot, revision))
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        let after = after
            .map(|cursor| read_cursor(cursor).ok_or_else(foreign_cursor))
            .transpose()?;
        let page = self.store.players.page(after.as_ref(), limit.max(1));
        let full = page.len() >= limit.max(1);
        let next = page.last().filter(|_| full).map(write_cursor);
        Ok(PlayersPage {
            players: page.into_iter().map(|(_, player)| player).collect(),
            next,
        })
    }
}

/// A place in the order of players as text: its hash, and its id.
fn write_cursor((hash, player): &(u64, PlayerId)) -> PlayersCursor {
    PlayersCursor::new(format!("{hash:016x}:{player}"))
}

fn read_cursor(cursor: &PlayersCursor) -> Option<(u64, PlayerId)> {
    let (hash, player) = cursor.as_str().split_once(':')?;
    Some((
        u64::from_str_radix(hash, 16).ok()?,
        PlayerId::new(player).ok()?,
    ))
}
