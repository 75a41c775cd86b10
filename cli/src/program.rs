//! The command line.

use clap::Parser;

use crate::{Exit, command::Command};

/// Look at, repair and move players' data, on SQLite, Redis or DynamoDB.
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

impl Program {
    /// Does what the command line asks for.
    pub async fn run(self) -> Exit {
        self.command.run().await
    }
}
