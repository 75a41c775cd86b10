//! The server's sign of life, and what it brings back.

use std::{sync::Arc, time::Duration};

use tokio::time::MissedTickBehavior;

use super::Engine;
use crate::{
    Error, Event, GameDocument, Incarnation,
    backend::{MAX_NOTICES, Notice, NoticeKind, Renewal, StoreFailure},
    excerpt::Chain,
    metrics,
    state::{Moment, SessionState},
};

/// Renews the lease every heartbeat until the last session of a manager that
/// shuts down has ended (E9).
pub(super) async fn run<D: GameDocument>(engine: Arc<Engine<D>>) {
    let mut pulse = Pulse {
        engine: &engine,
        stopped: false,
    };
    let mut clock = tokio::time::interval(engine.settings.heartbeat_interval);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock.tick().await; // the first is at once, and the lease is fresh
    loop {
        engine.gate.note_alive();
        tokio::select! {
            biased; // a simulation repeats itself
            () = engine.quiet.cancelled() => break,
            _ = clock.tick() => {}
        }
        engine.gate.note_alive();
        engine.report_kept();
        if engine.lease.lock().superseded_by().is_none() {
            // A failure has been reported as an event; the next beat comes.
            let _ = engine.beat().await;
        }
    }
    pulse.stopped = true;
}

/// Reports that the heartbeat is torn down: with its runtime, that is.
struct Pulse<'a, D> {
    engine: &'a Engine<D>,
    stopped: bool,
}

impl<D> Drop for Pulse<'_, D> {
    fn drop(&mut self) {
        if self.stopped {
            return;
        }
        let server = &self.engine.server;
        tracing::error!(%server, "the runtime of the session manager is gone");
        self.engine.gate.note_gone();
        self.engine.events.end();
    }
}

impl<D: GameDocument> Engine<D> {
    /// Renews the lease and does what the notices ask for.
    pub(super) async fn beat(self: &Arc<Self>) -> Result<(), Error> {
        let asked_at = Moment::now(&*self.clock);
        let renewal = self
            .store
            .renew_lease(&self.server, self.settings.lock_expiry);
        let (renewal, in_doubt) = renewal.await;
        if in_doubt {
            self.lease.lock().doubt_notices();
        }
        match renewal {
            Ok(Renewal::Renewed { notices }) => {
                self.note_renewed(asked_at, &notices);
                for notice in notices {
                    self.act_on(notice);
                }
                Ok(())
            }
            Ok(Renewal::Superseded { by }) => Err(self.note_superseded(by)),
            Err(failure) => {
                self.report_heartbeat(0);
                Err(self.report_at_risk(failure))
            }
        }
    }

    /// Whoever is not informed of mail by a notice hears of it from nobody
    /// else, while every other kind is repeated, or found out about. So if any
    /// may have got lost, all mailboxes are looked at: when an answer that
    /// brings them was lost, and when there were as many as can wait, since
    /// more are dropped.
    fn note_renewed(self: &Arc<Self>, asked_at: Moment, notices: &[Notice]) {
        let mut lease = self.lease.lock();
        lease.note_renewed(asked_at);
        let in_doubt = lease.take_doubt_about_notices();
        drop(lease);
        self.report_heartbeat(notices.len());
        if in_doubt || notices.len() >= MAX_NOTICES {
            self.look_for_all_mail();
        }
    }

    /// Reports to the monitoring how old the lease is, and what a heartbeat
    /// brought.
    fn report_heartbeat(&self, notices: usize) {
        if metrics::ENABLED {
            let age = self.lease.lock().age(Moment::now(&*self.clock));
            metrics::heartbeat(age, notices);
        }
    }

    fn note_superseded(&self, by: Incarnation) -> Error {
        let server = &self.server;
        if self.lease.lock().note_superseded(by) {
            self.gate.note_superseded(by);
            tracing::error!(%server, %by, "superseded by a later incarnation");
            self.events.send(|| Event::Superseded { by });
        }
        Error::Superseded {
            server: server.name.clone(),
            by,
        }
    }

    fn report_at_risk(&self, failure: StoreFailure) -> Error {
        let now = Moment::now(&*self.clock);
        let lapses_in = self.lease.lock().lapses_in(self.settings.lock_expiry, now);
        let error = Error::from(failure);
        let why = Chain(&error);
        tracing::warn!(error = %why, ?lapses_in, "the lease could not be renewed");
        self.events.send(|| Event::LeaseAtRisk {
            lapses_in,
            error: Arc::new(error.clone()),
        });
        error
    }

    /// Does what a notice asks for, in the background. A notice may be out of
    /// date: what it says is checked before anything is closed.
    fn act_on(self: &Arc<Self>, notice: Notice) {
        let Notice {
            player,
            session,
            kind,
            from,
        } = notice;
        match (self.registry.session(&player, session), kind) {
            (Some(session), NoticeKind::HandOver) => {
                let id = session.core.id;
                if !self.end_for_hand_over(session) {
                    return; // who waits for it asks again and again
                }
                self.debug(|| tracing::debug!(%player, by = %from, "asked to hand over"));
                self.events.send(|| Event::HandOverRequested {
                    player,
                    session: id,
                    by: from,
                });
            }
            (Some(session), NoticeKind::Taken) => {
                let engine = Arc::clone(self);
                self.runtime
                    .spawn(async move { engine.check_taken(&session).await });
            }
            // A lock of ours that no session of ours knows: a start that got
            // no answer, say. Whoever asks for it shall have it (L8).
            (None, NoticeKind::HandOver) if !self.registry.knows(&player, session) => {
                self.orphans.add(player, session, Duration::ZERO);
                self.background.wake.notify_one();
            }
            (_, NoticeKind::Mail) => {
                if let Some(session) = self.registry.mail_came(&player, session) {
                    self.look_for_mail(session);
                }
            }
            (None, _) => {} // just starting, and who asks will ask again; or gone
        }
    }

    async fn check_taken(&self, session: &SessionState<D>) {
        let core = &session.core;
        // While it ends, it may well have no lock.
        let _exclusive = session.exclusive.lock().await;
        if core.check_active().is_err() {
            return;
        }
        let room = self.background.room().await;
        let holder = self.store.holder(&core.player).await;
        drop(room);
        match holder {
            Ok(Some(lock)) if lock.session == core.id && lock.fence == core.fence => {}
            Ok(holder) => {
                self.mark_lost(&core.player, core.id, holder);
            }
            Err(error) => {
                // It finds out at its next save.
                let (player, why) = (&core.player, Chain(&error));
                tracing::warn!(%player, error = %why, "could not look at a taken player");
            }
        }
    }

    /// Reports documents that have been kept for longer than a heartbeat.
    /// To be called at every heartbeat.
    pub(crate) fn report_kept(&self) {
        for event in self.kept.overdue(self.settings.heartbeat_interval) {
            if let Event::DocumentKept {
                player,
                slot,
                during,
                kept_for,
            } = &event
            {
                tracing::warn!(%player, %slot, during, ?kept_for, "game code keeps a document");
            }
            self.events.send(|| event);
        }
    }
}
