//! The document's rules, V1 to V7, one by one.

mod arithmetic;
mod attributes;
mod nesting;
mod whole;

use serde_json::{Number, Value, json};

use super::{Document, DocumentError, DocumentRules, Key};

fn rules() -> DocumentRules {
    DocumentRules::default()
}

/// Runs a call that must fail, sees that it changed nothing (V7), and returns
/// its error.
fn refused<T: std::fmt::Debug>(
    document: &mut Document,
    call: impl FnOnce(&mut Document) -> Result<T, DocumentError>,
) -> DocumentError {
    let before = serde_json::to_string(document).unwrap();
    let error = call(document).expect_err("the call must be refused");
    assert_eq!(serde_json::to_string(document).unwrap(), before, "{error}");
    error
}

/// A standard document with one more attribute of each type.
fn varied() -> Document {
    let mut json = Document::standard().to_json();
    for (name, value) in [
        ("Banned", json!(false)),
        ("Title", json!("Knight")),
        ("Home", json!(null)),
        ("Speed", json!(1.5)),
        ("Seen", json!([1, 2])),
        ("Debt", json!(-3)),
    ] {
        json[name] = value;
    }
    Document::from_json(json).unwrap()
}
