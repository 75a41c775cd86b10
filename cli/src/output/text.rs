//! Text that can be written to a terminal whatever is in it.

use std::fmt::Write as _;

/// A text as one line, with its control characters escaped, and what changes
/// the direction of what follows: as JSON escapes them, so that JSON stays what
/// it is.
pub(crate) fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => escape(character, &mut line),
            control if control.is_control() => escape(control, &mut line),
            other => line.push(other),
        }
    }
    line
}

fn escape(character: char, line: &mut String) {
    // A string takes whatever is written to it.
    let _ = write!(line, "\\u{:04x}", u32::from(character));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_whatever_is_in_it() {
        assert_eq!(escaped("a\nb\u{1b}[31m é"), "a\\nb\\u001b[31m é");
        assert_eq!(escaped("a\u{202e}b"), "a\\u202eb");
    }

    #[test]
    fn json_stays_what_it_is() {
        let text = "\"\u{7f}\u{9f}\u{202e}\"";
        let read = |text: &str| serde_json::from_str::<String>(text).unwrap();
        assert_eq!(read(&escaped(text)), read(text));
    }
}
