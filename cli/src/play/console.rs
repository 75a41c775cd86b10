//! All that the program writes: answers on standard output, and everything
//! else on standard error.

use std::{
    fmt::Display,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use tracing_subscriber::fmt::MakeWriter;

use crate::output::{self, escaped, style};

/// An answer to a command.
pub(super) struct Answer {
    /// For a script: one line, whatever is in it.
    line: String,
    /// For a person, if that is something else.
    pretty: Option<String>,
    /// What is worth knowing beside the answer.
    note: Option<String>,
}

impl Answer {
    pub(super) fn line(line: String) -> Self {
        Self {
            line,
            pretty: None,
            note: None,
        }
    }

    /// What a person is shown instead.
    pub(super) fn or_pretty(mut self, pretty: String) -> Self {
        self.pretty = Some(pretty);
        self
    }

    pub(super) fn with_note(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }
}

/// Where answers and messages go.
pub(super) struct Console {
    interactive: bool,
    messages: Messages,
}

impl Console {
    pub(super) fn new() -> Self {
        Self {
            interactive: output::is_interactive(),
            messages: Messages::default(),
        }
    }

    /// Whether a person is at the terminal.
    pub(super) fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Where messages go, for what has no console.
    pub(super) fn messages(&self) -> Messages {
        self.messages.clone()
    }

    /// Writes a message: what is not an answer.
    pub(super) fn tell(&self, message: impl Display) {
        self.messages.write(&format!("{message}\n"));
    }

    /// Answers a command.
    pub(super) fn answer(&self, answer: &Answer) -> io::Result<()> {
        if let Some(note) = &answer.note {
            self.tell(format_args!("note: {note}"));
        }
        match &answer.pretty {
            Some(pretty) if self.interactive => output::answer(pretty),
            _ => output::answer(&escaped(&answer.line)),
        }
    }

    /// Answers a command that was refused.
    pub(super) fn refuse(&self, why: &str) -> io::Result<()> {
        let why = escaped(why);
        if self.interactive {
            return output::answer(&format!("{}: {why}", style::styled(style::ERROR, "error")));
        }
        output::answer(&format!("error: {why}"))
    }
}

/// Standard error, shared with the editor: while somebody types there, messages
/// go above the line.
#[derive(Clone, Default)]
pub(super) struct Messages(Arc<Mutex<Option<mpsc::Sender<String>>>>);

impl Messages {
    /// From now on whoever receives these writes them; with `None`, they go to
    /// standard error again.
    pub(super) fn divert(&self, to: Option<mpsc::Sender<String>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }

    fn write(&self, text: &str) {
        let diverted = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let sent = diverted.map(|editor| editor.send(text.to_owned()));
        if !matches!(sent, Some(Ok(()))) {
            output::message(text);
        }
    }
}

/// One message of the log, whole.
pub(super) struct Message {
    to: Messages,
    bytes: Vec<u8>,
}

impl Write for Message {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        self.to.write(&String::from_utf8_lossy(&self.bytes));
    }
}

impl<'a> MakeWriter<'a> for Messages {
    type Writer = Message;

    fn make_writer(&'a self) -> Message {
        let to = self.clone();
        let bytes = Vec::new();
        Message { to, bytes }
    }
}
