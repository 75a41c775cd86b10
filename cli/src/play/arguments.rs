//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use playerdata::{PlayerId, ServerName, SlotName, StoreUrl};

use crate::{Exit, store_args::store_url};

/// Hold one player's data, and change it by commands on standard input, one to
/// a line. `help` lists them.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "play",
    version,
    after_help = Exit::HELP
)]
#[non_exhaustive]
pub struct Arguments {
    /// Where the data is: sqlite:PATH, memory:,
    /// redis://HOST:PORT?namespace=NAME, or dynamodb://TABLE?endpoint=URL
    #[arg(
        long,
        value_name = "STORE",
        env = "PLAYERDATA_STORE",
        hide_env_values = true,
        default_value = "sqlite:players.db", value_parser = store_url
    )]
    pub store: StoreUrl,

    /// Whose data it is
    #[arg(
        long,
        value_name = "ID",
        default_value = "1",
        allow_negative_numbers = true
    )]
    pub player: PlayerId,

    /// The slot to load first
    #[arg(long, value_name = "NAME", default_value = "Slot1")]
    pub slot: SlotName,

    /// The name of this server; a random one if left out. A server that
    /// restarts under its name has its players back at once
    #[arg(long, value_name = "NAME")]
    pub server: Option<ServerName>,

    /// Settings, such as examples/settings.toml
    #[arg(long, value_name = "FILE.toml")]
    pub config: Option<PathBuf>,

    /// What to do if another server holds the player
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    pub on_conflict: Conflict,

    /// Exit with 6 if a command on a pipe was refused; the other commands are
    /// still carried out
    #[arg(long)]
    pub strict: bool,
}

/// What to do if another server holds the player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum Conflict {
    /// Ask it to save and release, and wait
    #[default]
    HandOver,
    /// Leave the player there
    Fail,
    /// Take the player; what it has not saved is lost
    Steal,
}
