//! The commands for people on call.

mod carrying;
#[cfg(all(feature = "redis", feature = "dynamodb"))]
mod damage;
mod holding;
mod interrupted;
mod listing;
mod looking;
mod moving;
mod putting;
#[cfg(all(feature = "redis", feature = "dynamodb"))]
mod recipes;
mod scene;
mod table;
mod terminal;
mod usage;
mod watching;

use std::process::Stdio;

use playerdata_process::{Ended, Folder, Process};
use serde_json::Value;

use crate::game::Play as _;

/// A folder in which commands are given.
trait Operator {
    /// Gives one about the store of the folder, with nobody at a terminal.
    fn give(&self, arguments: &[&str]) -> Ended;

    /// Gives one that is to end with this code, and reads its answer as JSON.
    fn json(&self, code: i32, arguments: &[&str]) -> Value;

    /// Plays these lines, each of which has to work.
    fn has_played(&self, player: &str, lines: &str);
}

impl Operator for Folder {
    fn give(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(env!("CARGO_BIN_EXE_playerdata"));
        let store = self.store().address().unwrap_or("sqlite:players.db");
        command.args(arguments).env("PLAYERDATA_STORE", store);
        Process::start(command.stdin(Stdio::piped())).end()
    }

    #[track_caller]
    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let ended = self.give(&arguments);
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:#?}");
        assert_eq!(ended.answers.len(), 1, "{arguments:?}: {ended:#?}");
        serde_json::from_str(&ended.answers[0]).expect("it answers in JSON")
    }

    #[track_caller]
    fn has_played(&self, player: &str, lines: &str) {
        let ended = self.run(&["--strict", "--player", player], lines);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
    }
}
