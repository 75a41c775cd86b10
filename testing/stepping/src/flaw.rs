//! What can be wrong with an operation of several steps.

macro_rules! flaws {
    ($($(#[doc = $what:literal])+ $flaw:ident,)+) => {
        /// What is wrong with a store.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Flaw {
            $($(#[doc = $what])+ $flaw,)+
        }

        impl Flaw {
            /// Every flaw.
            pub const ALL: &[Self] = &[$(Self::$flaw),+];

            /// The flaw in a sentence.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self {
                    $(Self::$flaw => concat!($($what),+),)+
                }
            }
        }
    };
}

flaws! {
    /// An erasure removes the slots that it listed, whatever happened to them since.
    ErasureRemovesWhatItListed,
    /// An erasure looks whether it is still under way, and removes a slot in the next step.
    ErasureLooksThenRemoves,
    /// A session starts on a player whose erasure was begun and not finished.
    ErasureNotFinished,
    /// Whoever finds an erasure half done waits for whoever began it.
    WaitsForErasure,
    /// Whoever finds an ending half done waits for whoever began it.
    WaitsForEnding,
    /// The last step of a take-over writes the lock, whoever has it by then.
    TakeOverUnchecked,
    /// The last step of a release removes the lock, whosever it is by then.
    ReleaseUnchecked,
    /// The lock that is marked as ending is whichever is there.
    AnyLockMarked,
    /// A claim is withdrawn from a slot, whosever it is by then.
    AnyClaimWithdrawn,
    /// A player is seen to be free, and taken in the next step.
    FreePlayerTakenUnchecked,
    /// A take-over withdraws the claims and then writes the lock, with nothing that keeps new claims away.
    TakeOverUnmarked,
    /// A release withdraws the claims before it marks the lock.
    ReleaseUnmarked,
    /// An opening looks at the lock, and claims the slot in the next step.
    OpeningLooksThenClaims,
    /// A save looks at the claim, and writes in the next step.
    SaveLooksThenWrites,
    /// A deletion looks at the claim, and deletes in the next step.
    DeletionLooksThenWrites,
    /// A heartbeat reads the latest incarnation, and writes in the next step.
    HeartbeatReadsThenWrites,
    /// The end of a lease reads whose it is, and writes in the next step.
    DropReadsThenWrites,
    /// The notices that wait are read, and written back with a new one in the next step.
    NoticesReadThenWritten,
    /// A view reads a record's revision in one step and its body in another.
    ViewTakesTwoSteps,
    /// Whether a letter is known is looked up, and it is put in its mailbox in the next step.
    PostLooksThenWrites,
    /// To take a letter out, its posting is looked at, and a letter of its id removed in the next step.
    DiscardLooksThenRemoves,
    /// A verdict is looked for, and written in the next step.
    VerdictLooksThenWrites,
    /// An erasure removes mailboxes whenever they were made.
    ErasureRemovesAnyMail,
    /// An erasure empties mailboxes whenever they were made, and removes those from before.
    ErasureEmptiesAnyMailbox,
    /// An erasure removes versions whoever kept them.
    ErasureRemovesAnyVersion,
    /// The lock is looked at, and the version kept in the next step.
    VersionLooksThenKeeps,
}
