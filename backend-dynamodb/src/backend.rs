//! The backend itself: each method forwards to the file of its subject.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_dynamodb::{Client, Config};
use playerdata_core::{
    Clock, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    WriteId,
    backend::{
        Acquisition, Backend, Body, Claim, Claimant, Erasure, Hazard, KeepPolicy, Keeping,
        KnownLetter, Letter, LetterPosition, Limits, Lock, Notice, Notification, Opening, Party,
        PlayersCursor, PlayersPage, Posting, Record, Release, Renewal, Result, SlotSummary, Stamp,
        Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};

use crate::{
    hazards::Hazards,
    lease, lock, mail, notices,
    options::DynamoDbOptions,
    players,
    schema::{self, Protection},
    size, slot,
    table::Table,
    trade, version,
};

/// Keeps locks, leases and slots in a DynamoDB table.
///
/// Cheap to clone: clones share the client and its connections.
#[derive(Clone, Debug)]
pub struct DynamoDbBackend {
    table: Table,
    clock: Arc<dyn Clock>,
    max_clock_skew: Duration,
    limits: Limits,
    hazards: Hazards,
    protection: Protection,
}

impl DynamoDbBackend {
    /// A backend that calls DynamoDB through `client`.
    ///
    /// Nothing is sent yet. Request [`check_table`](Self::check_table) once at
    /// start, or [`create_table`](Self::create_table).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`](playerdata_core::backend::ErrorKind::Rejected)
    /// if the options name keys that can't work.
    pub fn new(client: &Client, options: DynamoDbOptions) -> Result<Self> {
        options.check()?;
        let max_body_bytes = size::max_body_bytes(&options.partition_key, &options.sort_key);
        Ok(Self {
            table: Table::new(client, &options),
            clock: options.clock,
            max_clock_skew: options.max_clock_skew,
            limits: Limits::new(max_body_bytes),
            hazards: Hazards::default(),
            protection: options.protection,
        })
    }

    /// A backend with a client of its own, made from the SDK's configuration:
    /// an [`aws_sdk_dynamodb::Config`], or an `&SdkConfig` as the crate
    /// `aws-config` loads it.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn from_config(config: impl Into<Config>, options: DynamoDbOptions) -> Result<Self> {
        Self::new(&Client::from_conf(config.into()), options)
    }

    /// Creates the table if there is none of its name (charged on demand),
    /// waits until it can be used, sets its TTL attribute, protects it as the
    /// options say, and checks it. A table that is there is protected likewise.
    ///
    /// # Errors
    ///
    /// Those of [`check_table`](Self::check_table);
    /// [`ErrorKind::Unavailable`](playerdata_core::backend::ErrorKind::Unavailable)
    /// if the table can't be used after two minutes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: calling again goes on from there.
    pub async fn create_table(&self) -> Result<()> {
        schema::create(&self.table, self.protection).await
    }

    /// Checks that the table is there, has the keys that this backend needs,
    /// and takes transactions. Meant for the start of a server.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`](playerdata_core::backend::ErrorKind::Rejected),
    /// whose source is an [`UnfitTable`](crate::UnfitTable) with everything
    /// that is wrong, if the table does not fit; otherwise as DynamoDB fails.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn check_table(&self) -> Result<()> {
        schema::check(&self.table).await
    }
}

#[async_trait]
impl Backend for DynamoDbBackend {
    fn name(&self) -> &'static str {
        "dynamodb"
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn hazards(&self) -> Result<Vec<Hazard>> {
        self.hazards.of(&self.table).await
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        lease::renew(&self.table, &*self.clock, server, ttl).await
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        lease::drop(&self.table, &*self.clock, server).await
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        let skew = self.max_clock_skew;
        let left = lease::left(&self.table, &*self.clock, skew, server).await?;
        Ok(left.is_some())
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        lock::acquire(&self.table, player, claimant, replacing).await
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        lock::release(&self.table, player, session).await
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        lock::holder(&self.table, player).await
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        notices::notify(&self.table, &*self.clock, server, notice).await
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        slot::open(&self.table, claim).await
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        let limit = self.limits.max_body_bytes;
        if body.bytes.len() > limit {
            return Err(slot::too_large(claim, body.bytes.len(), limit));
        }
        slot::write(&self.table, claim, stamp, Some(body)).await
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        slot::write(&self.table, claim, stamp, None).await
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        slot::view(&self.table, player, slot).await
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        slot::list(&self.table, player).await
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        crate::erase::erase(&self.table, player).await
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        mail::post(&self.table, player, slot, letter).await
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        mail::letters(&self.table, player, slot, after, limit).await
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        mail::discard(&self.table, &*self.clock, (player, slot), id, posting).await
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        mail::settle(&self.table, &*self.clock, (player, slot), id, posting).await
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        mail::known(&self.table, player, after, limit).await
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        trade::decide(&self.table, &*self.clock, trade, verdict).await
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        trade::forget(&self.table, &*self.clock, trade, party).await
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        version::keep(&self.table, &*self.clock, claim, policy).await
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        version::list(&self.table, player, slot).await
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        version::read(&self.table, player, slot, revision).await
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        players::page(&self.table, after, limit).await
    }
}
