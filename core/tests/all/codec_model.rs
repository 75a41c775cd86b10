//! The codec against models of what it promises, on documents of any shape.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::collections::BTreeMap;

use playerdata_core::{
    Codec, CodecError, Document, RandomIds, Settings,
    backend::{Body, Encoding},
};
use proptest::{collection, option, prelude::*, sample::select};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A game's own document, with one of each kind of field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Hero {
    name: String,
    gold: u64,
    karma: i64,
    position: (f64, f64),
    guild: Option<String>,
    class: Class,
    bags: Vec<BTreeMap<String, u32>>,
    seen: BTreeMap<u16, bool>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Class {
    Novice,
    Mage { mana: u8 },
    Fighter(i16, char),
}

fn heroes() -> impl Strategy<Value = Hero> {
    let class = prop_oneof![
        Just(Class::Novice),
        any::<u8>().prop_map(|mana| Class::Mage { mana }),
        any::<(i16, char)>().prop_map(|(rage, rune)| Class::Fighter(rage, rune)),
    ];
    let float = || prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
    let bag = collection::btree_map(".{0,6}", any::<u32>(), 0..4);
    (
        (
            any::<String>(),
            any::<u64>(),
            any::<i64>(),
            (float(), float()),
        ),
        (option::of(".{0,9}"), class),
        collection::vec(bag, 0..4),
        collection::btree_map(any::<u16>(), any::<bool>(), 0..40),
    )
        .prop_map(
            |((name, gold, karma, position), (guild, class), bags, seen)| Hero {
                name,
                gold,
                karma,
                position,
                guild,
                class,
                bags,
                seen,
            },
        )
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~é\n\"\\\\]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            collection::vec((keys(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Few, so that documents share them; some have to be escaped.
fn keys() -> impl Strategy<Value = String> {
    select(vec!["a", "b", "LastSeen", "\"q\"", "é\n", ""]).prop_map(str::to_owned)
}

fn documents() -> impl Strategy<Value = Map<String, Value>> {
    let entries = collection::vec((keys(), values()), 0..6);
    entries.prop_map(|entries| entries.into_iter().collect())
}

/// What can become of a document.
#[derive(Clone, Debug)]
enum Change {
    Nothing,
    Set(String, Value),
    /// Set, and then back to what it was.
    SetAndBack(String, Value),
    Remove(String),
    /// The same entries in another order.
    Reverse,
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => Just(Change::Nothing),
        4 => (keys(), values()).prop_map(|(key, value)| Change::Set(key, value)),
        1 => (keys(), values()).prop_map(|(key, value)| Change::SetAndBack(key, value)),
        2 => keys().prop_map(Change::Remove),
        1 => Just(Change::Reverse),
    ]
}

fn changed(document: &Map<String, Value>, change: &Change) -> Map<String, Value> {
    let mut document = document.clone();
    match change {
        Change::Nothing => {}
        Change::Set(key, value) => _ = document.insert(key.clone(), value.clone()),
        Change::SetAndBack(key, value) => {
            if let Some(entry) = document.get_mut(key) {
                let was = std::mem::replace(entry, value.clone());
                *entry = was;
            }
        }
        Change::Remove(key) => _ = document.shift_remove(key),
        Change::Reverse => document = document.into_iter().rev().collect(),
    }
    document
}

/// All there is to a document outside the skipped keys, as a list: their
/// order counts, since it is stored.
fn outside(document: &Map<String, Value>, skipped: &[String]) -> Vec<(String, String)> {
    let kept = document.iter().filter(|(key, _)| !skipped.contains(key));
    kept.map(|(key, value)| (key.clone(), value.to_string()))
        .collect()
}

fn codec(change: impl FnOnce(&mut Settings)) -> Codec {
    let mut settings = Settings::default();
    change(&mut settings);
    Codec::new(&settings, &RandomIds)
}

fn stored(codec: &Codec, document: &impl Serialize) -> Body {
    codec.body(&codec.encode(document).unwrap(), 1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s1_a_games_own_value_comes_back_as_it_was(hero in heroes(), compress in any::<bool>()) {
        let codec = codec(|settings| settings.compress_from_bytes = usize::from(compress));
        let back = codec.decode(&stored(&codec, &hero)).unwrap();
        prop_assert_eq!(serde_json::from_value::<Hero>(back).unwrap(), hero);
    }

    #[test]
    fn s11_a_document_is_written_byte_for_byte_as_serde_writes_it_and_comes_back(
        attributes in documents(),
        items in collection::vec((".{0,30}", 1..99_u64, option::of((keys(), values()))), 0..40),
        gifts in documents(),
        skipped in collection::vec(keys(), 0..3),
    ) {
        let mut document = Document::from_json(Value::Object(attributes)).unwrap();
        for (name, quantity, further) in items {
            _ = document.inventory_mut().add(&name, quantity); // none without a name
            if let Some((field, value)) = further {
                _ = document.inventory_mut().edit(&name, &field, value);
            }
        }
        for (id, gift) in gifts {
            document.gift_bank_mut().put(&id, gift).unwrap();
        }
        let codec = codec(|settings| settings.skip_keys = skipped);
        let encoded = codec.encode_document(&document).unwrap();
        let by_serde = codec.encode(&document).unwrap();
        prop_assert_eq!(encoded.json(), by_serde.json());
        prop_assert_eq!(encoded.fingerprints(), by_serde.fingerprints());
        let text = document.to_json().to_string();
        prop_assert_eq!(&encoded.json()[..], text.as_bytes());
        let back: Document = serde_json::from_slice(encoded.json()).unwrap();
        prop_assert!(back == document);
        let again = codec.encode_document(&back).unwrap();
        prop_assert_eq!(again.json(), encoded.json());
    }

    #[test]
    fn s11_a_document_is_refused_as_its_json_is(levels in 120..130_usize, reserved in any::<bool>()) {
        let nested = (1..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        let mut json = serde_json::json!({"a": [1], "b": {"c": nested}});
        if reserved {
            json["$playerdata"] = Value::Null;
        }
        let codec = codec(|_| ());
        let document = Document::from_json(json.clone()).unwrap();
        let told = |result: Result<_, CodecError>| result.map(drop).map_err(|error| error.to_string());
        let ours = told(codec.encode_document(&document));
        prop_assert_eq!(ours.is_ok(), levels < 127 && !reserved);
        if !reserved {
            prop_assert_eq!(ours, told(codec.encode(&json)));
        }
    }

    #[test]
    fn a_body_says_how_it_is_encoded_and_is_compressed_from_the_threshold_on(
        noise in "[ -~]{0,300}",
        repeated in 0..300_usize,
        offset in -3..4_i64,
        off in any::<bool>(),
    ) {
        let document = format!("{noise}{}", "repeat ".repeat(repeated));
        let json = serde_json::to_vec(&document).unwrap();
        let from = if off { 0 } else { (json.len() as i64 + offset).max(1) as usize };
        let codec = codec(|settings| settings.compress_from_bytes = from);
        let body = stored(&codec, &document);

        let long_enough = from > 0 && json.len() >= from;
        // What repeats for most of its length can be made smaller for certain.
        let certain = repeated * 7 > 300 + 64;
        match body.encoding {
            Encoding::Json => {
                prop_assert!(!long_enough || !certain, "{} from {} on", json.len(), from);
                prop_assert_eq!(&body.bytes[..], &json[..]);
            }
            Encoding::JsonZstd => {
                prop_assert!(long_enough, "{} from {} on", json.len(), from);
                prop_assert!(body.bytes.len() < json.len());
                let plain = zstd::bulk::decompress(&body.bytes, json.len()).unwrap();
                prop_assert_eq!(plain, json);
            }
            other => prop_assert!(false, "{:?}", other),
        }
        prop_assert_eq!(codec.decode(&body).unwrap(), Value::from(document));
    }

    #[test]
    fn a1_a5_fingerprints_are_equal_exactly_if_what_is_outside_the_skipped_keys_is(
        before in documents(),
        change in changes(),
        skipped in collection::vec(keys(), 0..3),
    ) {
        let after = changed(&before, &change);
        let codec = codec(|settings| settings.skip_keys = skipped.clone());
        let [one, other] =
            [&before, &after].map(|document| codec.encode(document).unwrap().fingerprints());
        prop_assert_eq!(one.all == other.all, outside(&before, &[]) == outside(&after, &[]));
        prop_assert_eq!(
            one.kept == other.kept,
            outside(&before, &skipped) == outside(&after, &skipped)
        );
    }

    #[test]
    fn a5_what_is_kept_is_what_is_written_of_a_document_without_the_skipped_keys(
        attributes in documents(),
        mut skipped in collection::vec(keys(), 0..3),
        part in select(vec!["Inventory", "GiftBank", "Level"]),
    ) {
        skipped.push(part.to_owned());
        let document = Document::from_json(Value::Object(attributes)).unwrap();
        let mut json = document.to_json();
        let codec = codec(|settings| settings.skip_keys = skipped.clone());
        let ready_made = codec.encode_document(&document).unwrap().fingerprints();
        prop_assert_eq!(ready_made, codec.encode(&json).unwrap().fingerprints());
        json.as_object_mut().unwrap().retain(|key, _| !skipped.contains(key));
        prop_assert_eq!(ready_made.kept, codec.encode(&json).unwrap().fingerprints().all);
    }

    #[test]
    fn changed_keys_are_those_whose_values_differ(before in documents(), after in documents()) {
        let codec = codec(|_| ());
        let [old, new] = [&before, &after].map(|document| {
            codec.key_fingerprints(&codec.encode(document).unwrap()).unwrap()
        });
        let mut found = new.changed_since(&old);
        found.sort();
        let text = |document: &Map<String, Value>, key: &str| document.get(key).map(Value::to_string);
        let mut expected: Vec<_> = before.keys().chain(after.keys()).cloned().collect();
        expected.sort();
        expected.dedup();
        expected.retain(|key| text(&before, key) != text(&after, key));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn s5_a_damaged_compressed_body_is_an_error_or_the_document(
        document in documents(),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u32,
        cut in any::<bool>(),
    ) {
        let codec = codec(|settings| settings.compress_from_bytes = 1);
        // Long enough to be compressed for certain.
        let document = serde_json::json!([document, "repeat ".repeat(40)]);
        let mut body = stored(&codec, &document);
        prop_assert_eq!(body.encoding, Encoding::JsonZstd);
        let mut bytes = body.bytes.to_vec();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << bit;
        }
        body.bytes = bytes.into();
        if let Ok(decoded) = codec.decode(&body) {
            prop_assert!(!cut, "half a body is none");
            prop_assert_eq!(decoded, document);
        }
    }

    #[test]
    fn s5_a_plain_body_that_is_cut_off_is_an_error_and_a_flipped_bit_no_panic(
        document in documents(),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let codec = codec(|settings| settings.compress_from_bytes = 0);
        let body = stored(&codec, &document);
        let at = at.index(body.bytes.len());
        let cut = Body { bytes: body.bytes.slice(..at), ..body.clone() };
        prop_assert!(codec.decode(&cut).is_err());

        let mut flipped = body.bytes.to_vec();
        flipped[at] ^= 1 << bit;
        let decoded = codec.decode(&Body { bytes: flipped.into(), ..body });
        // What can still be read can also be stored again.
        if let Ok(decoded) = decoded {
            prop_assert_eq!(codec.decode(&stored(&codec, &decoded)).unwrap(), decoded);
        }
    }
}
