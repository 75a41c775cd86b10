//! Setting a manager up and starting it.

use std::{
    collections::VecDeque,
    fmt,
    panic::resume_unwind,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{runtime::Handle, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{SessionManager, origin::MakeOrigin};
use crate::{
    Clock, Document, DocumentError, EndReason, Error, GameDocument, HookContext, IdSource,
    Incarnation, InventoryLimits, Letter, PlayerId, RandomIds, ServerId, ServerName, Settings,
    SettingsError, SystemClock,
    autosave::Wheel,
    backend::{Backend, Client, Hazard, HazardKind, Renewal},
    clock::Jitter,
    codec::Codec,
    engine::{
        Background, Engine, Errands, EventSender, HazardWatch, Hooks, ParcelHooks, Shutdown,
        find_hazards,
    },
    excerpt::Chain,
    schema::Migrations,
    state::{Gate, Kept, LeaseWatch, Moment, Orphans, Registry},
};

/// How often a start makes another incarnation, if others of the same name
/// start at the same time.
const MAX_INCARNATIONS: usize = 5;

/// Why a manager could not be started.
///
/// The text says so down to the last cause, so that there is no
/// [`source`](std::error::Error::source) to say it again.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// use playerdata_core::{SessionManager, Settings, StartError};
///
/// let mut settings = Settings::default();
/// settings.save_attempts = 0;
/// let started = SessionManager::builder(backend).settings(settings).start().await;
/// match started {
///     Err(StartError::Settings(problems)) => eprintln!("{problems}"),
///     Err(error) => return Err(error.into()),
///     Ok(_) => unreachable!("0 attempts are not allowed"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The settings can't be used; all that is wrong with them is in it.
    Settings(SettingsError),
    /// `default_data` is not a document.
    DefaultData(DocumentError),
    /// The store could not be asked for a lease, or refuses one.
    Store(Box<Error>),
    /// The store is set up so that it may drop player data while it runs, or
    /// is not the one at its address any more. Change its settings, or
    /// [accept](Builder::accept_hazard) the kind.
    Hazard {
        /// The first that was found.
        hazard: Hazard,
    },
    /// There is no tokio runtime to run on: call [`start`](Builder::start)
    /// within one, or pass one with [`runtime`](Builder::runtime).
    NoRuntime,
    /// The runtime has no timers: build it with `enable_time` or `enable_all`.
    NoTimers,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(problems) => write!(f, "the settings can't be used: {problems}"),
            Self::DefaultData(error) => write!(f, "default_data is not a document: {}", Chain(error)),
            Self::Store(error) => write!(f, "the server could not take its lease: {error}"),
            Self::Hazard { hazard } => {
                let kind = hazard.kind;
                write!(f, "the store may lose player data ({kind}): {hazard}")
            }
            Self::NoRuntime => f.write_str(
                "there is no tokio runtime: start the manager within one, or pass one to the builder",
            ),
            Self::NoTimers => {
                f.write_str("the tokio runtime has no timers: build it with `enable_time`")
            }
        }
    }
}

impl std::error::Error for StartError {}

impl From<SettingsError> for StartError {
    fn from(problems: SettingsError) -> Self {
        Self::Settings(problems)
    }
}

/// Sets up a [`SessionManager`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// use std::time::Duration;
///
/// use playerdata_core::{ServerName, SessionManager, Settings};
///
/// let mut settings = Settings::default();
/// settings.autosave_interval = Duration::from_secs(10);
/// let manager = SessionManager::builder(backend)
///     .settings(settings)
///     .server_name(ServerName::new("eu-1")?)
///     .before_save(|context, _document| println!("saving {}", context.player))
///     .start()
///     .await?;
/// # assert_eq!(manager.server().name.as_str(), "eu-1");
/// # Ok(())
/// # }
/// ```
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
    runtime: Option<Handle>,
    make_origin: MakeOrigin<D>,
}

impl Builder<Document> {
    pub(crate) fn of_documents(backend: Arc<dyn Backend>) -> Self {
        let letters = Hooks::with_letters(|_, document: &mut Document, letter| {
            let bank = document.gift_bank_mut();
            bank.put(letter.id().as_str(), letter.content())
        });
        Self {
            hooks: Hooks {
                parcels: Some(ParcelHooks::new()),
                ..letters
            },
            ..Self::new(backend, MakeOrigin::of_documents())
        }
    }
}

impl<D: GameDocument> Builder<D> {
    pub(crate) fn of(
        backend: Arc<dyn Backend>,
        defaults: impl Fn(&PlayerId) -> D + Send + Sync + 'static,
    ) -> Self {
        Self::new(backend, MakeOrigin::of(defaults))
    }

    fn new(backend: Arc<dyn Backend>, make_origin: MakeOrigin<D>) -> Self {
        Self {
            backend,
            settings: Settings::default(),
            server_name: None,
            migrations: Migrations::default(),
            hooks: Hooks::default(),
            accepted_hazards: Vec::new(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            runtime: None,
            make_origin,
        }
    }

    /// Uses these settings instead of the defaults.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Passes the limits of the settings (`max_inventory_items`,
    /// `max_item_quantity`) to a game's own type, which alone knows where its
    /// inventories are. `limit` runs on every document that is made or loaded,
    /// and after every change, which may have put another inventory in its
    /// place. A [`Document`] has its limits without this.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use playerdata_core::{Inventory, SessionManager};
    /// # #[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
    /// # struct Profile { inventory: Inventory }
    /// # fn set_up(backend: Arc<dyn playerdata_core::backend::Backend>) {
    /// let builder = SessionManager::typed(backend, |_| Profile::default())
    ///     .limits(|profile, limits| profile.inventory.set_limits(limits));
    /// # }
    /// ```
    #[must_use]
    pub fn limits(
        mut self,
        limit: impl Fn(&mut D, InventoryLimits) + Send + Sync + 'static,
    ) -> Self {
        self.make_origin = self.make_origin.limited(limit);
        self
    }

    /// Names the server. A server that restarts under its name has its
    /// players back at once; two servers must never run under one name.
    /// Without this, each start generates a name.
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

    pub(super) fn set_parcels(&mut self, parcels: ParcelHooks<D>) {
        self.hooks.parcels = Some(parcels);
    }

    /// Says what to do with a letter that was [sent](SessionManager::send) to a
    /// slot: `on_letter` changes the document, on a copy, before game code sees
    /// the slot, or within a heartbeat if it is open. The letter counts as
    /// applied in the same write as the change, so that it is applied exactly
    /// once.
    ///
    /// If it fails or panics, the document is as it was before, the letter
    /// stays in the mailbox, and [`Event::LetterRefused`](crate::Event) says
    /// so; it is tried again at the next load. It runs on the runtime's threads
    /// for what blocks, and keeps the slot as a closure of
    /// [`modify`](crate::Slot::modify) does.
    ///
    /// Without this, letters for a game's own type wait; a [`Document`] has
    /// them in its gift bank.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use playerdata_core::{GiftBank, SessionManager};
    /// # #[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
    /// # struct Profile { gifts: GiftBank }
    /// # fn set_up(backend: Arc<dyn playerdata_core::backend::Backend>) {
    /// let builder = SessionManager::typed(backend, |_| Profile::default())
    ///     .on_letter(|_, profile, letter| profile.gifts.put(letter.id().as_str(), letter.content()));
    /// # }
    /// ```
    #[must_use]
    pub fn on_letter<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        mut self,
        on_letter: impl Fn(&HookContext, &mut D, &Letter) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.on_letter = Hooks::with_letters(on_letter).on_letter;
        self
    }

    /// Accepts a kind of hazard under which the manager would not start
    /// ([`HazardKind::is_fatal`]): say, a cache that may evict players, in a
    /// game whose data is worth no more. It is still reported as an event.
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

    /// Runs everything on this runtime instead of the current one: for a
    /// program whose game code runs without one.
    ///
    /// It has to have timers, and to be run by somebody: a runtime of the
    /// current thread does nothing while nobody is in its `block_on`.
    #[must_use]
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Checks the settings, takes the server's lease, and starts the heartbeat
    /// and the autosave, on the current tokio runtime unless
    /// [another](Self::runtime) was given. What the
    /// store's own settings could lose is logged, and an event
    /// ([`Event::StoreAtRisk`](crate::Event::StoreAtRisk)).
    ///
    /// # Errors
    ///
    /// [`StartError`]: settings that can't be used, all faults at once, a
    /// store that can't be reached within `operation_timeout`, or one that
    /// may drop what it acknowledged, or no runtime that could do the work.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a manager that was started for nobody is shut down.
    pub async fn start(mut self) -> Result<SessionManager<D>, StartError> {
        let named = self.runtime.take();
        let runtime = named.or_else(|| Handle::try_current().ok());
        let runtime = runtime.ok_or(StartError::NoRuntime)?;
        // There is no other way to ask a runtime than to try.
        if let Err(error) = runtime.spawn(async { sleep(Duration::ZERO).await }).await {
            return Err(if error.is_panic() {
                StartError::NoTimers
            } else {
                StartError::NoRuntime
            });
        }
        match runtime.spawn(self.start_on(runtime.clone())).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Err(StartError::NoRuntime),
            },
        }
    }

    async fn start_on(self, runtime: Handle) -> Result<SessionManager<D>, StartError> {
        self.make_origin.check(&self.settings)?;
        let origin = self.make_origin.make(&self.settings)?;
        let jitter = Arc::new(Jitter::new(&*self.ids));
        let store = Client::new(self.backend, &self.settings, Arc::clone(&jitter));
        let asked_at = Moment::now(&*self.clock);
        let name = self.server_name.unwrap_or_else(|| made_up_name(&*self.ids));
        let lease = take_lease(&store, &self.settings, name, &*self.clock, &*self.ids);
        // At the same time, so that a start takes no longer for it.
        let (server, found) = tokio::join!(lease, find_hazards(&store));
        let server = server.map_err(|error| StartError::Store(Box::new(error)))?;
        let watch = HazardWatch::new(self.accepted_hazards);
        if let Some(hazard) = watch.refused(&found).next() {
            let hazard = hazard.clone();
            give_back(&store, &server).await;
            return Err(StartError::Hazard { hazard });
        }
        tracing::info!(%server, backend = store.backend().name(), "session manager started");
        let gate = Gate::new(server.name.clone(), self.settings.lock_expiry);
        let engine = Engine {
            codec: Codec::new(&self.settings, &*self.ids),
            background: Background::new(&self.settings),
            errands: Errands::default(),
            autosave: Wheel::new(&self.settings),
            settings: self.settings,
            store,
            migrations: self.migrations,
            plain: Arc::new(origin.plain_envelope()),
            origin,
            hooks: self.hooks,
            events: EventSender::new(found),
            clock: self.clock,
            ids: self.ids,
            jitter,
            server,
            registry: Registry::default(),
            kept: Kept::new(),
            orphans: Orphans::default(),
            hazards: watch,
            lease: parking_lot::Mutex::new(LeaseWatch::renewed(asked_at)),
            runtime,
            gate: Arc::new(gate),
            stop: CancellationToken::new(),
            quiet: CancellationToken::new(),
            shutdown: Shutdown::default(),
            left_behind: parking_lot::Mutex::new(VecDeque::new()),
            end_dropped: OnceLock::new(),
        };
        Ok(SessionManager::run(Arc::new(engine)))
    }
}

fn made_up_name(ids: &dyn IdSource) -> ServerName {
    ServerName::new(format!("server-{}", ids.next_id().simple()))
        .expect("a word and a GUID are short, and plain letters and digits")
}

/// Drops the lease of a server that does not start after all.
async fn give_back(store: &Client, server: &ServerId) {
    if let Err(failure) = store.drop_lease(server).await {
        let why = Error::from(failure);
        tracing::warn!(%server, error = %Chain(&why), "the lease is left to lapse");
    }
}

/// Takes the lease of the server's name under an incarnation that is later
/// than all before it.
async fn take_lease(
    store: &Client,
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
        let (renewal, _) = store.renew_lease(&server, settings.lock_expiry).await;
        match renewal? {
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
