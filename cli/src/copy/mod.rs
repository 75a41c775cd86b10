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
    backend::{Encoding, Letter, Record, Retention, Verdict},
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
    /// What could not be read, and is not among it: texts for people.
    pub(crate) left_out: Vec<String>,
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
    /// Nothing was written: the player is held.
    Held,
    /// Something of the player can't be read, and is not there.
    Damaged,
}

/// What of a copy has no place at another store: nobody knows how it is to be
/// read.
pub(crate) fn unwritable(copy: &PlayerCopy) -> impl Iterator<Item = String> + '_ {
    let slots = copy.slots.iter();
    slots
        .filter(|slot| slot.record.as_ref().is_some_and(is_unknown))
        .map(|slot| format!("{}: what is stored there can't be read", slot.slot))
}

fn is_unknown(record: &Record) -> bool {
    record.body.encoding == Encoding::Unknown
}

impl SlotCopy {
    /// The record that can be written elsewhere.
    fn writable(&self) -> Option<&Record> {
        self.record.as_ref().filter(|record| !is_unknown(record))
    }

    /// The versions that can be.
    fn writable_versions(&self) -> impl Iterator<Item = &Record> {
        self.versions.iter().filter(|version| !is_unknown(version))
    }
}
