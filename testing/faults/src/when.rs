//! Which calls a scripted fault is for.

use std::fmt;

use playerdata_core::{PlayerId, SlotName};

use crate::{Call, Operation};

/// Picks calls: by operation, player and slot, and by which of these it is.
///
/// Without [`nth`](Self::nth) or [`from_nth`](Self::from_nth) it picks every
/// one. Each `When` counts for itself, from the moment it is injected.
///
/// ```
/// use playerdata_core::PlayerId;
/// use playerdata_faults::When;
///
/// let second_save_of_player_7 = When::save().of(&PlayerId::from(7)).nth(2);
/// let every_heartbeat_from_the_fourth_on = When::renew_lease().from_nth(4);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it picks nothing until it is injected"]
pub struct When {
    operations: Operations,
    player: Option<PlayerId>,
    slot: Option<SlotName>,
    first: u64,
    last: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operations {
    All,
    /// All that have to do with players.
    Players,
    One(Operation),
}

impl Operations {
    fn contain(self, operation: Operation) -> bool {
        match self {
            Self::All => true,
            Self::Players => !matches!(
                operation,
                Operation::Hazards
                    | Operation::RenewLease
                    | Operation::DropLease
                    | Operation::LeaseIsLive
            ),
            Self::One(wanted) => wanted == operation,
        }
    }
}

macro_rules! of_operation {
    ($($name:ident $operation:ident),* $(,)?) => {
        $(
            #[doc = concat!("Calls of `", stringify!($name), "`.")]
            pub fn $name() -> Self {
                Self::calls_of(Operation::$operation)
            }
        )*
    };
}

impl When {
    /// Any call at all.
    pub fn any() -> Self {
        Self {
            operations: Operations::All,
            player: None,
            slot: None,
            first: 1,
            last: u64::MAX,
        }
    }

    /// Any call but those about leases and the store's settings, which a
    /// server also makes when nobody plays.
    pub fn any_about_players() -> Self {
        Self {
            operations: Operations::Players,
            ..Self::any()
        }
    }

    /// Calls of one operation.
    pub fn calls_of(operation: Operation) -> Self {
        Self {
            operations: Operations::One(operation),
            ..Self::any()
        }
    }

    of_operation! {
        hazards Hazards,
        renew_lease RenewLease,
        drop_lease DropLease,
        lease_is_live LeaseIsLive,
        acquire Acquire,
        release Release,
        holder Holder,
        notify Notify,
        open Open,
        save Save,
        delete Delete,
        view View,
        list List,
        erase Erase,
        post Post,
        letters Letters,
        discard Discard,
        settle Settle,
        decide Decide,
        forget_decision ForgetDecision,
        keep_version KeepVersion,
        versions Versions,
        version Version,
        players Players,
    }

    /// Only those about this player.
    pub fn of(mut self, player: &PlayerId) -> Self {
        self.player = Some(player.clone());
        self
    }

    /// Only those about a slot of this name.
    pub fn on(mut self, slot: &SlotName) -> Self {
        self.slot = Some(slot.clone());
        self
    }

    /// Only the `nth` of them, counted from 1.
    pub fn nth(mut self, nth: u64) -> Self {
        (self.first, self.last) = (nth, nth);
        self
    }

    /// The `nth` of them, counted from 1, and all after it.
    pub fn from_nth(mut self, nth: u64) -> Self {
        (self.first, self.last) = (nth, u64::MAX);
        self
    }

    fn is_about(&self, call: &Call) -> bool {
        self.operations.contain(call.operation)
            && (self.player.is_none() || self.player == call.player)
            && (self.slot.is_none() || self.slot == call.slot)
    }
}

impl fmt::Display for When {
    /// As in `Save of 4711 on Slot1, number 2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.operations {
            Operations::All => f.write_str("any call")?,
            Operations::Players => f.write_str("any call about players")?,
            Operations::One(operation) => write!(f, "{operation:?}")?,
        }
        if let Some(player) = &self.player {
            write!(f, " of {player}")?;
        }
        if let Some(slot) = &self.slot {
            write!(f, " on {slot}")?;
        }
        match (self.first, self.last) {
            (1, u64::MAX) => Ok(()),
            (first, u64::MAX) => write!(f, ", from number {first} on"),
            (only, _) => write!(f, ", number {only}"),
        }
    }
}

/// A `When` that counts.
#[derive(Debug)]
pub(crate) struct Counter {
    when: When,
    seen: u64,
}

impl Counter {
    pub(crate) fn new(when: When) -> Self {
        Self { when, seen: 0 }
    }

    /// Counts the call, and says whether it is picked.
    pub(crate) fn picks(&mut self, call: &Call) -> bool {
        if !self.when.is_about(call) {
            return false;
        }
        self.seen += 1;
        (self.when.first..=self.when.last).contains(&self.seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_picked_can_be_told_in_a_few_words() {
        let player = PlayerId::from(7);
        let slot = SlotName::new("Slot1").expect("a valid name");
        let told = [
            (When::any(), "any call"),
            (
                When::any_about_players().nth(3),
                "any call about players, number 3",
            ),
            (When::save().of(&player), "Save of 7"),
            (
                When::open().of(&player).on(&slot).nth(2),
                "Open of 7 on Slot1, number 2",
            ),
            (When::renew_lease().nth(1), "RenewLease, number 1"),
            (When::any().from_nth(4), "any call, from number 4 on"),
        ];
        for (when, words) in told {
            assert_eq!(when.to_string(), words);
        }
    }
}
