//! The backend.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_core::{
    ClaimNumber, LetterId, PlayerId, Revision, ServerId, ServerName, SessionId, SlotName, TradeId,
    WriteId,
    backend::{
        Acquisition, Admission, Backend, BackendError, Body, Claim, Claimant, Effect, Erasure,
        ErrorKind, Hazard, KeepPolicy, Keeping, KnownLetter, Letter, LetterPosition, Limits, Lock,
        Notice, Notification, Opening, Party, PlayersCursor, PlayersPage, Posting, Record, Release,
        Renewal, Result, SlotSummary, Stamp, Verdict, VersionSummary, WaitingLetter, WriteOutcome,
    },
};
use redis::{Client, ConnectionInfo, RedisError, aio::ConnectionManager};

use crate::{
    RedisOptions, RedisUrl, error, hazards, hazards::Eviction, keys::Keys, lease, link::Link, lock,
    looks::Looks, mail, players, slot, store::Store, tls, trade, version,
};

/// Players' locks, leases and slots in Redis or Valkey: on one server, on a
/// primary that Sentinel names, or on a Cluster.
///
/// A save is one plain `SET … XX`. Connections are shared by all calls,
/// encrypted and authenticated as the URL says, and replaced when they break.
pub struct RedisBackend {
    store: Store,
}

impl fmt::Debug for RedisBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RedisBackend");
        debug.field("options", &self.store.options);
        debug.finish_non_exhaustive()
    }
}

impl RedisBackend {
    /// Connects to the server at a URL such as `redis://127.0.0.1`, or to the
    /// Cluster that it is a node of, or by Sentinel, with the default options.
    /// [`RedisUrl`] says what a URL can have.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use playerdata_redis::RedisBackend;
    ///
    /// let backend = RedisBackend::connect("redis://:secret@127.0.0.1:6379").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`] if the URL makes no sense, the server refuses
    /// the credentials, or the URL asks for TLS and the feature `tls` is off;
    /// [`ErrorKind::Unavailable`] if the server can't be reached.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing in the store.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with([url], RedisOptions::default()).await
    }

    /// Connects with the given options: to one server, or, given several
    /// URLs, to the Cluster whose nodes they are. One node is enough to find
    /// the others; more are for the case that it is down. A single URL can have
    /// several hosts, and is the only way to name Sentinels.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect), and [`ErrorKind::Rejected`] for
    /// options that make no sense.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing in the store.
    pub async fn connect_with<'a>(
        urls: impl IntoIterator<Item = &'a str>,
        options: RedisOptions,
    ) -> Result<Self> {
        let parse = |url: &str| {
            let parsed = url.parse::<RedisUrl>();
            parsed.map_err(|invalid| rejected("a URL that can't be used").with_source(invalid))
        };
        let urls: Vec<_> = urls.into_iter().map(parse).collect::<Result<_>>()?;
        if let [url] = urls.as_slice() {
            return url.connect(options).await;
        }
        if urls.iter().any(RedisUrl::is_by_sentinel) {
            return Err(rejected(
                "Sentinels go into a single URL, with nothing else beside it",
            ));
        }
        let clients = urls.iter().map(RedisUrl::clients);
        let clients = clients.collect::<std::result::Result<Vec<_>, _>>();
        let clients: Vec<_> = clients.map_err(unusable)?.into_iter().flatten().collect();
        Self::from_clients(&clients, options).await
    }

    /// Connects to the primary that Sentinels name, through clients that the
    /// caller has set up, with certificates of their own for instance:
    /// `sentinels` are clients of the Sentinels, `name` is what they call the
    /// primary, and `primary` is a client whose address does not matter, but
    /// the rest of it does.
    ///
    /// # Errors
    ///
    /// Those of [`connect_with`](Self::connect_with).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing in the store.
    pub async fn from_sentinels(
        sentinels: &[Client],
        name: &str,
        primary: &Client,
        options: RedisOptions,
    ) -> Result<Self> {
        let keys = keys(&options)?;
        tls::prepare();
        let options = Arc::new(options);
        let infos = sentinels.iter().map(Client::get_connection_info);
        let infos: Vec<ConnectionInfo> = infos.cloned().collect();
        let link = Link::by_sentinels(infos, name.to_owned(), primary, &options).await?;
        Ok(Self::on(link, keys, options))
    }

    /// Connects through clients that the caller has set up, with certificates
    /// of their own for instance. Several are nodes of one Cluster; the others
    /// are connected to in the way of the first.
    ///
    /// # Errors
    ///
    /// Those of [`connect_with`](Self::connect_with).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing in the store.
    pub async fn from_clients(clients: &[Client], options: RedisOptions) -> Result<Self> {
        let keys = keys(&options)?;
        tls::prepare();
        let options = Arc::new(options);
        let link = Link::connect(clients, &options).await?;
        Ok(Self::on(link, keys, options))
    }

    /// Uses a connection to one server that the caller has made and may use
    /// for other things too.
    ///
    /// There is no such constructor for the client crate's cluster connection:
    /// it sends commands again after a broken connection, which could let an
    /// older save land on a newer one.
    ///
    /// If it turns out to lead to a replica, it is closed (`QUIT`), so that the
    /// manager connects again: where an address moves with the primary, it then
    /// leads to the new one. What else was under way on it fails.
    ///
    /// # Errors
    ///
    /// Those of [`connect_with`](Self::connect_with), and
    /// [`ErrorKind::Rejected`] for options that take connections of the
    /// backend's own: `min_replicas`, `confirm_on_disk` and `credentials`.
    pub fn from_connection(connection: ConnectionManager, options: RedisOptions) -> Result<Self> {
        let keys = keys(&options)?;
        if options.confirms() {
            let what = "waiting for replicas takes connections of its own: connect by URL";
            return Err(rejected(what));
        }
        if options.credentials.is_some() {
            let what = "an existing connection takes no credentials: connect by URL";
            return Err(rejected(what));
        }
        let link = Link::ready(connection, &options);
        Ok(Self::on(link, keys, Arc::new(options)))
    }

    fn on(link: Link, keys: Keys, options: Arc<RedisOptions>) -> Self {
        let store = Store {
            looks: Looks::new(options.lock_check_interval),
            link,
            keys,
            options,
            eviction: Eviction::default(),
        };
        Self { store }
    }
}

fn keys(options: &RedisOptions) -> Result<Keys> {
    if options.operation_timeout < Duration::from_millis(4) {
        return Err(rejected("an operation_timeout of less than 4 ms"));
    }
    if options.confirms() && options.replica_timeout >= options.operation_timeout {
        return Err(rejected(
            "a replica_timeout that is not below the operation_timeout",
        ));
    }
    Keys::new(&options.namespace)
        .map_err(|invalid| rejected("an unusable namespace").with_source(invalid))
}

fn rejected(what: &'static str) -> BackendError {
    BackendError::new(ErrorKind::Rejected, Effect::None, what)
}

pub(crate) fn unusable(error: RedisError) -> BackendError {
    rejected("a URL that can't be used").with_source(error)
}

#[async_trait]
impl Backend for RedisBackend {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn limits(&self) -> Limits {
        Limits::new(slot::MAX_BODY_BYTES)
    }

    async fn hazards(&self) -> Result<Vec<Hazard>> {
        let store = &self.store;
        let found = hazards::find(&store.link, &store.options, &store.eviction).await;
        found.map_err(|failure| {
            error::of_question(failure.into(), "the settings of Redis could not be read")
        })
    }

    async fn renew_lease(&self, server: &ServerId, ttl: Duration) -> Result<Renewal> {
        lease::renew(&self.store, server, ttl).await
    }

    async fn drop_lease(&self, server: &ServerId) -> Result<()> {
        lease::drop(&self.store, server).await
    }

    async fn lease_is_live(&self, server: &ServerId) -> Result<bool> {
        Ok(lease::left(&self.store, server).await?.is_some())
    }

    async fn acquire(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
    ) -> Result<Acquisition> {
        lock::acquire(&self.store, player, claimant, replacing).await
    }

    async fn acquire_and_open(
        &self,
        player: &PlayerId,
        claimant: &Claimant,
        replacing: Option<SessionId>,
        slot: &SlotName,
    ) -> Result<Admission> {
        lock::acquire_and_open(&self.store, player, claimant, replacing, slot).await
    }

    async fn release(&self, player: &PlayerId, session: SessionId) -> Result<Release> {
        lock::release(&self.store, player, session, &[]).await
    }

    async fn release_knowing(
        &self,
        player: &PlayerId,
        session: SessionId,
        claims: &[(SlotName, ClaimNumber)],
    ) -> Result<Release> {
        lock::release(&self.store, player, session, claims).await
    }

    async fn holder(&self, player: &PlayerId) -> Result<Option<Lock>> {
        lock::holder(&self.store, player).await
    }

    async fn notify(&self, server: &ServerName, notice: &Notice) -> Result<Notification> {
        lease::notify(&self.store, server, notice).await
    }

    async fn open(&self, claim: &Claim) -> Result<Opening> {
        slot::open(&self.store, claim).await
    }

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        slot::save(&self.store, claim, stamp, body).await
    }

    async fn delete(&self, claim: &Claim, stamp: &Stamp) -> Result<WriteOutcome> {
        slot::write(&self.store, claim, stamp, None).await
    }

    async fn view(&self, player: &PlayerId, slot: &SlotName) -> Result<Option<Record>> {
        slot::view(&self.store, player, slot).await
    }

    async fn list(&self, player: &PlayerId) -> Result<Vec<SlotSummary>> {
        slot::list(&self.store, player).await
    }

    async fn erase(&self, player: &PlayerId) -> Result<Erasure> {
        lock::erase(&self.store, player).await
    }

    async fn post(&self, player: &PlayerId, slot: &SlotName, letter: &Letter) -> Result<Posting> {
        mail::post(&self.store, player, slot, letter).await
    }

    async fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Result<Vec<WaitingLetter>> {
        mail::letters(&self.store, player, slot, after, limit).await
    }

    async fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        mail::discard(&self.store, player, slot, id, posting).await
    }

    async fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) -> Result<()> {
        mail::settle(&self.store, player, slot, id, posting).await
    }

    async fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Result<Vec<KnownLetter>> {
        mail::known(&self.store, player, after, limit).await
    }

    async fn decide(&self, trade: TradeId, verdict: Verdict) -> Result<Verdict> {
        trade::decide(&self.store, trade, verdict).await
    }

    async fn forget_decision(&self, trade: TradeId, party: Party) -> Result<()> {
        trade::forget(&self.store, trade, party).await
    }

    async fn keep_version(&self, claim: &Claim, policy: KeepPolicy) -> Result<Keeping> {
        version::keep(&self.store, claim, policy).await
    }

    async fn versions(&self, player: &PlayerId, slot: &SlotName) -> Result<Vec<VersionSummary>> {
        version::list(&self.store, player, slot).await
    }

    async fn version(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        revision: Revision,
    ) -> Result<Option<Record>> {
        version::read(&self.store, player, slot, revision).await
    }

    async fn players(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        players::page(&self.store, after, limit).await
    }
}
