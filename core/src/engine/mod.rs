//! What happens to players: the manager's tasks, and what its handles ask for.
//!
//! It works on the state of players and gives that out; handles wrap it.

mod background;
mod delete;
mod end;
mod errands;
mod event_channel;
mod hazards;
mod health;
mod heartbeat;
mod hooks;
mod load;
mod mail;
mod orphans;
mod recover;
mod requests;
mod save;
mod scheduler;
mod shutdown;
mod start;
mod trade;
mod transfer;
mod versions;
mod wind_up;

use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, OnceLock},
};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

pub(crate) use background::Background;
pub(crate) use errands::Errands;
pub use event_channel::EVENT_BUFFER;
pub(crate) use event_channel::EventSender;
pub(crate) use event_channel::{Numbered, Subscription};
pub(crate) use hazards::{HazardWatch, find as find_hazards};
pub use health::{Health, LeaseHealth};
pub use hooks::HookContext;
pub(crate) use hooks::{Hooks, ParcelHooks, message_of};
pub use recover::RecoverOptions;
use scheduler::Scheduler;
pub(crate) use shutdown::Shutdown;
pub use shutdown::{ShutdownReport, Unfinished};
pub use start::OnConflict;
pub use trade::TradeOutcome;
pub(crate) use trade::TradeSide;
pub(crate) use transfer::Take;
pub use transfer::Transferred;
pub use versions::{RestoreOptions, Restored};

use crate::{
    Clock, EndReason, Error, Event, GameDocument, IdSource, PlayerId, ServerId, SessionId,
    Settings, Unsaved,
    autosave::Wheel,
    backend::{Client, Lock},
    clock::Jitter,
    codec::{Codec, Envelope},
    document_type::Origin,
    metrics,
    schema::Migrations,
    state::{EndDropped, Gate, Kept, LeaseWatch, Orphans, Registry, SessionState},
};

#[derive(Debug)]
pub(crate) struct Engine<D> {
    pub(crate) settings: Settings,
    pub(crate) store: Client,
    pub(crate) codec: Codec,
    pub(crate) migrations: Migrations,
    pub(crate) origin: Origin<D>,
    /// What is kept beside a document of which there is nothing to say: one
    /// for all of them.
    pub(crate) plain: Arc<Envelope>,
    pub(crate) hooks: Hooks<D>,
    pub(crate) events: EventSender,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) jitter: Arc<Jitter>,
    pub(crate) server: ServerId,
    pub(crate) registry: Registry<D>,
    pub(crate) autosave: Wheel<D>,
    pub(crate) kept: Kept,
    pub(crate) orphans: Orphans,
    pub(crate) background: Background<D>,
    pub(crate) errands: Errands<D>,
    pub(crate) hazards: HazardWatch,
    pub(crate) lease: Mutex<LeaseWatch>,
    pub(crate) runtime: Handle,
    pub(crate) gate: Arc<Gate>,
    /// Cancelled when the manager shuts down or is dropped.
    pub(crate) stop: CancellationToken,
    /// Cancelled after that, when the last session has ended.
    pub(crate) quiet: CancellationToken,
    pub(crate) shutdown: Shutdown<D>,
    /// What sessions left that were lost, or given up for another, when nobody
    /// could ask them for it.
    pub(crate) left_behind: Mutex<VecDeque<Unsaved<D>>>,
    /// Made with the first session.
    pub(crate) end_dropped: OnceLock<Arc<EndDropped<D>>>,
}

/// How many documents wait for somebody to take them.
const MAX_LEFT_BEHIND: usize = 1_000;

impl<D: GameDocument> Engine<D> {
    /// Runs a piece of work as a task of its own, so that it is finished even
    /// if the caller's future is dropped (E7).
    pub(crate) async fn run_to_the_end<T: Send + 'static>(
        &self,
        player: &PlayerId,
        during: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Error> {
        // In a block of its own: tokio aligns a task to 128 bytes, and a large
        // one leaves a hole behind in which the next does not fit.
        let work = Box::pin(work);
        self.runtime.spawn(work).await.map_err(|error| {
            if error.is_panic() {
                Error::Panicked {
                    player: player.clone(),
                    during,
                }
            } else {
                Error::RuntimeGone
            }
        })
    }

    /// What ends a session that nobody has a handle to any more. A handle has
    /// the engine, too, so that it is there.
    pub(crate) fn end_dropped(self: &Arc<Self>) -> Arc<EndDropped<D>> {
        let made = self.end_dropped.get_or_init(|| {
            let engine = Arc::downgrade(self);
            Arc::new(EndDropped::new(move |session| {
                if let Some(engine) = engine.upgrade() {
                    engine.end_in_background(Arc::clone(session), EndReason::Dropped);
                }
            }))
        });
        Arc::clone(made)
    }

    /// Starts the tasks that run as long as the manager.
    pub(crate) fn run(self: &Arc<Self>) {
        let scheduler = Scheduler::new(Arc::clone(self));
        for task in [
            self.runtime.spawn(scheduler.run(self.stop.clone())),
            self.runtime.spawn(heartbeat::run(Arc::clone(self))),
            self.runtime.spawn(background::run(Arc::clone(self))),
            self.runtime.spawn(errands::run(Arc::clone(self))),
            self.runtime.spawn(hazards::run(Arc::clone(self))),
        ] {
            self.shutdown.note_task(task);
        }
    }

    /// Keeps documents until somebody takes them.
    pub(super) fn leave_behind(&self, documents: Vec<Unsaved<D>>) {
        let mut left = self.left_behind.lock();
        left.extend(documents);
        let too_many = left.len().saturating_sub(MAX_LEFT_BEHIND);
        let dropped: Vec<_> = left.drain(..too_many).collect();
        drop(left);
        for unsaved in dropped {
            let (player, slot) = (&unsaved.player, &unsaved.slot);
            tracing::error!(%player, %slot, "an unsaved document that nobody took is dropped");
        }
    }

    /// Closes a session that was found lost, reports it, and returns the error
    /// for whoever found it (E2).
    pub(crate) fn mark_lost(
        &self,
        player: &PlayerId,
        session: SessionId,
        holder: Option<Lock>,
    ) -> Error {
        if let Some(state) = self.registry.session(player, session)
            && state.core.mark_lost(holder.clone())
        {
            self.debug(|| tracing::debug!(%player, %session, ?holder, "session lost"));
            self.forget(&state);
            metrics::session_over(true, self.registry.len());
            if !state.is_held() {
                let error = state.core.lost_error(holder.clone());
                self.leave_behind(state.unsaved(&error));
            }
            self.events.send(|| Event::SessionLost {
                player: player.clone(),
                session,
                holder: holder.clone(),
            });
        }
        Error::SessionLost {
            player: player.clone(),
            session,
            holder,
        }
    }

    /// Takes a closed session out of the registry and its slots out of the
    /// autosave.
    pub(crate) fn forget(&self, session: &SessionState<D>) {
        self.registry.remove(&session.core.player, session.core.id);
        for slot in session.slots() {
            self.autosave.remove(&slot);
        }
    }

    /// Runs `report` in debug mode only.
    pub(crate) fn debug(&self, report: impl FnOnce()) {
        if self.settings.debug {
            report();
        }
    }
}
