//! The line that a person types at: history, completion and colours. Like
//! `input`, on a thread of its own.

use std::{
    borrow::Cow,
    io,
    path::PathBuf,
    sync::{Arc, mpsc},
    thread,
};

use etcetera::BaseStrategy;
use playerdata::Document;
use rustyline::{
    ColorMode, CompletionType, Config, Context, Editor, ExternalPrinter, Helper,
    completion::Completer,
    error::ReadlineError,
    highlight::{CmdKind, Highlighter},
    hint::Hinter,
    history::DefaultHistory,
    validate::Validator,
};
use tokio::sync::mpsc as lines;

use super::{
    Input, MAX_LINE_BYTES, command::Topic, complete::complete, console::Messages,
    terminal::Terminal,
};
use crate::output::{self, style};

const PROMPT: &str = "> ";

/// A person at the terminal, asked for one line at a time.
pub(super) struct Typist {
    /// Asks for a line; completed from this document.
    ask: mpsc::Sender<Arc<Document>>,
    lines: lines::Receiver<Input>,
    asked: bool,
    messages: Messages,
    /// Writes messages above the line that is typed at.
    above: Option<mpsc::Sender<String>>,
    terminal: Terminal,
}

impl Typist {
    /// # Errors
    ///
    /// If the terminal can't be used for this.
    pub(super) fn sit_down(messages: Messages) -> io::Result<Self> {
        let terminal = Terminal::as_it_is();
        let mut editor = editor().map_err(to_io)?;
        // A terminal that can do nothing has none.
        let printer = editor.create_external_printer().ok();
        let above = printer.map(write_above).transpose()?;
        let (ask, asked) = mpsc::channel();
        let (sender, lines) = lines::channel(1);
        thread::Builder::new()
            .name("editor".to_owned())
            .spawn(move || edit(editor, &asked, &sender))?;
        Ok(Self {
            ask,
            lines,
            asked: false,
            messages,
            above,
            terminal,
        })
    }

    /// Asks for a line, unless that has been done.
    pub(super) fn ask(&mut self, document: impl FnOnce() -> Arc<Document>) {
        if !self.asked {
            self.asked = true;
            self.messages.divert(self.above.clone());
            // The thread is gone only if it has said why.
            let _ = self.ask.send(document());
        }
    }

    /// The line that was asked for; `None` at the end of all lines.
    pub(super) async fn line(&mut self) -> Option<Input> {
        let line = self.lines.recv().await;
        self.asked = false;
        self.messages.divert(None);
        line
    }
}

impl Drop for Typist {
    /// Leaves a line that nobody has finished, and the terminal as it was.
    fn drop(&mut self) {
        self.messages.divert(None);
        if self.asked {
            self.terminal.restore();
        }
    }
}

/// A thread of its own may wait for the editor; what sends messages must not.
fn write_above(
    mut printer: impl ExternalPrinter + Send + 'static,
) -> io::Result<mpsc::Sender<String>> {
    let (sender, messages) = mpsc::channel::<String>();
    let write = move || {
        for message in messages {
            if let Err(ReadlineError::Io(_)) = printer.print(message.clone()) {
                output::message(&message);
            }
        }
    };
    thread::Builder::new()
        .name("messages".to_owned())
        .spawn(write)?;
    Ok(sender)
}

type LineEditor = Editor<Assistant, DefaultHistory>;

fn editor() -> Result<LineEditor, ReadlineError> {
    let colours = output::has_colours();
    let config = Config::builder()
        .auto_add_history(true)
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .color_mode(if colours {
            ColorMode::Enabled
        } else {
            ColorMode::Disabled
        })
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Assistant::default()));
    Ok(editor)
}

fn edit(
    mut editor: LineEditor,
    asked: &mpsc::Receiver<Arc<Document>>,
    lines: &lines::Sender<Input>,
) {
    let history = history_file();
    if let Some(file) = &history {
        // There is none at the first time.
        let _ = editor.load_history(file);
    }
    while let Ok(document) = asked.recv() {
        if let Some(assistant) = editor.helper_mut() {
            assistant.document = Some(document);
        }
        let line = match editor.readline(PROMPT) {
            Ok(line) if line.len() > MAX_LINE_BYTES => Input::TooLong,
            Ok(line) => Input::Line(line),
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => return,
            Err(error) => Input::Failed(to_io(error)),
        };
        if let Some(file) = &history {
            // A history that can't be kept is not a reason to end a game.
            let _ = editor.append_history(file);
        }
        if lines.blocking_send(line).is_err() {
            return;
        }
    }
}

/// Where lines are kept from one game to the next.
fn history_file() -> Option<PathBuf> {
    let dirs = etcetera::choose_base_strategy().ok()?;
    let folder = dirs.state_dir().unwrap_or_else(|| dirs.data_dir());
    let folder = folder.join("playerdata");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("play-history"))
}

fn to_io(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    }
}

/// What the editor knows of the commands and the document.
#[derive(Default)]
struct Assistant {
    document: Option<Arc<Document>>,
}

impl Helper for Assistant {}
impl Validator for Assistant {}

impl Hinter for Assistant {
    type Hint = String;
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(complete(&line[..at], self.document.as_deref()))
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        let name = line.trim_start().split([' ', '\t']).next();
        match name {
            Some(name) if Topic::named(name).is_some() => {
                let styled = style::styled(style::NAME, name);
                Cow::Owned(line.replacen(name, &styled, 1))
            }
            _ => Cow::Borrowed(line),
        }
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Owned(style::styled(style::PROMPT, prompt))
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        true
    }
}
