//! The handle to a manager.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{Builder, Events, Session, Slot};
use crate::{
    Document, Error, GameDocument, Health, InvalidName, OnConflict, PlayerId, ServerId, Settings,
    ShutdownReport, SlotName, Unsaved, backend::Backend, engine::Engine, state::Held,
};

/// Keeps the sessions of one process: its lease, its heartbeat, its autosave.
/// Cheap to clone.
///
/// Every call works from any thread, with or without a runtime around it: what
/// takes time runs on the runtime that the manager was started on. If the last
/// handle is dropped without a [`shutdown`](Self::shutdown), all sessions are
/// still ended, in the background, as far as that runtime lets them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// use playerdata_core::SessionManager;
///
/// let manager = SessionManager::builder(backend).start().await?;
/// let session = manager.start_session(4711_u64).await?;
/// let slot = session.load_slot("Slot1").await?;
///
/// // Game code, synchronous from here.
/// slot.set("Currency", 500)?;
///
/// session.end().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SessionManager<D: GameDocument = Document> {
    pub(super) engine: Arc<Engine<D>>,
    /// Dropped with the last handle.
    owner: Arc<Owner<D>>,
}

#[derive(Debug)]
struct Owner<D: GameDocument>(Arc<Engine<D>>);

impl<D: GameDocument> Clone for SessionManager<D> {
    fn clone(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            owner: Arc::clone(&self.owner),
        }
    }
}

impl SessionManager<Document> {
    /// Sets up a manager whose slots hold [`Document`]s.
    #[must_use]
    pub fn builder(backend: Arc<dyn Backend>) -> Builder<Document> {
        Builder::of_documents(backend)
    }
}

impl<D: GameDocument> SessionManager<D> {
    /// Sets up a manager whose slots hold a game's own type. `defaults` makes
    /// a new player's document.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
    /// use playerdata_core::{Inventory, SessionManager};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Clone, Default, Serialize, Deserialize)]
    /// struct Profile {
    ///     gold: u64,
    ///     inventory: Inventory,
    /// }
    ///
    /// let manager = SessionManager::typed(backend, |_| Profile::default()).start().await?;
    /// let session = manager.start_session(4711_u64).await?;
    /// let slot = session.load_slot("Slot1").await?;
    /// slot.modify(|profile| profile.gold += 5)?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn typed(
        backend: Arc<dyn Backend>,
        defaults: impl Fn(&PlayerId) -> D + Send + Sync + 'static,
    ) -> Builder<D> {
        Builder::of(backend, defaults)
    }

    pub(super) fn run(engine: Arc<Engine<D>>) -> Self {
        engine.run();
        let owner = Arc::new(Owner(Arc::clone(&engine)));
        Self { engine, owner }
    }

    /// Who this server is, as locks in the store name it.
    #[must_use]
    pub fn server(&self) -> &ServerId {
        &self.engine.server
    }

    /// The settings it runs with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.engine.settings
    }

    /// How many sessions it holds or is about to.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.engine.registry.len()
    }

    /// Listens to what happens from now on, and first to what was found at the
    /// start ([`Event::StoreAtRisk`](crate::Event::StoreAtRisk)). A listener
    /// that is slow misses the oldest events, and is informed how many
    /// ([`Event::Lagged`](crate::Event::Lagged)); those about saves never crowd
    /// out the others.
    #[must_use]
    pub fn events(&self) -> Events {
        Events::of(self.engine.events.subscribe())
    }

    /// The session that this manager has of a player, with or without handles
    /// to it: to ask for its [`unsaved`](Session::unsaved) documents, say, or
    /// to [`abandon`](Session::abandon) one that can't be saved.
    ///
    /// While the handle is there, the session is not ended for want of one.
    #[must_use]
    pub fn session(&self, player: &PlayerId) -> Option<Session<D>> {
        let state = self.engine.registry.live(player)?;
        let held = Held::of(&state);
        Some(Session::new(held, &self.engine))
    }

    /// Takes what sessions here left unsaved when they were lost and nobody had
    /// a handle to them, or when the player was stolen from them on this
    /// server. Each document is given out once; the oldest of more than 1 000
    /// are dropped, and logged.
    #[must_use]
    pub fn take_unsaved(&self) -> Vec<Unsaved<D>> {
        self.engine.left_behind.lock().drain(..).collect()
    }

    /// Starts a session for a player, as
    /// [`start_session_with`](Self::start_session_with) does with the default
    /// [`OnConflict`], a hand-over.
    ///
    /// # Errors
    ///
    /// Those of [`start_session_with`](Self::start_session_with).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a session that was started for nobody is ended.
    pub async fn start_session<P>(&self, player: P) -> Result<Session<D>, Error>
    where
        P: TryInto<PlayerId, Error: Into<InvalidName>>,
    {
        self.start_session_with(player, OnConflict::default()).await
    }

    /// Starts a session for a player: takes the lock in the store.
    ///
    /// If this manager holds the player already, that session is ended
    /// properly first. If that can't be done because its document can't be
    /// saved, [`OnConflict::Steal`] gives it up, and
    /// [`take_unsaved`](Self::take_unsaved) has the document.
    ///
    /// # Errors
    ///
    /// [`Error::PlayerHeld`] names who holds the player.
    /// [`Error::StoreUnavailable`] comes within `operation_timeout` of a call
    /// to a store that is down. Whatever the error, no lock is left behind.
    ///
    /// A start of the same player that is under way, and the end of a session
    /// that this manager holds, are waited for first.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. A start that is given up stops at once: nothing that comes
    /// after it waits for it, and it asks for nobody's session any more.
    /// A session that was started for nobody is ended.
    pub async fn start_session_with<P>(
        &self,
        player: P,
        on_conflict: OnConflict,
    ) -> Result<Session<D>, Error>
    where
        P: TryInto<PlayerId, Error: Into<InvalidName>>,
    {
        let player = player.try_into().map_err(Into::into)?;
        let given_up = CancellationToken::new();
        let _unless_awaited = given_up.clone().drop_guard();
        let start = Arc::clone(&self.engine).start(player.clone(), on_conflict, given_up);
        let started = self
            .engine
            .run_to_the_end(&player, "starting the session", start)
            .await?;
        Ok(Session::new(started?, &self.engine))
    }

    /// Starts a session and loads a slot, as
    /// [`start_and_load_with`](Self::start_and_load_with) does with the default
    /// [`OnConflict`], a hand-over.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
    /// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
    /// let (session, slot) = manager.start_and_load(4711_u64, "Slot1").await?;
    /// slot.set("Currency", 500)?;
    /// session.end().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`start_and_load_with`](Self::start_and_load_with).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a session that was started for nobody is ended.
    pub async fn start_and_load<P, N>(
        &self,
        player: P,
        slot: N,
    ) -> Result<(Session<D>, Slot<D>), Error>
    where
        P: TryInto<PlayerId, Error: Into<InvalidName>>,
        N: TryInto<SlotName, Error: Into<InvalidName>>,
    {
        self.start_and_load_with(player, slot, OnConflict::default())
            .await
    }

    /// Starts a session for a player and loads a slot of the player's: what
    /// [`start_session_with`](Self::start_session_with) and
    /// [`load_slot`](Session::load_slot) do one after the other, in one trip to
    /// the store where it can do both in one.
    ///
    /// # Errors
    ///
    /// Those of [`start_session_with`](Self::start_session_with) and
    /// [`load_slot`](Session::load_slot). Whatever the error, no lock is left
    /// behind: if the slot can't be loaded, the session is ended before this
    /// returns, or, if the store can't be reached, as soon as it can.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, like [`start_session_with`](Self::start_session_with). Once
    /// the player is held, the load goes on in the background, and then the
    /// session is ended.
    pub async fn start_and_load_with<P, N>(
        &self,
        player: P,
        slot: N,
        on_conflict: OnConflict,
    ) -> Result<(Session<D>, Slot<D>), Error>
    where
        P: TryInto<PlayerId, Error: Into<InvalidName>>,
        N: TryInto<SlotName, Error: Into<InvalidName>>,
    {
        let player = player.try_into().map_err(Into::into)?;
        let slot = slot.try_into().map_err(Into::into)?;
        let slot = self.engine.settings.slot_for(&slot);
        let given_up = CancellationToken::new();
        let _unless_awaited = given_up.clone().drop_guard();
        let start =
            Arc::clone(&self.engine).start_and_load(player.clone(), slot, on_conflict, given_up);
        let started = self
            .engine
            .run_to_the_end(&player, "starting the session", start)
            .await?;
        let (held, slot) = started?;
        let slot = Slot::new(slot, &self.engine, &held);
        Ok((Session::new(held, &self.engine), slot))
    }

    /// How the manager is, for a probe: what it knows already, without asking
    /// the store. Works from any thread.
    ///
    /// ```
    /// # async fn probe(manager: &playerdata_core::SessionManager) -> &'static str {
    /// let health = manager.health();
    /// if health.is_ready() { "200 OK" } else { "503 Service Unavailable" }
    /// # }
    /// ```
    #[must_use]
    pub fn health(&self) -> Health {
        self.engine.health()
    }

    /// Ends every session, concurrently, and reports what could not be saved
    /// by the deadline, with the documents. From here on no session is
    /// started and no change is taken. Until the last session has ended the
    /// server keeps its lease, past the deadline too: what is not done by
    /// then, and what failed, goes on in the background for as long as the
    /// runtime lives.
    ///
    /// It can be called again, and by several at once: all of them wait for the
    /// same shutdown, each until its own deadline, and have its whole report.
    /// [`Duration::MAX`] means no deadline. After the report there are no more
    /// [events](Self::events).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the ends go on in the background.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport<D> {
        self.engine.begin_shutdown();
        let wait = Arc::clone(&self.engine).await_shutdown(deadline);
        if self.engine.runtime.spawn(wait).await.is_err() {
            self.engine.events.end(); // the runtime is gone: this is all that there will be
        }
        self.engine.shutdown_report()
    }
}

impl<D: GameDocument> Drop for Owner<D> {
    fn drop(&mut self) {
        let Some(players) = self.0.begin_shutdown() else {
            return;
        };
        if !players.is_empty() {
            let sessions = players.len();
            let some: Vec<_> = players.iter().take(10).map(PlayerId::as_str).collect();
            tracing::warn!(
                sessions,
                players = ?some,
                "session manager dropped without shutdown: its sessions are ended in the background"
            );
        }
    }
}
