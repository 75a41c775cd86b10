//! Documents in memory: read and written as JSON, and changed by game code.

use std::{hint::black_box, sync::Arc};

use playerdata_core::{
    Codec, Document, OnConflict, RandomIds, SessionManager, Settings, backend::Body,
};
use playerdata_memory::MemoryBackend;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{
    documents::Standard,
    report::{Aim, Row, Unit},
    timing::{Stopwatch, by_turns},
};

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds of ours and the limit by turns.
    pub rounds: usize,
    /// Calls in a round.
    pub calls: u64,
}

/// How long each of this many calls takes.
fn each(calls: u64, mut call: impl FnMut()) -> f64 {
    let watch = Stopwatch::start();
    for _ in 0..calls {
        call();
    }
    watch.nanos_each(calls)
}

/// A document encoded with its fingerprint, and one decoded, beside
/// `serde_json` with a value of its own.
///
/// # Panics
///
/// Never: the documents are the standard ones.
#[must_use]
pub fn codec(standard: Standard, mut effort: Effort) -> [Row; 2] {
    if standard == Standard::B {
        effort.calls = effort.calls.div_ceil(50);
    }
    let mut settings = Settings::default();
    settings.compress_from_bytes = 0;
    let codec = Codec::new(&settings, &RandomIds);
    let (document, json) = (standard.document(), standard.document().to_json());
    let body: Body = standard.body(0, false);
    let calls = effort.calls;
    let [encode, write] = by_turns(
        effort.rounds,
        [
            &mut || each(calls, || drop(black_box(codec.encode_document(&document)))),
            &mut || each(calls, || drop(black_box(serde_json::to_vec(&json)))),
        ],
    );
    let [decode, read] = by_turns(
        effort.rounds,
        [
            &mut || {
                each(calls, || {
                    drop(black_box(codec.decode_as::<Document>(&body)));
                })
            },
            &mut || {
                each(calls, || {
                    drop(black_box(serde_json::from_slice::<Value>(&body.bytes)));
                })
            },
        ],
    );
    let name = standard.name();
    [
        Row::measured(
            format!("{name} encoded, with its fingerprint"),
            "`serde_json` of a `Value`, without one",
            Unit::Nanos,
            [&encode, &write],
            None,
        ),
        Row::measured(
            format!("{name} decoded to a `Document`"),
            "`serde_json` to a `Value`",
            Unit::Nanos,
            [&decode, &read],
            Some(Aim::AtLeast(1.0)),
        ),
    ]
}

/// Calls of game code on an open slot, beside the same on a JSON value that
/// nobody else can see.
///
/// # Panics
///
/// If the slot can't be opened.
#[must_use]
pub fn slot(runtime: &Runtime, effort: Effort) -> [Row; 4] {
    let (slot, _session, _manager) = runtime.block_on(async {
        let backend = Arc::new(MemoryBackend::new());
        let manager = SessionManager::typed(backend, |_| Document::standard()).start();
        let manager = manager.await.expect("memory is there");
        let session = manager.start_session_with(1_u64, OnConflict::Fail).await;
        let session = session.expect("nobody else holds the player");
        let slot = session.load_slot("Slot1").await.expect("the slot is new");
        (slot, session, manager)
    });
    let mut json = Document::standard().to_json();
    let mut count = 0_u64;
    let mut compare = |what: &str, ours: &mut dyn FnMut(), limit: &mut dyn FnMut(&mut Value)| {
        let [ours, limits] = by_turns(
            effort.rounds,
            [&mut || each(effort.calls, &mut *ours), &mut || {
                each(effort.calls, || limit(&mut json))
            }],
        );
        let what = format!("`{what}` on a slot");
        let against = "the same on a JSON value of one's own";
        Row::measured(what, against, Unit::Nanos, [&ours, &limits], None)
    };
    let worked = "there is room for more";
    [
        compare(
            "get",
            &mut || drop(black_box(slot.get::<u64>(black_box("Currency")))),
            &mut |json| _ = black_box(json[black_box("Currency")].as_u64()),
        ),
        compare(
            "set",
            &mut || {
                count += 1;
                slot.set(black_box("Currency"), count).expect(worked);
            },
            &mut |json| json[black_box("Currency")] = 7.into(),
        ),
        compare(
            "increment",
            &mut || {
                slot.increment(black_box("Currency"), 1).expect(worked);
            },
            &mut |json| add(&mut json[black_box("Currency")], 1),
        ),
        compare(
            "add_item` and `remove_item",
            &mut || {
                slot.add_item(black_box("Bread"), 1).expect(worked);
                slot.remove_item(black_box("Bread"), 1).expect(worked);
            },
            &mut |json| {
                for by in [1, -1] {
                    let items = json["Inventory"].as_array_mut();
                    let mut items = items.into_iter().flatten();
                    let bread = items.find(|item| item["Name"] == black_box("Bread"));
                    add(&mut bread.expect("it is there")["Quantity"], by);
                }
            },
        ),
    ]
}

fn add(number: &mut Value, by: i64) {
    *number = (number.as_i64().unwrap_or_default() + by).into();
}
