//! Limits: rule I5.

use super::*;

#[test]
fn i5_limits_are_checked_before_anything_changes() {
    let limits = InventoryLimits::default()
        .with_max_items(2)
        .with_max_quantity(10);
    let mut inventory = Inventory::with_limits(limits);
    inventory.add("Bread", 10).unwrap();
    let too_many = "11 of item \"Bread\" would be over the limit of 10";
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
