//! A server that players come to and leave again.

use std::{sync::Arc, time::Duration};

use playerdata_core::{Document, OnConflict, SessionManager, Settings, backend::Backend};
use tokio::runtime::Runtime;

use crate::{documents::Standard, guarded::OPENERS, shares::work_in_shares, timing::nanos_each};

/// What a player who came does before leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// Nothing: the session is started and ended.
    Idle,
    /// The player's slot is loaded.
    Load,
}

/// A manager, and a number of players who have been there
/// before.
#[derive(Debug)]
pub struct Lobby<'r> {
    runtime: &'r Runtime,
    manager: Arc<SessionManager<Document>>,
    players: u64,
}

impl<'r> Lobby<'r> {
    /// Lets everybody come once, so that each has a document in the store.
    ///
    /// # Panics
    ///
    /// If the backend fails.
    #[must_use]
    pub fn new(
        runtime: &'r Runtime,
        backend: Arc<dyn Backend>,
        players: u64,
        standard: Standard,
    ) -> Self {
        let mut settings = Settings::default();
        // A busy machine is not a reason to fail.
        settings.operation_timeout = Duration::from_secs(60);
        settings.lock_expiry = Duration::from_secs(600);
        let builder = SessionManager::typed(backend, move |_| standard.document());
        let manager = runtime.block_on(builder.settings(settings).start());
        let lobby = Self {
            runtime,
            manager: Arc::new(manager.expect("the store is there")),
            players,
        };
        lobby.visit_all(Visit::Load, 1, OPENERS as usize);
        lobby
    }

    /// Lets each player come and leave `rounds` times, `in_flight` at once.
    /// Returns nanoseconds a visit.
    ///
    /// # Panics
    ///
    /// If a session is not started, or not ended.
    pub fn visit_all(&self, visit: Visit, rounds: u64, in_flight: usize) -> f64 {
        let players = (0..self.players).collect();
        let visiting = work_in_shares(players, in_flight, |share, _| {
            let manager = Arc::clone(&self.manager);
            async move {
                for _ in 0..rounds {
                    for &player in &share {
                        visit.make(&manager, player).await;
                    }
                }
                share
            }
        });
        let (took, _) = self.runtime.block_on(visiting);
        nanos_each(took, self.players * rounds)
    }
}

impl Visit {
    async fn make(self, manager: &SessionManager<Document>, player: u64) {
        let (session, _slot) = match self {
            Self::Idle => {
                let started = manager.start_session_with(player, OnConflict::Fail).await;
                (started.expect("nobody else holds the player"), None)
            }
            Self::Load => {
                let started = manager
                    .start_and_load_with(player, "Slot1", OnConflict::Fail)
                    .await;
                let (session, slot) = started.expect("nobody else holds the player");
                (session, Some(slot))
            }
        };
        session.end().await.expect("the store is there");
    }
}
