//! The codec: what is stored can be read back, and what changed is noticed.

use bytes::Bytes;
use playerdata_core::{
    Codec, CodecError, IdSource, Settings,
    backend::{Body, Encoding},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The same id each time: the tests compare no fingerprints of two codecs.
#[derive(Debug)]
struct OneId;

impl IdSource for OneId {
    fn next_id(&self) -> Uuid {
        Uuid::from_u128(0x1234_5678_9abc_def0)
    }
}

fn codec(change: impl FnOnce(&mut Settings)) -> Codec {
    let mut settings = Settings::default();
    change(&mut settings);
    Codec::new(&settings, &OneId)
}

fn skipping(keys: &[&str]) -> Codec {
    codec(|settings| settings.skip_keys = keys.iter().map(ToString::to_string).collect())
}

fn body(encoding: Encoding, bytes: impl Into<Bytes>) -> Body {
    Body {
        schema: 1,
        encoding,
        bytes: bytes.into(),
    }
}

/// Items that differ, as a player's do.
fn with_items(count: usize) -> Value {
    let items: Vec<Value> = (0..count)
        .map(|n| json!({"Name": format!("Item {n}"), "ItemType": "Object", "Quantity": n + 1}))
        .collect();
    json!({"Currency": 500, "Inventory": items})
}

#[test]
fn a_large_document_is_compressed_and_comes_back() {
    let codec = codec(|_| ());
    let document = with_items(300);
    let encoded = codec.encode(&document).unwrap();
    let body = codec.body(&encoded, 7);
    assert_eq!((body.schema, body.encoding), (7, Encoding::JsonZstd));
    assert!(body.bytes.len() * 4 < encoded.json().len());
    assert_eq!(codec.decode(&body).unwrap(), document);
}

#[test]
fn compression_begins_at_its_limit_and_is_off_at_zero() {
    let document = with_items(100);
    let size = serde_json::to_vec(&document).unwrap().len();
    for (from, encoding) in [
        (size, Encoding::JsonZstd),
        (size + 1, Encoding::Json),
        (0, Encoding::Json),
    ] {
        let codec = codec(|settings| settings.compress_from_bytes = from);
        let body = codec.body(&codec.encode(&document).unwrap(), 1);
        assert_eq!(body.encoding, encoding, "from {from}");
    }
}

#[test]
fn what_compression_makes_no_smaller_stays_plain() {
    let codec = codec(|settings| settings.compress_from_bytes = 1);
    let encoded = codec.encode("x").unwrap();
    let body = codec.body(&encoded, 1);
    assert_eq!(body.encoding, Encoding::Json);
    assert_eq!(&body.bytes, encoded.json());
}

#[test]
fn s8_a_document_over_the_limit_is_refused_with_both_sizes() {
    let codec = codec(|settings| settings.max_document_bytes = 10);
    assert!(codec.encode("12345678").is_ok());
    let error = codec.encode("123456789").unwrap_err();
    assert!(
        matches!(
            error,
            CodecError::TooLarge {
                bytes: 11,
                limit: 10
            }
        ),
        "{error}"
    );
    let stored = body(Encoding::Json, "\"123456789\"");
    assert!(matches!(
        codec.decode(&stored),
        Err(CodecError::TooLarge {
            bytes: 11,
            limit: 10
        })
    ));
}

#[test]
fn s5_a_decompression_bomb_is_refused_by_the_size_it_claims() {
    let bomb = zstd::bulk::compress(&vec![b' '; 64 << 20], 1).unwrap();
    assert!(bomb.len() < 10_000);
    let error = codec(|_| ())
        .decode(&body(Encoding::JsonZstd, bomb))
        .unwrap_err();
    assert!(
        matches!(error, CodecError::TooLarge { bytes, limit }
            if bytes == 64 << 20 && limit == 4 << 20),
        "{error}"
    );
}

#[test]
fn s5_a_decompression_bomb_that_claims_no_size_is_refused_at_the_limit() {
    // A streaming encoder does not know the size when it writes the head.
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    std::io::copy(
        &mut std::io::Read::take(std::io::repeat(b' '), 64 << 20),
        &mut encoder,
    )
    .unwrap();
    let bomb = encoder.finish().unwrap();
    let error = codec(|_| ())
        .decode(&body(Encoding::JsonZstd, bomb))
        .unwrap_err();
    assert!(
        matches!(error, CodecError::Undecompressable { limit, .. } if limit == 4 << 20),
        "{error}"
    );
}

#[test]
fn a_body_that_claims_no_size_is_read_if_it_fits() {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 19).unwrap();
    std::io::Write::write_all(&mut encoder, b"{\"Level\":3}").unwrap();
    let stored = body(Encoding::JsonZstd, encoder.finish().unwrap());
    assert_eq!(codec(|_| ()).decode(&stored).unwrap(), json!({"Level": 3}));
}

#[test]
fn s4_a_body_without_bytes_is_an_error_and_not_the_defaults() {
    let codec = codec(|_| ());
    let compressed_nothing = zstd::bulk::compress(b"", 1).unwrap();
    for empty in [
        body(Encoding::Json, ""),
        body(Encoding::JsonZstd, ""),
        body(Encoding::JsonZstd, compressed_nothing),
    ] {
        assert!(
            matches!(codec.decode(&empty), Err(CodecError::Empty)),
            "{empty:?}"
        );
    }
}

#[test]
fn s5_bodies_that_are_cut_off_or_flipped_are_errors() {
    let codec = codec(|_| ());
    let whole = codec.body(&codec.encode(&with_items(50)).unwrap(), 1).bytes;
    for cut in [1, 5, whole.len() / 2, whole.len() - 1] {
        let broken = body(Encoding::JsonZstd, whole.slice(..cut));
        assert!(codec.decode(&broken).is_err(), "cut to {cut}");
    }
    for at in 0..whole.len() {
        let mut flipped = whole.to_vec();
        flipped[at] ^= 1;
        let decoded = codec.decode(&body(Encoding::JsonZstd, flipped));
        assert!(
            decoded.is_err() || decoded.is_ok_and(|value| value == with_items(50)),
            "a flipped byte {at} made another document"
        );
    }
    for text in ["{\"Currency\":5", "{} {}", "gold", "\u{0}"] {
        let broken = body(Encoding::Json, text);
        assert!(
            matches!(codec.decode(&broken), Err(CodecError::Unreadable(_))),
            "{text}"
        );
    }
}

#[test]
fn s5_a_deeply_nested_body_is_an_error_and_no_overflow() {
    let deep = "[".repeat(1 << 20);
    let error = codec(|_| ())
        .decode(&body(Encoding::Json, deep))
        .unwrap_err();
    assert!(matches!(error, CodecError::Unreadable(_)), "{error}");
}

#[test]
fn a5_a_change_to_a_skipped_key_alone_shows_in_all_but_not_in_kept() {
    let codec = skipping(&["LastSeen"]);
    let before = codec
        .encode(&json!({"LastSeen": 1, "Currency": 5}))
        .unwrap();
    let after = codec
        .encode(&json!({"LastSeen": 2, "Currency": 5}))
        .unwrap();
    assert_ne!(before.fingerprints().all, after.fingerprints().all);
    assert_eq!(before.fingerprints().kept, after.fingerprints().kept);
}

#[test]
fn f6_a_nested_key_with_a_skipped_name_is_not_skipped() {
    let codec = skipping(&["Level"]);
    for (before, after) in [
        (json!({"Pet": {"Level": 1}}), json!({"Pet": {"Level": 2}})),
        (
            json!({"Pets": [{"Level": 1}]}),
            json!({"Pets": [{"Level": 2}]}),
        ),
        (json!([{"Level": 1}]), json!([{"Level": 2}])),
    ] {
        let before = codec.encode(&before).unwrap().fingerprints();
        let after = codec.encode(&after).unwrap().fingerprints();
        assert_ne!(before.kept, after.kept);
    }
}

#[test]
fn skipped_keys_match_by_name_however_it_is_escaped() {
    let codec = skipping(&["a\"\n", "é"]);
    let one = codec.encode(&json!({"a\"\n": 1, "é": 1, "b": 0})).unwrap();
    let two = codec.encode(&json!({"a\"\n": 2, "é": 2, "b": 0})).unwrap();
    assert_eq!(one.fingerprints().kept, two.fingerprints().kept);
}

#[test]
fn entries_that_read_the_same_when_strung_together_have_other_fingerprints() {
    let codec = skipping(&["LastSeen"]);
    let kept = |document: Value| codec.encode(&document).unwrap().fingerprints().kept;
    assert_ne!(kept(json!({"a": 12})), kept(json!({"a1": 2})));
    assert_ne!(
        kept(json!({"a": 1, "b": 2})),
        kept(json!({"a": 1, "b": 2, "": 0}))
    );
    assert_ne!(
        kept(json!({"a": 1, "2b": 3})),
        kept(json!({"a": 12, "b": 3}))
    );
}

#[test]
fn a_document_that_refuses_to_be_json_is_an_error_with_its_cause() {
    let keyed_by_list = std::collections::BTreeMap::from([(vec![1], 2)]);
    let error = codec(|_| ()).encode(&keyed_by_list).unwrap_err();
    assert!(matches!(error, CodecError::Unwritable { .. }), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_game_s_own_type_is_fingerprinted_by_its_top_level_fields() {
    #[derive(serde::Serialize)]
    struct Hero {
        gold: u64,
        last_seen: u64,
    }
    let codec = skipping(&["last_seen"]);
    let kept = |gold, last_seen| {
        let hero = Hero { gold, last_seen };
        codec.encode(&hero).unwrap().fingerprints().kept
    };
    assert_eq!(kept(1, 1), kept(1, 2));
    assert_ne!(kept(1, 1), kept(2, 1));
}

#[test]
fn fingerprints_depend_on_a_key_that_players_dont_know() {
    #[derive(Debug)]
    struct OtherId;
    impl IdSource for OtherId {
        fn next_id(&self) -> Uuid {
            Uuid::from_u128(1)
        }
    }
    let document = json!({"Currency": 5});
    let one = codec(|_| ()).encode(&document).unwrap();
    let other = Codec::new(&Settings::default(), &OtherId)
        .encode(&document)
        .unwrap();
    assert_ne!(one.fingerprints(), other.fingerprints());
}

#[test]
fn changed_keys_are_those_added_changed_and_removed() {
    let codec = codec(|_| ());
    let keys = |document: Value| {
        let encoded = codec.encode(&document).unwrap();
        codec.key_fingerprints(&encoded).unwrap()
    };
    let old = keys(json!({"same": {"a": 1}, "changed": 1, "removed": 1}));
    let new = keys(json!({"added": 1, "changed": 2, "same": {"a": 1}}));
    assert_eq!(new.changed_since(&old), ["added", "changed", "removed"]);
    assert!(new.changed_since(&new).is_empty());
    assert!(keys(json!([1])).changed_since(&keys(json!([2]))).is_empty());
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((".{0,8}", inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Small documents that often agree.
fn small_document() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![
        (0..3).prop_map(Value::from),
        Just(json!("1,\"c\":2")),
        Just(json!({"skip": 1})),
        Just(json!({"skip": 2})),
    ];
    prop::collection::vec(
        (prop::sample::select(vec!["a", "b", "skip", "too"]), value),
        0..4,
    )
    .prop_map(|entries| {
        let own = |(key, value): (&str, Value)| (key.to_owned(), value);
        entries.into_iter().map(own).collect()
    })
}

/// The JSON of what is left without the skipped keys.
fn kept_text(document: &Map<String, Value>) -> String {
    let kept: Map<String, Value> = document
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "skip" | "too"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Value::Object(kept).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn s1_every_document_comes_back_exactly(document in json_value(), compress in any::<bool>()) {
        let codec = codec(|settings| settings.compress_from_bytes = usize::from(compress));
        let encoded = codec.encode(&document).unwrap();
        let decoded = codec.decode(&codec.body(&encoded, 1)).unwrap();
        prop_assert_eq!(&decoded, &document);
        // Equal as text too: the order of keys, and the sign of zero.
        prop_assert_eq!(decoded.to_string(), document.to_string());
    }

    #[test]
    fn fingerprints_are_equal_exactly_if_the_json_is(
        one in small_document(),
        other in small_document(),
    ) {
        let codec = skipping(&["skip", "too"]);
        let of_one = codec.encode(&one).unwrap();
        let of_other = codec.encode(&other).unwrap();
        prop_assert_eq!(
            of_one.fingerprints().all == of_other.fingerprints().all,
            of_one.json() == of_other.json()
        );
        prop_assert_eq!(
            of_one.fingerprints().kept == of_other.fingerprints().kept,
            kept_text(&one) == kept_text(&other)
        );
    }

    #[test]
    fn s5_decoding_arbitrary_bytes_never_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        zstd in any::<bool>(),
    ) {
        let encoding = if zstd { Encoding::JsonZstd } else { Encoding::Json };
        let _ = codec(|_| ()).decode(&body(encoding, bytes));
    }
}
