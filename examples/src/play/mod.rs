//! The program `play`: one player's session, and commands at the document.
//!
//! | file | its part |
//! | --- | --- |
//! | `arguments` | the command line |
//! | `logging` | what the library reports, on standard error |
//! | `begin` | from the arguments to a session that holds the player |
//! | `input` | standard input, line by line, on a thread of its own |
//! | `words`, `command`, `parse` | from a line to a command |
//! | `execute` | from a command to its answer |
//! | `turns` | the loop: input, events and signals, each when it comes |
//! | `end` | saving, releasing, and telling what could not be saved |
//! | `console` | all that is written: answers, messages, the prompt |
//! | `failure`, `exit` | why it ends, and with which exit code |

mod arguments;
mod begin;
mod command;
mod console;
mod end;
mod execute;
mod exit;
mod failure;
mod input;
mod logging;
mod parse;
mod signals;
mod turns;
mod words;

pub use arguments::{Arguments, Conflict};
pub use command::{Command, DocumentCommand, OwnedKey};
pub use exit::Exit;
pub use input::{Input, MAX_LINE_BYTES, next_line};
pub use parse::{ParseError, parse};

use console::Console;

/// Runs the program until the player's game is over.
pub async fn run(arguments: Arguments) -> Exit {
    let mut console = Console::new();
    match begin::begin(&arguments, &mut console).await {
        Ok((mut game, mut signals)) => {
            let stop = turns::play(&mut game, &mut signals, &mut console).await;
            end::end(game, stop, &mut signals, &mut console).await
        }
        Err(failure) => {
            console.tell(format_args!("play: {}", console::chain(&failure)));
            failure.exit()
        }
    }
}
