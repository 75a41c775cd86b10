//! The program `play`: its command line, and what is typed into it.

use std::iter;

use clap::Parser;
use playerdata_cli::play::{Arguments, Input, MAX_LINE_BYTES, ParseError, next_line, parse};

use crate::Fate;

/// The longest that an error may be, in bytes: it is shown to who typed.
const MAX_ERROR_BYTES: usize = 1_000;

/// Reads the first line as the program's arguments, and the others as its
/// standard input. It is taken if every line is, comments aside.
///
/// # Panics
///
/// If a line is longer than it may be, or an error is.
#[must_use]
pub fn play(input: &[u8]) -> Fate {
    let mut source = input;
    let mut lines = iter::from_fn(|| next_line(&mut source));
    let mut taken = lines.next().is_some_and(|first| arguments(&first));
    for line in lines {
        taken &= command(&line);
    }
    if taken { Fate::Taken } else { Fate::Refused }
}

fn arguments(line: &Input) -> bool {
    let Input::Line(line) = line else {
        return false;
    };
    let Some(words) = shlex::split(line) else {
        return false;
    };
    match Arguments::try_parse_from(iter::once("play".to_owned()).chain(words)) {
        Ok(arguments) => {
            assert!(!arguments.store.to_string().contains("://"));
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

fn command(line: &Input) -> bool {
    let Input::Line(line) = line else {
        return false;
    };
    assert!(line.len() <= MAX_LINE_BYTES);
    match parse(line) {
        Ok(_) | Err(ParseError::Blank) => true,
        Err(error) => {
            let told = error.to_string();
            assert!(!told.is_empty());
            assert!(
                told.len() <= MAX_ERROR_BYTES,
                "{} bytes: {told}",
                told.len()
            );
            false
        }
    }
}
