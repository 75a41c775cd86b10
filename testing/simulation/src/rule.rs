//! What is checked, and what a failed check says.

use std::{fmt, str::FromStr};

use thiserror::Error;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// A rule that the simulation checks: L1 to L10 and S1 to S6 of the
        /// design, and what follows from all of them together.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* $name,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

rules! {
    /// At most one session holds a player's lock at a time.
    L1,
    /// A lock is replaced only if its server's lease lapsed or was
    /// superseded, or the caller steals; and leases are told as they are.
    L2,
    /// The fence grows with every acquisition.
    L3,
    /// Nothing of an older session succeeds once a newer one holds the player.
    L4,
    /// Without a lock nothing is written.
    L5,
    /// Release is idempotent and never removes another session's lock.
    L6,
    /// Renewing a lease changes no lock, and a superseded incarnation can't.
    L7,
    /// A start or a first load that fails leaves no lock behind.
    L8,
    /// Whoever still has the lock is the holder: its saves succeed.
    L9,
    /// Wrong clocks never cost an acknowledged save.
    L10,
    /// What was acknowledged was applied, and is what the next open returns.
    S1,
    /// A claim in doubt is dead before anything else is sent, and a write
    /// that won never looks lost.
    S2,
    /// The revision grows by one per applied write.
    S3,
    /// An error never gives defaults.
    S4,
    /// A body that can't be decoded is never saved over.
    S5,
    /// A body of a newer schema is never saved over.
    S6,
    /// Every saved document goes back to the one stored before it: no
    /// acknowledged change was dropped on the way.
    Kept,
    /// All changes between one stored document and the next were made by the
    /// session that saved it.
    OneWriter,
    /// What is moved about within a document adds up.
    Conserved,
    /// A notice reaches its server once.
    Notices,
    /// Game code that keeps a document holds up nobody else (A9).
    Unhindered,
    /// No code panics: not the game's, not the library's, not the store's.
    NoPanic,
    /// When the faults stop, every player can be loaded again.
    Recovered,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rules = Self::ALL.iter();
        let found = rules.find(|rule| rule.to_string().eq_ignore_ascii_case(text));
        found.copied().ok_or_else(|| UnknownRule(text.to_owned()))
    }
}

/// A text that names no rule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a rule")]
pub struct UnknownRule(String);

/// A rule that was seen broken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("step {step}: {rule} broken: {what}")]
#[non_exhaustive]
pub struct Violation {
    /// The entry of the history at which it was seen.
    pub step: usize,
    /// The rule.
    pub rule: Rule,
    /// What was seen.
    pub what: String,
}
