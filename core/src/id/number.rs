//! Counters that the store keeps: fences, claim numbers, revisions.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Wraps a number read from a store.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number itself, to write to a store.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The number after this one.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter! {
    /// The generation of a player's lock: grows with every acquisition and
    /// never repeats or falls. The first is 1.
    Fence
}

counter! {
    /// Distinguishes the claims of one session: each opening of a slot takes a
    /// greater number than the one before.
    ClaimNumber
}

impl ClaimNumber {
    /// The number of the claim on a slot that is opened together with the
    /// taking of a lock, by
    /// [`acquire_and_open`](crate::backend::Backend::acquire_and_open): ten
    /// times the lock's fence. `None` from a fence of 10<sup>17</sup> on, with
    /// which nothing is opened.
    ///
    /// A late copy of that call can give a session a second lock, under another
    /// fence. It must not make a claim there that the session had before, so
    /// the number depends on the fence, and is even: the session itself takes
    /// odd ones.
    #[must_use]
    pub const fn with_lock(fence: Fence) -> Option<Self> {
        if fence.get() < 100_000_000_000_000_000 {
            Some(Self(fence.get() * 10))
        } else {
            None
        }
    }
}

counter! {
    /// How many writes a slot has seen. 0 is a slot that was never saved; the
    /// revision grows by one per applied write.
    Revision
}
