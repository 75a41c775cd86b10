//! Setting a manager up and starting it.

use std::sync::Arc;

use serde_json::Value;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    SessionManager,
    background::Background,
    hazards::{self, HazardWatch},
    lease::{LeaseWatch, Moment},
    orphans::Orphans,
    registry::Registry,
    shared::Shared,
};
use crate::{
    Clock, Document, DocumentError, EndReason, Error, GameDocument, HookContext, IdSource,
    Incarnation, PlayerId, RandomIds, ServerId, ServerName, Settings, SettingsError, SystemClock,
    autosave::Autosave,
    backend::{Backend, Hazard, HazardKind, Renewal},
    codec::Codec,
    document_type::Origin,
    error::Chain,
    event::EventSender,
    hook::Hooks,
    schema::Migrations,
    slot::Kept,
    store::Store,
};

/// How often a start makes its incarnation anew, if others of the same name
/// start at the same time.
const MAX_INCARNATIONS: usize = 5;

/// Why a manager could not be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The settings can't be used; all that is wrong with them is in it.
    #[error("the settings can't be used")]
    Settings(#[from] SettingsError),
    /// `default_data` is no document.
    #[error("default_data is no document")]
    DefaultData(#[source] DocumentError),
    /// The store could not be asked for a lease, or refuses one.
    #[error("the server could not take its lease")]
    Store(#[source] Box<Error>),
    /// The store is set up so that it may drop player data while it runs, or
    /// is not the one at its address any more (S13). Change its settings, or
    /// [accept](Builder::accept_hazard) the kind.
    #[error("the store may lose player data ({kind}): {hazard}", kind = .hazard.kind)]
    Hazard {
        /// The first that was found.
        hazard: Hazard,
    },
}

/// Sets up a [`SessionManager`].
#[derive(Debug)]
pub struct Builder<D: GameDocument> {
    backend: Arc<dyn Backend>,
    settings: Settings,
    server_name: Option<ServerName>,
    migrations: Migrations,
    hooks: Hooks<D>,
    accepted_hazards: Vec<HazardKind>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    make_origin: MakeOrigin<D>,
}

/// Makes the origin of documents once the settings are final.
struct MakeOrigin<D>(MakeOriginFn<D>);

type MakeOriginFn<D> = Box<dyn FnOnce(&Settings) -> Result<Origin<D>, StartError> + Send>;

impl<D> std::fmt::Debug for MakeOrigin<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MakeOrigin")
    }
}

impl Builder<Document> {
    pub(crate) fn of_documents(backend: Arc<dyn Backend>) -> Self {
        Self::new(backend, Box::new(document_origin))
    }
}

/// A [`Document`]'s defaults and rules are those of the settings.
fn document_origin(settings: &Settings) -> Result<Origin<Document>, StartError> {
    let rules = settings.document_rules();
    let json = Value::Object(settings.default_data.clone());
    // Parsed afresh for every player, so that no two share anything (S7).
    Document::from_json(json.clone()).map_err(StartError::DefaultData)?;
    let defaults = move |_: &PlayerId| {
        Document::from_json(json.clone()).expect("the same JSON has just been read")
    };
    let prepare = move |document: &mut Document| document.set_rules(rules);
    Ok(Origin {
        defaults: Box::new(defaults),
        prepare: Box::new(prepare),
    })
}

impl<D: GameDocument> Builder<D> {
    pub(crate) fn of(
        backend: Arc<dyn Backend>,
        defaults: impl Fn(&PlayerId) -> D + Send + Sync + 'static,
    ) -> Self {
        let origin = Origin {
            defaults: Box::new(defaults),
            prepare: Box::new(|_| ()),
        };
        Self::new(backend, Box::new(|_| Ok(origin)))
    }

    fn new(backend: Arc<dyn Backend>, make_origin: MakeOriginFn<D>) -> Self {
        Self {
            backend,
            settings: Settings::default(),
            server_name: None,
            migrations: Migrations::default(),
            hooks: Hooks::default(),
            accepted_hazards: Vec::new(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            make_origin: MakeOrigin(make_origin),
        }
    }

    /// Uses these settings instead of the defaults.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Names the server. A server that restarts under its name has its
    /// players back at once; two servers must never run under one name.
    /// Without this, each start makes up a name.
    #[must_use]
    pub fn server_name(mut self, name: ServerName) -> Self {
        self.server_name = Some(name);
        self
    }

    /// Sets the schema version of documents and how older ones are brought
    /// to it.
    #[must_use]
    pub fn migrations(mut self, migrations: Migrations) -> Self {
        self.migrations = migrations;
        self
    }

    /// Runs `hook` on every document that was loaded or made, before game
    /// code sees it.
    ///
    /// All hooks run synchronously on a copy of the document, which takes its
    /// place when they return, on the threads that the runtime has for what
    /// blocks. No game code waits for them. One that takes long delays the
    /// loads, saves and the end of its own slot only, and is named by
    /// [`Event::DocumentKept`](crate::Event::DocumentKept) if it takes longer
    /// than a heartbeat. They should not change the slot in any other way. One
    /// that panics changes nothing.
    #[must_use]
    pub fn on_load(mut self, hook: impl Fn(&HookContext, &mut D) + Send + Sync + 'static) -> Self {
        self.hooks.on_load = Some(Arc::new(hook));
        self
    }

    /// Runs `hook` on every document that is about to be saved.
    ///
    /// It runs again if game code changed the document meanwhile, up to four
    /// times for a save; then the last copy is what is saved, and does not
    /// take the document's place.
    #[must_use]
    pub fn before_save(
        mut self,
        hook: impl Fn(&HookContext, &mut D) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.before_save = Some(Arc::new(hook));
        self
    }

    /// Runs `hook` on every document of a session that is ending: the last
    /// chance to change it. Game code can't any more. If the end fails, it
    /// runs again at the next.
    #[must_use]
    pub fn before_last_save(
        mut self,
        hook: impl Fn(&HookContext, EndReason, &mut D) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.before_last_save = Some(Arc::new(hook));
        self
    }

    /// Puts up with a kind of hazard under which the manager would not start
    /// ([`HazardKind::is_fatal`]): say, a cache that may evict players, in a
    /// game whose data is worth no more. It is an event all the same.
    #[must_use]
    pub fn accept_hazard(mut self, kind: HazardKind) -> Self {
        self.accepted_hazards.push(kind);
        self
    }

    /// Takes the time of day from `clock`, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes fresh ids from `ids`, for tests.
    #[must_use]
    pub fn ids(mut self, ids: Arc<dyn IdSource>) -> Self {
        self.ids = ids;
        self
    }

    /// Checks the settings, takes the server's lease, and starts the
    /// heartbeat and the autosave on the current tokio runtime. What the
    /// store's own settings could lose is logged, and an event
    /// ([`Event::StoreAtRisk`](crate::Event::StoreAtRisk)).
    ///
    /// # Errors
    ///
    /// [`StartError`]: settings that can't be used, all faults at once, a
    /// store that can't be reached within `operation_timeout`, or one that
    /// may drop what it acknowledged.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: at worst a lease is left that lapses by itself.
    pub async fn start(self) -> Result<SessionManager<D>, StartError> {
        self.settings.check()?;
        let origin = (self.make_origin.0)(&self.settings)?;
        let store = Store::new(self.backend, &self.settings);
        let asked_at = Moment::now(&*self.clock);
        let name = self.server_name.unwrap_or_else(|| made_up_name(&*self.ids));
        let lease = take_lease(&store, &self.settings, name, &*self.clock, &*self.ids);
        // At the same time, so that a start takes no longer for it.
        let (server, found) = tokio::join!(lease, hazards::find(&store));
        let server = server.map_err(|error| StartError::Store(Box::new(error)))?;
        let watch = HazardWatch::new(self.accepted_hazards);
        if let Some(hazard) = watch.refused(&found).next() {
            let hazard = hazard.clone();
            give_back(&store, &server).await;
            return Err(StartError::Hazard { hazard });
        }
        tracing::info!(%server, backend = store.backend().name(), "session manager started");
        let shared = Shared {
            codec: Codec::new(&self.settings, &*self.ids),
            background: Background::new(&self.settings),
            autosave: Autosave::new(&self.settings),
            settings: self.settings,
            store,
            migrations: self.migrations,
            origin,
            hooks: self.hooks,
            events: EventSender::new(found),
            clock: self.clock,
            ids: self.ids,
            server,
            registry: Registry::default(),
            kept: Kept::new(),
            orphans: Orphans::default(),
            hazards: watch,
            lease: parking_lot::Mutex::new(LeaseWatch::renewed(asked_at)),
            runtime: Handle::current(),
            stop: CancellationToken::new(),
        };
        Ok(SessionManager::run(Arc::new(shared)))
    }
}

fn made_up_name(ids: &dyn IdSource) -> ServerName {
    ServerName::new(format!("server-{}", ids.next_id().simple()))
        .expect("a word and a GUID are short, and plain letters and digits")
}

/// Drops the lease of a server that does not start after all.
async fn give_back(store: &Store, server: &ServerId) {
    if let Err(failure) = store.drop_lease(server).await {
        let why = Error::from(failure);
        tracing::warn!(%server, error = %Chain(&why), "the lease is left to lapse");
    }
}

/// Takes the lease of the server's name under an incarnation that is later
/// than all before it.
async fn take_lease(
    store: &Store,
    settings: &Settings,
    name: ServerName,
    clock: &dyn Clock,
    ids: &dyn IdSource,
) -> Result<ServerId, Error> {
    let mut incarnation = Incarnation::starting_at(clock.now(), ids.next_id());
    for _ in 0..MAX_INCARNATIONS {
        let server = ServerId {
            name: name.clone(),
            incarnation,
        };
        match store.renew_lease(&server, settings.lock_expiry).await? {
            Renewal::Renewed { .. } => return Ok(server),
            Renewal::Superseded { by } => {
                incarnation = Incarnation::later_than(by, clock.now(), ids.next_id());
            }
        }
    }
    Err(Error::Superseded {
        server: name,
        by: incarnation,
    })
}
