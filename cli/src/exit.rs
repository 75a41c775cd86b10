//! How the program ends, as a script sees it.

use std::process::ExitCode;

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All was done. After `play`, everything is saved, and the player is free.
    Ended = 0,
    /// The command line or the settings can't be used. Nothing was begun.
    Usage = 2,
    /// Another server holds the player. Nothing was begun.
    Held = 3,
    /// The session was lost while playing: another server took the player.
    Lost = 4,
    /// The store failed: it could not be opened, read, or written at the end.
    Store = 5,
    /// With `play --strict`: everything is saved, but a command was refused.
    Refused = 6,
}

impl Exit {
    pub(crate) const HELP: &str = "Exit codes: 0 ended well, 2 bad usage or settings, 3 the player \
        is held elsewhere, 4 the session was lost while playing, 5 the store failed, 6 a command \
        was refused (play --strict).";
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
