//! What a manager tells those who listen.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
    vec,
};

use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{
    Error, Incarnation, PlayerId, Revision, ServerId, SessionId, SlotName,
    backend::{Hazard, Lock},
};

/// Why something was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaveReason {
    /// The autosave found it changed.
    Autosave,
    /// The forced cycle came round (A6).
    Forced,
    /// Game code asked for it.
    Asked,
    /// The session is ending, for this reason.
    LastSave(EndReason),
    /// An operator put it there.
    PutBack,
}

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// Game code ended it.
    Asked,
    /// Another server asked for the player.
    HandOver,
    /// The same manager starts the player's next session.
    Restarted,
    /// Its handle was dropped.
    Dropped,
    /// The manager is shutting down.
    Shutdown,
    /// Game code gave up what was unsaved, by abandoning it, or by stealing
    /// the player from it on the same server.
    Abandoned,
}

/// Something that happened. Errors are shared, so events are cheap to clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A session was found lost and is closed: send the player away.
    SessionLost {
        /// The player.
        player: PlayerId,
        /// The session that was lost.
        session: SessionId,
        /// Who took the player, if it is known.
        holder: Option<Lock>,
    },
    /// Another server asks for the player; the session is being ended for it.
    HandOverAsked {
        /// The player.
        player: PlayerId,
        /// The session that is asked for.
        session: SessionId,
        /// Who asks.
        by: ServerId,
    },
    /// A session ended: its lock is released and, unless it was abandoned,
    /// everything saved.
    SessionEnded {
        /// The player.
        player: PlayerId,
        /// The session that ended.
        session: SessionId,
        /// Why.
        reason: EndReason,
    },
    /// A session could not be ended: it goes on if it could not be saved, and
    /// is tried again if only its lock could not be released.
    EndFailed {
        /// The player.
        player: PlayerId,
        /// The session.
        session: SessionId,
        /// Why it was to end.
        reason: EndReason,
        /// Why it did not.
        error: Arc<Error>,
    },
    /// A slot was written.
    SlotSaved {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// The revision that the write made.
        revision: Revision,
        /// Why it was written.
        reason: SaveReason,
    },
    /// An attempt to write a slot failed. The change is kept.
    SaveFailed {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// Which attempt in a row it was, from 1.
        attempt: u32,
        /// When it is tried again; `None`: at the next cycle, or when asked.
        retry_in: Option<Duration>,
        /// Why it failed.
        error: Arc<Error>,
    },
    /// Game code has kept a document for longer than a heartbeat: a closure
    /// that changes it, or a hook, has not returned. Nobody else is held up;
    /// the slot can't be changed until a closure returns, and can't be saved
    /// until a hook does. Told once for each closure or hook.
    DocumentKept {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// What has not returned: `modify`, or the name of the hook.
        during: &'static str,
        /// For how long at least.
        kept_for: Duration,
    },
    /// The store's own settings could lose what it acknowledges. Looked for
    /// when the manager starts and at every heartbeat; what was found before
    /// is the first that every listener hears.
    StoreAtRisk {
        /// How.
        hazard: Hazard,
    },
    /// The lease could not be renewed. When it lapses, other servers may take
    /// the players; until they do, saves go on.
    LeaseAtRisk {
        /// How long until it lapses; zero if it has.
        lapses_in: Duration,
        /// Why it was not renewed.
        error: Arc<Error>,
    },
    /// A later incarnation of this server's name is running. Its players can
    /// be taken at any time; no session can be started.
    Superseded {
        /// The later incarnation.
        by: Incarnation,
    },
    /// A hook panicked. The document is as it was before the hook.
    HookPanicked {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// Which hook.
        hook: &'static str,
    },
    /// This listener was too slow: so many events were dropped for it.
    Missed {
        /// How many.
        count: u64,
    },
}

impl Event {
    /// Whether it is about saves, of which there are many. They have a buffer
    /// of their own, so that they crowd out nothing else (E13).
    fn is_of_saves(&self) -> bool {
        matches!(
            self,
            Self::SlotSaved { .. } | Self::SaveFailed { .. } | Self::HookPanicked { .. }
        )
    }
}

/// How many events of a kind wait for a slow listener before it misses the
/// oldest: so many about saves, and so many of all others.
pub const EVENT_BUFFER: usize = 1_024;

/// An event with its place among all of them.
type Numbered = (u64, Event);

/// A listener's end of the channel; see [`SessionManager::events`](crate::SessionManager::events).
#[derive(Debug)]
pub struct Events {
    /// What was found before anybody could listen.
    found: vec::IntoIter<Hazard>,
    /// Those about sessions and the server, and those about saves.
    queues: [Queue; 2],
    ended: CancellationToken,
}

/// One of the buffers, and what was taken out of it to be compared.
#[derive(Debug)]
struct Queue {
    receiver: broadcast::Receiver<Numbered>,
    next: Option<Numbered>,
}

impl Queue {
    /// Looks for what comes next. Events that were missed come before it.
    fn look(&mut self) {
        if self.next.is_none() {
            let received = self.receiver.try_recv();
            self.next = match received {
                Ok(event) => Some(event),
                Err(broadcast::error::TryRecvError::Lagged(count)) => Some(missed(count)),
                Err(_) => None,
            };
        }
    }

    /// Returns once something is there; never after the end.
    ///
    /// Cancel safe: what it takes is in `next` at once.
    async fn arrival(&mut self) {
        match self.receiver.recv().await {
            Ok(event) => self.next = Some(event),
            Err(broadcast::error::RecvError::Lagged(count)) => self.next = Some(missed(count)),
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

fn missed(count: u64) -> Numbered {
    (0, Event::Missed { count })
}

impl Events {
    /// The next event; [`Event::Missed`] if some were dropped because this
    /// listener was slow; `None` after the last: when a
    /// [`shutdown`](crate::SessionManager::shutdown) has returned its report,
    /// or the manager's runtime or everything that the manager gave out is
    /// gone.
    ///
    /// Events about saves have a buffer of their own. They can't crowd out the
    /// others, however many they are (E13).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no event is lost.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let ended = self.ended.is_cancelled(); // before the last look
            if let Some(event) = self.try_next() {
                return Some(event);
            }
            if ended {
                return None;
            }
            let [sessions, saves] = &mut self.queues;
            tokio::select! {
                biased; // a simulation repeats itself
                () = sessions.arrival() => {}
                () = saves.arrival() => {}
                () = self.ended.cancelled() => {}
            }
        }
    }

    /// The next event if one is waiting.
    pub fn try_next(&mut self) -> Option<Event> {
        if let Some(hazard) = self.found.next() {
            return Some(Event::StoreAtRisk { hazard });
        }
        for queue in &mut self.queues {
            queue.look();
        }
        let first = |queue: &&mut Queue| queue.next.as_ref().map_or(u64::MAX, |(place, _)| *place);
        let queue = self.queues.iter_mut().min_by_key(first)?;
        queue.next.take().map(|(_, event)| event)
    }
}

/// The manager's end of the channel.
#[derive(Debug)]
pub(crate) struct EventSender {
    /// Told to everybody who starts to listen.
    found: Mutex<Vec<Hazard>>,
    sessions: broadcast::Sender<Numbered>,
    saves: broadcast::Sender<Numbered>,
    sent: AtomicU64,
    ended: CancellationToken,
}

impl EventSender {
    pub(crate) fn new(found: Vec<Hazard>) -> Self {
        Self {
            found: Mutex::new(found),
            sessions: broadcast::Sender::new(EVENT_BUFFER),
            saves: broadcast::Sender::new(EVENT_BUFFER),
            sent: AtomicU64::new(0),
            ended: CancellationToken::new(),
        }
    }

    pub(crate) fn listen(&self) -> Events {
        let queue = |sender: &broadcast::Sender<_>| Queue {
            receiver: sender.subscribe(),
            next: None,
        };
        Events {
            found: self.found.lock().clone().into_iter(),
            queues: [queue(&self.sessions), queue(&self.saves)],
            ended: self.ended.clone(),
        }
    }

    /// The store's hazards as they were found last.
    pub(crate) fn hazards(&self) -> Vec<Hazard> {
        self.found.lock().clone()
    }

    /// Takes note of the store's hazards as they are now; returns those of
    /// kinds that are new.
    pub(crate) fn note_hazards(&self, now: Vec<Hazard>) -> Vec<Hazard> {
        let mut found = self.found.lock();
        let known = |hazard: &Hazard| found.iter().any(|known| known.kind == hazard.kind);
        let new = now.iter().filter(|hazard| !known(hazard));
        let new = new.cloned().collect();
        *found = now;
        new
    }

    /// Sends an event, which is not even made if nobody listens.
    pub(crate) fn send(&self, event: impl FnOnce() -> Event) {
        if self.sessions.receiver_count() == 0 || self.ended.is_cancelled() {
            return;
        }
        let event = event();
        let sender = if event.is_of_saves() {
            &self.saves
        } else {
            &self.sessions
        };
        let place = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        // It fails only if the last listener left since the look above.
        let _ = sender.send((place, event));
    }

    /// Nothing is told from here on, and every listener comes to an end.
    pub(crate) fn end(&self) {
        self.ended.cancel();
    }
}

impl Drop for EventSender {
    fn drop(&mut self) {
        self.end();
    }
}
