//! A line as words, quoted as in a shell.

use thiserror::Error;

/// A quotation, or a backslash, that the line ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a quote is not closed; put a name with a quote or a space in it in double quotes")]
pub struct Unclosed;

const BLANK: [char; 3] = [' ', '\t', '\n'];

/// The words of a line that are not taken yet.
///
/// JSON has quotes of its own, which a shell's rules would take away. So what
/// follows the words taken can be had as it was typed, too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub(super) fn of(line: &'a str) -> Self {
        let rest = line.trim_matches(BLANK);
        Self { rest }
    }

    /// What is not taken yet, as it was typed.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Takes a word, without its quotes; `None` at the end of the line.
    pub(super) fn take(&mut self) -> Result<Option<String>, Unclosed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (word, rest) = self.rest.split_at(end_of_word(self.rest));
        self.rest = rest.trim_start_matches(BLANK);
        unquoted(word).map(Some)
    }
}

/// The first word of a text that begins with one, with its quotes.
pub(super) fn first_word(text: &str) -> &str {
    &text[..end_of_word(text)]
}

/// Where the first word ends: at the first blank outside of quotes.
fn end_of_word(text: &str) -> usize {
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (None, blank) if BLANK.contains(&blank) => return at,
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            (None | Some('"'), '\\') => _ = characters.next(),
            _ => {}
        }
    }
    text.len()
}

pub(super) fn unquoted(word: &str) -> Result<String, Unclosed> {
    // A shell takes what begins so for a comment; here it is a name like
    // others.
    let split = if word.starts_with('#') {
        shlex::split(&format!("\\{word}"))
    } else {
        shlex::split(word)
    };
    match split.as_deref() {
        Some([word]) => Ok(word.clone()),
        _ => Err(Unclosed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Vec<String>, Unclosed> {
        let mut words = Words::of(line);
        std::iter::from_fn(|| words.take().transpose()).collect()
    }

    #[test]
    fn words_are_quoted_as_in_a_shell() {
        for (line, expected) in [
            ("", vec![]),
            (" \t ", vec![]),
            ("add Bread  3", vec!["add", "Bread", "3"]),
            ("add 'Health Potion' 3", vec!["add", "Health Potion", "3"]),
            (
                r#"add "Bob's \"Axe\"" 1"#,
                vec!["add", r#"Bob's "Axe""#, "1"],
            ),
            (r"add Health\ Potion 3", vec!["add", "Health Potion", "3"]),
            ("item He'al th'\"y\" \"\"", vec!["item", "Heal thy", ""]),
            ("item #1 a#b", vec!["item", "#1", "a#b"]),
            ("get Wärmflasche", vec!["get", "Wärmflasche"]),
        ] {
            assert_eq!(
                words(line),
                Ok(expected.iter().map(ToString::to_string).collect())
            );
        }
    }

    #[test]
    fn an_open_quote_is_told() {
        for line in ["item 'Bread", "item \"Bread", "item Bread\\", "item Bob's"] {
            assert_eq!(words(line), Err(Unclosed), "{line}");
        }
    }

    #[test]
    fn what_follows_the_words_taken_keeps_its_quotes() {
        let mut words = Words::of(" set  'Full Name'  \"Sir  Bob\" ");
        words.take().unwrap();
        words.take().unwrap();
        assert_eq!(words.rest(), "\"Sir  Bob\"");
    }
}
