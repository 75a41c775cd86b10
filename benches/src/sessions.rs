//! Many sessions in one process, and the cost of their autosave.

use std::{sync::Arc, time::Duration};

use playerdata_core::{
    Document, OnConflict, Session, SessionManager, Settings, Slot, backend::Backend,
};
use tokio::runtime::Runtime;

use crate::{documents::Standard, harness, timing::Stopwatch};

/// The autosave interval of these measurements, of virtual time.
const INTERVAL: Duration = Duration::from_secs(30);

/// A slot that changes in its own turn, or after that came early, is saved when
/// it comes again: this much more than an interval later at most.
const LATE: Duration = Duration::from_millis(2_000);

/// A manager that holds a number of sessions, on a runtime whose time is
/// virtual: what is measured is work, not waiting.
#[derive(Debug)]
pub struct Crowd {
    runtime: Runtime,
    manager: SessionManager<Document>,
    sessions: Vec<(Session<Document>, Slot<Document>)>,
}

impl Crowd {
    /// Starts this many sessions with a document each, all saved.
    ///
    /// # Panics
    ///
    /// If a session can't be started.
    #[must_use]
    pub fn gather(backend: Arc<dyn Backend>, sessions: u64, standard: Standard) -> Self {
        Self::gather_forced(backend, sessions, standard, 0)
    }

    /// The same, with every document saved every `force_save_every` cycles,
    /// changed or not.
    ///
    /// # Panics
    ///
    /// If a session can't be started.
    #[must_use]
    pub fn gather_forced(
        backend: Arc<dyn Backend>,
        sessions: u64,
        standard: Standard,
        force_save_every: u32,
    ) -> Self {
        let runtime = harness::paused_runtime();
        let mut settings = Settings::default();
        settings.autosave_interval = INTERVAL;
        settings.force_save_every = force_save_every;
        // Out of the way: what is measured is the autosave, not the heartbeat.
        settings.heartbeat_interval = Duration::from_secs(6 * 60 * 60);
        settings.lock_expiry = Duration::from_secs(24 * 60 * 60);
        let (manager, sessions) = runtime.block_on(async {
            let builder = SessionManager::typed(backend, move |_| standard.document());
            let manager = builder
                .settings(settings)
                .start()
                .await
                .expect("the store is there");
            let mut open = Vec::new();
            for player in 0..sessions {
                let session = manager.start_session_with(player, OnConflict::Fail).await;
                let session = session.expect("nobody else holds the player");
                let slot = session.load_slot("Slot1").await.expect("the slot is new");
                open.push((session, slot));
            }
            (manager, open)
        });
        let mut crowd = Self {
            runtime,
            manager,
            sessions,
        };
        crowd.cycle(); // stores the new documents
        crowd
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// The manager.
    #[must_use]
    pub fn manager(&self) -> &SessionManager<Document> {
        &self.manager
    }

    /// Changes every `every`-th document.
    ///
    /// # Panics
    ///
    /// If a change is refused.
    pub fn change_every(&self, every: usize) {
        for (_, slot) in self.sessions.iter().step_by(every) {
            slot.increment("Currency", 1)
                .expect("there is room for more");
        }
    }

    /// Changes every `every`-th of this many documents, the first ones.
    ///
    /// # Panics
    ///
    /// If a change is refused.
    pub fn change_first(&self, count: usize, every: usize) {
        for (_, slot) in self.sessions.iter().take(count).step_by(every) {
            slot.increment("Currency", 1)
                .expect("there is room for more");
        }
    }

    /// Lets one cycle pass. Returns how long it took, in nanoseconds.
    pub fn cycle(&mut self) -> f64 {
        self.cycles(1)
    }

    /// Lets this many cycles pass. Returns how long one took, in nanoseconds.
    pub fn cycles(&mut self, count: u32) -> f64 {
        let watch = Stopwatch::start();
        self.runtime
            .block_on(async { tokio::time::sleep(INTERVAL * count + LATE).await });
        watch.nanos_each(count.into())
    }

    /// Runs something else on the runtime of the sessions.
    pub fn block_on<F: Future>(&self, other: F) -> F::Output {
        self.runtime.block_on(other)
    }

    /// How many documents are not saved.
    #[must_use]
    pub fn unsaved(&self) -> usize {
        self.sessions
            .iter()
            .filter(|(_, slot)| slot.is_unsaved())
            .count()
    }
}
