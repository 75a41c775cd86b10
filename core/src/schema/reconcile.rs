//! Adding the keys that the defaults gained to a document that lacks them.

use serde_json::{Map, Value, map::Entry};

/// Adds to `document` the keys of `defaults` that it lacks, in tables within
/// tables too, and returns their paths, such as `Reputation.Nordraxia`.
///
/// What the document has stays as it is, whatever its value or type: null,
/// false and lists included (rule S7). What is added is a copy of its own.
///
/// ```
/// use playerdata_core::reconcile;
/// use serde_json::json;
///
/// let mut document = json!({"Currency": 7});
/// let added = reconcile(&mut document, &json!({"Currency": 500, "Level": 1}));
/// assert_eq!(added, ["Level"]);
/// assert_eq!(document, json!({"Currency": 7, "Level": 1}));
/// ```
pub fn reconcile(document: &mut Value, defaults: &Value) -> Vec<String> {
    let mut added = Vec::new();
    if let (Value::Object(document), Value::Object(defaults)) = (document, defaults) {
        add_missing(document, defaults, "", &mut added);
    }
    added
}

fn add_missing(
    table: &mut Map<String, Value>,
    defaults: &Map<String, Value>,
    path: &str,
    added: &mut Vec<String>,
) {
    for (key, default) in defaults {
        match table.entry(key.as_str()) {
            Entry::Vacant(gap) => {
                gap.insert(default.clone());
                added.push(format!("{path}{key}"));
            }
            Entry::Occupied(mut present) => {
                if let (Value::Object(table), Value::Object(defaults)) =
                    (present.get_mut(), default)
                {
                    add_missing(table, defaults, &format!("{path}{key}."), added);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn s7_keys_the_defaults_gained_are_added_at_the_top_and_in_tables() {
        let defaults = json!({
            "Level": 1,
            "Reputation": {"Nordraxia": 1, "Deep": {"A": 1, "B": 2}},
            "GiftBank": {}
        });
        let mut document = json!({"Reputation": {"Deep": {"B": 9}, "Own": 3}});
        assert_eq!(
            reconcile(&mut document, &defaults),
            [
                "Level",
                "Reputation.Nordraxia",
                "Reputation.Deep.A",
                "GiftBank"
            ]
        );
        assert_eq!(
            document,
            json!({
                "Level": 1,
                "Reputation": {"Nordraxia": 1, "Deep": {"A": 1, "B": 9}, "Own": 3},
                "GiftBank": {}
            })
        );
        assert!(reconcile(&mut document, &defaults).is_empty());
    }

    #[test]
    fn s7_what_the_document_has_is_never_touched() {
        let defaults = json!({
            "null": {"a": 1}, "false": true, "zero": 5, "empty": "text",
            "list": [{"Name": "Bread", "Quantity": 5}], "other type": {"b": 2}
        });
        let document = json!({
            "null": null, "false": false, "zero": 0, "empty": "",
            "list": [{"Name": "Bread"}], "other type": []
        });
        let mut reconciled = document.clone();
        assert!(reconcile(&mut reconciled, &defaults).is_empty());
        assert_eq!(reconciled, document);
    }

    #[test]
    fn s7_only_tables_are_reconciled() {
        for (document, defaults) in [(json!([]), json!({"a": 1})), (json!({}), json!(["a"]))] {
            let mut reconciled = document.clone();
            assert!(reconcile(&mut reconciled, &defaults).is_empty());
            assert_eq!(reconciled, document);
        }
    }
}
