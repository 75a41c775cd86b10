//! Texts for errors, cut: none holds more than an excerpt of a player's data
//! (E14).

use std::{error::Error, fmt};

/// The most bytes of a name or value in an error.
const MAX_NAME: usize = 160;

/// The most bytes of what serde says, of its beginning and of its end.
const MAX_HALF: usize = 120;

/// Cuts a name or value for an error.
pub(crate) fn excerpt(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_NAME)].to_owned()
}

/// Cuts a message out of its middle: serde puts the value that it refuses
/// first, and what it wanted instead last.
pub(crate) fn message_excerpt(message: &str) -> String {
    if message.len() <= 2 * MAX_HALF {
        return message.to_owned();
    }
    let head = &message[..message.floor_char_boundary(MAX_HALF)];
    let tail = &message[message.ceil_char_boundary(message.len() - MAX_HALF)..];
    format!("{head} … {tail}")
}

/// What serde, or a type's own serialisation, says is wrong with a value.
///
/// The text may quote the value; it is cut to its beginning and its end, so
/// that a large one can't fill a log.
#[derive(Clone, PartialEq, Eq)]
pub struct SerdeError(Box<str>);

impl SerdeError {
    // By value, to be passed to `map_err`.
    #[allow(clippy::needless_pass_by_value)]
    pub(crate) fn new(error: serde_json::Error) -> Self {
        Self(message_excerpt(&error.to_string()).into())
    }
}

impl fmt::Display for SerdeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SerdeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerdeError({:?})", self.0)
    }
}

impl Error for SerdeError {}

/// An error for a log or a text: with what caused it, and what caused that.
/// What a cause has said already is not said again.
pub(crate) struct Chain<'a, E: ?Sized>(pub(crate) &'a E);

impl<E: std::error::Error + ?Sized> fmt::Display for Chain<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = self.0.to_string();
        f.write_str(&told)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !told.contains(&text) {
                write!(f, ": {text}")?;
                told = text;
            }
            source = cause.source();
        }
        Ok(())
    }
}

/// The longest text of a cause, in bytes. Some quote the value that they did
/// not expect, and that can be a player's whole document.
const MAX_CAUSE_BYTES: usize = 400;

/// A cause and all that caused it, cut to an excerpt.
pub(crate) fn why<E: std::error::Error + ?Sized>(cause: &E) -> String {
    let mut text = Chain(cause).to_string();
    if text.len() > MAX_CAUSE_BYTES {
        let end = (0..=MAX_CAUSE_BYTES).rev();
        let end = end.into_iter().find(|&end| text.is_char_boundary(end));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e14_a_message_keeps_its_beginning_and_its_end() {
        let short = "invalid type: string \"x\", expected u64";
        assert_eq!(message_excerpt(short), short);
        let long = format!(
            "invalid type: string \"{}\", expected u64",
            "é".repeat(40_000)
        );
        let cut = message_excerpt(&long);
        assert!(cut.len() < 2 * MAX_HALF + 10, "{cut}");
        assert!(cut.starts_with("invalid type: string") && cut.ends_with("expected u64"));
    }

    #[test]
    fn names_are_cut_between_characters() {
        assert_eq!(excerpt("Bread"), "Bread");
        assert_eq!(excerpt(&"é".repeat(81)), "é".repeat(80));
        assert_eq!(excerpt(&format!("a{}", "é".repeat(81))).len(), 159);
    }
}
