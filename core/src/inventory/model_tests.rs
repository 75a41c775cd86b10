//! The inventory against a model that is too simple to be wrong.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Inventory, InventoryLimits};

#[derive(Clone, Debug)]
enum Change {
    Add(String, u64),
    Remove(String, u64),
    RemoveUpTo(String, u64),
    Rename(String, String),
    EditQuantity(String, i64),
    Clear,
}

fn calls() -> impl Strategy<Value = Vec<Change>> {
    let name = || "[a-e]";
    let amount = || prop_oneof![8 => 0..12_u64, 1 => u64::MAX - 8..=u64::MAX];
    let call = prop_oneof![
        8 => (name(), amount()).prop_map(|(name, n)| Change::Add(name, n)),
        4 => (name(), amount()).prop_map(|(name, n)| Change::Remove(name, n)),
        2 => (name(), amount()).prop_map(|(name, n)| Change::RemoveUpTo(name, n)),
        2 => (name(), name()).prop_map(|(name, to)| Change::Rename(name, to)),
        2 => (name(), -2..30_i64).prop_map(|(name, n)| Change::EditQuantity(name, n)),
        1 => Just(Change::Clear),
    ];
    prop::collection::vec(call, 0..60)
}

/// A list of names and quantities.
#[derive(Default)]
struct Model {
    items: Vec<(String, u64)>,
    limits: InventoryLimits,
}

impl Model {
    fn place(&self, name: &str) -> Option<usize> {
        self.items.iter().position(|(item, _)| item == name)
    }

    fn count(&self, name: &str) -> u64 {
        self.place(name).map_or(0, |place| self.items[place].1)
    }

    fn may_be(&self, before: u64, after: u64) -> bool {
        after <= before || self.limits.max_quantity.is_none_or(|limit| after <= limit)
    }

    fn set(&mut self, name: &str, quantity: u64) {
        match self.place(name) {
            Some(place) if quantity == 0 => {
                self.items.remove(place);
            }
            Some(place) => self.items[place].1 = quantity,
            None => self.items.push((name.to_owned(), quantity)),
        }
    }

    /// Whether the call works.
    fn run(&mut self, call: &Change) -> bool {
        match call {
            Change::Add(name, amount) => {
                let has = self.count(name);
                let room = has > 0 || self.limits.max_items.is_none_or(|n| self.items.len() < n);
                let sum = has
                    .checked_add(*amount)
                    .filter(|&sum| self.may_be(has, sum));
                match sum {
                    Some(sum) if *amount > 0 && room => self.set(name, sum),
                    _ => return false,
                }
            }
            Change::Remove(name, amount) => match self.count(name).checked_sub(*amount) {
                Some(left) if *amount > 0 => self.set(name, left),
                _ => return false,
            },
            Change::RemoveUpTo(name, amount) => {
                let has = self.count(name);
                if has > 0 {
                    self.set(name, has.saturating_sub(*amount));
                }
            }
            Change::Rename(name, to) => match (self.place(name), self.place(to)) {
                (Some(place), None) => self.items[place].0.clone_from(to),
                (place, other) => return place.is_some() && place == other,
            },
            Change::EditQuantity(name, quantity) => {
                let (has, quantity) = (self.count(name), u64::try_from(*quantity).unwrap_or(0));
                if has == 0 || quantity == 0 || !self.may_be(has, quantity) {
                    return false;
                }
                self.set(name, quantity);
            }
            Change::Clear => self.items.clear(),
        }
        true
    }
}

fn run(inventory: &mut Inventory, call: &Change) -> bool {
    match call {
        Change::Add(name, amount) => inventory.add(name, *amount).is_ok(),
        Change::Remove(name, amount) => inventory.remove(name, *amount).is_ok(),
        Change::RemoveUpTo(name, amount) => {
            let expected = inventory.count(name).min(*amount);
            inventory.remove_up_to(name, *amount) == expected
        }
        Change::Rename(name, to) => inventory.edit(name, "Name", to).is_ok(),
        Change::EditQuantity(name, quantity) => inventory.edit(name, "Quantity", quantity).is_ok(),
        Change::Clear => {
            inventory.clear();
            true
        }
    }
}

/// JSON that is nearly an inventory.
fn near_lists() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (1..5_u64).prop_map(Value::from),
        "[ab]".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
    ];
    let field = prop_oneof!["Name", "ItemType", "Quantity", "Colour"];
    let fields = prop::collection::vec((field, scalar.clone()), 0..4);
    let item = (any::<bool>(), fields).prop_map(|(sound, fields)| {
        let mut item = if sound {
            json!({"Name": "a", "Quantity": 2})
        } else {
            json!({})
        };
        for (field, value) in fields {
            item[field] = value;
        }
        item
    });
    prop::collection::vec(prop_oneof![9 => item, 1 => scalar], 0..4).prop_map(Value::from)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_inventory_does_what_a_plain_list_does(
        calls in calls(),
        max_items in prop::option::of(0..5_usize),
        max_quantity in prop::option::of(1..20_u64),
    ) {
        let limits = InventoryLimits { max_items, max_quantity };
        let mut model = Model { limits, ..Model::default() };
        let mut inventory = Inventory::with_limits(limits);
        for call in &calls {
            let before = inventory.clone();
            let worked = run(&mut inventory, call);
            prop_assert_eq!(worked, model.run(call), "{:?}", call);
            if !worked {
                prop_assert!(inventory == before, "a failed {:?} changed something", call);
            }
            let items: Vec<_> =
                inventory.iter().map(|item| (item.name().to_owned(), item.quantity())).collect();
            prop_assert_eq!(&items, &model.items, "{:?}", call);
            for (name, count) in &items {
                prop_assert_eq!(inventory.count(name), *count);
            }
        }
        let back: Inventory = serde_json::from_str(&serde_json::to_string(&inventory).unwrap()).unwrap();
        prop_assert!(back == inventory);
    }

    #[test]
    fn any_json_is_refused_or_makes_a_sound_inventory(json in near_lists()) {
        let text = json.to_string();
        let Ok(inventory) = serde_json::from_str::<Inventory>(&text) else { return Ok(()) };
        prop_assert_eq!(inventory.len(), json.as_array().map_or(0, Vec::len));
        for item in &inventory {
            prop_assert!(item.quantity() > 0);
            prop_assert_eq!(inventory.lookup(item.name()).ok(), Some(item));
        }
        let again = serde_json::to_string(&inventory).unwrap();
        prop_assert!(serde_json::from_str::<Inventory>(&again).unwrap() == inventory);
    }
}
