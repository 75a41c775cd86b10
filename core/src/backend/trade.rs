//! Verdicts on trades: the first one written stands.

use std::time::Duration;

/// How long a verdict is kept for late callers, at the least: from when both
/// parties have said that they need it no more, and an abort also from when it
/// was written.
pub const VERDICT_MEMORY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What becomes of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Each party gets what the other gave.
    Commit,
    /// Each party gets back what it gave.
    Abort,
}

impl Verdict {
    /// The name under which stores keep it: `commit` or `abort`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Abort => "abort",
        }
    }

    /// Reads a name back; `None` if this version does not know it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Commit, Self::Abort]
            .into_iter()
            .find(|verdict| verdict.as_str() == name)
    }
}

/// One of the two documents of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The one named first.
    First,
    /// The one named second.
    Second,
}

impl Party {
    /// The name under which stores keep it: `first` or `second`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }

    /// Reads a name back; `None` if this version does not know it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::First, Self::Second]
            .into_iter()
            .find(|party| party.as_str() == name)
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}
