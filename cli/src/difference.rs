//! What is different between two documents: by path and value, items by name.

use serde_json::{Map, Value};

/// One place where two documents differ.
#[derive(Debug, PartialEq)]
pub(crate) struct Difference {
    /// Where: `Reputation.Nordraxia`, `Inventory[Bread].Quantity`.
    pub(crate) path: String,
    /// What was there; nothing if it was added.
    pub(crate) old: Option<Value>,
    /// What is there; nothing if it was removed.
    pub(crate) new: Option<Value>,
}

/// All differences, in the order of the older document; what was added last.
pub(crate) fn differences(old: &Value, new: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(old), Some(new), &mut found);
    found
}

fn compare(path: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Difference>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for key in keys(old, new) {
                let path = if path.is_empty() {
                    key.to_owned()
                } else {
                    format!("{path}.{key}")
                };
                compare(&path, old.get(key), new.get(key), found);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => lists(path, old, new, found),
        (old, new) => found.push(Difference {
            path: path.to_owned(),
            old: old.cloned(),
            new: new.cloned(),
        }),
    }
}

fn keys<'a>(old: &'a Map<String, Value>, new: &'a Map<String, Value>) -> Vec<&'a str> {
    let added = new.keys().filter(|key| !old.contains_key(*key));
    old.keys().chain(added).map(String::as_str).collect()
}

fn lists(path: &str, old: &[Value], new: &[Value], found: &mut Vec<Difference>) {
    if let (Some(old), Some(new)) = (by_name(old), by_name(new)) {
        let before = found.len();
        for name in keys(&old, &new) {
            let path = format!("{path}[{name}]");
            compare(&path, old.get(name), new.get(name), found);
        }
        if found.len() == before {
            // The same items in another order.
            found.push(Difference {
                path: path.to_owned(),
                old: Some(old.keys().cloned().collect()),
                new: Some(new.keys().cloned().collect()),
            });
        }
        return;
    }
    for at in 0..old.len().max(new.len()) {
        compare(&format!("{path}[{at}]"), old.get(at), new.get(at), found);
    }
}

/// A list as items by their names, if all have one, and each another.
fn by_name(list: &[Value]) -> Option<Map<String, Value>> {
    let mut items = Map::new();
    for item in list {
        let name = item.get("Name")?.as_str()?;
        if items.insert(name.to_owned(), item.clone()).is_some() {
            return None;
        }
    }
    Some(items)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(old: &Value, new: &Value) -> Vec<String> {
        let shown = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
        differences(old, new)
            .iter()
            .map(|it| format!("{}: {} → {}", it.path, shown(&it.old), shown(&it.new)))
            .collect()
    }

    #[test]
    fn documents_differ_by_path_and_value() {
        let old = json!({"Currency": 5, "Level": 1, "Reputation": {"A": 1, "B": 2}, "L": [1, 2]});
        let new = json!({"Currency": "5", "Reputation": {"A": 3, "B": 2}, "L": [1], "New": null});
        assert_eq!(
            found(&old, &new),
            [
                "Currency: 5 → \"5\"",
                "Level: 1 → -",
                "Reputation.A: 1 → 3",
                "L[1]: 2 → -",
                "New: - → null",
            ]
        );
        assert!(found(&old, &old).is_empty());
    }

    #[test]
    fn items_are_compared_by_name_wherever_they_are() {
        let item = |name: &str, quantity: u64| json!({"Name": name, "Quantity": quantity});
        let old = json!({"Inventory": [item("Sword", 1), item("Bread", 5)]});
        let new = json!({"Inventory": [item("Bread", 4), item("Cake", 1)]});
        assert_eq!(
            found(&old, &new),
            [
                "Inventory[Sword]: {\"Name\":\"Sword\",\"Quantity\":1} → -",
                "Inventory[Bread].Quantity: 5 → 4",
                "Inventory[Cake]: - → {\"Name\":\"Cake\",\"Quantity\":1}",
            ]
        );
        let turned = json!({"Inventory": [item("Bread", 5), item("Sword", 1)]});
        assert_eq!(
            found(&old, &turned),
            ["Inventory: [\"Sword\",\"Bread\"] → [\"Bread\",\"Sword\"]"]
        );
    }
}
