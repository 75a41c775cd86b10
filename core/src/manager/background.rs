//! What the manager ends or puts right by itself, beside the heartbeat, so
//! that nothing slow delays the sign of life.

use std::{
    collections::BTreeMap,
    future::Future,
    mem,
    sync::{Arc, atomic::Ordering},
};

use parking_lot::Mutex;
use tokio::{
    sync::{Notify, Semaphore},
    time::MissedTickBehavior,
};

use super::Shared;
use crate::{EndReason, GameDocument, SessionId, Settings, session::SessionState};

/// Sessions that have to be ended again, and room for the work.
#[derive(Debug)]
pub(crate) struct Background<D> {
    /// By session, so that each is there once.
    to_end: Mutex<BTreeMap<SessionId, ToEnd<D>>>,
    /// How much of it goes on at the same time: a thousand players who leave
    /// at once are not a thousand saves at once.
    room: Semaphore,
    /// Wakes the task before its time.
    pub(super) wake: Notify,
}

#[derive(Debug)]
struct ToEnd<D> {
    session: Arc<SessionState<D>>,
    reason: EndReason,
}

impl<D> Background<D> {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            to_end: Mutex::default(),
            room: Semaphore::new(settings.max_concurrent_saves),
            wake: Notify::new(),
        }
    }

    /// Has a session ended at the next heartbeat.
    pub(crate) fn end_again(&self, session: &Arc<SessionState<D>>, reason: EndReason) {
        let session = Arc::clone(session);
        let id = session.core.id;
        self.to_end.lock().insert(id, ToEnd { session, reason });
    }
}

/// Every heartbeat, until the manager stops.
pub(super) async fn run<D: GameDocument>(shared: Arc<Shared<D>>) {
    let mut clock = tokio::time::interval(shared.settings.heartbeat_interval);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.background.wake.notified() => {}
            _ = clock.tick() => shared.end_those_left(),
        }
        shared.release_orphans().await;
    }
}

impl<D: GameDocument> Shared<D> {
    fn end_those_left(self: &Arc<Self>) {
        let left = mem::take(&mut *self.background.to_end.lock());
        for ToEnd { session, reason } in left.into_values() {
            self.end_in_background(session, reason);
        }
    }

    /// Ends a session in a task of its own. A failure is told as an event; a
    /// session that nobody has a handle to any more is tried again (E5).
    pub(crate) fn end_in_background(
        self: &Arc<Self>,
        session: Arc<SessionState<D>>,
        reason: EndReason,
    ) {
        let shared = Arc::clone(self);
        self.spawn_with_room(async move {
            let ended = Arc::clone(&shared).end(Arc::clone(&session), reason).await;
            if ended.is_err() && reason == EndReason::Dropped && !session.is_closed() {
                shared.background.end_again(&session, reason);
            }
        });
    }

    /// Ends a session for somebody else, unless that is under way already.
    /// Returns whether it began it.
    pub(super) fn end_for_hand_over(self: &Arc<Self>, session: Arc<SessionState<D>>) -> bool {
        if session.end_is_under_way.swap(true, Ordering::AcqRel) {
            return false;
        }
        let shared = Arc::clone(self);
        self.spawn_with_room(async move {
            // A failure has been told as an event.
            let _ = shared.end(Arc::clone(&session), EndReason::HandOver).await;
            session.end_is_under_way.store(false, Ordering::Release);
        });
        true
    }

    /// Runs work as a task of its own, when there is room for it.
    pub(super) fn spawn_with_room(
        self: &Arc<Self>,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let shared = Arc::clone(self);
        self.runtime.spawn(async move {
            // It fails only if it was closed, which nobody does.
            let _room = shared.background.room.acquire().await;
            work.await;
        });
    }
}
