//! The program `play`: one player's session, and commands at the document.
//!
//! | file | its part |
//! | --- | --- |
//! | `arguments` | the command line |
//! | `begin` | from the arguments to a session that holds the player |
//! | `input` | standard input, line by line, on a thread of its own |
//! | `editor`, `complete`, `terminal` | the same at a terminal: history, completion, colours |
//! | `words`, `command`, `parse` | from a line to a command |
//! | `execute`, `economy` | from a command to its answer |
//! | `turns` | the loop: input, events and signals, each when it comes |
//! | `end` | saving, releasing, and reporting what could not be saved |
//! | `console` | all that is written: answers and messages |

mod arguments;
mod begin;
mod command;
mod complete;
mod console;
mod economy;
mod editor;
mod end;
mod execute;
mod input;
mod parse;
pub(crate) mod signals;
mod terminal;
mod turns;
mod words;

pub use arguments::{Arguments, Conflict};
pub use command::{Command, DocumentCommand, OwnedKey, Topic};
pub use economy::EconomyCommand;
pub use input::{Input, MAX_LINE_BYTES, next_line};
pub use parse::{ParseError, parse};

use console::Console;

use crate::{Exit, output::chain};

/// Runs the program until the player's game is over.
pub async fn run(arguments: Arguments) -> Exit {
    let console = Console::new();
    match begin::begin(&arguments, &console).await {
        Ok((mut game, mut signals)) => {
            let stop = turns::play(&mut game, &mut signals, &console).await;
            let refused = arguments.strict && !console.is_interactive() && game.refused > 0;
            match end::end(game, stop, &mut signals, &console).await {
                Exit::Ended if refused => Exit::Refused,
                exit => exit,
            }
        }
        Err(failure) => {
            console.tell(format_args!("play: {}", chain(&failure)));
            failure.exit()
        }
    }
}
