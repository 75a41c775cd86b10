//! What the manager, its tasks, its sessions and their slots share.

use std::{future::Future, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    background::Background, hazards::HazardWatch, lease::LeaseWatch, orphans::Orphans,
    registry::Registry,
};
use crate::{
    Clock, Error, Event, GameDocument, IdSource, PlayerId, SaveReason, ServerId, SessionId,
    Settings,
    autosave::Autosave,
    backend::Lock,
    codec::{Codec, Encoded},
    document_type::Origin,
    error::Chain,
    event::EventSender,
    hook::Hooks,
    schema::Migrations,
    session::SessionState,
    slot::{Kept, Saver, SlotState},
    store::Store,
};

#[derive(Debug)]
pub(crate) struct Shared<D> {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) codec: Codec,
    pub(crate) migrations: Migrations,
    pub(crate) origin: Origin<D>,
    pub(crate) hooks: Hooks<D>,
    pub(crate) events: EventSender,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) server: ServerId,
    pub(crate) registry: Registry<D>,
    pub(crate) autosave: Autosave<D>,
    pub(crate) kept: Kept,
    pub(crate) orphans: Orphans,
    pub(crate) background: Background<D>,
    pub(crate) hazards: HazardWatch,
    pub(crate) lease: Mutex<LeaseWatch>,
    pub(crate) runtime: Handle,
    /// Cancelled when the manager shuts down or is dropped.
    pub(crate) stop: CancellationToken,
}

impl<D: GameDocument> Shared<D> {
    /// Runs a piece of work as a task of its own, so that it is finished even
    /// if the caller's future is dropped (E7).
    pub(crate) async fn run_to_the_end<T: Send + 'static>(
        &self,
        player: &PlayerId,
        during: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Error> {
        self.runtime.spawn(work).await.map_err(|error| {
            if error.is_panic() {
                Error::Panicked {
                    player: player.clone(),
                    during,
                }
            } else {
                Error::ShuttingDown // the runtime is gone
            }
        })
    }

    /// Closes a session that was found lost, tells so, and returns the error
    /// for whoever found it (E2).
    pub(crate) fn lose(
        &self,
        player: &PlayerId,
        session: SessionId,
        holder: Option<Lock>,
    ) -> Error {
        if let Some(state) = self.registry.session(player, session)
            && state.core.lose(holder.clone())
        {
            self.debug(|| tracing::debug!(%player, %session, ?holder, "session lost"));
            self.forget(&state);
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

    pub(crate) fn tell_skipped(&self, slot: &SlotState<D>) {
        self.debug(|| {
            let (player, slot) = (&slot.core.player, &slot.name);
            tracing::debug!(%player, %slot, "slot skipped: unchanged");
        });
    }

    pub(crate) fn tell_saved(
        &self,
        slot: &SlotState<D>,
        saver: &mut Saver,
        encoded: &Encoded,
        reason: SaveReason,
    ) {
        let revision = saver.revision;
        self.debug(|| {
            let keys = self.codec.key_fingerprints(encoded).ok().map(Box::new);
            let changed = keys.as_ref().zip(saver.keys.as_ref());
            let changed = changed.map(|(keys, stored)| keys.changed_since(stored));
            saver.keys = keys;
            let (player, slot) = (&slot.core.player, &slot.name);
            tracing::debug!(%player, %slot, %revision, ?reason, ?changed, "slot saved");
        });
        self.events.send(|| Event::SlotSaved {
            player: slot.core.player.clone(),
            slot: slot.name.clone(),
            revision,
            reason,
        });
    }

    pub(crate) fn tell_save_failed(
        &self,
        slot: &SlotState<D>,
        attempt: u32,
        retry_in: Option<Duration>,
        error: &Error,
    ) {
        let player = &slot.core.player;
        let (name, why) = (&slot.name, Chain(error));
        tracing::warn!(%player, slot = %name, attempt, ?retry_in, error = %why, "save failed");
        self.events.send(|| Event::SaveFailed {
            player: player.clone(),
            slot: slot.name.clone(),
            attempt,
            retry_in,
            error: Arc::new(error.clone()),
        });
    }
}
