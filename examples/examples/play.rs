//! Holds one player's data and takes commands at it, a line each:
//!
//! ```sh
//! cargo run --release --example play
//! printf 'inc Currency 200\nget Currency\n' | cargo run --release --example play
//! ```
//!
//! Start it twice in two terminals and watch the player move from one to the
//! other. Its pieces are in `examples/src/play`.

use std::process::ExitCode;

use clap::Parser;
use playerdata_examples::play::{self, Arguments};

#[tokio::main]
async fn main() -> ExitCode {
    play::run(Arguments::parse()).await.into()
}
