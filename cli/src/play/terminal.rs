//! The terminal as it was before the editor had it: a line that is read there
//! can't be broken off, so whoever leaves meanwhile puts it back.

/// What has to be put back.
#[cfg(unix)]
pub(super) struct Terminal(Option<rustix::termios::Termios>);

#[cfg(unix)]
impl Terminal {
    pub(super) fn as_it_is() -> Self {
        Self(rustix::termios::tcgetattr(std::io::stdin()).ok())
    }

    pub(super) fn restore(&self) {
        use rustix::termios::{OptionalActions, tcsetattr};

        /// Pasted text comes as it is again; and the line that was left ends.
        const LEAVE: &str = "\x1b[?2004l\n";
        if let Some(attributes) = &self.0 {
            // If it is gone there is nothing to restore.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, attributes);
        }
        let mut output = std::io::stdout().lock();
        let _ = std::io::Write::write_all(&mut output, LEAVE.as_bytes());
        let _ = std::io::Write::flush(&mut output);
    }
}

/// Elsewhere the editor leaves nothing behind that the next program sees.
#[cfg(not(unix))]
pub(super) struct Terminal;

#[cfg(not(unix))]
impl Terminal {
    pub(super) fn as_it_is() -> Self {
        Self
    }

    pub(super) fn restore(&self) {}
}
