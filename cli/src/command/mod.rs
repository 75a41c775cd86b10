//! The commands, each in a file of its own.

mod check;
mod completions;
mod diff;
mod erase;
mod export;
mod free;
mod holder;
mod import;
pub(crate) mod mail;
mod man;
mod move_to;
mod players;
mod put;
mod restore;
mod rewind;
mod send;
mod show;
mod versions;
mod watch;

use clap::{Args, Subcommand};
use playerdata::PlayerId;
use serde_json::json;

use crate::{Exit, copy::Arrival, desk::Desk, failure::Failure, logging, output, play};

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    Play(play::Arguments),
    Players(players::Players),
    Show(show::Show),
    Versions(versions::Versions),
    Diff(diff::Diff),
    Restore(restore::Restore),
    Rewind(rewind::Rewind),
    Put(put::Put),
    Holder(holder::Holder),
    Free(free::Free),
    Erase(erase::Erase),
    Send(send::Send),
    Mail(mail::Mail),
    Export(export::Export),
    Import(import::Import),
    Move(move_to::Move),
    Check(check::Check),
    Watch(watch::Watch),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Whom a command is about.
#[derive(Clone, Debug, Args)]
pub(crate) struct Whom {
    /// Whose data it is
    #[arg(value_name = "PLAYER", allow_negative_numbers = true)]
    pub(crate) player: PlayerId,
}

impl Command {
    pub(crate) async fn run(self) -> Exit {
        let done = match self {
            Self::Play(arguments) => return Box::pin(play::run(arguments)).await,
            Self::Completions(command) => command.run(),
            Self::Man(command) => command.run(),
            at_a_store => at_a_store.run_at_a_store().await,
        };
        done.unwrap_or_else(|failure| {
            if failure.is_worth_telling() {
                output::message(&format!("playerdata: {}\n", output::chain(&failure)));
            }
            failure.exit()
        })
    }

    async fn run_at_a_store(self) -> Result<Exit, Failure> {
        logging::start("error", std::io::stderr)?;
        match self {
            Self::Players(command) => Box::pin(command.run()).await,
            Self::Show(command) => Box::pin(command.run()).await,
            Self::Versions(command) => Box::pin(command.run()).await,
            Self::Diff(command) => Box::pin(command.run()).await,
            Self::Restore(command) => Box::pin(command.run()).await,
            Self::Rewind(command) => Box::pin(command.run()).await,
            Self::Send(command) => Box::pin(command.run()).await,
            Self::Put(command) => Box::pin(command.run()).await,
            Self::Holder(command) => Box::pin(command.run()).await,
            Self::Free(command) => Box::pin(command.run()).await,
            Self::Erase(command) => Box::pin(command.run()).await,
            Self::Mail(command) => Box::pin(command.run()).await,
            Self::Export(command) => Box::pin(command.run()).await,
            Self::Import(command) => Box::pin(command.run()).await,
            Self::Move(command) => Box::pin(command.run()).await,
            Self::Check(command) => Box::pin(command.run()).await,
            Self::Watch(command) => Box::pin(command.run()).await,
            Self::Play(_) | Self::Completions(_) | Self::Man(_) => Ok(Exit::Ended),
        }
    }
}

/// Closes the store, however the command went.
async fn closing(desk: Desk, done: Result<Exit, Failure>) -> Result<Exit, Failure> {
    desk.close().await;
    done
}

/// Says what would be done.
fn tell_of(desk: &Desk, what: &str) -> Result<Exit, Failure> {
    desk.answer(|| json!({"would": what}), || what.to_owned())?;
    Ok(Exit::Ended)
}

/// A player who is held is reported and skipped, and so is one of whom nothing
/// can be read; any other failure counts.
fn or_left(player: &PlayerId, copied: Result<Arrival, Failure>) -> Result<Arrival, Failure> {
    match copied {
        Err(Failure::Held(player, lock)) => {
            output::message(&format!("skipped: player {player} is held by {lock}\n"));
            Ok(Arrival::Held)
        }
        Err(damage) if damage.is_damage() => {
            let why = output::chain(&damage);
            output::message(&format!("skipped: player {player}: {why}\n"));
            Ok(Arrival::Damaged)
        }
        copied => copied,
    }
}

/// Says what of a player could not be read, and is not where the rest is now.
fn tell_left_out(player: &PlayerId, left_out: impl Iterator<Item = String>) -> bool {
    let mut any = false;
    for what in left_out {
        any = true;
        output::message(&format!("left out: player {player}, {what}\n"));
    }
    any
}

fn tell_if_newer(player: &PlayerId, arrival: Arrival) {
    if arrival == Arrival::Newer {
        output::message(&format!(
            "skipped: player {player} has something newer at the destination\n"
        ));
    }
}
