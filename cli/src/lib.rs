//! The program `playerdata`: looks at, repairs and moves players' data, for
//! people and scripts.
//!
//! | module | its part |
//! | --- | --- |
//! | [`Program`] | the command line |
//! | [`play`] | one player's session, and commands typed at it |
//! | `command` | the other commands, each in a file of its own |
//! | `store_args`, `desk` | which store, and what a command does at it |
//! | `ask` | the question before something is changed |
//! | `copy`, `line` | all that is stored of a player, from store to store and as a line of JSON |
//! | `hold` | holding players, for what writes records as they are |
//! | `watch` | who holds whom, as it changes |
//! | `pace` | asking a store for no more than so much a second |
//! | `record`, `difference` | what is stored, as people are shown it |
//! | `output` | all that is written: colours, tables, what is safe at a terminal |
//! | [`Exit`] | how it ends, as a script sees it |
//!
//! A program of your own can run it, or just [`play`], as one of its commands:
//!
//! ```
//! use clap::Parser;
//! use playerdata_cli::{Exit, Program};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), clap::Error> {
//! let program = Program::try_parse_from(["playerdata", "check", "--store", "sqlite:no-such.db"])?;
//! assert_eq!(program.run().await, Exit::Usage); // there is no such file, and none is created
//! # Ok(())
//! # }
//! ```
//!
//! | feature | adds | default |
//! | --- | --- | --- |
//! | `redis` | Redis and Valkey | on |
//! | `redis-tls` | the same by TLS | on |
//! | `dynamodb` | DynamoDB | on |

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
pub mod play;
mod program;
mod progress;
mod record;
mod store_args;
mod watch;

pub use exit::Exit;
pub use program::Program;
