//! What a manager tells those who listen.

use std::{sync::Arc, time::Duration, vec};

use parking_lot::Mutex;
use tokio::sync::broadcast;

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
    /// Its first slot could not be loaded (L8).
    LoadFailed,
    /// Game code gave up what was unsaved.
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

/// How many events wait for a slow listener before it misses the oldest.
pub const EVENT_BUFFER: usize = 1_024;

/// A listener's end of the channel; see [`SessionManager::events`](crate::SessionManager::events).
#[derive(Debug)]
pub struct Events {
    /// What was found before anybody could listen.
    found: vec::IntoIter<Hazard>,
    receiver: broadcast::Receiver<Event>,
}

impl Events {
    /// The next event; [`Event::Missed`] if some were dropped because this
    /// listener was slow; `None` once the manager and all sessions and slots
    /// that it gave out are gone.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no event is lost.
    pub async fn next(&mut self) -> Option<Event> {
        if let Some(hazard) = self.found.next() {
            return Some(Event::StoreAtRisk { hazard });
        }
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(count)) => Some(Event::Missed { count }),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// The next event if one is waiting.
    pub fn try_next(&mut self) -> Option<Event> {
        if let Some(hazard) = self.found.next() {
            return Some(Event::StoreAtRisk { hazard });
        }
        match self.receiver.try_recv() {
            Ok(event) => Some(event),
            Err(broadcast::error::TryRecvError::Lagged(count)) => Some(Event::Missed { count }),
            Err(_) => None,
        }
    }
}

/// The manager's end of the channel.
#[derive(Debug)]
pub(crate) struct EventSender {
    /// Told to everybody who starts to listen.
    found: Mutex<Vec<Hazard>>,
    sender: broadcast::Sender<Event>,
}

impl EventSender {
    pub(crate) fn new(found: Vec<Hazard>) -> Self {
        Self {
            found: Mutex::new(found),
            sender: broadcast::Sender::new(EVENT_BUFFER),
        }
    }

    pub(crate) fn listen(&self) -> Events {
        Events {
            found: self.found.lock().clone().into_iter(),
            receiver: self.sender.subscribe(),
        }
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
        if self.sender.receiver_count() > 0 {
            // It fails only if the last listener left since the line above.
            let _ = self.sender.send(event());
        }
    }
}
