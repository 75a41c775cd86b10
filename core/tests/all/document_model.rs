//! A document against a model that is too simple to be wrong: a JSON object,
//! and the rules of what may be done to it.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use playerdata_core::{Document, DocumentRules};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

/// What `set` and `remove` never reach.
const CORE: [&str; 4] = ["PlayerId", "SlotName", "Inventory", "GiftBank"];

type Key = (String, Option<String>);

#[derive(Clone, Debug)]
enum Change {
    Set(Key, Value),
    Remove(Key),
    PutGift(String, Value),
    TakeGift(String),
    AddItem(String, u64),
    RemoveItem(String, u64),
}

fn keys() -> impl Strategy<Value = Key> {
    let mut names = vec!["Currency", "Flags", "New", "Pet", "", "currency"];
    names.extend(CORE);
    let attribute = prop_oneof![select(names), select(vec!["Currency", "Pet"])];
    let entry = option::of(select(vec!["Level", "x", "", "Bread"]));
    (attribute, entry).prop_map(|(name, entry)| (name.to_owned(), entry.map(str::to_owned)))
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..3_i64).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1.0..1.0_f64).prop_map(Value::from),
        "[a-z\"]{0,3}".prop_map(Value::from),
        Just(json!({})),
        Just(json!({"Level": -1, "x": [null]})),
        Just(json!([-1])),
    ]
}

fn calls() -> impl Strategy<Value = Vec<Change>> {
    let gift = || select(vec!["g1", "g2", ""]).prop_map(str::to_owned);
    let item = || select(vec!["Bread", "Axe"]).prop_map(str::to_owned);
    let call = prop_oneof![
        6 => (keys(), values()).prop_map(|(key, value)| Change::Set(key, value)),
        2 => keys().prop_map(Change::Remove),
        2 => (gift(), values()).prop_map(|(id, gift)| Change::PutGift(id, gift)),
        1 => gift().prop_map(Change::TakeGift),
        1 => (item(), 0..4_u64).prop_map(|(item, amount)| Change::AddItem(item, amount)),
        1 => (item(), 0..4_u64).prop_map(|(item, amount)| Change::RemoveItem(item, amount)),
    ];
    vec(call, 0..30)
}

/// The JSON that the document is stored as, and what the rules allow.
struct Model {
    json: Map<String, Value>,
    negative: bool,
    new: bool,
}

impl Model {
    fn get(&self, key: &Key) -> Option<&Value> {
        let value = self.json.get(&key.0)?;
        match &key.1 {
            None => Some(value),
            Some(entry) => value.as_object()?.get(entry),
        }
    }

    /// The table of a key that may be written, and the name in it.
    fn place<'a>(&'a mut self, key: &'a Key) -> Option<(&'a mut Map<String, Value>, &'a str)> {
        let (attribute, entry) = key;
        if CORE.contains(&attribute.as_str()) {
            return None;
        }
        match entry {
            None => Some((&mut self.json, attribute)),
            Some(entry) => Some((self.json.get_mut(attribute)?.as_object_mut()?, entry)),
        }
    }

    fn gifts(&mut self) -> &mut Map<String, Value> {
        self.json["GiftBank"].as_object_mut().unwrap()
    }

    fn items(&mut self) -> &mut Vec<Value> {
        self.json["Inventory"].as_array_mut().unwrap()
    }

    /// Whether the call works.
    fn run(&mut self, call: &Change) -> bool {
        match call {
            Change::Set(key, value) => {
                let below_zero = value.as_f64().is_some_and(|number| number < 0.0);
                let (negative, new) = (self.negative, self.new || key.1.is_some());
                let Some((table, name)) = self.place(key) else {
                    return false;
                };
                if below_zero && !negative || !new && !table.contains_key(name) {
                    return false;
                }
                table.insert(name.to_owned(), value.clone());
                true
            }
            Change::Remove(key) => {
                let place = self.place(key);
                place.is_some_and(|(table, name)| table.shift_remove(name).is_some())
            }
            Change::PutGift(id, gift) => {
                let waiting = self.gifts().contains_key(id);
                if !waiting {
                    self.gifts().insert(id.clone(), gift.clone());
                }
                !waiting
            }
            Change::TakeGift(id) => self.gifts().shift_remove(id).is_some(),
            Change::AddItem(name, amount) => self.add(name, *amount),
            Change::RemoveItem(name, amount) => self.take(name, *amount),
        }
    }

    fn add(&mut self, name: &str, amount: u64) -> bool {
        if amount == 0 {
            return false;
        }
        let known = self.items().iter_mut().find(|item| item["Name"] == name);
        match known {
            Some(item) => item["Quantity"] = json!(item["Quantity"].as_u64().unwrap() + amount),
            None => {
                let item = json!({"Name": name, "ItemType": "Object", "Quantity": amount});
                self.items().push(item);
            }
        }
        true
    }

    fn take(&mut self, name: &str, amount: u64) -> bool {
        let place = self.items().iter().position(|item| item["Name"] == name);
        let Some(place) = place.filter(|_| amount > 0) else {
            return false;
        };
        let has = self.items()[place]["Quantity"].as_u64().unwrap();
        match has.checked_sub(amount) {
            None => return false,
            Some(0) => _ = self.items().remove(place),
            Some(left) => self.items()[place]["Quantity"] = json!(left),
        }
        true
    }
}

fn run(document: &mut Document, call: &Change) -> bool {
    match call {
        Change::Set((name, entry), value) => {
            document.set((&**name, entry.as_deref()), value).is_ok()
        }
        Change::Remove((name, entry)) => document.remove((&**name, entry.as_deref())).is_ok(),
        Change::PutGift(id, gift) => document.gift_bank_mut().put(id, gift).is_ok(),
        Change::TakeGift(id) => document.gift_bank_mut().take(id).is_ok(),
        Change::AddItem(item, amount) => document.inventory_mut().add(item, *amount).is_ok(),
        Change::RemoveItem(item, amount) => document.inventory_mut().remove(item, *amount).is_ok(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn v1_v2_v3_v5_v6_v7_a_document_does_what_a_json_object_under_its_rules_does(
        calls in calls(),
        asked in vec(keys(), 0..6),
        negative in any::<bool>(),
        new in any::<bool>(),
    ) {
        let json = json!({
            "Currency": 5, "Flags": [true], "Pet": {"Level": 1},
            "Inventory": [{"Name": "Bread", "ItemType": "Object", "Quantity": 2}], "GiftBank": {},
        });
        let rules = DocumentRules::default().with_negative_values(negative).with_new_attributes(new);
        let mut document = Document::from_json(json.clone()).unwrap().with_rules(rules);
        let mut model = Model { json: json.as_object().unwrap().clone(), negative, new };
        for call in &calls {
            prop_assert_eq!(run(&mut document, call), model.run(call), "{:?}", call);
            // As text, so that the order counts.
            let (found, expected) = (document.to_json(), Value::Object(model.json.clone()));
            prop_assert_eq!(found.to_string(), expected.to_string(), "{:?}", call);
        }
        for key in &asked {
            let (name, entry) = (&*key.0, key.1.as_deref());
            let expected = model.get(key);
            prop_assert_eq!(document.has((name, entry)), expected.is_some(), "{:?}", key);
            prop_assert_eq!(document.get::<Value>((name, entry)).ok(), expected.cloned());
            let table = expected.is_some_and(Value::is_object);
            prop_assert_eq!(document.is_table((name, entry)), table, "{:?}", key);
            let flag = expected.and_then(Value::as_bool);
            prop_assert_eq!(document.get::<bool>((name, entry)).ok(), flag, "{:?}", key);
        }
        prop_assert_eq!(document.to_json(), Value::Object(model.json), "asking changes nothing");
    }
}
