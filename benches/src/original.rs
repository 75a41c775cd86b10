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
