//! Giving a document what its defaults gained since it was last written (S7).

use std::hash::Hasher;

use siphasher::sip::SipHasher13;
use triomphe::Arc;

use crate::{Document, codec::KeysFingerprint, value::Value};

/// Adds the attributes of `defaults` that `document` lacks, and the entries
/// that its table attributes lack; returns their paths, such as
/// `Reputation.Nordraxia`.
///
/// What the document has stays as it is, whatever its value or type. Nothing
/// is ever added to the inventory or the gift bank: what is not there was used
/// up, sold or taken.
pub(crate) fn reconcile(document: &mut Document, defaults: &Document) -> Vec<String> {
    let mut added = Vec::new();
    let attributes = document.all_attributes_mut();
    for (name, default) in defaults.own_attributes() {
        match (attributes.get_mut(name), default) {
            (None, default) => {
                attributes.push(name, default.clone());
                added.push(name.to_owned());
            }
            (Some(Value::Table(table)), Value::Table(defaults)) => {
                for (entry, default) in defaults.iter() {
                    if !table.contains(entry) {
                        Arc::make_mut(table).push(entry, default.clone());
                        added.push(format!("{name}.{entry}"));
                    }
                }
            }
            _ => {}
        }
    }
    added
}

/// What shows whether defaults gained keys: the names of their attributes and
/// of the entries of their table attributes, in whatever order.
pub(crate) fn keys_of(defaults: &Document) -> KeysFingerprint {
    let mut keys: Vec<(&str, Option<&str>)> = Vec::new();
    for (name, value) in defaults.own_attributes() {
        keys.push((name, None));
        if let Value::Table(table) = value {
            keys.extend(table.keys().map(|entry| (name, Some(entry))));
        }
    }
    keys.sort_unstable();
    // Stored, so it must come out the same for ever: SipHash 1-3 with the key
    // 0, over texts with their lengths.
    let mut hasher = SipHasher13::new();
    for (name, entry) in keys {
        for text in [Some(name), entry].into_iter().flatten() {
            hasher.write(&(text.len() as u64).to_le_bytes());
            hasher.write(text.as_bytes());
        }
        hasher.write(&u64::MAX.to_le_bytes()); // no text is as long
    }
    KeysFingerprint::new(hasher.finish())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(json: serde_json::Value) -> Document {
        Document::from_json(json).unwrap()
    }

    #[test]
    fn s7_attributes_and_entries_that_the_defaults_gained_are_added() {
        let defaults = document(json!({
            "Level": 1,
            "Reputation": {"Nordraxia": 1, "Deep": {"A": 1, "B": 2}},
            "Pets": {"Deep": {"A": 1}},
        }));
        let mut old = document(json!({"Reputation": {"Deep": {"B": 9}, "Own": 3}}));
        assert_eq!(
            reconcile(&mut old, &defaults),
            ["Level", "Reputation.Nordraxia", "Pets"]
        );
        assert!(
            old == document(json!({
                "Level": 1,
                "Reputation": {"Nordraxia": 1, "Deep": {"B": 9}, "Own": 3},
                "Pets": {"Deep": {"A": 1}},
            }))
        );
        assert!(reconcile(&mut old, &defaults).is_empty());
    }

    #[test]
    fn s7_what_the_document_has_is_never_touched() {
        let defaults = document(json!({
            "null": {"a": 1}, "false": true, "zero": 5, "empty": "text",
            "list": [{"Name": "Bread", "Quantity": 5}], "other type": {"b": 2}
        }));
        let before = document(json!({
            "null": null, "false": false, "zero": 0, "empty": "",
            "list": [{"Name": "Bread"}], "other type": []
        }));
        let mut reconciled = before.clone();
        assert!(reconcile(&mut reconciled, &defaults).is_empty());
        assert!(reconciled == before);
    }

    #[test]
    fn s7_nothing_is_ever_added_to_the_inventory_or_the_gift_bank() {
        let defaults = document(json!({
            "Inventory": [{"Name": "Sword", "Quantity": 1}],
            "GiftBank": {"welcome": {"Gold": 100}},
        }));
        for before in [
            json!({"Level": 3}),
            json!({"Inventory": [], "GiftBank": {}}),
        ] {
            let before = document(before);
            let mut reconciled = before.clone();
            assert!(reconcile(&mut reconciled, &defaults).is_empty());
            assert!(reconciled == before);
        }
    }

    #[test]
    fn s7_the_fingerprint_of_the_defaults_is_that_of_their_keys() {
        let of = |json| keys_of(&document(json));
        let keys = of(json!({"a": 1, "b": {"c": 1, "d": 2}}));
        assert_eq!(keys, of(json!({"b": {"d": [], "c": {"e": 1}}, "a": null})));
        assert_eq!(
            keys,
            of(json!({"a": 1, "b": {"c": 1, "d": 2}, "GiftBank": {"g": 1},
            "Inventory": [{"Name": "Sword", "Quantity": 1}]}))
        );
        for other in [
            json!({"a": 1, "b": {"c": 1}}),
            json!({"a": 1, "b": {"c": 1, "d": 2}, "e": 1}),
            json!({"a": 1, "b": {}, "c": 1, "d": 1}),
            json!({"a": {"b": 1}, "c": 1, "d": 1}),
            json!({}),
        ] {
            assert_ne!(keys, of(other.clone()), "{other}");
        }
        // What was stored by an earlier version has to be the same.
        assert_eq!(
            keys_of(&Document::standard()).to_string(),
            "93b7a30a7fbb3034"
        );
    }
}
