//! Ids that are GUIDs: sessions, incarnations, writes.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use crate::clock::UnixMillis;

macro_rules! guid {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a GUID that was made elsewhere, or read from a store.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The GUID itself, to write to a store.
            #[must_use]
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

guid! {
    /// Names one session: one server's exclusive right to one player's data.
    SessionId
}

guid! {
    /// Names one write of one slot, so that a save whose answer was lost can
    /// be recognised when the slot is opened again .
    WriteId
}

guid! {
    /// Names one trade between two slots: the verdict on it is kept under it.
    TradeId
}

guid! {
    /// One run of a server: fresh at every start of the process.
    ///
    /// Incarnations of one server name are ordered, the later greater: they
    /// are version 7 GUIDs, and one that turns out not to be the greatest
    /// that the store has seen is made again with [`Incarnation::later_than`].
    /// So a clock that was set back costs a round trip, not the right order.
    Incarnation
}

impl Incarnation {
    /// An incarnation that starts at `now`, made unique by `random`.
    #[must_use]
    pub fn starting_at(now: UnixMillis, random: Uuid) -> Self {
        let mut tail = [0; 10];
        tail.copy_from_slice(&random.as_bytes()[..10]);
        Self(Builder::from_unix_timestamp_millis(now.get(), &tail).into_uuid())
    }

    /// An incarnation greater than `other`, whatever the clock says.
    #[must_use]
    pub fn later_than(other: Incarnation, now: UnixMillis, random: Uuid) -> Self {
        Self::starting_at(now.max(UnixMillis::new(other.millis() + 1)), random)
    }

    /// The time part of a version 7 GUID: its first 48 bits.
    fn millis(self) -> u64 {
        (self.0.as_u128() >> 80) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_incarnation_is_greater_even_when_the_clock_went_back() {
        let first = Incarnation::starting_at(UnixMillis::new(5_000), Uuid::max());
        let second = Incarnation::later_than(first, UnixMillis::new(1_000), Uuid::nil());
        assert!(second > first);
        let third = Incarnation::later_than(second, UnixMillis::new(9_000), Uuid::nil());
        assert_eq!(third.millis(), 9_000);
    }
}
