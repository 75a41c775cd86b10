//! The program `playerdata`.

use std::process::ExitCode;

use clap::Parser;
use playerdata_cli::Program;

#[tokio::main]
async fn main() -> ExitCode {
    Program::parse().run().await.into()
}
