//! The inventory's rules, I1 to I5, one by one.

use serde_json::{Value, json};

use super::{Inventory, InventoryError, InventoryLimits, ItemDetails};

/// An inventory as it would be read from a store.
fn read(json: &Value) -> Result<Inventory, String> {
    serde_json::from_str(&json.to_string()).map_err(|error| error.to_string())
}

fn written(inventory: &Inventory) -> String {
    serde_json::to_string(inventory).unwrap()
}

fn bread_and_sword() -> Inventory {
    let mut inventory = Inventory::new();
    inventory.add("Bread", 5).unwrap();
    let weapon = ItemDetails::of_type("Weapon").with("Damage", 12).unwrap();
    inventory.add_with("Sword", 1, &weapon).unwrap();
    inventory.add("Gold", 100).unwrap();
    inventory
}

/// Runs a call that must fail, sees that it changed nothing, and returns what
/// its error says.
fn refused<T: std::fmt::Debug>(
    inventory: &mut Inventory,
    call: impl FnOnce(&mut Inventory) -> Result<T, InventoryError>,
) -> String {
    let before = written(inventory);
    let error = call(inventory).expect_err("the call must be refused");
    assert_eq!(
        written(inventory),
        before,
        "a failed call changed something"
    );
    error.to_string()
}

#[test]
fn i1_items_are_unique_and_keep_the_order_in_which_they_were_added() {
    let mut inventory = bread_and_sword();
    inventory.add("Bread", 1).unwrap();
    inventory.add("Apple", 1).unwrap();
    inventory.remove("Sword", 1).unwrap();
    let names: Vec<_> = inventory.iter().map(super::Item::name).collect();
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
        "2 more of item \"Gold\" than the 18446744073709551614 there are is more than a quantity \
         holds"
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
        let names: Vec<_> = inventory.iter().map(super::Item::name).collect();
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
        "item \"Sword\" is there already, and its ItemType is \"Weapon\", not \"Object\""
    );
    assert_eq!(
        error(&ItemDetails::new().with("Damage", 99).unwrap()),
        "item \"Sword\" is there already, and its Damage is 12, not 99"
    );
    assert_eq!(
        error(&weapon.with("Owner", "Ann").unwrap()),
        "item \"Sword\" is there already, and its Owner is nothing, not \"Ann\""
    );
}

#[test]
fn i4_details_are_no_way_around_the_fixed_fields() {
    for field in ["Name", "ItemType", "Quantity"] {
        let error = ItemDetails::new().with(field, -1).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{field} is no further field: every item has one")
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
fn i5_limits_are_checked_before_anything_changes() {
    let limits = InventoryLimits::default()
        .with_max_items(2)
        .with_max_quantity(10);
    let mut inventory = Inventory::with_limits(limits);
    inventory.add("Bread", 10).unwrap();
    let too_many = "11 of item \"Bread\" are more than the limit of 10";
    assert_eq!(refused(&mut inventory, |i| i.add("Bread", 1)), too_many);
    assert_eq!(
        refused(&mut inventory, |i| i.edit("Bread", "Quantity", 11)),
        too_many
    );
    refused(&mut inventory, |i| i.add("Gold", 11));
    inventory.add("Gold", 1).unwrap();
    assert_eq!(
        refused(&mut inventory, |i| i.add("Apple", 1)),
        "no room for item \"Apple\": the inventory is limited to 2 distinct items"
    );
    inventory.add("Gold", 9).unwrap();
    inventory.remove("Gold", 10).unwrap();
    inventory.add("Apple", 1).unwrap();
}

#[test]
fn i5_what_is_over_a_lowered_limit_stays_and_can_shrink() {
    let mut inventory = bread_and_sword();
    inventory.set_limits(
        InventoryLimits::default()
            .with_max_items(1)
            .with_max_quantity(3),
    );
    refused(&mut inventory, |i| i.add("Gold", 1));
    assert_eq!(inventory.remove("Gold", 50).unwrap(), 50);
    inventory.edit("Gold", "Quantity", 20).unwrap();
    refused(&mut inventory, |i| i.edit("Gold", "Quantity", 21));
}

#[test]
fn i5_an_inventory_in_a_games_own_struct_has_limits_too() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Hero {
        level: u32,
        items: Inventory,
    }
    let json = r#"{"level":3,"items":[{"Name":"Bread","ItemType":"Object","Quantity":5}]}"#;
    let mut hero: Hero = serde_json::from_str(json).unwrap();
    hero.items
        .set_limits(InventoryLimits::default().with_max_items(1));
    refused(&mut hero.items, |i| i.add("Gold", 1));
    assert_eq!(
        serde_json::to_string(&hero).unwrap(),
        json,
        "limits are not stored"
    );
    let copy = hero.items.clone();
    assert_eq!(copy.limits().max_items, Some(1), "a copy keeps the limits");
}

#[test]
fn i5_limits_are_read_from_settings_and_misspelt_ones_are_refused() {
    let limits: InventoryLimits = toml::from_str("max_items = 300").unwrap();
    assert_eq!(limits, InventoryLimits::default().with_max_items(300));
    assert!(toml::from_str::<InventoryLimits>("max_item = 300").is_err());
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
