//! All that the program writes: answers on standard output, and everything
//! else on standard error.

use std::{
    error::Error,
    fmt::{Display, Write as _},
    io::{self, IsTerminal, Write as _},
};

/// Where answers, messages and the prompt go.
pub(super) struct Console {
    interactive: bool,
    prompted: bool,
}

impl Console {
    pub(super) fn new() -> Self {
        Self {
            interactive: io::stdin().is_terminal() && io::stdout().is_terminal(),
            prompted: false,
        }
    }

    /// Whether a person is at the terminal.
    pub(super) fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Asks a person for a command, unless that has been done.
    pub(super) fn prompt(&mut self) {
        if self.interactive && !self.prompted {
            self.prompted = true;
            write_error("> ");
        }
    }

    /// Notes that a person has typed a line: the next one needs a new prompt.
    pub(super) fn heard(&mut self) {
        self.prompted = false;
    }

    /// Tells what is no answer.
    pub(super) fn tell(&mut self, message: impl Display) {
        self.leave_prompt();
        write_error(&format!("{message}\n"));
    }

    /// Answers a command: one line, whatever is in it.
    pub(super) fn answer(&mut self, answer: &str) -> io::Result<()> {
        self.leave_prompt();
        let mut output = io::stdout().lock();
        writeln!(output, "{}", one_line(answer))?;
        output.flush()
    }

    /// Leaves the line of a prompt that nobody has answered.
    fn leave_prompt(&mut self) {
        if self.prompted {
            self.prompted = false;
            write_error("\n");
        }
    }
}

/// Where standard error is gone, there is nobody left to tell it to.
fn write_error(text: &str) {
    let mut output = io::stderr().lock();
    let _ = output.write_all(text.as_bytes());
    let _ = output.flush();
}

/// A text with its control characters escaped.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// An error and all that caused it, joined by `: `.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        // Some errors tell what caused them themselves.
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

    #[test]
    fn an_answer_is_one_line_whatever_is_in_it() {
        assert_eq!(one_line("a\nb\u{1b}[31m é"), "a\\nb\\u{1b}[31m é");
    }
}
