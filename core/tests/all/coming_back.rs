//! What is acknowledged can be loaded (S11): what would not come back is
//! refused before anything is sent, by its path.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    error::Error as _,
    sync::atomic::{AtomicBool, Ordering},
};

use playerdata_core::{
    Codec, CodecError, Error, GameDocument, PlayerId, RandomIds, SessionManager, Settings, Slot,
    backend::{Body, Encoding},
};
use proptest::{collection, option, prelude::*};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use support::*;

/// A slot that holds a document.
async fn slot_of<D: GameDocument>(world: &World, document: D) -> Slot<D> {
    let manager = SessionManager::typed(world.store.clone(), move |_: &PlayerId| document.clone());
    let manager = manager.start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    // The slot is all that the test needs.
    std::mem::forget((manager, session));
    slot
}

/// Saving a document is refused before anything is sent, and how.
async fn refused<D: GameDocument>(document: D) -> String {
    let world = World::new();
    let slot = slot_of(&world, document).await;
    world.store.record_calls();
    let error = slot.save().await.unwrap_err();
    let Error::Unencodable { source, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(world.store.count(Op::Save), 0);
    let cause = source.source().map(|cause| format!(": {cause}"));
    format!("{source}{}", cause.unwrap_or_default())
}

#[derive(Clone, Serialize, Deserialize)]
struct Place {
    name: String,
    at: (f32, f64),
}

#[tokio::test(start_paused = true)]
async fn s11_floats_that_are_not_finite_are_refused_by_their_path() {
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let place = |at| {
            let name = "home".to_owned();
            BTreeMap::from([("places", vec![Place { name, at }])])
        };
        let as_owned = |map: BTreeMap<&str, Vec<Place>>| -> BTreeMap<String, Vec<Place>> {
            map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
        };
        let text = refused(as_owned(place((1.0, float)))).await;
        assert!(text.contains("places[0].at[1]"), "{text}");
        let text = refused(as_owned(place((float as f32, 1.0)))).await;
        assert!(text.contains("places[0].at[0]"), "{text}");
    }
    let text = refused(f64::NAN).await;
    assert!(text.contains("NaN at the top level"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn s11_a_float_that_is_not_finite_is_refused_at_a_later_save_too() {
    let world = World::new();
    let slot = slot_of(&world, vec![1.0_f64]).await;
    slot.save().await.unwrap();
    slot.modify(|floats| floats.push(f64::NAN)).unwrap();
    let error = slot.save().await.unwrap_err();
    let Error::Unencodable { source, .. } = &error else {
        panic!("{error}");
    };
    assert!(matches!(&**source, CodecError::NotFinite { path, .. } if path == "[1]"));
    assert_eq!(world.stored(&player(1), "Slot1").await, json!([1.0]));
}

#[tokio::test(start_paused = true)]
async fn s11_a_key_that_is_written_twice_is_refused_by_its_path() {
    #[derive(Clone, Serialize, Deserialize)]
    struct Pet {
        name: String,
        #[serde(flatten)]
        further: BTreeMap<String, Value>,
    }
    let pet = |key: &str| Pet {
        name: "Rex".to_owned(),
        further: BTreeMap::from([(key.to_owned(), json!(1))]),
    };
    let text = refused(vec![pet("age"), pet("name")]).await;
    assert!(text.contains("the key [1].name is there twice"), "{text}");
    let world = World::new();
    slot_of(&world, vec![pet("age"), pet("Name")])
        .await
        .save()
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn s11_fields_that_are_left_out_and_have_no_default_are_refused() {
    #[derive(Clone, Serialize, Deserialize)]
    struct Bag {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        items: Vec<u32>,
    }
    #[derive(Clone, Serialize, Deserialize)]
    struct Player {
        bag: Bag,
        #[serde(skip_serializing)]
        #[allow(dead_code)]
        secret: u8,
    }
    let text = refused(Bag { items: vec![] }).await;
    assert!(text.contains("missing field `items`"), "{text}");
    let bag = Bag { items: vec![1] };
    let text = refused(Player { bag, secret: 7 }).await;
    assert!(text.contains("missing field `secret`"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn s11_an_internally_tagged_enum_with_a_map_of_numbers_is_refused_by_its_path() {
    #[derive(Clone, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Quest {
        Hunt { kills: HashMap<u64, u32> },
    }
    let kills = HashMap::from([(7, 1)]);
    let text = refused(vec![Quest::Hunt { kills }]).await;
    assert!(text.contains("loaded again: at [0] "), "{text}");
}

#[tokio::test(start_paused = true)]
async fn s11_a_type_that_comes_back_as_another_value_is_refused_by_where() {
    #[derive(Clone, Serialize, Deserialize)]
    struct Hero {
        #[serde(with = "halves")]
        health: u32,
    }
    mod halves {
        use serde::{Deserialize, Deserializer, Serializer};
        pub(super) fn serialize<S: Serializer>(health: &u32, s: S) -> Result<S::Ok, S::Error> {
            s.serialize_u32(health / 2)
        }
        pub(super) fn deserialize<'d, D: Deserializer<'d>>(d: D) -> Result<u32, D::Error> {
            u32::deserialize(d)
        }
    }
    let text = refused(vec![Hero { health: 8 }]).await;
    assert!(text.contains("[0].health differs"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn s11_hash_maps_and_sets_come_back_in_whatever_order() {
    let world = World::new();
    let numbers: HashSet<String> = (0..50).map(|n| n.to_string()).collect();
    let maps: HashMap<u64, HashSet<String>> = (0..50).map(|n| (n, numbers.clone())).collect();
    slot_of(&world, maps).await.save().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn s11_a_member_of_our_name_is_refused_where_it_would_be_ours_and_nowhere_else() {
    let text = refused(json!({"a": 1, "$playerdata": {}})).await;
    assert!(text.contains("$playerdata"), "{text}");
    let world = World::new();
    slot_of(&world, json!({"a": {"$playerdata": 1}}))
        .await
        .save()
        .await
        .unwrap();
}

/// Whether [`Counted`] is being counted, and whether it was decoded.
static DECODED: AtomicBool = AtomicBool::new(false);

#[tokio::test(start_paused = true)]
async fn s11_a_type_is_proved_before_the_first_write_in_a_session_and_not_again() {
    #[derive(Clone, Serialize)]
    struct Counted(u32);
    impl<'d> Deserialize<'d> for Counted {
        fn deserialize<D: serde::Deserializer<'d>>(d: D) -> Result<Self, D::Error> {
            DECODED.store(true, Ordering::Relaxed);
            u32::deserialize(d).map(Self)
        }
    }
    let world = World::new();
    let slot = slot_of(&world, Counted(1)).await;
    slot.save().await.unwrap();
    assert!(DECODED.swap(false, Ordering::Relaxed), "before the first");
    for _ in 0..3 {
        slot.modify(|counted| counted.0 += 1).unwrap();
        slot.save().await.unwrap();
    }
    assert!(!DECODED.load(Ordering::Relaxed), "not before the next");
}

fn codec() -> Codec {
    Codec::new(&Settings::default(), &RandomIds)
}

#[test]
fn s11_a_key_that_is_stored_twice_is_refused_by_its_path() {
    for (text, path) in [
        (r#"{"gold":1,"gold":2}"#, "gold"),
        (r#"{"pets":[{"name":"Rex","name":"Max"}]}"#, "pets[0].name"),
    ] {
        let body = Body {
            schema: 1,
            encoding: Encoding::Json,
            bytes: text.into(),
        };
        match codec().decode(&body) {
            Err(CodecError::DuplicateKey { path: found }) => assert_eq!(found, path),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn s5_s11_what_can_not_be_decoded_says_whether_it_is_no_json_or_where_it_does_not_fit() {
    let world = World::new();
    let secret = "x".repeat(70_000);
    let stored = json!({"pets": [{"name": "Rex", "age": secret}]});
    slot_of(&world, stored).await.save().await.unwrap();
    #[derive(Clone, Default, Serialize, Deserialize)]
    struct Pets {
        pets: Vec<Pet>,
    }
    #[derive(Clone, Serialize, Deserialize)]
    struct Pet {
        name: String,
        age: u32,
    }
    let manager = SessionManager::typed(world.store.clone(), |_| Pets::default());
    let manager = manager.start().await.unwrap();
    let how = playerdata_core::OnConflict::Steal;
    let session = manager.start_session_with(1, how).await.unwrap();
    let Err(error) = session.load_slot("Slot1").await else {
        panic!("it was read");
    };
    let Error::Undecodable { source, body, .. } = &error else {
        panic!("{error}");
    };
    assert!(!body.bytes.is_empty(), "the body is there");
    let CodecError::Mismatch { path, source: why } = &**source else {
        panic!("{source}");
    };
    assert_eq!(path, "pets[0].age");
    assert!(why.to_string().ends_with("expected u32"), "{why}");
    // E14: no text, and no Debug either, has more of it than an excerpt.
    for text in [
        format!("{error:?}"),
        format!("{why:?}"),
        format!("{source}: {why}"),
    ] {
        assert!(text.len() < 2_000, "{} bytes", text.len());
    }
}

#[test]
fn e14_no_debug_text_of_what_holds_a_document_has_it() {
    let encoded = codec().encode(&"x".repeat(70_000)).unwrap();
    let body = codec().body(&encoded, 1);
    for text in [format!("{encoded:?}"), format!("{body:?}")] {
        assert!(!text.contains("xxxx") && text.len() < 300, "{text}");
    }
    let document = playerdata_core::Document::from_json(json!({"Name": "x".repeat(70_000)}));
    let error = document.unwrap().get::<u32>("Name").unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(
        cause.len() < 300 && format!("{error:?}").len() < 1_000,
        "{cause}"
    );
}

/// A type with much of what serde offers to lose something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wild {
    float: f64,
    small: f32,
    wide: i128,
    #[serde(skip_serializing_if = "Option::is_none")]
    option: Option<Option<bool>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    left_out: String,
    kind: Kind,
    untagged: Untagged,
    keyed: BTreeMap<i64, char>,
    #[serde(flatten)]
    further: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Kind {
    Unit,
    Map { map: BTreeMap<u8, u8> },
    Named { name: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Float(f32),
    Number(i64),
    Text { text: Option<String> },
    Other { other: Option<u8> },
}

fn keys() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => "[a-c\"\\\\é\n]{0,3}",
        1 => proptest::sample::select(vec!["float", "kind", "$playerdata", "", "type"])
            .prop_map(str::to_owned),
    ]
}

fn wild() -> impl Strategy<Value = Wild> {
    let float = prop_oneof![9 => any::<f64>(), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
    let small = prop_oneof![9 => any::<f32>(), 1 => Just(f32::NEG_INFINITY)];
    let wide = prop_oneof![9 => any::<i64>().prop_map(i128::from), 1 => any::<i128>()];
    let kind = prop_oneof![
        3 => Just(Kind::Unit),
        1 => collection::btree_map(any::<u8>(), any::<u8>(), 0..3).prop_map(|map| Kind::Map { map }),
        3 => ".{0,4}".prop_map(|name| Kind::Named { name }),
    ];
    let untagged = prop_oneof![
        any::<f32>().prop_map(Untagged::Float),
        any::<i64>().prop_map(Untagged::Number),
        option::of(".{0,4}").prop_map(|text| Untagged::Text { text }),
        option::of(any::<u8>()).prop_map(|other| Untagged::Other { other }),
    ];
    let value = prop_oneof![
        any::<i64>().prop_map(Value::from),
        Just(json!({"a": [null, {}]})),
        ".{0,4}".prop_map(Value::from),
    ];
    let more = (
        kind,
        untagged,
        collection::btree_map(any::<i64>(), any::<char>(), 0..20),
        collection::btree_map(keys(), value, 0..4),
    );
    let fields = (
        float,
        small,
        wide,
        option::of(option::of(any::<bool>())),
        ".{0,3}",
    );
    (fields, more).prop_map(
        |((float, small, wide, option, left_out), (kind, untagged, keyed, further))| Wild {
            float,
            small,
            wide,
            option,
            left_out,
            kind,
            untagged,
            keyed,
            further,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s11_whatever_is_saved_comes_back_and_all_else_is_refused(wild in wild()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (saved, loaded) = runtime.block_on(async {
            let world = World::new();
            let first = SessionManager::typed(world.store.clone(), { let wild = wild.clone(); move |_| wild.clone() });
            let first = first.start().await.unwrap();
            let session = first.start_session(1).await.unwrap();
            let slot = session.load_slot("Slot1").await.unwrap();
            let saved = slot.save().await;
            let stored = world.stored(&player(1), "Slot1").await;
            let steal = playerdata_core::OnConflict::Steal;
            let other = SessionManager::typed(world.store.clone(), |_| -> Wild { panic!("no defaults") });
            let other = other.start().await.unwrap();
            let session = other.start_session_with(1, steal).await.unwrap();
            let loaded = match &saved {
                Ok(_) => {
                    let slot = session.load_slot("Slot1").await.unwrap();
                    let text = slot.read(|wild| serde_json::to_string(wild).unwrap());
                    Some((serde_json::from_str::<Value>(&text).unwrap(), stored))
                }
                Err(_) => None,
            };
            (saved, loaded)
        });
        match (saved, loaded) {
            (Ok(_), Some((loaded, stored))) => prop_assert_eq!(loaded, stored),
            (Err(Error::Unencodable { .. }), _) => {}
            (other, _) => prop_assert!(false, "{other:?}"),
        }
    }
}
