//! Standard input, line by line, on a thread of its own: so that events and
//! signals are noticed while nobody types.

use std::{
    future,
    io::{self, BufRead, BufReader, Read},
    sync::Arc,
    thread,
};

use playerdata::Document;
use tokio::sync::mpsc;

use super::editor::Typist;

/// The longest line that is taken as a command.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// Lines that are read ahead of the commands.
const READ_AHEAD: usize = 16;

/// What was read where a line should be.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input {
    /// A line, without its end.
    Line(String),
    /// More than [`MAX_LINE_BYTES`]. It was skipped.
    TooLong,
    /// A line that is not UTF-8.
    NotText,
    /// Nothing more can be read.
    Failed(io::Error),
}

/// Where lines come from.
pub(super) enum Lines {
    /// Whatever is at standard input.
    Piped(mpsc::Receiver<Input>),
    /// A person.
    Typed(Box<Typist>),
    /// Nobody is asked any more.
    Left,
}

impl Lines {
    /// Asks a person for a line, unless that has been done.
    pub(super) fn ask(&mut self, document: impl FnOnce() -> Arc<Document>) {
        if let Self::Typed(typist) = self {
            typist.ask(document);
        }
    }

    /// Asks a person for nothing more, and gives the terminal back: what is
    /// written from now on must not meet an editor that still draws its line.
    pub(super) fn leave(&mut self) {
        if let Self::Typed(_) = self {
            *self = Self::Left;
        }
    }

    /// The next line; `None` at the end of all lines.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing of a line is lost.
    pub(super) async fn next(&mut self) -> Option<Input> {
        match self {
            Self::Piped(lines) => lines.recv().await,
            Self::Typed(typist) => typist.line().await,
            Self::Left => future::pending().await,
        }
    }
}

/// Reads standard input until its end, or until nobody listens any more.
pub(super) fn listen() -> io::Result<mpsc::Receiver<Input>> {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    let read = move || {
        let mut source = BufReader::new(io::stdin());
        while let Some(input) = next_line(&mut source) {
            let over = matches!(input, Input::Failed(_));
            if sender.blocking_send(input).is_err() || over {
                return;
            }
        }
    };
    // Nobody waits for the thread: a read from a terminal can't be broken off.
    thread::Builder::new()
        .name("input".to_owned())
        .spawn(read)?;
    Ok(receiver)
}

/// The next line, in bounded memory; `None` at the end.
pub fn next_line(source: &mut impl BufRead) -> Option<Input> {
    let mut line = Vec::new();
    // Room for the line's end, of one or two bytes.
    let most = MAX_LINE_BYTES as u64 + 2;
    let read = source.by_ref().take(most).read_until(b'\n', &mut line);
    let ended = line.last() == Some(&b'\n');
    if ended {
        line.pop();
        line.pop_if(|last| *last == b'\r');
    }
    match read {
        Err(error) => Some(Input::Failed(error)),
        Ok(0) => None,
        Ok(_) if line.len() > MAX_LINE_BYTES => {
            let skipped = if ended {
                Ok(0)
            } else {
                source.skip_until(b'\n')
            };
            Some(skipped.map_or_else(Input::Failed, |_| Input::TooLong))
        }
        Ok(_) => Some(String::from_utf8(line).map_or(Input::NotText, Input::Line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Input> {
        let mut source = BufReader::with_capacity(100, bytes);
        std::iter::from_fn(|| next_line(&mut source)).collect()
    }

    #[test]
    fn lines_end_in_either_way_and_the_last_may_not_end_at_all() {
        let lines = all(b"a\nb\r\n\nc");
        let texts: Vec<_> = lines
            .iter()
            .map(|line| match line {
                Input::Line(text) => text.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(texts, ["a", "b", "", "c"]);
        assert!(all(b"").is_empty());
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_whole_and_the_next_is_read() {
        for end in ["\n", "\r\n"] {
            for (bytes, too_long) in [(MAX_LINE_BYTES, false), (MAX_LINE_BYTES + 1, true)] {
                let lines = all(format!("{}{end}get x", "x".repeat(bytes)).as_bytes());
                assert_eq!(lines.len(), 2, "{bytes} bytes");
                assert_eq!(
                    matches!(lines[0], Input::TooLong),
                    too_long,
                    "{bytes} bytes"
                );
                assert!(matches!(&lines[1], Input::Line(text) if text == "get x"));
            }
        }
        assert!(matches!(
            all(&vec![b'x'; 10 * MAX_LINE_BYTES])[..],
            [Input::TooLong]
        ));
    }

    #[test]
    fn a_line_that_is_no_text_is_told_and_the_next_is_read() {
        let lines = all(b"get \xff\xfe\nget x\n");
        assert!(matches!(lines[..], [Input::NotText, Input::Line(_)]));
    }
}
