//! The few styles that there are.

use anstyle::{AnsiColor, Style};

/// What is wrong.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// What a value is called.
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
/// What stands over a table.
pub(crate) const HEADING: Style = Style::new().bold();
/// Where a command is typed.
pub(crate) const PROMPT: Style = AnsiColor::Green.on_default().bold();

/// A text in a style.
pub(crate) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
