//! The inventory's rules, I1 to I5, one by one.

mod changes;
mod json;
mod limits;

use serde_json::{Value, json};

use super::{Inventory, InventoryError, InventoryLimits, Item, ItemDetails};

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
