//! The original's way of finding out what changed: a deep copy of every
//! document, and a deep comparison with the previous copy, every cycle.

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
