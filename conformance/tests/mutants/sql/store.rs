//! A store in a file of SQLite with many connections.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_core::{
    Clock, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    WriteId,
    backend::{
        Acquisition, Backend, BackendError, Body, Claim, Claimant, Effect, Erasure, ErrorKind,
        KeepPolicy, Keeping, KnownLetter, Letter, LetterPosition, Limits, Lock, Notice,
        Notification, Opening, Party, PlayersCursor, PlayersPage, Posting, Record, Release,
        Renewal, Result, SlotSummary, Stamp, Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};

use super::{database::Database, leases, locks, mail, slots, versions};
use crate::store::MAX_BODY_BYTES;

/// A client; clones are the same one.
#[derive(Clone)]
pub(crate) struct SqlStore {
    database: Database,
    clock: Arc<dyn Clock>,
}

impl SqlStore {
    pub(crate) fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore")
            .field("flaw", &self.database.flaw)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Backend for SqlStore {
    fn name(&self) -> &'static str {
        "sql"
    }

    fn limits(&self) -> Limits {
        Limits::new(MAX_BODY_BYTES)
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        let (server, now) = (server.clone(), self.clock.now());
        self.database
            .run(move |db| leases::renew(db, &server, now, ttl))
            .await
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        let server = server.clone();
        self.database.run(move |db| leases::end(db, &server)).await
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        let (server, now) = (server.clone(), self.clock.now());
        self.database
            .run(move |db| Ok(leases::lapses_at(db, &server, now)?.is_some()))
            .await
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        let (player, claimant) = (player.clone(), claimant.clone());
        self.database
            .run(move |db| locks::acquire(db, &player, &claimant, replacing))
            .await
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        let player = player.clone();
        self.database
            .run(move |db| locks::release(db, &player, session))
            .await
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        let player = player.clone();
        self.database
            .run(move |db| locks::holder(db, &player))
            .await
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        let (server, notice) = (server.clone(), notice.clone());
        self.database
            .run(move |db| leases::notify(db, &server, &notice))
            .await
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        let claim = claim.clone();
        self.database.run(move |db| slots::open(db, &claim)).await
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        let length = body.bytes.len();
        if length > MAX_BODY_BYTES {
            let what = format!("{length} bytes");
            return Err(BackendError::new(ErrorKind::TooLarge, Effect::None, what));
        }
        let (claim, stamp, body) = (claim.clone(), *stamp, body.clone());
        self.database
            .run(move |db| slots::write(db, &claim, &stamp, Some(&body)))
            .await
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        let (claim, stamp) = (claim.clone(), *stamp);
        self.database
            .run(move |db| slots::write(db, &claim, &stamp, None))
            .await
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        let (player, slot) = (player.clone(), slot.clone());
        self.database
            .run(move |db| slots::view(db, &player, &slot))
            .await
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        let player = player.clone();
        self.database.run(move |db| slots::list(db, &player)).await
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        let player = player.clone();
        self.database.run(move |db| locks::erase(db, &player)).await
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        let (player, slot, letter) = (player.clone(), slot.clone(), letter.clone());
        let now = self.clock.now();
        self.database
            .run(move |db| mail::post(db, &player, &slot, &letter, now))
            .await
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        let (player, slot) = (player.clone(), slot.clone());
        self.database
            .run(move |db| mail::letters(db, &player, &slot, after, limit))
            .await
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let (player, slot, id) = (player.clone(), slot.clone(), id.clone());
        let now = self.clock.now();
        self.database
            .run(move |db| mail::discard(db, (&player, &slot), (&id, posting), now))
            .await
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        let (player, slot, id) = (player.clone(), slot.clone(), id.clone());
        let now = self.clock.now();
        self.database
            .run(move |db| mail::settle(db, (&player, &slot), (&id, posting), now))
            .await
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        let player = player.clone();
        let after = after.map(|(slot, id)| (slot.clone(), id.clone()));
        self.database
            .run(move |db| mail::known(db, &player, after.as_ref(), limit))
            .await
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        let now = self.clock.now();
        self.database
            .run(move |db| mail::decide(db, trade, verdict, now))
            .await
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        let now = self.clock.now();
        self.database
            .run(move |db| mail::forget(db, trade, party, now))
            .await
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        let (claim, now) = (claim.clone(), self.clock.now());
        self.database
            .run(move |db| versions::keep(db, &claim, policy, now))
            .await
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        let (player, slot) = (player.clone(), slot.clone());
        self.database
            .run(move |db| versions::list(db, &player, &slot))
            .await
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        let (player, slot) = (player.clone(), slot.clone());
        self.database
            .run(move |db| versions::find(db, &player, &slot, revision))
            .await
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        let Some(after) = versions::read_cursor(after) else {
            let what = "not a cursor of this store";
            return Err(BackendError::new(ErrorKind::Rejected, Effect::None, what));
        };
        self.database
            .run(move |db| versions::page(db, &after, limit))
            .await
    }
}
