//! Getting, setting, checking and removing: rules V1 to V3 and V5 to V7.

use std::collections::BTreeMap;

use super::*;
use crate::Inventory;

#[test]
fn v1_a_missing_value_is_an_error_that_names_the_path() {
    let document = varied();
    let error = |key: Key<'_>| document.get::<Option<i64>>(key).unwrap_err().to_string();
    assert_eq!(error("Curency".into()), "there is no Curency");
    assert_eq!(
        error(("Reputation", "Sud").into()),
        "there is no Reputation.Sud"
    );
    assert_eq!(error(("Curency", "x").into()), "there is no Curency.x");
    assert_eq!(
        error(("Level", "x").into()),
        "Level is an integer, not a table: it has no entries"
    );
    assert_eq!(
        error(("Inventory", "Bread").into()),
        "Inventory is a list, not a table: it has no entries"
    );
    assert_eq!(error(("GiftBank", "g").into()), "there is no GiftBank.g");
}

#[test]
fn v1_a_wrongly_typed_value_is_an_error_that_names_both_types() {
    let document = varied();
    let error = document.get::<String>("Currency").unwrap_err();
    assert_eq!(error.to_string(), "Currency is an integer, not String");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "invalid type: integer `500`, expected a string");
    let error = document
        .get::<Option<u8>>(("Reputation", "Nordraxia"))
        .map(|_| ());
    assert!(error.is_ok());
    for (key, says) in [
        ("Banned", "Banned is a boolean, not u8"),
        ("Title", "Title is a string, not u8"),
        ("Home", "Home is null, not u8"),
        ("Speed", "Speed is a float, not u8"),
        ("Seen", "Seen is a list, not u8"),
        ("Reputation", "Reputation is a table, not u8"),
        ("Currency", "Currency is an integer, not u8"),
        ("Debt", "Debt is an integer, not u8"),
    ] {
        assert_eq!(document.get::<u8>(key).unwrap_err().to_string(), says);
    }
}

#[test]
fn v1_false_zero_and_null_are_values_like_any_other() {
    let mut document = varied();
    assert!(!document.get::<bool>("Banned").unwrap());
    assert_eq!(document.get::<i64>("CurrentXP").unwrap(), 0);
    assert_eq!(document.get::<Option<i64>>("Home").unwrap(), None);
    assert_eq!(
        document.get::<Value>(("EquippedItems", "Weapon")).unwrap(),
        Value::Null
    );
    assert!(document.has("Banned") && document.has("CurrentXP") && document.has("Home"));
    for value in [json!(false), json!(0), json!(null)] {
        document.set("Level", &value).unwrap();
        assert_eq!(document.get::<Value>("Level").unwrap(), value);
        assert!(document.has("Level"));
    }
}

#[test]
fn f23_an_attribute_that_holds_false_can_be_read_and_set() {
    let mut document = varied();
    assert!(!document.get::<bool>("Banned").unwrap());
    document.set("Banned", true).unwrap();
    document.set("Banned", false).unwrap();
    assert!(!document.get::<bool>("Banned").unwrap());
}

#[test]
fn v2_a_key_of_two_parts_addresses_an_entry_of_a_table() {
    let mut document = varied();
    assert_eq!(document.get::<i64>(("Reputation", "Nordraxia")).unwrap(), 1);
    document.set(("Reputation", "Sud"), 4).unwrap();
    assert_eq!(
        document.increment(("Reputation", "Sud"), 2).unwrap(),
        Number::from(6)
    );
    let all: BTreeMap<String, i64> = document.get("Reputation").unwrap();
    assert_eq!(
        all,
        BTreeMap::from([("Nordraxia".into(), 1), ("Sud".into(), 6)])
    );
    assert_eq!(document.remove(("Reputation", "Sud")).unwrap(), 6);
    assert!(document.is_table("Reputation") && !document.has(("Reputation", "Sud")));
}

#[test]
fn v2_a_key_can_be_made_at_run_time() {
    let mut document = Document::standard();
    let (name, entry) = ("Reputation".to_owned(), "Nordraxia".to_owned());
    assert_eq!(document.get::<i64>((&name, &entry)).unwrap(), 1);
    assert_eq!(
        document
            .get::<i64>((name.as_str(), Some(entry.as_str())))
            .unwrap(),
        1
    );
    document.set(("Level", None), 2).unwrap();
    assert_eq!(document.get::<i64>(&"Level".to_owned()).unwrap(), 2);
    assert_eq!(Key::entry("A", "b"), Key::from(("A", Some("b"))));
}

#[test]
fn v3_an_undeclared_attribute_is_set_only_if_the_rules_allow_it() {
    let mut document = Document::standard();
    let error = refused(&mut document, |d| d.set("Curency", 1));
    assert_eq!(
        error.to_string(),
        "there is no attribute Curency to set, and new attributes are not allowed"
    );
    document.set_rules(rules().with_new_attributes(true));
    document.set("Curency", 1).unwrap();
    assert_eq!(document.get::<i64>("Curency").unwrap(), 1);
}

#[test]
fn v3_a_table_takes_new_entries_and_nothing_else_does() {
    for allowed in [false, true] {
        let mut document = Document::standard().with_rules(rules().with_new_attributes(allowed));
        document.set(("EquippedItems", "Belt"), "Rope").unwrap();
        let error = refused(&mut document, |d| d.set(("Level", "x"), 1));
        assert!(matches!(error, DocumentError::NotATable { .. }));
        let error = refused(&mut document, |d| d.set(("Quests", "x"), 1));
        assert_eq!(error.to_string(), "there is no Quests");
    }
}

#[test]
fn v5_checkers_answer_and_change_nothing() {
    let document = varied();
    let before = serde_json::to_string(&document).unwrap();
    assert!(document.has("Level") && !document.has("Gems"));
    assert!(document.has("Inventory") && document.has("GiftBank") && !document.has("PlayerId"));
    assert!(document.has(("Reputation", "Nordraxia")) && !document.has(("Level", "x")));
    assert!(document.contains_item("Bread") && !document.contains_item("Cheese"));
    assert!(document.has_item("Bread", 5) && !document.has_item("Bread", 6));
    assert!(document.is_table("Reputation") && !document.is_table("Seen"));
    assert!(document.is_table("GiftBank") && !document.is_table("Inventory"));
    assert!(!document.is_table("Gems"));
    assert!(document.at_least("Currency", 500) && !document.at_least("Currency", 501));
    assert!(document.at_least("Currency", 499.5) && !document.at_least("Currency", 500.5));
    assert!(document.at_least("Speed", 1) && !document.at_least("Speed", 2));
    assert!(document.at_least("Debt", -3) && !document.at_least("Debt", -2.5));
    assert!(!document.at_least("Currency", f64::NAN) && !document.at_least("Speed", f64::NAN));
    assert!(!document.at_least("Gems", 0) && !document.at_least("Title", 0));
    assert_eq!(serde_json::to_string(&document).unwrap(), before);
}

#[test]
fn v5_at_least_compares_integers_and_floats_exactly() {
    let mut document = varied();
    document.set("Level", 9_007_199_254_740_993_i64).unwrap();
    assert!(!document.at_least("Level", 9_007_199_254_740_994.0));
    assert!(document.at_least("Level", 9_007_199_254_740_992.0));
    assert!(!document.at_least("Level", f64::INFINITY));
    document.set("Speed", 9_007_199_254_740_992.0).unwrap();
    assert!(!document.at_least("Speed", 9_007_199_254_740_993_i64));
    assert!(document.at_least("Speed", 9_007_199_254_740_992_i64));
    document.set_rules(rules().with_negative_values(true));
    document.set("Speed", -2.5).unwrap();
    assert!(document.at_least("Speed", -3) && !document.at_least("Speed", -2));
}

#[test]
fn v6_core_values_cannot_be_changed_as_attributes() {
    let allowed = rules().with_new_attributes(true).with_negative_values(true);
    let stored = json!({"PlayerId": 7, "SlotName": "Slot1", "GiftBank": {"g": 1}});
    let mut document = Document::from_json(stored).unwrap().with_rules(allowed);
    for name in ["PlayerId", "SlotName", "Inventory", "GiftBank"] {
        let says = format!("{name} is a core value, which can't be changed as an attribute");
        for key in [Key::attribute(name), Key::entry(name, "g")] {
            let errors = [
                refused(&mut document, |d| d.set(key, 1)),
                refused(&mut document, |d| d.remove(key)),
                refused(&mut document, |d| d.increment(key, 1)),
                refused(&mut document, |d| d.decrement(key, 1)),
            ];
            for error in errors {
                assert_eq!(error.to_string(), says);
            }
        }
    }
}

#[test]
fn v6_inventory_and_gift_bank_can_be_read_as_what_they_are_stored_as() {
    let mut document = Document::standard();
    document
        .gift_bank_mut()
        .put("g", json!({"Item": "Bread"}))
        .unwrap();
    assert_eq!(
        document.get::<Value>("Inventory").unwrap()[1]["Quantity"],
        5
    );
    assert!(document.get::<Inventory>("Inventory").unwrap() == *document.inventory());
    assert_eq!(
        document.get::<Value>("GiftBank").unwrap(),
        json!({"g": {"Item": "Bread"}})
    );
    assert_eq!(
        document.get::<Value>(("GiftBank", "g")).unwrap(),
        json!({"Item": "Bread"})
    );
    assert!(document.has(("GiftBank", "g")) && !document.has(("GiftBank", "h")));
}

#[test]
fn f22_names_of_methods_and_internals_are_no_attributes() {
    let mut document = Document::standard();
    for name in [
        "get",
        "set",
        "rules",
        "attributes",
        "inventory",
        "gift_bank",
        "__index",
    ] {
        assert!(!document.has(name));
        assert!(matches!(
            document.get::<Value>(name),
            Err(DocumentError::Missing { .. })
        ));
        refused(&mut document, |d| d.set(name, 1));
        refused(&mut document, |d| d.remove(name));
    }
    let allowed = rules().with_new_attributes(true);
    document.set_rules(allowed);
    document
        .set("rules", json!({"allow_negative_values": true}))
        .unwrap();
    assert_eq!(document.rules(), allowed);
    assert!(document.set("Currency", -1).is_err());
}

#[test]
fn v7_removing_what_is_not_there_changes_nothing() {
    let mut document = varied();
    for key in [
        Key::from("Gems"),
        ("Reputation", "Sud").into(),
        ("Level", "x").into(),
    ] {
        refused(&mut document, |d| d.remove(key));
    }
    assert_eq!(document.remove("Title").unwrap(), "Knight");
    refused(&mut document, |d| d.set("Title", "Squire"));
}
