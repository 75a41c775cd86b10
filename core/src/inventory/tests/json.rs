//! What is written and read: rule I1, and I2 of stored quantities.

use super::*;

#[test]
fn i1_items_are_unique_and_keep_the_order_in_which_they_were_added() {
    let mut inventory = bread_and_sword();
    inventory.add("Bread", 1).unwrap();
    inventory.add("Apple", 1).unwrap();
    inventory.remove("Sword", 1).unwrap();
    let names: Vec<_> = inventory.iter().map(Item::name).collect();
    assert_eq!(names, ["Bread", "Gold", "Apple"]);
    assert_eq!(inventory.len(), 3);
}

#[test]
fn i1_an_inventory_is_written_as_a_list_and_read_back_equal() {
    let inventory = bread_and_sword();
    let json = concat!(
        r#"[{"Name":"Bread","ItemType":"Object","Quantity":5},"#,
        r#"{"Name":"Sword","ItemType":"Weapon","Quantity":1,"Damage":12},"#,
        r#"{"Name":"Gold","ItemType":"Object","Quantity":100}]"#,
    );
    assert_eq!(written(&inventory), json);
    let back: Inventory = serde_json::from_str(json).unwrap();
    assert_eq!(back, inventory);
    assert_eq!(written(&back), json);
}

#[test]
fn i1_the_order_of_items_counts_when_inventories_are_compared() {
    let one = read(&json!([{"Name": "A", "Quantity": 1}, {"Name": "B", "Quantity": 1}])).unwrap();
    let other = read(&json!([{"Name": "B", "Quantity": 1}, {"Name": "A", "Quantity": 1}])).unwrap();
    assert_ne!(one, other);
    assert_eq!(one.clone(), one);
}

#[test]
fn i1_a_list_with_an_item_twice_is_refused_by_name() {
    let twice = json!([{"Name": "Bread", "Quantity": 1}, {"Name": "Bread", "Quantity": 2}]);
    let error = read(&twice).unwrap_err();
    assert!(
        error.contains(r#"item "Bread" is in the list twice"#),
        "{error}"
    );
}

#[test]
fn i1_malformed_lists_are_refused_with_what_is_wrong() {
    let cases = [
        (
            json!({"Bread": 5}),
            "expected an inventory: a list of items",
        ),
        (json!("Bread"), "expected an inventory: a list of items"),
        (json!(["Bread"]), "expected an item: a table"),
        (json!([null]), "expected an item: a table"),
        (json!([{"Quantity": 1}]), "missing field `Name`"),
        (json!([{"Name": "Bread"}]), "missing field `Quantity`"),
        (
            json!([{"Name": 5, "Quantity": 1}]),
            "invalid type: integer `5`, expected text",
        ),
        (
            json!([{"Name": "Bread", "ItemType": null, "Quantity": 1}]),
            "expected text",
        ),
    ];
    for (json, why) in cases {
        let error = read(&json).unwrap_err();
        assert!(error.contains(why), "{json}: {error}");
    }
    let twice = r#"[{"Name":"Bread","Quantity":1,"Quantity":2}]"#;
    let error = serde_json::from_str::<Inventory>(twice).unwrap_err();
    assert!(error.to_string().contains("a field twice"), "{error}");
}

#[test]
fn i1_an_error_cuts_a_long_name_from_a_stored_list() {
    let name = "ä".repeat(100_000);
    let error = read(&json!([{"Name": name, "Quantity": 0}])).unwrap_err();
    assert!(error.len() < 400, "{} bytes", error.len());
}

#[test]
fn i2_a_stored_quantity_is_whole_and_positive() {
    for bad in [
        json!(0),
        json!(-1),
        json!(1.5),
        json!(0.0),
        json!(-3.0),
        json!(1e300),
        json!(9_007_199_254_740_994.0),
        json!("5"),
        json!(null),
        json!(true),
        json!([1]),
    ] {
        let error = read(&json!([{"Quantity": bad, "Name": "Bread"}])).unwrap_err();
        let why = format!(r#"item "Bread" can't have the quantity {bad}"#);
        assert!(error.contains(&why), "{error}");
    }
    let error =
        serde_json::from_str::<Inventory>(r#"[{"Name":"Bread","Quantity":18446744073709551616}]"#);
    assert!(error.is_err(), "one more than a quantity holds");
}

#[test]
fn i2_a_stored_quantity_may_be_written_as_a_whole_float() {
    let inventory = read(&json!([{"Name": "Bread", "Quantity": 5.0}])).unwrap();
    assert_eq!(inventory.count("Bread"), 5);
    assert!(written(&inventory).contains(r#""Quantity":5}"#));
}
