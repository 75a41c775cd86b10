//! A store whose operations take several steps.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_core::{
    Clock, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    WriteId,
    backend::{
        Acquisition, Backend, BackendError, Body, Claim, Claimant, Effect, Erasure, ErrorKind,
        KeepPolicy, Keeping, KnownLetter, Letter, LetterPosition, Limits, Lock, MAX_NOTICES,
        Notice, Notification, Opening, Party, PlayersCursor, PlayersPage, Posting, Record, Release,
        Renewal, Result, SlotSummary, Stamp, Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};

use crate::{Flaw, Gate, Observer, table::Table, versions::version_of};

/// One process' client of the store; clones are the same process.
#[derive(Clone)]
pub struct SteppingStore {
    flaw: Option<Flaw>,
    limits: Limits,
    clock: Arc<dyn Clock>,
    table: Table,
}

impl fmt::Debug for SteppingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SteppingStore")
            .field("flaw", &self.flaw)
            .finish_non_exhaustive()
    }
}

impl SteppingStore {
    /// An empty store whose leases go by `clock`, which may have a flaw, and
    /// the first process on it, which nothing stops.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, limits: Limits, flaw: Option<Flaw>) -> Self {
        Self {
            flaw,
            limits,
            clock,
            table: Table::new(),
        }
    }

    /// Another process on the same store.
    #[must_use]
    pub fn another_process(&self, gate: Arc<dyn Gate>) -> Self {
        Self {
            table: self.table.another_process(gate),
            ..self.clone()
        }
    }

    /// Shows `observer` what this process does, and those that are made of
    /// it.
    #[must_use = "it is the same process, to be used on"]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.table.observe(observer);
        self
    }

    /// The lock of a player as it is now, without a step.
    #[must_use]
    pub fn lock_now(&self, player: &PlayerId) -> Option<Lock> {
        self.table
            .look(|items| items.players.get(player)?.lock.clone())
    }

    /// What a slot holds now, without a step.
    #[must_use]
    pub fn record_now(&self, player: &PlayerId, slot: &SlotName) -> Option<Record> {
        let key = (player.clone(), slot.clone());
        self.table
            .look(|items| items.slots.get(&key)?.record.clone())
    }

    /// A kept version as it is now, without a step.
    #[must_use]
    pub fn version_now(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Option<Record> {
        self.table
            .look(|items| version_of(items, player, slot, revision))
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }
}

#[async_trait]
impl Backend for SteppingStore {
    fn name(&self) -> &'static str {
        "stepping"
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        let seen = if self.has(Flaw::HeartbeatReadsThenWrites) {
            let read = self
                .table
                .step(|items| items.servers.get(&server.name).cloned());
            Some(read.await.and_then(|server| server.latest))
        } else {
            None
        };
        let renewal = self.table.step(|items| {
            let item = items.servers.entry(server.name.clone()).or_default();
            match seen.unwrap_or(item.latest) {
                Some(by) if by > server.incarnation => Renewal::Superseded { by },
                Some(_) | None => {
                    item.latest = Some(server.incarnation);
                    // By the clock of whoever keeps the table.
                    item.lapses_at = Some(self.clock.now().saturating_add(ttl).get());
                    Renewal::Renewed {
                        notices: std::mem::take(&mut item.notices),
                    }
                }
            }
        });
        Ok(renewal.await)
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        let own = if self.has(Flaw::DropReadsThenWrites) {
            let read = self
                .table
                .step(|items| items.servers.get(&server.name).cloned());
            Some(read.await.and_then(|server| server.latest) == Some(server.incarnation))
        } else {
            None
        };
        let dropped = self.table.step(|items| {
            if let Some(item) = items.servers.get_mut(&server.name)
                && own.unwrap_or(item.latest == Some(server.incarnation))
                && item.lapses_at.take().is_some()
            {
                item.notices.clear();
            }
        });
        dropped.await;
        Ok(())
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        let live = self.table.step(|items| {
            let now = self.clock.now().get();
            items.servers.get(&server.name).is_some_and(|item| {
                item.latest == Some(server.incarnation) && item.lapses_at > Some(now)
            })
        });
        Ok(live.await)
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        Ok(self.take(player, claimant, replacing).await)
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        Ok(self.give_up(player, session).await)
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        Ok(self.read_player(player).await.lock)
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        let read = if self.has(Flaw::NoticesReadThenWritten) {
            let read = self.table.step(|items| items.servers.get(server).cloned());
            Some(read.await.unwrap_or_default().notices)
        } else {
            None
        };
        let queued = self.table.step(|items| {
            let item = items.servers.entry(server.clone()).or_default();
            if let Some(read) = read {
                item.notices = read;
            }
            if item.notices.len() >= MAX_NOTICES {
                return Notification::Full;
            }
            item.notices.push(notice.clone());
            Notification::Queued
        });
        Ok(queued.await)
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        Ok(self.open_slot(claim).await)
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        let length = body.bytes.len();
        if length > self.limits.max_body_bytes {
            let what = format!("{length} bytes");
            return Err(BackendError::new(ErrorKind::TooLarge, Effect::None, what));
        }
        Ok(self.write(claim, stamp, Some(body)).await)
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        Ok(self.write(claim, stamp, None).await)
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        let key = (player.clone(), slot.clone());
        let read = || {
            self.table
                .step(|items| items.slots.get(&key).and_then(|slot| slot.record.clone()))
        };
        let seen = read().await;
        if self.has(Flaw::ViewTakesTwoSteps) {
            let body = read().await.map(|record| record.body);
            return Ok(seen.map(|record| Record {
                body: body.unwrap_or_else(|| record.body.clone()),
                ..record
            }));
        }
        Ok(seen)
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        let listed = self.table.step(|items| {
            let own = items.slots.iter().filter(|((owner, _), _)| owner == player);
            own.filter_map(|((_, name), slot)| {
                let record = slot.record.as_ref()?;
                Some(SlotSummary {
                    slot: name.clone(),
                    revision: record.revision,
                    saved_at: record.saved_at,
                    schema: record.body.schema,
                    body_bytes: record.body.bytes.len() as u64,
                })
            })
            .collect()
        });
        Ok(listed.await)
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        Ok(self.remove(player).await)
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        Ok(self.put(player, slot, letter).await)
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        Ok(self.read_letters(player, slot, after, limit).await)
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
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
        self.settle_letter(player, slot, id, posting).await;
        Ok(())
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        Ok(self.read_known(player, after, limit).await)
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        Ok(self.judge(trade, verdict).await)
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        self.forget(trade, party).await;
        Ok(())
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        Ok(self.keep(claim, policy).await)
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        Ok(self.list_versions(player, slot).await)
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        Ok(self.find_version(player, slot, revision).await)
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        self.page(after, limit).await
    }
}
