//! The command line.

use clap::{Parser, Subcommand};

use crate::{Exit, play};

/// Players' data at hand: on SQLite, Redis or DynamoDB.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "playerdata",
    version,
    propagate_version = true,
    after_help = Exit::HELP
)]
pub struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    Play(play::Arguments),
}

impl Program {
    /// Does what the command line asks for.
    pub async fn run(self) -> Exit {
        match self.command {
            Command::Play(arguments) => play::run(arguments).await,
        }
    }
}
