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

/// What a store can lose, or how it can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HazardKind {
    /// A restart of the store forgets everything.
    NotPersistent,
    /// A crash of the store forgets its last minutes.
    PersistsLate,
    /// Without room, the store drops player data, locks and fences among it.
    EvictsPlayers,
    /// Without room, the store drops leases and with them which incarnation
    /// of a server was the latest, so that live sessions can be taken over.
    EvictsLeases,
    /// The files that are open are not the ones at their path any more: what
    /// is saved is lost with them, and others use other files.
    FileReplaced,
    /// The files are on a network file system, whose locks can't be relied on.
    NetworkFileSystem,
    /// It is a replica that answers, which may be behind.
    ReadsReplica,
    /// Fewer replicas are there than acknowledgements are asked for, so that
    /// no save is acknowledged.
    TooFewReplicas,
    /// Other regions or clusters write to the same data, and see each other's
    /// writes late.
    ReplicatedElsewhere,
    /// There are no backups that one could go back to.
    NoRecovery,
    /// A single command of an operator's removes everything.
    NoDeletionProtection,
    /// What the store could lose can't be found out.
    Unknown,
}

impl HazardKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::NotPersistent,
        Self::PersistsLate,
        Self::EvictsPlayers,
        Self::EvictsLeases,
        Self::FileReplaced,
        Self::NetworkFileSystem,
        Self::ReadsReplica,
        Self::TooFewReplicas,
        Self::ReplicatedElsewhere,
        Self::NoRecovery,
        Self::NoDeletionProtection,
        Self::Unknown,
    ];

    /// The name of the kind, by which a program accepts it: `evicts-players`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotPersistent => "not-persistent",
            Self::PersistsLate => "persists-late",
            Self::EvictsPlayers => "evicts-players",
            Self::EvictsLeases => "evicts-leases",
            Self::FileReplaced => "file-replaced",
            Self::NetworkFileSystem => "network-file-system",
            Self::ReadsReplica => "reads-replica",
            Self::TooFewReplicas => "too-few-replicas",
            Self::ReplicatedElsewhere => "replicated-elsewhere",
            Self::NoRecovery => "no-recovery",
            Self::NoDeletionProtection => "no-deletion-protection",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the store may drop, while it runs, what it has acknowledged, or
    /// is not the one that others use. A manager does not start on such
    /// a store, and starts no sessions once it has become one, unless the
    /// program [accepts](crate::Builder::accept_hazard) the kind.
    #[must_use]
    pub const fn is_fatal(self) -> bool {
        matches!(
            self,
            Self::EvictsPlayers
                | Self::EvictsLeases
                | Self::FileReplaced
                | Self::ReadsReplica
                | Self::ReplicatedElsewhere
        )
    }
}

impl fmt::Display for HazardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn s13_every_kind_has_a_name_of_its_own() {
        let names: HashSet<_> = HazardKind::ALL.map(HazardKind::as_str).into();
        assert_eq!(names.len(), HazardKind::ALL.len());
    }
}
