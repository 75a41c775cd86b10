//! The top-level entries of a JSON object, without reading their values.

use std::{borrow::Cow, fmt, ops::Range};

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::{CodecError, ENVELOPE};

/// Calls `each` with every top-level key and the text of its value, in order.
///
/// Returns whether the JSON is an object at all; if not, `each` is not called.
///
/// # Errors
///
/// [`CodecError::Unreadable`] if it begins like an object and is none.
pub(super) fn for_each_entry<F: FnMut(&str, &str)>(
    json: &[u8],
    each: F,
) -> Result<bool, CodecError> {
    if json.first() != Some(&b'{') {
        return Ok(false);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    deserializer
        .deserialize_map(Entries(each))
        .map_err(CodecError::Unreadable)?;
    Ok(true)
}

/// Where in a JSON object the members with these keys are, each with the comma
/// before it, unless it is the first. What the library keeps beside a document
/// is never among them.
pub(super) fn places_of(json: &[u8], keys: &[String]) -> Result<Vec<Range<usize>>, CodecError> {
    let mut places = Vec::new();
    let mut begin = 1; // behind the bracket
    for_each_entry(json, |name, value| {
        // The value is a part of the text.
        let end = value.as_ptr().addr() - json.as_ptr().addr() + value.len();
        if name != ENVELOPE && keys.iter().any(|key| key == name) {
            places.push(begin..end);
        }
        begin = end;
    })?;
    Ok(places)
}

/// A key, borrowed unless it has escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

struct Entries<F>(F);

impl<'de, F: FnMut(&str, &str)> de::Visitor<'de> for Entries<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: de::MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
        while let Some((Key(key), value)) = object.next_entry::<Key<'_>, &RawValue>()? {
            (self.0)(&key, value.get());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(json: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let is_object = for_each_entry(json.as_bytes(), |key, value| {
            found.push((key.to_owned(), value.to_owned()));
        });
        assert_eq!(is_object.unwrap(), json.starts_with('{'));
        found
    }

    #[test]
    fn entries_come_in_order_with_keys_unescaped_and_values_as_written() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            entries(r#"{"b":[1,{"a":2}],"a\"\n":"x\"","é":null}"#),
            [
                pair("b", r#"[1,{"a":2}]"#),
                pair("a\"\n", r#""x\"""#),
                pair("é", "null")
            ]
        );
    }

    #[test]
    fn what_is_no_object_has_no_entries() {
        for json in ["[]", "1", "\"{\"", "null", "{}"] {
            assert_eq!(entries(json), []);
        }
        assert!(for_each_entry(b"{\"a\":", |_, _| ()).is_err());
    }
}
