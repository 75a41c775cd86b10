//! A store in its plainest form, that can have a flaw.
//!
//! Without one it keeps the whole contract, by walks and comparisons instead
//! of the tricks of a real store. With one it goes wrong in a single place,
//! as real systems did.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use playerdata_core::{
    Clock, Fence, PlayerId, ServerId, ServerName, SessionId, SlotName,
    backend::{
        Acquisition, Backend, BackendError, Body, Claim, Claimant, Effect, Erasure, ErrorKind,
        Limits, Lock, Notice, Notification, Opening, Record, Release, Renewal, Result, SlotSummary,
        Stamp, WriteOutcome,
    },
};

use crate::{
    flaws::Flaw,
    leases::Server,
    locks::Player,
    slots::{Change, Slot},
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

#[derive(Default)]
pub(crate) struct State {
    pub(crate) players: BTreeMap<String, Player>,
    pub(crate) servers: BTreeMap<String, Server>,
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
                _ => {}
            }
        }
        if self.has(Flaw::LeasesKeptInMemory) {
            state.servers.clear();
        }
        drop(state);
        self
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
        Ok(self.renew(server, ttl).await)
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        self.end_lease(server);
        Ok(())
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        Ok(self.is_live(&self.state(), server))
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
        Ok(self.queue(server, notice))
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        Ok(self.open_slot(claim))
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        let (length, mut body) = (body.bytes.len(), body.clone());
        let limit_excluded = length == MAX_BODY_BYTES && self.has(Flaw::LimitExcluded);
        if length > MAX_BODY_BYTES || limit_excluded {
            if !self.has(Flaw::LargeBodyCutOff) {
                let what = format!("{length} bytes");
                return Err(BackendError::new(ErrorKind::TooLarge, Effect::None, what));
            }
            body.bytes.truncate(MAX_BODY_BYTES);
        }
        Ok(self.write(claim, stamp, Change::Save(body)).await)
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        Ok(self.write(claim, stamp, Change::Delete).await)
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
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
        let deleted_too = self.has(Flaw::ListShowsDeleted);
        let state = self.state();
        let mut listed: Vec<_> = state
            .players
            .get(&self.key(player))
            .into_iter()
            .flat_map(|player| player.slots.values())
            .filter_map(|slot| slot.summary(deleted_too))
            .collect();
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
}
