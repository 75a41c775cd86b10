//! What a store could lose.

use std::{borrow::Cow, fmt};

/// Something about how the store is set up that can lose what it has
/// acknowledged, and that its operator may not know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hazard {
    /// What can be lost.
    pub kind: HazardKind,
    /// What is wrong, with which of the store's servers, and what to do about
    /// it: a sentence for the operator.
    pub what: Cow<'static, str>,
}

impl Hazard {
    /// A hazard of this kind.
    #[must_use]
    pub fn new(kind: HazardKind, what: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            what: what.into(),
        }
    }
}

impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// What a store can lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HazardKind {
    /// A restart of the store forgets everything.
    NotPersistent,
    /// A crash of the store forgets its last minutes.
    PersistsLate,
    /// Without room, the store drops player data.
    EvictsPlayers,
    /// Without room, the store drops leases, so that live sessions can be
    /// taken over.
    EvictsLeases,
    /// What the store could lose can't be found out.
    Unknown,
}
