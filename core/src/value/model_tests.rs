//! Values against those of `serde_json`, which do the same with more memory.

use std::collections::BTreeMap;

use proptest::{collection, prelude::*, sample::select};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value as Json, json, value::RawValue};
use triomphe::Arc;

use super::{Table, Value, write};

/// Few, so that tables share them; some have to be escaped.
fn keys() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(vec!["a", "b", "Level", "", "\"q\"", "é\n", "a\":,\"b", "7", "-1", "true"])
            .prop_map(str::to_owned),
        1 => "[a-z\"\\\\é]{0,12}",
    ]
}

fn scalars() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        (-300..300_i64).prop_map(Json::from),
        (prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO)
            .prop_map(Json::from),
        "[ -~é\n\"\\\\\u{1}]{0,20}".prop_map(Json::from),
    ]
}

fn values() -> impl Strategy<Value = Json> {
    scalars().prop_recursive(4, 64, 24, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            collection::vec((keys(), inner), 0..24)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

fn written(value: &Value) -> String {
    let mut out = Vec::new();
    write::value(&mut out, value, 127).unwrap();
    String::from_utf8(out).unwrap()
}

/// What can be done to a table.
#[derive(Clone, Debug)]
enum Change {
    Set(String, Json),
    Remove(String),
    /// The changes go on in a copy; this one has to stay as it is.
    Copy,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let key = || {
        prop_oneof![
            keys(),
            (0..40_u8).prop_map(|number| format!("key {number}"))
        ]
    };
    let change = prop_oneof![
        8 => (key(), scalars()).prop_map(|(key, value)| Change::Set(key, value)),
        4 => key().prop_map(Change::Remove),
        1 => Just(Change::Copy),
    ];
    collection::vec(change, 0..120)
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u8),
    Text(String),
    Rest(Json),
}

#[derive(Debug, PartialEq, Deserialize)]
enum Tagged {
    #[serde(rename = "a")]
    Unit,
    #[serde(rename = "b")]
    One(Json),
    Level(u8, u8),
    #[serde(rename = "7")]
    Fields {
        a: Option<i64>,
    },
}

#[derive(Debug, PartialEq, Deserialize)]
struct Fields {
    a: Option<f32>,
    #[serde(default)]
    b: Vec<Tagged>,
    #[serde(flatten)]
    rest: BTreeMap<String, Json>,
}

/// The same result, and the same words if it is an error.
fn same<T: DeserializeOwned + PartialEq + std::fmt::Debug>(json: &Json) {
    let value = Value::from(json.clone());
    let ours = T::deserialize(value.view()).map_err(|error| error.to_string());
    let theirs = T::deserialize(json).map_err(|error| error.to_string());
    assert_eq!(ours, theirs, "{json}");
}

fn same_for_all_types(json: &Json) {
    same::<Json>(json);
    same::<Option<bool>>(json);
    same::<i8>(json);
    same::<u64>(json);
    same::<f64>(json);
    same::<String>(json);
    same::<char>(json);
    same::<()>(json);
    same::<(Json, Option<i64>)>(json);
    same::<[u8; 2]>(json);
    same::<Vec<Untagged>>(json);
    same::<BTreeMap<String, Untagged>>(json);
    same::<BTreeMap<i16, Json>>(json);
    same::<BTreeMap<bool, Json>>(json);
    same::<Tagged>(json);
    same::<Fields>(json);
    same::<serde_json::Number>(json);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s11_a_value_is_read_and_written_byte_for_byte(json in values()) {
        let text = json.to_string();
        let value: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(written(&value), text.clone());
        prop_assert_eq!(value.view().to_string(), text.clone());
        prop_assert_eq!(value.to_json().to_string(), text);
        prop_assert!(value.view() == json);
        prop_assert!(Value::from(json) == value);
    }

    #[test]
    fn two_values_are_equal_exactly_if_their_json_is(one in values(), other in values()) {
        let [of_one, of_other] = [&one, &other].map(|json| Value::from(json.clone()));
        prop_assert_eq!(of_one == of_other, one == other);
        prop_assert_eq!(of_one.view() == other, one == other);
        prop_assert!(of_one == of_one.clone());
    }

    #[test]
    fn v1_a_value_is_read_as_any_type_as_serde_json_reads_it(json in values(), key in keys()) {
        same_for_all_types(&json);
        same_for_all_types(&json!({key: json}));
    }

    #[test]
    fn a_table_does_what_a_map_does(start in values(), changes in changes()) {
        let mut map = start.as_object().cloned().unwrap_or_default();
        let Value::Table(mut table) = Value::from(Json::Object(map.clone())) else { panic!() };
        let mut copies = Vec::new();
        for change in changes {
            match change {
                Change::Set(key, value) => {
                    Arc::make_mut(&mut table).insert(&key, value.clone().into());
                    map.insert(key, value);
                }
                Change::Remove(key) => {
                    let removed = Arc::make_mut(&mut table).remove(&key);
                    prop_assert_eq!(removed.map(|value| value.to_json()), map.shift_remove(&key));
                }
                Change::Copy => copies.push((Arc::clone(&table), map.clone())),
            }
            check(&table, &map);
        }
        for (table, map) in &copies {
            check(table, map);
        }
    }
}

fn check(table: &Arc<Table>, map: &Map<String, Json>) {
    assert!(table.keys().eq(map.keys()));
    assert_eq!(table.len(), map.len());
    assert_eq!(table.is_empty(), map.is_empty());
    for (key, value) in map {
        assert!(table.get(key).unwrap().view() == *value, "{key}");
    }
    assert!(!table.contains("nobody has this key") && table.get("nor this").is_none());
    let value = Value::Table(Arc::clone(table));
    assert_eq!(written(&value), Json::Object(map.clone()).to_string());
    // A table with the same entries in another order, and so another shape.
    let turned: Map<_, _> = map.clone().into_iter().rev().collect();
    assert!(Value::from(Json::Object(turned)) == value);
}

#[test]
fn s11_a_key_that_is_there_twice_is_refused() {
    for text in [
        r#"{"a":1,"a":2}"#,
        r#"[{"a":1,"b":2,"\u0061":3}]"#,
        "{",
        "1e999",
    ] {
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
    }
    let many: Vec<_> = (0..40).map(|key| format!("\"{key}\":1")).collect();
    let twice = format!("{{{},\"7\":2}}", many.join(","));
    let error = serde_json::from_str::<Value>(&twice).unwrap_err();
    assert!(
        error.to_string().starts_with("\"7\" is there twice"),
        "{error}"
    );
}

#[test]
fn s11_nesting_is_written_as_deep_as_it_is_read() {
    let nested = |levels| (1..levels).fold(json!([]), |inner, _| json!({"in": inner}));
    let write = |levels| write::value(&mut Vec::new(), &nested(levels).into(), 127);
    assert!(write(127).is_ok());
    assert_eq!(write(128), Err(write::TooDeep));
}

#[test]
fn raw_json_is_read_from_a_value() {
    let value = Value::from(json!({"a": [1, {"b": null}]}));
    let raw = Box::<RawValue>::deserialize(value.view()).unwrap();
    assert_eq!(raw.get(), r#"{"a":[1,{"b":null}]}"#);
}

#[test]
fn s7_equal_tables_share_their_keys_and_a_changed_one_leaves_the_others_alone() {
    let table = || serde_json::from_str::<Value>(r#"{"x": 1, "y": {"z": 2}}"#).unwrap();
    let (one, mut other) = (table(), table());
    let Value::Table(changed) = &mut other else {
        panic!()
    };
    Arc::make_mut(changed).insert("w", Value::Null);
    assert_eq!(written(&one), r#"{"x":1,"y":{"z":2}}"#);
    assert_eq!(written(&other), r#"{"x":1,"y":{"z":2},"w":null}"#);
}
