//! Adding, removing, editing and looking up: rules I2 to I4.

use super::*;

#[test]
fn i2_adding_stacks_and_a_new_item_gets_the_amount_given() {
    let mut inventory = Inventory::new();
    assert_eq!(inventory.add("Bread", 3).unwrap(), 3);
    assert_eq!(inventory.add("Bread", 4).unwrap(), 7);
    assert_eq!(inventory.count("Bread"), 7);
    assert_eq!(inventory.lookup("Bread").unwrap().item_type(), "Object");
}

#[test]
fn i2_an_overflow_is_refused_up_to_the_last_one() {
    let mut inventory = Inventory::new();
    inventory.add("Gold", u64::MAX - 1).unwrap();
    let error = refused(&mut inventory, |inventory| inventory.add("Gold", 2));
    assert_eq!(
        error,
        "adding 2 of item \"Gold\" to the 18446744073709551614 there are would overflow"
    );
    assert_eq!(inventory.add("Gold", 1).unwrap(), u64::MAX);
    let back: Inventory = serde_json::from_str(&written(&inventory)).unwrap();
    assert_eq!(back.count("Gold"), u64::MAX);
}

#[test]
fn i2_an_item_at_zero_leaves_the_list() {
    let mut inventory = bread_and_sword();
    assert_eq!(inventory.remove("Bread", 5).unwrap(), 0);
    assert!(inventory.lookup("Bread").is_err());
    assert_eq!(inventory.remove_up_to("Gold", u64::MAX), 100);
    assert_eq!(inventory.len(), 1);
}

#[test]
fn i2_adding_or_removing_none_is_refused() {
    let mut inventory = bread_and_sword();
    for item in ["Bread", "Cheese"] {
        let error = refused(&mut inventory, |inventory| inventory.add(item, 0));
        assert!(error.ends_with("to add or remove is 0"), "{error}");
        refused(&mut inventory, |inventory| inventory.remove(item, 0));
    }
}

#[test]
fn i3_removing_more_than_there_is_says_how_many_there_are() {
    let mut inventory = bread_and_sword();
    let error = refused(&mut inventory, |inventory| inventory.remove("Bread", 6));
    assert_eq!(
        error,
        "there are 5 of item \"Bread\", fewer than the 6 to remove"
    );
    let error = refused(&mut inventory, |inventory| inventory.remove("Cheese", 1));
    assert_eq!(
        error,
        "there are 0 of item \"Cheese\", fewer than the 1 to remove"
    );
    assert_eq!(inventory.remove("Bread", 2).unwrap(), 3);
}

#[test]
fn i3_removing_up_to_takes_what_is_there_and_says_how_many() {
    let mut inventory = bread_and_sword();
    assert_eq!(inventory.remove_up_to("Bread", 2), 2);
    assert_eq!(inventory.remove_up_to("Bread", 9), 3);
    assert_eq!(inventory.remove_up_to("Bread", 9), 0);
    assert_eq!(inventory.remove_up_to("Gold", 0), 0);
    assert_eq!(inventory.count("Gold"), 100);
}

#[test]
fn i4_every_field_can_be_looked_up_as_its_type() {
    let inventory = bread_and_sword();
    assert_eq!(
        inventory.lookup_field::<String>("Sword", "Name").unwrap(),
        "Sword"
    );
    assert_eq!(
        inventory
            .lookup_field::<String>("Sword", "ItemType")
            .unwrap(),
        "Weapon"
    );
    assert_eq!(
        inventory.lookup_field::<u8>("Sword", "Quantity").unwrap(),
        1
    );
    assert_eq!(
        inventory.lookup_field::<Value>("Sword", "Damage").unwrap(),
        12
    );
    let error = |item, field| {
        inventory
            .lookup_field::<bool>(item, field)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(error("Axe", "Damage"), "there is no item \"Axe\"");
    assert_eq!(
        error("Bread", "Damage"),
        "item \"Bread\" has no field \"Damage\""
    );
    assert_eq!(
        error("Sword", "Damage"),
        "field \"Damage\" of item \"Sword\" holds an integer, not bool"
    );
}

#[test]
fn i4_an_edit_changes_or_adds_one_field() {
    let mut inventory = bread_and_sword();
    inventory.edit("Sword", "Damage", 15).unwrap();
    inventory.edit("Sword", "Owner", Value::Null).unwrap();
    inventory.edit("Bread", "ItemType", "Food").unwrap();
    inventory.edit("Bread", "Quantity", 9).unwrap();
    assert_eq!(
        written(&inventory),
        concat!(
            r#"[{"Name":"Bread","ItemType":"Food","Quantity":9},"#,
            r#"{"Name":"Sword","ItemType":"Weapon","Quantity":1,"Damage":15,"Owner":null},"#,
            r#"{"Name":"Gold","ItemType":"Object","Quantity":100}]"#,
        )
    );
}

#[test]
fn i4_a_renamed_item_keeps_its_place_and_is_found_by_its_new_name() {
    for (item, expected) in [
        ("Bread", ["X", "Sword", "Gold"]),
        ("Sword", ["Bread", "X", "Gold"]),
        ("Gold", ["Bread", "Sword", "X"]),
    ] {
        let mut inventory = bread_and_sword();
        let count = inventory.count(item);
        inventory.edit(item, "Name", "X").unwrap();
        let names: Vec<_> = inventory.iter().map(Item::name).collect();
        assert_eq!(names, expected);
        assert_eq!(inventory.count("X"), count);
        assert!(!inventory.has(item, 1));
        inventory.edit("X", "Name", "X").unwrap();
        assert_eq!(inventory.len(), 3);
    }
}

#[test]
fn i4_an_edit_keeps_the_rules_of_name_type_and_quantity() {
    let mut inventory = bread_and_sword();
    let mut error = |item: &str, field: &str, value: Value| {
        refused(&mut inventory, |inventory| {
            inventory.edit(item, field, value)
        })
    };
    assert_eq!(
        error("Bread", "Name", json!("Gold")),
        "item \"Bread\" can't be renamed to \"Gold\": there is an item of that name"
    );
    assert_eq!(
        error("Bread", "Name", json!(7)),
        "item \"Bread\" can't have 7 as its Name: it must be text"
    );
    assert_eq!(
        error("Bread", "ItemType", json!(null)),
        "item \"Bread\" can't have null as its ItemType: it must be text"
    );
    for bad in [json!(0), json!(-2), json!(1.5), json!("3"), json!(null)] {
        assert_eq!(
            error("Bread", "Quantity", bad.clone()),
            format!(
                "item \"Bread\" can't have the quantity {bad}: it must be a whole number above 0"
            )
        );
    }
    for field in ["Name", "ItemType", "Damage"] {
        assert_eq!(error("Axe", field, json!("x")), "there is no item \"Axe\"");
    }
    assert_eq!(
        error("Axe", "Quantity", json!(1)),
        "there is no item \"Axe\""
    );
}

#[test]
fn i4_an_edit_refuses_what_json_cannot_hold() {
    let mut inventory = bread_and_sword();
    refused(&mut inventory, |inventory| {
        inventory.edit("Sword", "Damage", f64::NAN)
    });
    assert!(ItemDetails::new().with("Damage", f32::INFINITY).is_err());
}

#[test]
fn i4_only_like_stacks_with_like() {
    let mut inventory = bread_and_sword();
    inventory.add("Sword", 1).unwrap();
    let weapon = ItemDetails::of_type("Weapon");
    inventory.add_with("Sword", 1, &weapon).unwrap();
    inventory
        .add_with("Sword", 1, &weapon.clone().with("Damage", 12).unwrap())
        .unwrap();
    assert_eq!(inventory.count("Sword"), 4);

    let mut error = |details: &ItemDetails| {
        refused(&mut inventory, |inventory| {
            inventory.add_with("Sword", 1, details)
        })
    };
    assert_eq!(
        error(&ItemDetails::of_type("Object")),
        "item \"Sword\" is already there, and its ItemType is \"Weapon\", not \"Object\""
    );
    assert_eq!(
        error(&ItemDetails::new().with("Damage", 99).unwrap()),
        "item \"Sword\" is already there, and its Damage is 12, not 99"
    );
    assert_eq!(
        error(&weapon.with("Owner", "Ann").unwrap()),
        "item \"Sword\" is already there, and its Owner is nothing, not \"Ann\""
    );
}

#[test]
fn i4_details_are_no_way_around_the_fixed_fields() {
    for field in ["Name", "ItemType", "Quantity"] {
        let error = ItemDetails::new().with(field, -1).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{field} is not a further field: every item has it")
        );
    }
}

#[test]
fn i4_has_counts_and_clear_empties() {
    let mut inventory = bread_and_sword();
    assert!(inventory.has("Bread", 5) && !inventory.has("Bread", 6));
    assert!(inventory.has("Cheese", 0) && !inventory.has("Cheese", 1));
    inventory.clear();
    assert!(inventory.is_empty());
    assert_eq!(written(&inventory), "[]");
}

#[test]
fn f24_a_new_item_has_the_amount_given_and_shares_nothing_with_its_details() {
    let details = ItemDetails::of_type("Weapon")
        .with("Gems", json!(["ruby"]))
        .unwrap();
    let (mut ann, mut bob) = (Inventory::new(), Inventory::new());
    ann.add_with("Sword", 3, &details).unwrap();
    bob.add_with("Sword", 1, &details).unwrap();
    ann.edit("Sword", "Gems", json!([])).unwrap();
    assert_eq!(ann.count("Sword"), 3);
    assert_eq!(bob.count("Sword"), 1);
    assert_eq!(
        bob.lookup_field::<Value>("Sword", "Gems").unwrap(),
        json!(["ruby"])
    );
}

#[test]
fn f25_no_amount_makes_a_negative_quantity_or_a_second_item() {
    let mut inventory = bread_and_sword();
    refused(&mut inventory, |i| i.remove("Bread", u64::MAX));
    for amount in [json!(-5), json!("5"), json!({}), json!(null)] {
        refused(&mut inventory, |i| i.edit("Bread", "Quantity", amount));
    }
    inventory.add("Bread", 1).unwrap();
    assert_eq!(
        inventory
            .iter()
            .filter(|item| item.name() == "Bread")
            .count(),
        1
    );
}

#[test]
fn debug_tells_no_items() {
    assert_eq!(
        format!("{:?}", bread_and_sword()),
        "Inventory { items: 3, .. }"
    );
}

#[test]
fn i4_an_item_with_an_empty_name_is_refused_and_a_stored_one_can_be_removed() {
    let mut inventory = Inventory::new();
    inventory.add("Bread", 2).unwrap();
    for refused in [
        inventory.add("", 1).map(drop),
        inventory.edit("Bread", "Name", ""),
    ] {
        assert!(matches!(refused, Err(InventoryError::EmptyName)));
    }
    assert_eq!((inventory.len(), inventory.count("Bread")), (1, 2));
    let stored = r#"[{"Name":"","Quantity":2}]"#;
    let mut stored: Inventory = serde_json::from_str(stored).unwrap();
    assert!(matches!(stored.add("", 1), Err(InventoryError::EmptyName)));
    stored.edit("", "Name", "Nameless").unwrap();
    assert_eq!(stored.remove("Nameless", 2).unwrap(), 0);
}
