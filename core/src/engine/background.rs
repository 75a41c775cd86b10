//! What the manager ends or puts right by itself, beside the heartbeat, so
//! that nothing slow delays the sign of life.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit},
    time::{Instant, MissedTickBehavior},
};

use super::Engine;
use crate::{EndReason, Error, GameDocument, SessionId, Settings, state::SessionState};

/// Sessions that have to be ended again, and room for the work.
#[derive(Debug)]
pub(crate) struct Background<D> {
    /// By session, so that each is there once.
    to_end: Mutex<BTreeMap<SessionId, ToEnd<D>>>,
    /// How many calls of the store ends have under way at the same time: a
    /// thousand players who leave at once are not a thousand saves at once.
    room: Semaphore,
    /// Room for releases, which must not queue behind everybody's saves: a
    /// shutdown ends one session after another.
    room_to_release: Semaphore,
    /// Wakes the task before its time.
    pub(super) wake: Notify,
}

#[derive(Debug)]
struct ToEnd<D> {
    session: Arc<SessionState<D>>,
    reason: EndReason,
    not_before: Instant,
}

/// What can't pass by itself, such as a document that can't be encoded, is
/// tried again after this many heartbeats first, then after twice as many, and so
/// on up to this pause.
const FIRST_PAUSE: u32 = 12;
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

impl<D> Background<D> {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            to_end: Mutex::default(),
            room: Semaphore::new(settings.max_concurrent_saves),
            room_to_release: Semaphore::new(settings.max_concurrent_saves),
            wake: Notify::new(),
        }
    }

    /// Waits until an end may call the store. What this returns is held for
    /// the call only, never while game code runs or another session is waited
    /// for: as many hooks that don't return as there are places would hold up
    /// everybody's end (A9).
    pub(crate) async fn room(&self) -> Option<SemaphorePermit<'_>> {
        self.room.acquire().await.ok() // nobody closes it
    }

    /// Waits until a release may call the store.
    pub(crate) async fn room_to_release(&self) -> Option<SemaphorePermit<'_>> {
        self.room_to_release.acquire().await.ok() // nobody closes it
    }

    /// Those whose time has come.
    fn take_due(&self, now: Instant) -> Vec<ToEnd<D>> {
        let mut to_end = self.to_end.lock();
        let due = to_end.extract_if(.., |_, ending| ending.not_before <= now);
        due.map(|(_, ending)| ending).collect()
    }
}

/// Every heartbeat, until the last session of a manager that shuts down has
/// ended.
pub(super) async fn run<D: GameDocument>(engine: Arc<Engine<D>>) {
    let mut clock = tokio::time::interval(engine.settings.heartbeat_interval);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased; // a simulation repeats itself; the clock is not kept waiting
            () = engine.quiet.cancelled() => return,
            _ = clock.tick() => engine.end_those_left(),
            () = engine.background.wake.notified() => {}
        }
        engine.release_orphans().await;
    }
}

impl<D: GameDocument> Engine<D> {
    fn end_those_left(self: &Arc<Self>) {
        for ending in self.background.take_due(Instant::now()) {
            self.end_in_background(ending.session, ending.reason);
        }
    }

    /// Has a session ended again: at the next heartbeat, if what kept it from
    /// ending may pass by itself, and else rarely.
    pub(crate) fn end_again(
        &self,
        session: &Arc<SessionState<D>>,
        reason: EndReason,
        error: &Error,
    ) {
        let failed = session.note_failed_end();
        let pause = if error.is_transient() {
            Duration::ZERO
        } else {
            self.rare_pause(failed.into())
        };
        let ending = ToEnd {
            session: Arc::clone(session),
            reason,
            not_before: Instant::now() + pause,
        };
        self.background
            .to_end
            .lock()
            .insert(session.core.id, ending);
    }

    /// How long to wait with another attempt at what can't pass by itself, and
    /// failed this often before.
    pub(crate) fn rare_pause(&self, failed_before: u32) -> Duration {
        let first = self.settings.heartbeat_interval.saturating_mul(FIRST_PAUSE);
        let pause = first.saturating_mul(2_u32.saturating_pow(failed_before));
        pause.min(LONGEST_PAUSE)
    }

    /// Ends a session in a task of its own. A failure is reported as an event, and
    /// tried again if nobody else would: of a session that nobody has a handle
    /// to any more (E5), and of a manager that shuts down.
    pub(crate) fn end_in_background(
        self: &Arc<Self>,
        session: Arc<SessionState<D>>,
        reason: EndReason,
    ) {
        let engine = Arc::clone(self);
        self.runtime.spawn(async move {
            let is_wanted = || reason == EndReason::Dropped && session.is_held();
            if is_wanted() && !session.core.is_releasing() {
                return; // somebody looked it up and goes on with it
            }
            let ended = Arc::clone(&engine).end(Arc::clone(&session), reason).await;
            if let Err(error) = ended
                && matches!(reason, EndReason::Dropped | EndReason::Shutdown)
                && !session.is_closed()
                && !is_wanted()
            {
                engine.end_again(&session, reason, &error.cause);
            }
        });
    }

    /// Ends a session for somebody else, unless that is under way already.
    /// Returns whether it began it.
    pub(super) fn end_for_hand_over(self: &Arc<Self>, session: Arc<SessionState<D>>) -> bool {
        if session.end_is_under_way.swap(true, Ordering::AcqRel) {
            return false;
        }
        let engine = Arc::clone(self);
        self.runtime.spawn(async move {
            // A failure has been reported as an event.
            let _ = engine.end(Arc::clone(&session), EndReason::HandOver).await;
            session.end_is_under_way.store(false, Ordering::Release);
        });
        true
    }
}
