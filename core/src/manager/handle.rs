//! The handle to a manager.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::{Builder, OnConflict, ShutdownReport, background, hazards, heartbeat, shared::Shared};
use crate::{
    Document, Error, Events, GameDocument, InvalidName, PlayerId, ServerId, Session, Settings,
    autosave::Scheduler, backend::Backend,
};

/// Keeps the sessions of one process: its lease, its heartbeat, its autosave.
///
/// ```no_run
/// # async fn main_of_a_server(
/// #     backend: std::sync::Arc<dyn playerdata_core::backend::Backend>,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
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
    pub(super) shared: Arc<Shared<D>>,
    tasks: Tasks,
}

/// The tasks that run as long as the manager.
#[derive(Debug)]
struct Tasks {
    autosave: JoinHandle<()>,
    heartbeat: JoinHandle<()>,
    background: JoinHandle<()>,
    hazards: JoinHandle<()>,
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
    /// ```no_run
    /// # async fn main_of_a_server(
    /// #     backend: std::sync::Arc<dyn playerdata_core::backend::Backend>,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
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

    pub(super) fn run(shared: Arc<Shared<D>>) -> Self {
        let scheduler = Scheduler::new(Arc::clone(&shared));
        let autosave = shared.runtime.spawn(scheduler.run(shared.stop.clone()));
        let heartbeat = shared.runtime.spawn(heartbeat::run(Arc::clone(&shared)));
        let background = shared.runtime.spawn(background::run(Arc::clone(&shared)));
        let hazards = shared.runtime.spawn(hazards::run(Arc::clone(&shared)));
        Self {
            shared,
            tasks: Tasks {
                autosave,
                heartbeat,
                background,
                hazards,
            },
        }
    }

    /// Who this server is, as locks in the store name it.
    #[must_use]
    pub fn server(&self) -> &ServerId {
        &self.shared.server
    }

    /// The settings it runs with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// How many sessions it holds or is about to.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.shared.registry.len()
    }

    /// Listens to what happens from now on, and first to what was found at
    /// the start ([`Event::StoreAtRisk`](crate::Event::StoreAtRisk)). A listener that is slow misses
    /// the oldest events and is told how many
    /// ([`Event::Missed`](crate::Event::Missed)).
    #[must_use]
    pub fn events(&self) -> Events {
        self.shared.events.listen()
    }

    /// Starts a session for a player: [`start_session_with`](Self::start_session_with)
    /// the default [`OnConflict`], a hand-over.
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
    /// properly first.
    ///
    /// # Errors
    ///
    /// [`Error::PlayerHeld`] names who holds the player.
    /// [`Error::StoreUnavailable`] comes within `operation_timeout` of a call
    /// to a store that is down. Whatever the error, no lock is left behind
    /// (L8). A start of the same player that is under way, and the end of a
    /// session that this manager holds, are waited for first.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a session that was started for nobody is ended.
    pub async fn start_session_with<P>(
        &self,
        player: P,
        on_conflict: OnConflict,
    ) -> Result<Session<D>, Error>
    where
        P: TryInto<PlayerId, Error: Into<InvalidName>>,
    {
        let player = player.try_into().map_err(Into::into)?;
        let start = Arc::clone(&self.shared).start(player.clone(), on_conflict);
        self.shared
            .run_to_the_end(&player, "starting the session", start)
            .await?
    }

    /// Ends every session, concurrently, and reports what could not be saved
    /// by the deadline (E4). Whatever is not done by then goes on in the
    /// background for as long as the runtime lives.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the ends go on in the background.
    pub async fn shutdown(mut self, deadline: Duration) -> ShutdownReport<D> {
        let deadline = Instant::now() + deadline;
        let report = Arc::clone(&self.shared).shutdown(deadline).await;
        let Tasks {
            autosave,
            heartbeat,
            background,
            hazards,
        } = &mut self.tasks;
        for task in [autosave, heartbeat, background, hazards] {
            // What they still wait for is bounded in time, but not by this.
            if let Ok(Err(error)) = timeout_at(deadline, task).await {
                tracing::error!(%error, "a task of the manager was torn down");
            }
        }
        report
    }
}

impl<D: GameDocument> Drop for SessionManager<D> {
    fn drop(&mut self) {
        if self.shared.stop.is_cancelled() {
            return;
        }
        self.shared.stop.cancel();
        self.shared.registry.close();
        let sessions = self.shared.registry.sessions();
        if sessions.is_empty() {
            return;
        }
        let players: Vec<_> = sessions
            .iter()
            .take(10)
            .map(|s| s.core.player.as_str())
            .collect();
        tracing::warn!(
            sessions = sessions.len(),
            ?players,
            "session manager dropped without shutdown: its sessions are no longer autosaved, \
             and can be taken over once its lease lapses"
        );
    }
}
