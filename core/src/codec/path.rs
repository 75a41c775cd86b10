//! Places in JSON, as errors name them: `Pets[3].Name`.

use crate::excerpt::excerpt;

/// The path of the whole document.
const TOP: &str = "the top level";

/// A path, from the outermost step to the innermost.
#[derive(Clone, Debug, Default)]
pub(super) struct Path(String);

impl Path {
    /// The path with one more step into a table.
    pub(super) fn key(&self, key: &str) -> Self {
        if self.0.is_empty() {
            Self(key.to_owned())
        } else {
            Self(format!("{}.{key}", self.0))
        }
    }

    /// The path with one more step into a list.
    pub(super) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// The path for an error.
    pub(super) fn name(&self) -> String {
        named(&self.0)
    }
}

/// A path for an error; `serde_path_to_error` calls the whole document `.`.
pub(super) fn named(path: &str) -> String {
    match path {
        "" | "." => TOP.to_owned(),
        path => excerpt(path),
    }
}

/// One list or table that some text is in.
enum Level<'t> {
    /// At the element of this index.
    List(usize),
    /// At this key, with its quotes; `None` between the entries.
    Table(Option<&'t [u8]>),
}

/// The path of the place where JSON text breaks off. Only text that some
/// serializer wrote is asked for, and only for an error.
pub(super) fn path_at_end(text: &[u8]) -> Path {
    let mut levels = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let end = if byte == b'"' {
            end_of_string(text, at)
        } else {
            at + 1
        };
        match (byte, levels.last_mut()) {
            (b'"', Some(Level::Table(key @ None))) => *key = Some(&text[at..end]),
            (b'[', _) => levels.push(Level::List(0)),
            (b'{', _) => levels.push(Level::Table(None)),
            (b']' | b'}', _) => _ = levels.pop(),
            (b',', Some(Level::List(index))) => *index += 1,
            (b',', Some(Level::Table(key))) => *key = None,
            _ => {}
        }
        at = end;
    }
    levels
        .iter()
        .fold(Path::default(), |path, level| match level {
            Level::List(index) => path.index(*index),
            Level::Table(None) => path,
            Level::Table(Some(key)) => path.key(&unquoted(key)),
        })
}

fn end_of_string(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

/// A key as it was before it was written, if it is whole.
fn unquoted(key: &[u8]) -> String {
    serde_json::from_slice(key).unwrap_or_else(|_| String::from_utf8_lossy(key).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s11_the_path_of_a_place_is_told_by_the_text_before_it() {
        for (text, path) in [
            ("", TOP),
            ("{", TOP),
            (r#"{"a":"#, "a"),
            (r#"{"a":1,"#, TOP),
            (r#"{"a":{"b":[1,[],{"c":2}"#, "a.b[2]"),
            (r#"{"a":{"b":[1,{"c":"#, "a.b[1].c"),
            (r#"{"a":{"b":[1,{"c":2}]},"d\"{,\\":[0,0,"#, "d\"{,\\[2]"),
            ("[[", "[0][0]"),
            (r#"["a,{[",{"x":"y","z":"#, "[1].z"),
            (r#"{"cut"#, "\"cut"),
        ] {
            assert_eq!(path_at_end(text.as_bytes()).name(), path, "{text}");
        }
    }
}
