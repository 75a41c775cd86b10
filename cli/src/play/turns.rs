//! The loop: input, events and signals, each when it comes.

use std::io;

use playerdata::{EndReason, Event};
use thiserror::Error;
use tokio::select;

use super::{
    Input, MAX_LINE_BYTES, ParseError,
    begin::Game,
    console::Console,
    editor::Typist,
    execute::{Outcome, Refusal, execute},
    input::{self, Lines},
    parse,
    signals::Signals,
};
use crate::output::chain;

/// Why no further command is taken.
pub(super) enum Stop {
    /// The player leaves: `end`, the end of the input, or a signal.
    Leaving,
    /// The session is over already: lost, or handed over.
    Over,
}

/// Takes commands until the game is over.
pub(super) async fn play(game: &mut Game, signals: &mut Signals, console: &Console) -> Stop {
    let lines = if console.is_interactive() {
        Typist::sit_down(console.messages()).map(|typist| Lines::Typed(Box::new(typist)))
    } else {
        input::listen().map(Lines::Piped)
    };
    let mut lines = match lines {
        Ok(lines) => lines,
        Err(error) => return leave(console, "could not read commands", &error),
    };
    loop {
        lines.ask(|| game.slot.snapshot());
        // In this order: what has happened is dealt with before the next
        // command.
        let input = select! {
            biased;
            event = game.events.next() => {
                if event.is_some_and(|event| is_over(game, &event, &mut lines, console)) {
                    return Stop::Over;
                }
                continue;
            }
            () = signals.received() => return Stop::Leaving,
            input = lines.next() => input,
        };
        let line = match input {
            None => return Stop::Leaving,
            Some(Input::Failed(error)) => {
                return leave(console, "could not read any further", &error);
            }
            Some(input) => input,
        };
        let answered = match take(game, line).await {
            Ok(Some(Outcome::Answer(answer))) => console.answer(&answer),
            Ok(Some(Outcome::End)) => return Stop::Leaving,
            Ok(None) => continue,
            Err(refused) => {
                game.refused += 1;
                console.refuse(&chain(&refused))
            }
        };
        if let Err(error) = answered {
            return leave(console, "could not write an answer", &error);
        }
        if game.session.is_lost() {
            return Stop::Over;
        }
    }
}

fn leave(console: &Console, what: &str, error: &io::Error) -> Stop {
    console.tell(format_args!("play: {what}, so the game ends: {error}"));
    Stop::Leaving
}

/// Why a line is answered with an error.
#[derive(Debug, Error)]
enum Refused {
    #[error("the line is longer than {MAX_LINE_BYTES} bytes")]
    TooLong,
    #[error("the line is not UTF-8 text")]
    NotText,
    #[error(transparent)]
    Parse(#[from] ParseError),
    #[error(transparent)]
    Command(#[from] Refusal),
}

/// Does what a line asks for; `None` if there is nothing in it.
async fn take(game: &mut Game, input: Input) -> Result<Option<Outcome>, Refused> {
    let line = match input {
        Input::Line(line) => line,
        Input::TooLong => return Err(Refused::TooLong),
        Input::NotText | Input::Failed(_) => return Err(Refused::NotText),
    };
    match parse(&line) {
        Ok(command) => Ok(Some(execute(game, command).await?)),
        Err(ParseError::Blank) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether an event says that the session is over.
///
/// The library logs what else goes wrong by itself.
fn is_over(game: &Game, event: &Event, lines: &mut Lines, console: &Console) -> bool {
    let id = game.session.id();
    match event {
        Event::HandOverRequested { session, by, .. } if *session == id => {
            lines.leave();
            console.tell(format_args!(
                "server {} asks for the player: saving and handing over",
                by.name
            ));
            false
        }
        Event::SessionLost { session, .. } => *session == id,
        Event::SessionEnded {
            session, reason, ..
        } => *session == id && *reason != EndReason::Requested,
        // One of the events that were missed may have been one to act on.
        Event::Lagged { .. } => game.session.is_lost(),
        _ => false,
    }
}
