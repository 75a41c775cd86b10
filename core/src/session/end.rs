//! Ending a session: last hook, last save, release (E1).

use std::sync::Arc;

use futures::{StreamExt, stream};

use super::{SessionState, Status};
use crate::{
    EndError, EndReason, Error, Event, GameDocument, SaveReason, Unsaved, backend::Release,
    manager::Shared, slot::SlotState,
};

/// Slots of one session that are saved at the same time.
const CONCURRENT_LAST_SAVES: usize = 8;

impl<D: GameDocument> Shared<D> {
    /// Ends a session properly. If it can't be, the session goes on (unless
    /// it is lost), and the error has what could not be saved.
    ///
    /// Not to be dropped half-way: it runs in a task of its own.
    pub(crate) async fn end(
        self: Arc<Self>,
        session: Arc<SessionState<D>>,
        reason: EndReason,
    ) -> Result<(), EndError<D>> {
        let _turn = session.turn.lock().await;
        match session.core.status() {
            Status::Ended => return Ok(()),
            Status::Lost(holder) => {
                let cause = session.core.lost(holder.map(|holder| *holder));
                return Err(EndError::new(
                    &session.core.player,
                    unsaved_of_lost(&session, &cause),
                    cause,
                ));
            }
            Status::Active | Status::Ending => {}
        }
        for slot in session.slots() {
            self.run_before_last_save(&slot, reason);
        }
        // From here on no change is taken: the last saves have all of them.
        session.core.advance(&[Status::Active], Status::Ending);
        let result = self.save_and_release(&session, reason).await;
        match &result {
            Ok(()) => self.events.send(|| Event::SessionEnded {
                player: session.core.player.clone(),
                session: session.core.id,
                reason,
            }),
            Err(error) => {
                session.core.advance(&[Status::Ending], Status::Active);
                self.tell_end_failed(&session, reason, &error.cause);
            }
        }
        result
    }

    async fn save_and_release(
        &self,
        session: &Arc<SessionState<D>>,
        reason: EndReason,
    ) -> Result<(), EndError<D>> {
        let unsaved: Vec<_> = stream::iter(session.slots())
            .map(|slot| self.last_save(slot, reason))
            .buffer_unordered(CONCURRENT_LAST_SAVES)
            .filter_map(|unsaved| async move { unsaved })
            .collect()
            .await;
        if let Some(first) = unsaved.first() {
            let cause = first.error.clone();
            return Err(EndError::new(&session.core.player, unsaved, cause));
        }
        self.release(session)
            .await
            .map_err(|cause| EndError::new(&session.core.player, Vec::new(), cause))
    }

    async fn last_save(&self, slot: Arc<SlotState<D>>, reason: EndReason) -> Option<Unsaved<D>> {
        let saved = self
            .save_with_retries(&slot, SaveReason::LastSave(reason))
            .await;
        let error = saved.err()?;
        Some(unsaved(&slot, error))
    }

    /// Releases the lock of a session that has nothing left to save.
    async fn release(&self, session: &Arc<SessionState<D>>) -> Result<(), Error> {
        let core = &session.core;
        match self.store.release(&core.player, core.id).await? {
            Release::Released => {}
            // An earlier attempt may have been the one that did it; if not,
            // the lock was taken after the last save: all is in the store.
            Release::NotHeld => {
                tracing::debug!(player = %core.player, session = %core.id, "lock gone already");
            }
        }
        core.advance(&[Status::Active, Status::Ending], Status::Ended);
        self.forget(session);
        self.debug(|| tracing::debug!(player = %core.player, session = %core.id, "lock released"));
        Ok(())
    }

    /// Releases the lock without saving what is unsaved.
    pub(crate) async fn abandon(
        self: Arc<Self>,
        session: Arc<SessionState<D>>,
    ) -> Result<(), Error> {
        let _turn = session.turn.lock().await;
        if session.is_closed() {
            return Ok(());
        }
        let unsaved = session
            .slots()
            .iter()
            .filter(|slot| slot.is_unsaved())
            .count();
        tracing::warn!(player = %session.core.player, unsaved, "session abandoned by its caller");
        self.release(&session).await
    }

    /// Ends a session that nobody has a handle to any more (E5). If that
    /// fails, it is tried again at every heartbeat.
    pub(crate) async fn end_dropped(self: Arc<Self>, session: Arc<SessionState<D>>) {
        let ended = Arc::clone(&self)
            .end(Arc::clone(&session), EndReason::Dropped)
            .await;
        if ended.is_err() && !session.is_closed() {
            self.dropped.lock().push(session); // told as an event, and tried again
        }
    }

    fn run_before_last_save(&self, slot: &SlotState<D>, reason: EndReason) {
        if let Some(hook) = &self.hooks.before_last_save {
            let mut live = slot.live();
            self.run_hook(slot, &mut live, "before_last_save", |context, document| {
                hook(context, reason, document);
            });
        }
    }

    fn tell_end_failed(&self, session: &SessionState<D>, reason: EndReason, cause: &Error) {
        let player = &session.core.player;
        tracing::warn!(%player, session = %session.core.id, error = %cause, "session not ended");
        self.events.send(|| Event::EndFailed {
            player: player.clone(),
            session: session.core.id,
            reason,
            error: Arc::new(cause.clone()),
        });
    }
}

fn unsaved<D>(slot: &SlotState<D>, error: Error) -> Unsaved<D> {
    Unsaved {
        player: slot.core.player.clone(),
        slot: slot.name.clone(),
        document: slot.document(),
        error,
    }
}

fn unsaved_of_lost<D>(session: &SessionState<D>, cause: &Error) -> Vec<Unsaved<D>> {
    let slots = session.slots();
    let unsaved_slots = slots.iter().filter(|slot| slot.is_unsaved());
    unsaved_slots
        .map(|slot| unsaved(slot, cause.clone()))
        .collect()
}
