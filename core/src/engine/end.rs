//! Ending a session: last hook, last save, release (E1).

use std::sync::Arc;

use futures::{StreamExt, stream};

use super::Engine;
use crate::{
    EndError, EndReason, Error, Event, GameDocument, SaveReason, Unsaved,
    backend::Release,
    excerpt::Chain,
    metrics,
    state::{SessionState, SlotState, Status},
};

/// Slots of one session that are saved at the same time.
const CONCURRENT_LAST_SAVES: usize = 8;

impl<D: GameDocument> Engine<D> {
    /// Ends a session properly. If its documents can't be saved, it goes on
    /// (unless it is lost), and the error has them. If only its lock can't be
    /// released, it is over, and the manager goes on trying.
    ///
    /// Not to be dropped half-way: it runs in a task of its own.
    pub(crate) async fn end(
        self: Arc<Self>,
        session: Arc<SessionState<D>>,
        reason: EndReason,
    ) -> Result<(), EndError<D>> {
        let _exclusive = session.exclusive.lock().await;
        let core = &session.core;
        // From here on no change is taken: the last saves have all of them.
        core.advance(&[Status::Active], Status::Ending);
        match core.status() {
            Status::Ended(_) => return Ok(()),
            Status::Lost(holder) => {
                let cause = core.lost_error(holder.map(|holder| *holder));
                let unsaved = session.unsaved(&cause);
                return Err(EndError::new(&core.player, unsaved, cause));
            }
            Status::Active | Status::Ending | Status::Releasing => {}
        }
        let result = self.save_and_release(&session, reason).await;
        if let Err(error) = &result {
            core.advance(&[Status::Ending], Status::Active);
            self.report_end_failed(&session, reason, &error.cause);
        }
        result
    }

    async fn save_and_release(
        self: &Arc<Self>,
        session: &Arc<SessionState<D>>,
        reason: EndReason,
    ) -> Result<(), EndError<D>> {
        let player = &session.core.player;
        if !session.core.is_releasing() {
            let unsaved: Vec<_> = stream::iter(session.slots())
                .map(|slot| self.last_save(slot, reason))
                .buffer_unordered(CONCURRENT_LAST_SAVES)
                .filter_map(|unsaved| async move { unsaved })
                .collect()
                .await;
            if let Some(first) = unsaved.first() {
                let cause = first.error.clone();
                return Err(EndError::new(player, unsaved, cause));
            }
        }
        self.release(session, reason)
            .await
            .map_err(|cause| EndError::new(player, Vec::new(), cause))
    }

    async fn last_save(
        self: &Arc<Self>,
        slot: Arc<SlotState<D>>,
        reason: EndReason,
    ) -> Option<Unsaved<D>> {
        self.run_before_last_save(&slot, reason).await;
        if slot.envelope().outbox != slot.stored_envelope().outbox {
            // Nothing is sent before it is stored. A failure is reported below.
            let reason = SaveReason::LastSave(reason);
            let _ = self.save_with_retries(&slot, reason).await;
        }
        if slot.stored_envelope().has_errands() {
            // What is left to do is done by whoever loads the slot next.
            self.run_errands(&slot).await;
        }
        let saved = self
            .save_with_retries(&slot, SaveReason::LastSave(reason))
            .await;
        let error = saved.err()?;
        Some(Unsaved::new(&slot, error))
    }

    /// Releases the lock of a session that has nothing left to save. If that
    /// fails, it is tried again at every heartbeat: a session that may have
    /// no lock any more must not take changes.
    ///
    /// The caller holds the session's lock for loads and ends.
    pub(super) async fn release(
        self: &Arc<Self>,
        session: &Arc<SessionState<D>>,
        reason: EndReason,
    ) -> Result<(), Error> {
        let core = &session.core;
        core.advance(&[Status::Active, Status::Ending], Status::Releasing);
        if let Status::Lost(holder) = core.status() {
            return Err(core.lost_error(holder.map(|holder| *holder)));
        }
        let mut claims = Vec::new();
        for slot in session.slots() {
            // A save that was asked for and is under way would find the lock
            // gone, and take the session for lost.
            let number = slot.write_state.lock().await.claim.number();
            claims.extend(number.map(|number| (slot.name.clone(), number)));
        }
        let room = self.background.room_to_release().await;
        let release = self.store.release_knowing(&core.player, core.id, &claims);
        let released = release.await;
        drop(room);
        match released {
            Ok(Release::Released) => {}
            // An earlier attempt may have been the one that did it; if not,
            // the lock was taken after the last save: all is in the store.
            Ok(Release::NotHeld) => {
                tracing::debug!(player = %core.player, session = %core.id, "lock gone already");
            }
            Err(failure) => {
                let error = Error::from(failure);
                self.end_again(session, reason, &error);
                return Err(error);
            }
        }
        core.advance(&[Status::Releasing], Status::Ended(reason));
        self.forget(session);
        metrics::session_over(false, self.registry.len());
        self.debug(|| tracing::debug!(player = %core.player, session = %core.id, "lock released"));
        self.events.send(|| Event::SessionEnded {
            player: core.player.clone(),
            session: core.id,
            reason,
        });
        Ok(())
    }

    /// Releases the lock without saving what is unsaved.
    pub(crate) async fn abandon(
        self: Arc<Self>,
        session: Arc<SessionState<D>>,
    ) -> Result<(), Error> {
        let _exclusive = session.exclusive.lock().await;
        if session.is_closed() {
            return Ok(());
        }
        let slots = session.slots();
        let unsaved = slots.iter().filter(|slot| slot.is_unsaved()).count();
        tracing::warn!(player = %session.core.player, unsaved, "session abandoned by its caller");
        self.release(&session, EndReason::Abandoned).await
    }

    fn report_end_failed(&self, session: &SessionState<D>, reason: EndReason, cause: &Error) {
        let player = &session.core.player;
        let (session_id, why) = (session.core.id, Chain(cause));
        tracing::warn!(%player, session = %session_id, error = %why, "session not ended");
        self.events.send(|| Event::EndFailed {
            player: player.clone(),
            session: session.core.id,
            reason,
            error: Arc::new(cause.clone()),
        });
    }
}
