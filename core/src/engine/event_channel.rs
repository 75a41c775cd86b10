//! The manager's end of the channel that events go through.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{Event, backend::Hazard};

/// How many events of a kind wait for a slow listener before it misses the
/// oldest: this many about saves, and as many of all others.
pub const EVENT_BUFFER: usize = 1_024;

/// An event with its place among all of them.
pub(crate) type Numbered = (u64, Event);

/// What a listener gets.
pub(crate) struct Subscription {
    /// What was found before anybody could listen.
    pub(crate) found: Vec<Hazard>,
    /// Of events about sessions and the server, and of those about saves.
    pub(crate) receivers: [broadcast::Receiver<Numbered>; 2],
    pub(crate) ended: CancellationToken,
}

/// The manager's end of the channel.
#[derive(Debug)]
pub(crate) struct EventSender {
    /// Reported to everybody who starts to listen.
    found: Mutex<Vec<Hazard>>,
    sessions: broadcast::Sender<Numbered>,
    saves: broadcast::Sender<Numbered>,
    sent: AtomicU64,
    /// Whether anybody has listened yet: the channels have a lock to look at.
    heard: AtomicBool,
    ended: CancellationToken,
}

impl EventSender {
    pub(crate) fn new(found: Vec<Hazard>) -> Self {
        Self {
            found: Mutex::new(found),
            sessions: broadcast::Sender::new(EVENT_BUFFER),
            saves: broadcast::Sender::new(EVENT_BUFFER),
            sent: AtomicU64::new(0),
            heard: AtomicBool::new(false),
            ended: CancellationToken::new(),
        }
    }

    pub(crate) fn subscribe(&self) -> Subscription {
        self.heard.store(true, Ordering::Release);
        Subscription {
            found: self.found.lock().clone(),
            receivers: [self.sessions.subscribe(), self.saves.subscribe()],
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
        let heard = self.heard.load(Ordering::Acquire);
        if !heard || self.sessions.receiver_count() == 0 || self.ended.is_cancelled() {
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

    /// Nothing is reported from here on, and every listener comes to an end.
    pub(crate) fn end(&self) {
        self.ended.cancel();
    }
}

impl Drop for EventSender {
    fn drop(&mut self) {
        self.end();
    }
}
