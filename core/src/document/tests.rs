//! The document's rules, V1 to V7, one by one.

use std::collections::BTreeMap;

use serde_json::{Number, Value, json};

use super::{Document, DocumentError, DocumentRules, Key};
use crate::{Inventory, InventoryLimits};

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

#[test]
fn the_standard_document_is_byte_for_byte_that_of_the_original() {
    let json = concat!(
        r#"{"Currency":500,"Level":1,"CurrentXP":0,"XPtoNextLevel":1000,"Inventory":["#,
        r#"{"Name":"Starter Sword","ItemType":"Object","Quantity":1},"#,
        r#"{"Name":"Bread","ItemType":"Object","Quantity":5}],"EquippedItems":{"Weapon":null,"#,
        r#""Head":null,"Torso":null,"Legs":null,"Boots":null,"Neck":null,"Ring1":null,"#,
        r#""Ring2":null},"Reputation":{"Nordraxia":1},"GiftBank":{}}"#,
    );
    let written = serde_json::to_string(&Document::standard()).unwrap();
    assert_eq!(written, json);
    assert_eq!(written.len(), 346);
}

#[test]
fn two_standard_documents_share_nothing() {
    let mut one = Document::standard();
    let other = Document::standard();
    one.set("Currency", 0).unwrap();
    one.set(("Reputation", "Nordraxia"), 9).unwrap();
    one.inventory_mut().add("Bread", 1).unwrap();
    one.gift_bank_mut().put("g", 1).unwrap();
    assert!(other == Document::standard());
    assert!(one != other);
}

#[test]
fn a_document_keeps_the_order_of_its_keys() {
    let json = r#"{"Z":1,"GiftBank":{"b":1,"a":2},"A":{"y":1,"x":2},"Inventory":[],"M":null}"#;
    let mut document: Document = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&document).unwrap(), json);
    assert_eq!(document.to_json().to_string(), json);
    let names: Vec<_> = document.attributes().map(|(name, _)| name).collect();
    assert_eq!(names, ["Z", "A", "M"]);
    document.remove("Z").unwrap();
    document.remove(("A", "y")).unwrap();
    assert_eq!(
        serde_json::to_string(&document).unwrap(),
        r#"{"GiftBank":{"b":1,"a":2},"A":{"x":2},"Inventory":[],"M":null}"#
    );
}

#[test]
fn a_document_without_inventory_or_gift_bank_gets_empty_ones() {
    let document = Document::from_json(json!({"Level": 3})).unwrap();
    assert!(document.inventory().is_empty() && document.gift_bank().is_empty());
    assert_eq!(
        document.to_json().to_string(),
        r#"{"Level":3,"Inventory":[],"GiftBank":{}}"#
    );
    assert_eq!(
        Document::new().to_json(),
        json!({"Inventory": [], "GiftBank": {}})
    );
}

#[test]
fn what_is_no_document_is_refused_with_what_is_wrong() {
    for (json, why) in [
        ("[]", "expected a document: a table of attributes"),
        ("null", "expected a document: a table of attributes"),
        (r#"{"A":1,"A":2}"#, r#""A" is there twice"#),
        (
            r#"{"Inventory":[],"Inventory":[]}"#,
            r#""Inventory" is there twice"#,
        ),
        (r#"{"Inventory":null}"#, "expected an inventory"),
        (
            r#"{"Inventory":[{"Name":"Bread","Quantity":-1}]}"#,
            "can't have the quantity -1",
        ),
        (r#"{"GiftBank":7}"#, "expected a gift bank"),
        (
            r#"{"GiftBank":{"g":1,"g":2}}"#,
            r#"a gift "g" is waiting already"#,
        ),
    ] {
        let error = serde_json::from_str::<Document>(json)
            .unwrap_err()
            .to_string();
        assert!(error.contains(why), "{json}: {error}");
    }
    let error = Document::from_json(json!(5)).unwrap_err();
    assert!(matches!(error, DocumentError::Malformed { .. }));
    let deep = format!("{{\"A\":{}", "[".repeat(100_000));
    assert!(serde_json::from_str::<Document>(&deep).is_err());
}

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
fn v3_incrementing_never_makes_a_value() {
    let mut document = Document::standard().with_rules(rules().with_new_attributes(true));
    for amount in [1, -1] {
        for key in [
            Key::from("Gems"),
            ("Reputation", "Sud").into(),
            ("Gems", "x").into(),
        ] {
            assert!(matches!(
                refused(&mut document, |d| d.increment(key, amount)),
                DocumentError::Missing { .. }
            ));
            refused(&mut document, |d| d.decrement(key, amount));
        }
    }
}

#[test]
fn v4_64_bit_integers_are_exact() {
    let mut document = varied().with_rules(rules().with_negative_values(true));
    document.set("Level", u64::MAX - 1).unwrap();
    assert_eq!(
        document.increment("Level", 1).unwrap().as_u64(),
        Some(u64::MAX)
    );
    refused(&mut document, |d| d.increment("Level", 1));
    assert_eq!(
        document.decrement("Level", u64::MAX).unwrap().as_u64(),
        Some(0)
    );
    assert_eq!(
        document.increment("Level", i64::MIN).unwrap().as_i64(),
        Some(i64::MIN)
    );
    let error = refused(&mut document, |d| d.decrement("Level", 1));
    assert_eq!(
        error.to_string(),
        "Level is -9223372036854775808: adding -1 is more than a number holds"
    );
    document.set("Level", 9_007_199_254_740_992_i64).unwrap();
    assert_eq!(
        document.increment("Level", 1).unwrap().as_i64(),
        Some(9_007_199_254_740_993)
    );
}

#[test]
fn v4_floats_stay_floats_and_finite() {
    let mut document = varied();
    assert_eq!(
        document.increment("Speed", 0.25).unwrap().as_f64(),
        Some(1.75)
    );
    assert_eq!(
        document.decrement("Speed", 0.75).unwrap().as_f64(),
        Some(1.0)
    );
    assert!(
        document.get::<Value>("Speed").unwrap().is_f64(),
        "1.0 is still a float"
    );
    assert_eq!(document.increment("Speed", 2).unwrap().as_f64(), Some(3.0));
    assert!(document.get::<Value>("Speed").unwrap().is_f64());
    for amount in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = refused(&mut document, |d| d.increment("Speed", amount));
        assert!(matches!(error, DocumentError::NotFinite { .. }));
        refused(&mut document, |d| d.increment("Level", amount));
        let error = refused(&mut document, |d| d.set("Speed", amount));
        assert!(matches!(error, DocumentError::NotStorable { .. }));
        refused(&mut document, |d| d.set("Seen", vec![1.0, amount]));
    }
    document.set("Speed", f64::MAX).unwrap();
    let error = refused(&mut document, |d| d.increment("Speed", f64::MAX));
    assert!(matches!(error, DocumentError::Overflow { .. }));
}

#[test]
fn v4_mixed_numbers_are_converted_exactly_or_refused() {
    let mut document = varied();
    assert_eq!(document.increment("Level", 2.0).unwrap(), Number::from(3));
    assert!(
        document.get::<Value>("Level").unwrap().is_u64(),
        "an integer stays one"
    );
    let error = refused(&mut document, |d| d.increment("Level", 0.5));
    assert_eq!(
        error.to_string(),
        "Level is the integer 3: it can't take 0.5, which is not whole"
    );
    let error = refused(&mut document, |d| d.increment("Level", 1e300));
    assert!(matches!(error, DocumentError::Overflow { .. }));
    let error = refused(&mut document, |d| {
        d.increment("Speed", 9_007_199_254_740_993_i64)
    });
    assert_eq!(
        error.to_string(),
        "Speed is a float: it can't take 9007199254740993, which no float equals"
    );
    refused(&mut document, |d| d.increment("Speed", u64::MAX));
    document
        .increment("Speed", 9_007_199_254_740_992_i64)
        .unwrap();
}

#[test]
fn v4_nothing_goes_below_zero_unless_allowed() {
    let mut document = varied();
    let error = refused(&mut document, |d| d.decrement("Currency", 501));
    assert_eq!(
        error.to_string(),
        "Currency would be -1, and values below zero are not allowed"
    );
    refused(&mut document, |d| d.increment("Currency", -501));
    refused(&mut document, |d| d.decrement("Speed", 1.75));
    refused(&mut document, |d| d.set("Currency", -1));
    refused(&mut document, |d| d.set("Speed", -0.1));
    refused(&mut document, |d| d.set(("Reputation", "Sud"), -1));
    refused(&mut document, |d| d.increment("Debt", 2));
    assert_eq!(document.increment("Debt", 3).unwrap(), Number::from(0));
    assert_eq!(
        document.decrement("Currency", 500).unwrap(),
        Number::from(0)
    );
    document.set("Reputation", json!({"Sud": -1})).unwrap();

    document.set_rules(rules().with_negative_values(true));
    assert_eq!(document.decrement("Currency", 1).unwrap(), Number::from(-1));
    document.set("Level", -7).unwrap();
    assert_eq!(document.increment("Level", 3).unwrap(), Number::from(-4));
}

#[test]
fn v4_only_numbers_are_incremented() {
    let mut document = varied();
    for (key, says) in [
        ("Title", "Title is a string, not a number"),
        ("Home", "Home is null, not a number"),
        ("Reputation", "Reputation is a table, not a number"),
    ] {
        assert_eq!(
            refused(&mut document, |d| d.increment(key, 1)).to_string(),
            says
        );
        refused(&mut document, |d| d.decrement(key, 1));
    }
}

#[test]
fn v4_amounts_come_in_every_type_of_number() {
    let mut document = Document::standard();
    document.increment("Level", 1_u8).unwrap();
    document.increment("Level", 1_i8).unwrap();
    document.increment("Level", 1_u16).unwrap();
    document.increment("Level", 1_i32).unwrap();
    document.increment("Level", 1_usize).unwrap();
    document.increment("Level", 1_f32).unwrap();
    document.increment("Level", Number::from(1)).unwrap();
    document.decrement("Level", i8::MIN).unwrap();
    assert_eq!(document.get::<i64>("Level").unwrap(), 8 + 128);
}

#[test]
fn f7_increments_and_decrements_keep_the_rules_of_negatives_and_attributes() {
    let mut document = Document::standard();
    assert_eq!(
        document.decrement("Currency", 200).unwrap(),
        Number::from(300)
    );
    refused(&mut document, |d| d.decrement("Currency", 301));
    refused(&mut document, |d| d.increment("Currency", -301));
    refused(&mut document, |d| d.set("Currency", -1));
    refused(&mut document, |d| d.decrement("Gems", -5));
    assert_eq!(
        document.decrement("Currency", -5).unwrap(),
        Number::from(305)
    );
    document.set_rules(rules().with_negative_values(true));
    assert_eq!(
        document.decrement("Currency", 306).unwrap(),
        Number::from(-1)
    );
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
fn v5_at_least_compares_large_numbers_exactly() {
    let mut document = varied();
    document.set("Level", 9_007_199_254_740_993_i64).unwrap();
    assert!(!document.at_least("Level", 9_007_199_254_740_994.0));
    assert!(document.at_least("Level", 9_007_199_254_740_992.0));
    assert!(!document.at_least("Level", f64::INFINITY));
    document.set("Speed", 9_007_199_254_740_992.0).unwrap();
    assert!(!document.at_least("Speed", 9_007_199_254_740_993_i64));
    assert!(document.at_least("Speed", 9_007_199_254_740_992_i64));
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

#[test]
fn v7_a_failed_change_of_inventory_or_gift_bank_is_an_error_of_the_document() {
    let mut document = Document::standard();
    let error = refused(&mut document, |d| {
        Ok(d.inventory_mut().remove("Bread", 6)?)
    });
    assert_eq!(
        error.to_string(),
        "there are 5 of item \"Bread\", fewer than the 6 to remove"
    );
    let error = refused(&mut document, |d| Ok(d.gift_bank_mut().take("g")?));
    assert_eq!(error.to_string(), "no gift \"g\" is waiting");
}

#[test]
fn i5_the_limits_of_the_rules_hold_for_the_inventory() {
    let limits = InventoryLimits::default().with_max_items(2);
    let mut document = Document::standard().with_rules(rules().with_inventory(limits));
    refused(&mut document, |d| Ok(d.inventory_mut().add("Gold", 1)?));
    *document.inventory_mut() = Inventory::new();
    for item in ["A", "B"] {
        document.inventory_mut().add(item, 1).unwrap();
    }
    refused(&mut document, |d| Ok(d.inventory_mut().add("C", 1)?));
}

#[test]
fn a_gift_is_put_once_and_taken_once() {
    let mut document = Document::standard();
    let bank = document.gift_bank_mut();
    bank.put("b", json!({"Item": "Bread"})).unwrap();
    bank.put("a", false).unwrap();
    bank.put("c", 3).unwrap();
    assert_eq!(
        bank.put("a", 2).unwrap_err().to_string(),
        "a gift \"a\" is waiting already"
    );
    assert!(bank.put("d", f64::NAN).is_err());
    assert_eq!(bank.ids().collect::<Vec<_>>(), ["b", "a", "c"]);
    assert_eq!(bank.get("a").unwrap(), &json!(false));
    assert_eq!(bank.take("b").unwrap(), json!({"Item": "Bread"}));
    assert!(bank.take("b").is_err() && bank.get("b").is_err() && !bank.contains("b"));
    assert_eq!(
        bank.iter().collect::<Vec<_>>(),
        [("a", &json!(false)), ("c", &json!(3))]
    );
    assert_eq!(bank.len(), 2);
    assert_eq!(
        document.to_json()["GiftBank"].to_string(),
        r#"{"a":false,"c":3}"#
    );
}

#[test]
fn rules_are_not_stored_and_do_not_count_in_a_comparison() {
    let document = Document::standard();
    let other = document
        .clone()
        .with_rules(rules().with_negative_values(true));
    assert!(document == other);
    assert_eq!(
        serde_json::to_string(&document).unwrap(),
        serde_json::to_string(&other).unwrap()
    );
    assert_eq!(other.clone().rules(), other.rules());
}

#[test]
fn debug_tells_no_values() {
    assert_eq!(
        format!("{:?}", Document::standard()),
        "Document { attributes: 6, items: 2, gifts: 0, .. }"
    );
}

#[test]
fn a_document_can_be_sent_and_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Document>();
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    error::<DocumentError>();
}
