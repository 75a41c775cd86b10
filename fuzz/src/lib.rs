//! Targets for hostile input: for fuzzing (`docs/fuzzing.md`), and for the
//! tests here, which run everything that fuzzing has kept in `fuzz/corpus`.
//!
//! Each target takes any bytes and says whether they were taken or refused.
//! It panics if they lead to anything else: what was taken has to hold
//! together, and what was refused has to be reported in an error.

mod play;
mod record;
mod settings;

use std::fmt;

pub use play::play;
pub use record::{MAX_DOCUMENT_BYTES, record};
pub use settings::settings;

/// What happened to an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It makes sense.
    Taken,
    /// It does not, and an error said so.
    Refused,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Taken => "taken",
            Self::Refused => "refused",
        })
    }
}

/// A function that takes any bytes.
pub type Target = fn(&[u8]) -> Fate;

/// All of them, by the name of their folder in the corpus.
pub const TARGETS: [(&str, Target); 3] =
    [("play", play), ("record", record), ("settings", settings)];
