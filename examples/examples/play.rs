//! Holds one player's data and takes commands at it, a line each:
//!
//! ```sh
//! cargo run --release --example play
//! printf 'inc Currency 200\nget Currency\n' | cargo run --release --example play
//! ```
//!
//! Start it twice in two terminals and watch the player move from one to the
//! other. It is `playerdata play`, without the stores that take long to build;
//! its pieces are in `cli/src/play`.

use std::process::ExitCode;

use clap::Parser;
use playerdata_cli::play::{self, Arguments};

#[tokio::main]
async fn main() -> ExitCode {
    play::run(Arguments::parse()).await.into()
}
