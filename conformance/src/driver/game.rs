//! A server as a game runs it: a session manager on one of the clients, on a
//! connection that can fail.

use std::{fmt::Debug, ops::Deref, sync::Arc, time::Duration};

use playerdata_core::{
    Builder, Clock, Document, Event, Events, GameDocument, Migrations, OnConflict, PlayerId,
    ServerId, Session, SessionManager, Settings, ShutdownReport, Slot,
};
use playerdata_faults::{Fault, FaultyBackend, Odds, When};

use super::{Client, World, name};
use crate::{Fixture, Rule};

/// So often that a case need not wait for a notice.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// Sets a [`Game`] up.
#[derive(Debug)]
#[must_use]
pub struct GameSetup {
    client: Client,
    server: String,
    settings: Settings,
    migrations: Migrations,
    clock: Arc<dyn Clock>,
}

impl GameSetup {
    /// A game whose autosave does not come round, and whose lease does not
    /// lapse, within a case.
    pub(super) fn new(client: &Client, server: &str) -> Self {
        let mut settings = Settings::default();
        settings.autosave_interval = Duration::from_hours(24);
        settings.force_save_every = 0;
        settings.heartbeat_interval = HEARTBEAT;
        settings.lock_expiry = Duration::from_hours(1);
        settings.operation_timeout = Duration::from_secs(20);
        settings.retry_delay = Duration::from_millis(10);
        Self {
            client: client.clone(),
            server: server.to_owned(),
            settings,
            migrations: Migrations::default(),
            clock: client.world().clock(),
        }
    }

    /// Changes the settings.
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Gives the server a lease that can lapse within a case: see
    /// [`Game::let_lapse`].
    pub fn mortal(self, fixture: &Fixture) -> Self {
        self.settings(|settings| {
            settings.lock_expiry = fixture.lock_expiry();
            settings.operation_timeout = fixture.lock_expiry() - 2 * HEARTBEAT;
        })
    }

    /// Lets the autosave come round again and again within a case.
    pub fn autosaving(self, force_save_every: u32) -> Self {
        self.settings(|settings| {
            settings.autosave_interval = Duration::from_millis(100);
            settings.force_save_every = force_save_every;
        })
    }

    /// Sets the schema version of documents, and the steps to it.
    pub fn migrations(mut self, migrations: Migrations) -> Self {
        self.migrations = migrations;
        self
    }

    /// Gives the server another clock than the one that all share.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Starts it, which has to work.
    pub async fn start(self) -> Game {
        self.start_with(SessionManager::builder).await
    }

    /// Starts it with documents of the game's own type, which has to work.
    pub async fn start_typed<D: GameDocument>(
        self,
        defaults: impl Fn(&PlayerId) -> D + Send + Sync + 'static,
    ) -> Game<D> {
        self.start_with(|backend| SessionManager::typed(backend, defaults))
            .await
    }

    async fn start_with<D: GameDocument>(
        self,
        builder: impl FnOnce(Arc<dyn playerdata_core::backend::Backend>) -> Builder<D>,
    ) -> Game<D> {
        let world = self.client.world().clone();
        let wire = FaultyBackend::new(Arc::clone(self.client.backend()));
        let started = builder(Arc::new(wire.clone()))
            .server_name(name(&self.server))
            .settings(self.settings)
            .migrations(self.migrations)
            .clock(self.clock)
            .ids(world.ids())
            .start()
            .await;
        let manager = world.works(Rule::L7, "a server starts", started);
        Game {
            events: manager.events(),
            manager,
            wire,
            world,
        }
    }
}

/// A running server with its session manager.
///
/// Everything that [`SessionManager`] does can be done with it; the methods
/// here are those that have to work, and those by which things go wrong.
#[derive(Debug)]
pub struct Game<D: GameDocument = Document> {
    manager: SessionManager<D>,
    events: Events,
    wire: FaultyBackend,
    world: World,
}

impl<D: GameDocument> Deref for Game<D> {
    type Target = SessionManager<D>;

    fn deref(&self) -> &SessionManager<D> {
        &self.manager
    }
}

impl<D: GameDocument> Game<D> {
    /// What this game shares with the others of its case.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Starts the session of a player whom nobody holds, or whose holder's
    /// lease is over.
    pub async fn join(&self, player: &PlayerId) -> Session<D> {
        self.join_with(player, OnConflict::Fail).await
    }

    /// Starts the session of a player in some way, which has to work.
    pub async fn join_with(&self, player: &PlayerId, on_conflict: OnConflict) -> Session<D> {
        let started = self.start_session_with(player.clone(), on_conflict).await;
        let what = format!("{} gets the player ({on_conflict:?})", self.server().name);
        self.world.works(Rule::L1, &what, started)
    }

    /// The session of a player, asked for as a game does that waits for the
    /// holder for as long as it takes.
    pub async fn take_over(&self, player: &PlayerId) -> Session<D> {
        let within = self.world.patience();
        self.join_with(player, OnConflict::HandOver { within })
            .await
    }

    /// The session of a player whom nobody holds, with the slot of cases that
    /// need only one.
    pub async fn play(&self, player: &PlayerId) -> (Session<D>, Slot<D>) {
        let session = self.join(player).await;
        let slot = self.load(&session, "Slot1").await;
        (session, slot)
    }

    /// Loads a slot, which has to work.
    pub async fn load(&self, session: &Session<D>, slot: &str) -> Slot<D> {
        let loaded = session.load_slot(slot).await;
        self.world.works(Rule::S1, "a slot is loaded", loaded)
    }

    /// Ends a session, which has to work.
    pub async fn end(&self, session: &Session<D>) {
        let ended = session.end().await;
        self.world.works(Rule::E1, "a session ends", ended);
    }

    /// Waits until the game is told something.
    pub async fn told<T>(
        &mut self,
        rule: Rule,
        what: &str,
        mut pick: impl FnMut(Event) -> Option<T>,
    ) -> T {
        let telling = async {
            loop {
                let event = self.events.next().await?;
                self.world
                    .history()
                    .note(format!("{} is told {event:?}", self.manager.server().name));
                if let Some(picked) = pick(event) {
                    return Some(picked);
                }
            }
        };
        match tokio::time::timeout(self.world.patience(), telling).await {
            Ok(Some(told)) => told,
            _ => self
                .world
                .fail(rule, &format!("the game hears in time: {what}")),
        }
    }

    /// What the game was told and has not listened to yet.
    pub fn told_so_far(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.try_next()).collect()
    }

    /// Lets something go wrong between this server and the store.
    pub fn inject(&self, when: When, fault: Fault) {
        let server = &self.manager.server().name;
        self.world
            .history()
            .note(format!("{server}: {fault:?} for {when}"));
        self.wire.inject(when, fault);
    }

    /// Lets things go wrong at random between this server and the store.
    pub fn try_luck(&self, odds: Odds, seed: u64) {
        let server = &self.manager.server().name;
        self.world
            .history()
            .note(format!("{server}: bad luck from now on, seed {seed}"));
        self.wire.with_odds(odds, seed);
    }

    /// Ends everything that goes wrong between this server and the store.
    pub fn calm(&self) {
        let server = &self.manager.server().name;
        self.world.history().note(format!("{server}: all is well"));
        self.wire.calm();
    }

    /// Shuts the manager down, as [`SessionManager::shutdown`] does.
    pub async fn shutdown(self, deadline: Duration) -> ShutdownReport<D> {
        self.manager.shutdown(deadline).await
    }

    /// Kills the server: nothing of it reaches the store any more. What game
    /// code has of it is good for nothing from then on.
    #[must_use = "who it was tells when its lease lapses"]
    pub fn crash(self) -> Crashed {
        let server = self.manager.server().clone();
        self.world.history().note(format!("{server} crashes"));
        self.wire.cut();
        Crashed {
            server,
            expiry: self.manager.settings().lock_expiry,
        }
    }

    /// Stops the server, as if its process were stopped: what it sends and
    /// what it is sent waits until it is [thawed](Self::thaw).
    pub fn freeze(&self) {
        let server = &self.manager.server().name;
        self.world.history().note(format!("{server} is frozen"));
        self.wire.pause_for(Duration::from_hours(1));
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        let server = &self.manager.server().name;
        self.world.history().note(format!("{server} is thawed"));
        self.wire.reconnect();
    }

    /// Returns when the lease of this server, which can't renew it, has
    /// lapsed.
    pub async fn let_lapse(&self, fixture: &Fixture) {
        let expiry = self.manager.settings().lock_expiry;
        fixture.let_lapse(self.manager.server(), expiry).await;
    }
}

/// A server that is gone.
#[derive(Debug)]
pub struct Crashed {
    server: ServerId,
    expiry: Duration,
}

impl Crashed {
    /// Returns when its lease has lapsed.
    pub async fn let_lapse(&self, fixture: &Fixture) {
        fixture.let_lapse(&self.server, self.expiry).await;
    }
}
