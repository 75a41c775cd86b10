//! Ending everything (E4).

use std::{collections::BTreeSet, fmt, mem, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use parking_lot::Mutex;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::{
    EndError, EndReason, Error, GameDocument, PlayerId, Unsaved,
    excerpt::Chain,
    state::{SessionState, Status, Taken},
};

/// The outcome of a shutdown.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// use std::time::Duration;
///
/// # let _session = manager.start_session(4711_u64).await?;
/// let report = manager.shutdown(Duration::from_secs(20)).await;
/// println!("{} players saved", report.ended);
/// for failed in &report.failed {
///     eprintln!("{failed}"); // and write down `failed.unsaved`
/// }
/// assert!(report.is_complete());
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
pub struct ShutdownReport<D> {
    /// How many sessions were saved and released.
    pub ended: usize,
    /// Sessions that could not be ended, with their unsaved documents.
    pub failed: Vec<EndError<D>>,
    /// Players whose sessions were still being ended, or started, at the
    /// deadline.
    pub unfinished: Vec<Unfinished<D>>,
}

/// A player whose session had not ended at the deadline of a shutdown.
#[derive(Debug)]
#[non_exhaustive]
pub struct Unfinished<D> {
    /// The player.
    pub player: PlayerId,
    /// The documents that the store is not known to have; none of a session
    /// that was being started.
    pub unsaved: Vec<Unsaved<D>>,
}

impl<D> fmt::Debug for ShutdownReport<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unfinished = self.unfinished.iter().map(|unfinished| &unfinished.player);
        f.debug_struct("ShutdownReport")
            .field("ended", &self.ended)
            .field("failed", &self.failed)
            .field("unfinished", &unfinished.collect::<Vec<_>>())
            .finish()
    }
}

impl<D> ShutdownReport<D> {
    /// Whether everything was saved and released.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.unfinished.is_empty()
    }
}

/// How far a shutdown has come. It goes on whether anybody waits for it or
/// not (E7), and as many as like can wait for it.
#[derive(Debug)]
pub(crate) struct Shutdown<D> {
    progress: Mutex<Progress<D>>,
    /// Cancelled when every session has ended, or failed to.
    reported: CancellationToken,
    /// Cancelled when the last session has ended and the lease is given up.
    over: CancellationToken,
}

#[derive(Debug)]
struct Progress<D> {
    /// The tasks that run as long as the manager.
    tasks: Vec<JoinHandle<()>>,
    /// Whose sessions are still being ended, or started.
    waiting: BTreeSet<PlayerId>,
    ended: usize,
    failed: Vec<(Arc<SessionState<D>>, EndError<D>)>,
}

impl<D> Default for Shutdown<D> {
    fn default() -> Self {
        Self {
            progress: Mutex::new(Progress {
                tasks: Vec::new(),
                waiting: BTreeSet::new(),
                ended: 0,
                failed: Vec::new(),
            }),
            reported: CancellationToken::new(),
            over: CancellationToken::new(),
        }
    }
}

impl<D> Shutdown<D> {
    /// Notes a task to wait for at the end.
    pub(crate) fn note_task(&self, task: JoinHandle<()>) {
        self.progress.lock().tasks.push(task);
    }
}

impl<D: GameDocument> Engine<D> {
    /// Takes no more starts and no more changes, and has every session ended.
    /// Returns whose, unless that was begun before.
    pub(crate) fn begin_shutdown(self: &Arc<Self>) -> Option<Vec<PlayerId>> {
        if !self.gate.shut() {
            return None;
        }
        self.stop.cancel();
        let places = self.registry.close();
        let players: Vec<_> = places.iter().map(|(player, _)| player.clone()).collect();
        self.shutdown
            .progress
            .lock()
            .waiting
            .extend(players.iter().cloned());
        let unless_done = Abandons {
            engine: Arc::clone(self),
            done: false,
        };
        self.runtime
            .spawn(Arc::clone(self).run_shutdown(places, unless_done));
        Some(players)
    }

    async fn run_shutdown(self: Arc<Self>, places: Vec<Taken>, mut unless_done: Abandons<D>) {
        self.end_all(places).await;
        self.shutdown.reported.cancel();
        // What failed is tried again, or ended by those who have a handle.
        self.registry.emptied().await;
        self.quiet.cancel();
        let tasks = mem::take(&mut self.shutdown.progress.lock().tasks);
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the manager was torn down");
            }
        }
        self.drop_lease().await;
        self.shutdown.over.cancel();
        unless_done.done = true;
    }

    /// Waits for a shutdown that was begun, no longer than `at_most`. To be run
    /// on the manager's own runtime.
    pub(crate) async fn await_shutdown(self: Arc<Self>, at_most: Duration) {
        let done = timeout(at_most, async {
            self.shutdown.reported.cancelled().await;
            if self.shutdown_report().is_complete() {
                self.shutdown.over.cancelled().await;
            }
        });
        // The report says what is not done.
        let _ = done.await;
        self.events.end();
    }

    /// How far a shutdown has come.
    pub(crate) fn shutdown_report(&self) -> ShutdownReport<D> {
        let progress = self.shutdown.progress.lock();
        let waiting = progress.waiting.clone();
        let failed = progress.failed.clone();
        let ended = progress.ended;
        drop(progress);
        let total = failed.len();
        // Some may have been ended since.
        let has_ended =
            |session: &SessionState<D>| matches!(session.core.status(), Status::Ended(_));
        let failed: Vec<_> = failed
            .into_iter()
            .filter(|(session, _)| !has_ended(session))
            .map(|(_, error)| error)
            .collect();
        let unfinished = waiting.into_iter().map(|player| self.unfinished(player));
        ShutdownReport {
            ended: ended + total - failed.len(),
            failed,
            unfinished: unfinished.collect(),
        }
    }

    fn unfinished(&self, player: PlayerId) -> Unfinished<D> {
        let error = Error::Unfinished {
            player: player.clone(),
        };
        let session = self.registry.live(&player);
        let unsaved = session.map(|session| session.unsaved(&error));
        Unfinished {
            player,
            unsaved: unsaved.unwrap_or_default(),
        }
    }

    /// Ends every session, those that are just being started when they have.
    /// All at once, so that none waits for another's hook or start; what they
    /// ask of the store waits for room there.
    async fn end_all(self: &Arc<Self>, places: Vec<Taken>) {
        let ends = stream::iter(places).for_each_concurrent(None, |(player, starting)| {
            self.end_for_shutdown(player, starting)
        });
        ends.await;
    }

    async fn end_for_shutdown(
        self: &Arc<Self>,
        player: PlayerId,
        starting: Option<CancellationToken>,
    ) {
        if let Some(over) = starting {
            over.cancelled().await; // with a session or without
        }
        let Some(session) = self.registry.live(&player) else {
            self.shutdown.progress.lock().waiting.remove(&player);
            return;
        };
        let end = Arc::clone(self).end(Arc::clone(&session), EndReason::Shutdown);
        let ended = self
            .run_to_the_end(&player, "ending the session", end)
            .await;
        let result = ended
            .unwrap_or_else(|cause| Err(EndError::new(&player, session.unsaved(&cause), cause)));
        if let Err(error) = &result
            && !session.is_closed()
        {
            self.end_again(&session, EndReason::Shutdown, &error.cause);
        }
        let mut progress = self.shutdown.progress.lock();
        progress.waiting.remove(&player);
        match result {
            Ok(()) => progress.ended += 1,
            Err(error) => progress.failed.push((session, error)),
        }
    }

    /// With the lease gone, others need not wait for it to lapse.
    async fn drop_lease(&self) {
        self.release_orphans().await;
        if let Err(error) = self.store.drop_lease(&self.server).await {
            tracing::warn!(error = %Chain(&error), "the lease is left to lapse");
        }
    }
}

/// Reports what is abandoned if a shutdown is torn down, with the runtime that
/// it runs on.
struct Abandons<D: GameDocument> {
    engine: Arc<Engine<D>>,
    done: bool,
}

impl<D: GameDocument> Drop for Abandons<D> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let sessions = self.engine.registry.sessions();
        let players: Vec<_> = sessions
            .iter()
            .take(10)
            .map(|session| session.core.player.as_str())
            .collect();
        tracing::error!(
            sessions = sessions.len(),
            ?players,
            "the runtime is gone: sessions are abandoned with what they have not saved"
        );
    }
}
