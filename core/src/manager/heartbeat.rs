//! The server's sign of life, and what it brings back.

use std::sync::Arc;

use tokio::time::{Instant, MissedTickBehavior};

use super::shared::Shared;
use crate::{
    EndReason, Error, Event, GameDocument, Incarnation,
    backend::{Notice, NoticeKind, Renewal},
    error::StoreFailure,
    session::SessionState,
};

/// Renews the lease every heartbeat until the manager stops.
pub(super) async fn run<D: GameDocument>(shared: Arc<Shared<D>>) {
    let mut clock = tokio::time::interval(shared.settings.heartbeat_interval);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock.tick().await; // the first is at once, and the lease is fresh
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            _ = clock.tick() => {}
        }
        if shared.lease.lock().superseded_by().is_none() {
            shared.beat().await;
        }
        shared.release_orphans().await;
        shared.end_dropped_again();
    }
}

impl<D: GameDocument> Shared<D> {
    async fn beat(self: &Arc<Self>) {
        let asked_at = Instant::now();
        match self
            .store
            .renew_lease(&self.server, self.settings.lock_expiry)
            .await
        {
            Ok(Renewal::Renewed { notices }) => {
                self.lease.lock().note_renewed(asked_at);
                for notice in notices {
                    self.heed(notice);
                }
            }
            Ok(Renewal::Superseded { by }) => self.note_superseded(by),
            Err(failure) => self.tell_at_risk(failure),
        }
    }

    fn note_superseded(&self, by: Incarnation) {
        if self.lease.lock().note_superseded(by) {
            tracing::error!(server = %self.server, %by, "superseded by a later incarnation");
            self.events.send(|| Event::Superseded { by });
        }
    }

    fn tell_at_risk(&self, failure: StoreFailure) {
        let lapses_in = self.lease.lock().lapses_in(self.settings.lock_expiry);
        let error = Arc::new(Error::from(failure));
        tracing::warn!(%error, ?lapses_in, "the lease could not be renewed");
        self.events.send(|| Event::LeaseAtRisk { lapses_in, error });
    }

    /// Does what a notice asks for, in a task of its own. A notice is hearsay:
    /// what it says is checked before anything is closed.
    fn heed(self: &Arc<Self>, notice: Notice) {
        let shared = Arc::clone(self);
        match self.registry.session(&notice.player, notice.session) {
            Some(session) => match notice.kind {
                NoticeKind::HandOver => self.hand_over(session, notice),
                NoticeKind::Taken => {
                    self.runtime
                        .spawn(async move { shared.check_taken(&session).await });
                }
            },
            // A lock of ours that no session of ours knows: a start that got
            // no answer, say. Whoever asks for it shall have it (L8).
            None if !self.registry.knows(&notice.player, notice.session) => {
                self.orphans.add(notice.player, notice.session);
                self.runtime
                    .spawn(async move { shared.release_orphans().await });
            }
            None => {} // it is just starting; who asks will ask again
        }
    }

    fn hand_over(self: &Arc<Self>, session: Arc<SessionState<D>>, notice: Notice) {
        let by = notice.from;
        self.debug(|| tracing::debug!(player = %notice.player, %by, "asked to hand over"));
        self.events.send(|| Event::HandOverAsked {
            player: notice.player.clone(),
            session: notice.session,
            by: by.clone(),
        });
        let shared = Arc::clone(self);
        self.runtime.spawn(async move {
            // A failure has been told as an event; who asks will ask again.
            let _ = shared.end(session, EndReason::HandOver).await;
        });
    }

    async fn check_taken(&self, session: &SessionState<D>) {
        let core = &session.core;
        match self.store.holder(&core.player).await {
            Ok(Some(lock)) if lock.session == core.id => {}
            Ok(holder) => {
                self.lose(&core.player, core.id, holder);
            }
            Err(error) => {
                tracing::warn!(player = %core.player, %error, "could not look at a taken player");
            }
        }
    }

    /// Ends the sessions whose handles were dropped and whose end failed (E5).
    fn end_dropped_again(self: &Arc<Self>) {
        let dropped = std::mem::take(&mut *self.dropped.lock());
        for session in dropped {
            self.runtime.spawn(Arc::clone(self).end_dropped(session));
        }
    }
}
