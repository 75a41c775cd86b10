//! The original's way of finding out what changed: a deep copy of every
//! document, and a deep comparison with the previous copy, every cycle.

use std::{fmt, sync::Arc};

use playerdata_core::{Codec, RandomIds, Settings, backend::Backend};
use playerdata_memory::MemoryBackend;
use playerdata_raw_session::RawSession;
use serde_json::Value;

/// A player as the original keeps one.
#[derive(Debug)]
pub struct Player {
    document: Value,
    previous: Value,
}

impl Player {
    /// A player whose document was saved as it is.
    #[must_use]
    pub fn new(document: Value) -> Self {
        Self {
            previous: document.clone(),
            document,
        }
    }

    /// Changes the document.
    pub fn change(&mut self, to: u64) {
        self.document["Currency"] = to.into();
    }

    /// Changes the document, whatever it was.
    fn change_again(&mut self) {
        let before = self.document["Currency"].as_u64().unwrap_or_default();
        self.change(before + 1);
    }

    /// One player's part of a cycle: whether there is anything to save.
    pub fn look(&mut self) -> bool {
        let copy = self.document.clone();
        let changed = copy != self.previous;
        self.previous = copy;
        changed
    }
}

/// One cycle over all players; returns how many have to be saved.
pub fn cycle(players: &mut [Player]) -> usize {
    players
        .iter_mut()
        .filter_map(|player| player.look().then_some(()))
        .count()
}

/// The original's saves: one after the other, into a memory backend, encoded
/// as ours are.
pub struct Writer {
    backend: Arc<dyn Backend>,
    slots: Vec<RawSession>,
    codec: Codec,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = self.slots.len();
        f.debug_struct("Writer").field("slots", &slots).finish()
    }
}

impl Writer {
    /// Opens slots for this many players who have something to save.
    ///
    /// # Panics
    ///
    /// If that fails.
    pub async fn open(slots: u64) -> Self {
        let backend: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
        let mut open = Vec::new();
        for number in 0..slots {
            open.push(RawSession::start(&*backend, number).await);
        }
        Self {
            backend,
            slots: open,
            codec: Codec::new(&Settings::default(), &RandomIds),
        }
    }

    /// One cycle over all players, with the saves; returns how many there were.
    ///
    /// # Panics
    ///
    /// If a save fails, or more players have something to save than slots are
    /// open.
    pub async fn cycle(&mut self, players: &mut [Player]) -> usize {
        let mut saved = 0;
        for player in players {
            if player.look() {
                let encoded = self.codec.encode(&player.document);
                let encoded = encoded.expect("the document is small");
                let body = self.codec.body(&encoded, 1);
                self.slots[saved].save_body(&*self.backend, &body).await;
                saved += 1;
            }
        }
        saved
    }
}

/// Changes every `every`-th document; returns how many that were.
pub fn change_every(players: &mut [Player], every: usize) -> usize {
    let changed = players.iter_mut().step_by(every);
    changed.map(Player::change_again).count()
}

/// The original's way to an item: a search of the list.
#[must_use]
pub fn find_item<'d>(document: &'d Value, name: &str) -> Option<&'d Value> {
    let items = document["Inventory"].as_array()?;
    items.iter().find(|item| item["Name"] == name)
}
