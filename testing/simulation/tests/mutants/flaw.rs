//! How a store can be wrong.

/// One way in which real stores, or the code on them, have been wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// None: the control.
    Sound,
    /// `acquire` writes the lock whoever holds it.
    AcquireIgnoresHolder,
    /// Every lease looks lapsed.
    LeaseNeverLive,
    /// No lease ever looks lapsed.
    LeaseAlwaysLive,
    /// The fence starts again from 1 after a release.
    ReleaseResetsFence,
    /// The fence starts again from 1 after an erasure.
    EraseResetsFence,
    /// A write is checked against its base, not against the lock.
    SaveIgnoresLock,
    /// A lock that is gone is as good as the caller's own.
    AbsentLockAccepted,
    /// `release` removes whatever lock is there.
    ReleaseTakesAnyLock,
    /// A former incarnation of a server renews its lease.
    SupersededRenews,
    /// `release` does nothing, and says so.
    ReleaseDoesNothing,
    /// A holder whose lease has lapsed is refused.
    LapsedHolderRefused,
    /// The write with the later time wins; the other is acknowledged.
    LaterTimeWins,
    /// One save in ten is acknowledged and not applied.
    SavesGetLost,
    /// A slot is read as it was one write before.
    StaleRead,
    /// A write is not checked against the number of its claim.
    OldClaimAccepted,
    /// A late `open` replaces a newer claim.
    LateOpenRevives,
    /// The second copy of a write that won is told overtaken.
    WonWriteLooksLost,
    /// A write may go over newer ones.
    OlderWriteWins,
    /// A write makes the revision after the next.
    RevisionSkips,
    /// One opening in ten finds nothing.
    ErrorsReadAsNothing,
    /// What can't be parsed is not there.
    BrokenReadsAsNothing,
    /// Every body has the current schema.
    SchemaForgotten,
    /// An empty slot is read as the player's other one.
    SlotsMixedUp,
    /// A write leaves a part of the old body.
    TornWrites,
    /// Drained notices come again.
    NoticesComeTwice,
    /// After some writes it refuses every other.
    Tires,
    /// A version is said to be kept, and is not.
    VersionNotKept,
    /// An erasure leaves the versions.
    ErasureLeavesVersions,
    /// Listing slots panics.
    ListPanics,
}
