//! All that is stored of one player, taken from a store and put into another.
//!
//! A record has its envelope in it, and so the keys of what was applied once,
//! what is to be sent and what is in a trade. For these to hold at the other
//! store, that has to answer as this one does: it gets the letters that wait,
//! the ids that are remembered, and the verdicts that records wait for.

mod mail;
mod players;
mod read;
mod trades;
mod write;

use playerdata::{
    LetterId, PlayerId, SlotName, TradeId, WriteId,
    backend::{Letter, Record, Retention, Verdict},
};

pub(crate) use players::{Pace, players};
pub(crate) use read::read;
pub(crate) use write::{is_there, write};

/// All that is stored of one player.
#[derive(Debug)]
pub(crate) struct PlayerCopy {
    pub(crate) player: PlayerId,
    pub(crate) slots: Vec<SlotCopy>,
    /// Those on the trades that records are in.
    pub(crate) verdicts: Vec<(TradeId, Verdict)>,
}

/// All that is stored of one slot.
#[derive(Debug)]
pub(crate) struct SlotCopy {
    pub(crate) slot: SlotName,
    pub(crate) record: Option<Record>,
    /// Oldest first.
    pub(crate) versions: Vec<Record>,
    /// In order of arrival.
    pub(crate) letters: Vec<Letter>,
    pub(crate) remembered: Vec<RememberedLetter>,
}

/// A letter that was taken in, and whose id is refused since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RememberedLetter {
    pub(crate) id: LetterId,
    pub(crate) posting: WriteId,
    pub(crate) retention: Retention,
}

/// What is copied, and by whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extent {
    pub(crate) versions: bool,
    /// Slots that are looked at although they have neither a record nor mail.
    pub(crate) more_slots: Vec<SlotName>,
    /// Whether who reads the player holds the player.
    pub(crate) is_held: bool,
}

/// What became of a player at the other store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Something was written.
    Written,
    /// All of it was there.
    There,
    /// Something newer is there, and stays.
    Newer,
}

impl Arrival {
    /// What became of both.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Newer, _) | (_, Self::Newer) => Self::Newer,
            (Self::Written, _) | (_, Self::Written) => Self::Written,
            (Self::There, Self::There) => Self::There,
        }
    }
}
