//! A terminal that shows one picture after the other, and is left as it was.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
};

use unicode_width::UnicodeWidthStr as _;

use crate::output;

/// The other screen that a terminal has, without a cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// To the top; to the end of a line; below.
const HOME: &str = "\x1b[H";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// The size of a terminal that does not tell.
const USUAL: (usize, usize) = (80, 24);

/// While there is one, the terminal shows it, and keys come one by one.
pub(super) struct Screen {
    #[cfg(unix)]
    attributes: Option<rustix::termios::Termios>,
}

impl Screen {
    /// Whether standard output is a terminal that can do it.
    pub(super) fn is_there() -> bool {
        io::stdout().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    pub(super) fn enter() -> io::Result<Self> {
        let screen = Self {
            #[cfg(unix)]
            attributes: keys_one_by_one(),
        };
        write(ENTER)?;
        Ok(screen)
    }

    /// Shows as many of the lines, and as much of each, as there is room for.
    pub(super) fn show(&self, lines: &[String]) -> io::Result<()> {
        let (columns, rows) = size();
        let lines = lines.iter().take(rows.saturating_sub(1));
        let has_colours = output::has_colours();
        let lines = lines.map(|line| {
            let line = match has_colours {
                true => cut(line, columns),
                false => cut(&anstream::adapter::strip_str(line).to_string(), columns),
            };
            format!("{line}{CLEAR_LINE}\n")
        });
        write(&format!("{HOME}{}{CLEAR_BELOW}", lines.collect::<String>()))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // If the terminal is gone there is nothing to leave.
        let _ = write(LEAVE);
        #[cfg(unix)]
        if let Some(attributes) = &self.attributes {
            use rustix::termios::{OptionalActions, tcsetattr};
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, attributes);
        }
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Has keys come as they are pressed, and not be shown; returns how it was.
#[cfg(unix)]
fn keys_one_by_one() -> Option<rustix::termios::Termios> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

    let before = tcgetattr(io::stdin()).ok()?;
    let mut attributes = before.clone();
    attributes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
    tcsetattr(io::stdin(), OptionalActions::Now, &attributes).ok()?;
    Some(before)
}

#[cfg(unix)]
fn size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => USUAL,
    }
}

#[cfg(not(unix))]
fn size() -> (usize, usize) {
    USUAL
}

/// As much of a line as fits; its styles take no room, and are ended.
fn cut(line: &str, columns: usize) -> String {
    let (mut shown, mut width) = (String::new(), 0);
    let mut rest = line;
    while let Some(character) = rest.chars().next() {
        let style = rest.strip_prefix("\x1b[").and_then(|style| style.find('m'));
        let (part, takes) = match style {
            Some(end) => (&rest[..end + 3], 0),
            None => {
                let part = &rest[..character.len_utf8()];
                (part, part.width())
            }
        };
        if width + takes <= columns {
            shown.push_str(part);
            width += takes;
        } else {
            width = columns; // only styles from here on
        }
        rest = &rest[part.len()..];
    }
    shown
}

/// Waits for somebody to press `q` at the terminal.
#[cfg(unix)]
pub(super) async fn quit() {
    use std::io::Read as _;

    let (pressed, mut quit) = tokio::sync::mpsc::channel(1);
    // A thread that reads can't be stopped, and a program does not wait for
    // this one when it ends.
    std::thread::spawn(move || {
        for key in io::stdin().lock().bytes() {
            if matches!(key, Ok(b'q' | b'Q')) {
                // Nobody waits any more if it fails.
                let _ = pressed.blocking_send(());
                return;
            }
        }
    });
    if quit.recv().await.is_none() {
        // Nobody can press it.
        std::future::pending().await
    }
}

#[cfg(not(unix))]
pub(super) async fn quit() {
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_to_the_columns_with_its_styles_ended() {
        assert_eq!(cut("abcdef", 4), "abcd");
        assert_eq!(cut("\x1b[1mabc\x1b[0mdef", 4), "\x1b[1mabc\x1b[0md");
        assert_eq!(cut("\x1b[1mabcdef\x1b[0m", 4), "\x1b[1mabcd\x1b[0m");
        assert_eq!(cut("日本語", 5), "日本");
        assert_eq!(cut("日a", 1), "");
        assert_eq!(cut("", 4), "");
    }
}
