//! From a document to the bytes that are stored, and back.
//!
//! `cargo bench -p playerdata-benches -- codec/`

use std::hint::black_box;

use criterion::Criterion;
use playerdata_benches::{
    documents::Standard,
    harness::{self, Group},
    original,
};
use playerdata_core::{Codec, Document, RandomIds, Settings};
use serde_json::Value;
use zstd::bulk::{Compressor, Decompressor};

/// What documents are compressed at.
const LEVEL: i32 = 1;

/// What is measured, by how its names begin.
pub(crate) const GROUPS: &[Group] = &[
    ("codec/encode", encode),
    ("codec/changed", changed),
    ("codec/fingerprint of each key", fingerprint),
    ("codec/compress", compress),
    ("codec/decode", decode),
];

fn codec(skip_keys: &[&str]) -> Codec {
    let mut settings = Settings::default();
    settings.skip_keys = skip_keys.iter().map(|&key| key.to_owned()).collect();
    Codec::new(&settings, &RandomIds)
}

/// JSON and fingerprint, beside JSON alone.
fn encode(criterion: &mut Criterion) {
    for standard in Standard::BOTH {
        let document = standard.document();
        let mut group = harness::group(criterion, &format!("codec/encode/{}", standard.name()));
        let (plain, skipping) = (codec(&[]), codec(&["CurrentXP"]));
        group.bench_function("playerdata", |b| {
            b.iter(|| plain.encode_document(black_box(&document)));
        });
        group.bench_function("playerdata, a key skipped", |b| {
            b.iter(|| skipping.encode_document(black_box(&document)));
        });
        group.bench_function("limit: JSON alone", |b| {
            b.iter(|| serde_json::to_vec(black_box(&document)));
        });
        group.finish();
    }
}

/// Whether a touched document changed, beside the original's way to find out.
fn changed(criterion: &mut Criterion) {
    for standard in Standard::BOTH {
        let document = standard.document();
        let mut group = harness::group(criterion, &format!("codec/changed/{}", standard.name()));
        let codec = codec(&[]);
        let encode = || {
            let encoded = codec.encode_document(black_box(&document));
            encoded.expect("it is small")
        };
        let saved = encode().fingerprints();
        group.bench_function("playerdata", |b| {
            b.iter(|| encode().fingerprints() == saved);
        });
        let mut player = original::Player::new(document.to_json());
        group.bench_function("original: copy and compare", |b| b.iter(|| player.look()));
        group.finish();
    }
}

/// A fingerprint per key, for the report of what changed, beside the parsing
/// that it needs.
fn fingerprint(criterion: &mut Criterion) {
    for standard in Standard::BOTH {
        let codec = codec(&[]);
        let encoded = codec.encode(&standard.document()).expect("it is small");
        let name = format!("codec/fingerprint of each key/{}", standard.name());
        let mut group = harness::group(criterion, &name);
        group.bench_function("playerdata", |b| {
            b.iter(|| codec.key_fingerprints(black_box(&encoded)));
        });
        group.bench_function("limit: JSON checked, kept nowhere", |b| {
            b.iter(|| {
                serde_json::from_slice::<serde::de::IgnoredAny>(black_box(encoded.json())).is_ok()
            });
        });
        group.finish();
    }
}

/// The body of a document that is large enough to be compressed.
fn compress(criterion: &mut Criterion) {
    let codec = codec(&[]);
    let document = Standard::B.document();
    let encoded = codec.encode(&document).expect("it is small");
    let mut group = harness::group(criterion, "codec/compress/B");
    group.bench_function("playerdata", |b| {
        b.iter(|| codec.body(black_box(&encoded), 1));
    });
    let mut compressor = Compressor::new(LEVEL).expect("the level exists");
    group.bench_function("limit: zstd", |b| {
        b.iter(|| compressor.compress(black_box(encoded.json())));
    });
    group.finish();
}

/// A stored body back to a document, beside the parsing of its JSON alone.
fn decode(criterion: &mut Criterion) {
    for (standard, compressed) in Standard::FORMS {
        let codec = codec(&[]);
        let body = standard.body(1, compressed);
        let form = standard.form(compressed);
        let mut group = harness::group(criterion, &format!("codec/decode/{form}"));
        group.bench_function("playerdata", |b| {
            b.iter(|| codec.decode(black_box(&body)));
        });
        group.bench_function("playerdata, to a Document", |b| {
            b.iter(|| codec.decode_as::<Document>(black_box(&body)));
        });
        let read = |json: &[u8]| serde_json::from_slice::<Value>(json);
        if compressed {
            let mut decompressor = Decompressor::new().expect("there is memory");
            group.bench_function("limit: zstd and JSON alone", |b| {
                b.iter(|| {
                    let json = decompressor.decompress(black_box(&body.bytes), 1 << 16);
                    read(&json.expect("it was compressed"))
                });
            });
        } else {
            group.bench_function("limit: JSON alone", |b| {
                b.iter(|| read(black_box(&body.bytes)));
            });
        }
        group.finish();
    }
}
