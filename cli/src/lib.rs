//! The program `playerdata`: looks at, repairs and moves players' data, for
//! people and scripts.
//!
//! | module | its part |
//! | --- | --- |
//! | [`Program`] | the command line |
//! | [`play`] | one player's session, and commands typed at it |
//! | `command` | the other commands, each in a file of its own |
//! | `place`, `desk` | which store, and what a command does at it |
//! | `ask` | the question before something is changed |
//! | `copy`, `line` | all that is stored of a player, from store to store and as a line of JSON |
//! | `hold` | holding players, for what writes records as they are |
//! | `watch` | who holds whom, as it changes |
//! | `pace` | asking a store for no more than so much a second |
//! | `record`, `difference` | what is stored, as people are shown it |
//! | `output` | all that is written: colours, tables, what is safe at a terminal |
//! | [`Exit`] | how it ends, as a script sees it |

mod ask;
mod command;
mod copy;
mod desk;
mod difference;
mod exit;
mod failure;
mod hold;
mod line;
mod logging;
mod output;
mod pace;
mod place;
pub mod play;
mod program;
mod progress;
mod record;
mod watch;

pub use exit::Exit;
pub use program::Program;
