//! Fetching from memory what is needed soon.
//!
//! What the autosave looks at has been left alone for half a minute, and so
//! has to come from main memory. That takes longer than all the work on it,
//! if each part is waited for when its turn comes. A loop that does nothing
//! but look has many parts fetched at the same time.

use std::hint::black_box;

use serde_json::{Map, Value};

/// Looks at things, each of which is looked at by `look`.
pub(crate) fn all<T>(things: impl IntoIterator<Item = T>, look: impl Fn(T) -> u8) {
    let looks = things.into_iter().map(look);
    black_box(looks.fold(0, |seen, look| seen ^ look));
}

/// Looks at the keys of a table and at the text beside them, in it and in the
/// tables directly in it. What lies deeper is rarely much.
pub(crate) fn table(table: &Map<String, Value>) {
    all(table, |(key, value)| {
        text(key)
            ^ match value {
                Value::String(string) => text(string),
                Value::Object(inner) => keys(inner),
                _ => 0,
            }
    });
}

fn keys(table: &Map<String, Value>) -> u8 {
    table.keys().fold(0, |seen, key| seen ^ text(key))
}

/// Looks at some text.
pub(crate) fn text(text: &str) -> u8 {
    text.as_bytes().first().copied().unwrap_or_default()
}
