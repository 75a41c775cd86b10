//! How the program ends, as a script sees it.

use std::process::ExitCode;

/// The exit codes of `play`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything is saved, and the player is free.
    Ended = 0,
    /// The command line or the settings can't be used. Nothing was begun.
    Usage = 2,
    /// Another server holds the player. Nothing was begun.
    Held = 3,
    /// The session was lost while playing: another server took the player.
    Lost = 4,
    /// The store failed: it could not be opened, read, or written at the end.
    Store = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
