//! How the program ends, as a script sees it.

use std::process::ExitCode;

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Exit {
    /// Everything was done. After `play`, everything is saved, and the player
    /// is free.
    Ended = 0,
    /// The answer is no: there is nothing to show, `check` found a fault,
    /// `diff` a difference, or a question was answered with no.
    No = 1,
    /// The command line, a file or the settings can't be used. Nothing was
    /// begun.
    Usage = 2,
    /// A session holds the player. Nothing was begun.
    Held = 3,
    /// The session was lost, or somebody else has written to the slot in the
    /// meantime.
    Lost = 4,
    /// The store failed: it could not be opened, read, or written.
    Store = 5,
    /// With `play --strict`: everything is saved, but a command was refused.
    Refused = 6,
}

impl Exit {
    pub(crate) const HELP: &str = "Exit codes: 0 done; 1 the answer is no (nothing there, a fault \
        found, a difference, a question answered with no); 2 bad usage, file or settings; 3 the \
        player is held; 4 the session was lost, or the slot was written to in the meantime; 5 the store failed; 6 a \
        command was refused (play --strict).";
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
