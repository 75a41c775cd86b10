//! The program `playerdata`: a player's data at hand, for people and scripts.
//!
//! | module | its part |
//! | --- | --- |
//! | [`Program`] | the command line |
//! | [`play`] | one player's session, and commands typed at it |
//! | `output` | all that is written: colours, tables, what is safe at a terminal |
//! | [`Exit`] | how it ends, as a script sees it |

mod exit;
mod output;
pub mod play;
mod program;

pub use exit::Exit;
pub use program::Program;
