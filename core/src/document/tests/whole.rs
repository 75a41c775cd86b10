//! The document as a whole: its JSON, its rules, inventory and gift bank.

use super::*;
use crate::{Inventory, InventoryLimits};

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
fn s7_a_copy_and_what_it_was_made_of_are_changed_apart() {
    let mut one = varied();
    one.inventory_mut().edit("Bread", "Age", 2).unwrap();
    one.gift_bank_mut().put("g", json!({"a": [1]})).unwrap();
    let before = serde_json::to_string(&one).unwrap();
    let mut copy = one.clone();
    copy.set(("Reputation", "Nordraxia"), 9).unwrap();
    copy.set(("Reputation", "Other"), 9).unwrap();
    copy.remove("Title").unwrap();
    copy.inventory_mut().add("Bread", 1).unwrap();
    copy.inventory_mut().edit("Bread", "Age", 3).unwrap();
    copy.inventory_mut().edit("Bread", "Name", "Cake").unwrap();
    copy.gift_bank_mut().take("g").unwrap();
    assert_eq!(serde_json::to_string(&one).unwrap(), before);
    let changed = serde_json::to_string(&copy).unwrap();
    one.set("Level", 7).unwrap();
    one.inventory_mut().clear();
    assert_eq!(serde_json::to_string(&copy).unwrap(), changed);
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
    assert_eq!(document.inventory().limits(), limits);
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
    assert_eq!(bank.get("a").unwrap(), json!(false));
    assert_eq!(bank.take("b").unwrap(), json!({"Item": "Bread"}));
    assert!(bank.take("b").is_err() && bank.get("b").is_err() && !bank.contains("b"));
    let left: Vec<_> = bank.iter().map(|(id, gift)| (id, gift.to_json())).collect();
    assert_eq!(left, [("a", json!(false)), ("c", json!(3))]);
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
