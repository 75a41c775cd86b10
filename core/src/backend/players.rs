//! Pages of the players that a store has something of.

use std::fmt;

use crate::PlayerId;

/// Where a listing of players goes on; means something to the store that made
/// it only.
///
/// As text it can be written down and read back later, by another process too.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PlayersCursor(String);

impl PlayersCursor {
    /// Wraps a store's own text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The store's own text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlayersCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlayersCursor({:?})", self.0)
    }
}

impl fmt::Display for PlayersCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One page of players, in the store's own order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlayersPage {
    /// The players of this page; may be empty although there are more pages.
    pub players: Vec<PlayerId>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<PlayersCursor>,
}
