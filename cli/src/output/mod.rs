//! All that is written, whoever writes it.

pub(crate) mod document;
pub(crate) mod style;
mod text;

use std::{
    error::Error,
    fmt::Write as _,
    io::{self, IsTerminal as _, Write as _},
};

pub(crate) use text::escaped;

/// Whether a person is at the terminal, at both ends.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Whether standard output is to have colours: it is a terminal that has some,
/// and `NO_COLOR` is not set.
pub(crate) fn has_colours() -> bool {
    let choice = anstream::AutoStream::choice(&io::stdout());
    choice != anstream::ColorChoice::Never
}

/// Writes what was asked for, at once.
pub(crate) fn answer(text: &str) -> io::Result<()> {
    let mut output = anstream::AutoStream::auto(io::stdout().lock());
    output.write_all(text.as_bytes())?;
    output.write_all(b"\n")?;
    output.flush()
}

/// Writes bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(bytes)?;
    output.flush()
}

/// Writes to standard error. If that is gone, there is nobody left to read it.
pub(crate) fn message(text: &str) {
    let mut output = anstream::AutoStream::auto(io::stderr().lock());
    let _ = output.write_all(text.as_bytes());
    let _ = output.flush();
}

/// An error and all that caused it, joined by `: `.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        // Some errors say themselves what caused them.
        if !text.ends_with(&told) {
            let _ = write!(text, ": {told}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    #[error("outer")]
    struct Outer(#[source] Middle);

    #[derive(Debug, Error)]
    #[error("middle: {0}")]
    struct Middle(#[source] io::Error);

    #[test]
    fn an_error_is_told_with_all_its_causes_and_each_once() {
        let error = Outer(Middle(io::Error::other("inner")));
        assert_eq!(chain(&error), "outer: middle: inner");
    }
}
