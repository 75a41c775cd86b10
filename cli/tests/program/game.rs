//! `playerdata play` in a folder, and settings for it.

use std::{io::Write, process::Command};

use playerdata_process::{Ended, Folder, Process};

/// Live servers notice each other soon.
pub(crate) const QUICK: &str = "heartbeat_interval = '200ms'";
/// A crashed server's players are free soon.
pub(crate) const SHORT: &str =
    "lock_expiry = '2s'\nheartbeat_interval = '500ms'\noperation_timeout = '1s'";

/// A folder that is played in.
pub(crate) trait Play {
    /// One on the default store, with a `settings.toml` in it.
    fn with_settings(settings: &str) -> Self;

    /// What is played with from now on.
    fn settings(&self, settings: &str);

    /// The program, to be run in this folder.
    fn program(&self) -> Command;

    /// Starts it on the store, with the folder's settings if it has some.
    fn play(&self, arguments: &[&str]) -> Process;

    /// Runs it on these lines.
    fn run(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Ended;
}

impl Play for Folder {
    fn with_settings(settings: &str) -> Self {
        let folder = Self::new();
        folder.settings(settings);
        folder
    }

    fn settings(&self, settings: &str) {
        self.write("settings.toml", settings);
    }

    fn program(&self) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_playerdata"));
        command.arg("play");
        command
    }

    fn play(&self, arguments: &[&str]) -> Process {
        let mut command = self.program();
        if self.path().join("settings.toml").exists() {
            command.args(["--config", "settings.toml"]);
        }
        if let Some(address) = self.store().address() {
            command.args(["--store", address]);
        }
        Process::start(command.args(arguments))
    }

    fn run(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Ended {
        let mut play = self.play(arguments);
        // It may have refused to begin, and not read any of it.
        let _ = play.input().write_all(input.as_ref());
        play.end()
    }
}
