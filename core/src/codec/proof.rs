//! Whether a document comes back as it was.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    CodecError,
    json::read,
    path::{Path, named},
};
use crate::excerpt::SerdeError;

/// Makes a document of JSON. If it does not fit, `again` gives the same JSON
/// again, to find out where.
pub(crate) fn fit<D: DeserializeOwned>(
    value: Value,
    again: impl FnOnce() -> Option<Value>,
) -> Result<D, CodecError> {
    let error = match D::deserialize(value) {
        Ok(document) => return Ok(document),
        Err(error) => error,
    };
    let located = again().and_then(|value| serde_path_to_error::deserialize::<_, D>(value).err());
    let (path, error) = match located {
        Some(located) => (located.path().to_string(), located.into_inner()),
        None => (String::new(), error), // no type that can be relied on
    };
    Err(CodecError::Mismatch {
        path: named(&path),
        source: SerdeError::new(error),
    })
}

/// Makes sure that two texts are the same JSON. The order of keys does not
/// count, nor that of a list's elements: hash maps and hash sets have none.
pub(super) fn compare(before: &[u8], after: &[u8]) -> Result<(), CodecError> {
    if before == after {
        return Ok(());
    }
    match difference(&read(before)?, &read(after)?, &Path::default()) {
        None => Ok(()),
        Some(path) => Err(CodecError::Altered { path: path.name() }),
    }
}

/// Where two values first differ.
fn difference(before: &Value, after: &Value, path: &Path) -> Option<Path> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let gone_or_changed = before.iter().find_map(|(key, value)| {
                let path = path.key(key);
                match after.get(key) {
                    Some(after) => difference(value, after, &path),
                    None => Some(path),
                }
            });
            gone_or_changed.or_else(|| {
                let new = after.keys().find(|key| !before.contains_key(*key));
                new.map(|key| path.key(key))
            })
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            let differing = (0..before.len())
                .find_map(|at| difference(&before[at], &after[at], &path.index(at)))?;
            (sorted(before) != sorted(after)).then_some(differing)
        }
        _ => (before != after).then(|| path.clone()),
    }
}

/// The elements of a list in an order that does not depend on theirs.
fn sorted(list: &[Value]) -> Vec<String> {
    let mut elements: Vec<String> = list
        .iter()
        .map(|value| ordered(value).to_string())
        .collect();
    elements.sort_unstable();
    elements
}

/// The same value with its keys and elements in such an order.
fn ordered(value: &Value) -> Value {
    match value {
        Value::Object(table) => {
            let mut table: serde_json::Map<_, _> = table
                .iter()
                .map(|(key, value)| (key.clone(), ordered(value)))
                .collect();
            table.sort_keys();
            Value::Object(table)
        }
        Value::Array(list) => {
            let mut list: Vec<Value> = list.iter().map(ordered).collect();
            list.sort_by_cached_key(Value::to_string);
            Value::Array(list)
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s11_the_order_of_keys_and_elements_makes_no_difference_and_all_else_does() {
        let compare = |before: &str, after: &str| match compare(before.as_bytes(), after.as_bytes())
        {
            Ok(()) => None,
            Err(CodecError::Altered { path }) => Some(path),
            Err(other) => panic!("{other}"),
        };
        for (before, after, differs) in [
            (r#"{"a":1,"b":[2]}"#, r#"{"b":[2],"a":1}"#, None),
            (
                r#"["x",{"a":[1,2],"b":3}]"#,
                r#"[{"b":3,"a":[2,1]},"x"]"#,
                None,
            ),
            (
                r#"{"a":{"b":[0,1]}}"#,
                r#"{"a":{"b":[0,2]}}"#,
                Some("a.b[1]"),
            ),
            (r#"{"a":[1,1,2]}"#, r#"{"a":[1,2,2]}"#, Some("a[1]")),
            (r#"{"a":[1]}"#, r#"{"a":[1,1]}"#, Some("a")),
            (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, Some("b")),
            (r#"{"a":1,"b":2}"#, r#"{"a":1}"#, Some("b")),
            (r#"{"a":1}"#, r#"{"a":1.0}"#, Some("a")),
            ("null", "0", Some("the top level")),
        ] {
            assert_eq!(
                compare(before, after).as_deref(),
                differs,
                "{before} {after}"
            );
        }
    }
}
