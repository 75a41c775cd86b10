//! Documents: a game's own types, compressed ones, and ones as large as the
//! store takes.

use std::collections::BTreeMap;

use playerdata_core::{
    CodecError, Error, Inventory, Slot,
    backend::{Encoding, Record},
};
use serde::{Deserialize, Serialize};
use serde_json::to_value;

use super::save;
use crate::{
    Fixture, Rule,
    driver::{Client, World},
};

/// The longest document that cases store when a store takes longer ones.
const LARGE: usize = 1024 * 1024;

/// The greatest limit that cases go beyond: to encode more takes its time.
const TRIED: usize = 16 * LARGE;

/// A game's own type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Profile {
    title: Option<String>,
    gold: u64,
    debt: i64,
    place: [f64; 3],
    friends: BTreeMap<String, bool>,
    inventory: Inventory,
}

/// A document whose length is known to the byte.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Diary {
    text: String,
}

impl Diary {
    /// One that has this many bytes as JSON.
    fn of_bytes(bytes: usize) -> Self {
        let frame = r#"{"text":""}"#.len();
        Self {
            text: "x".repeat(bytes - frame),
        }
    }
}

/// The record in the one slot of the case.
async fn record(client: &Client) -> Record {
    let world = client.world();
    let record = client.view(&world.player(), &world.slot()).await;
    record.unwrap_or_else(|| world.fail(Rule::S1, "what was saved is there"))
}

/// A document of a game's own type comes back as it was: numbers at the ends of
/// what they can be, text of every kind, what is missing and what is empty; a
/// shorter one after a longer one, too.
///
/// Proves [S1](Rule::S1) and the contract on bodies. A backend that fails it
/// stores documents that can't be read any more.
pub async fn a_games_own_type_comes_back_as_it_was(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let (a, b) = (a.game("server-a"), b.game("server-b"));
    let a = a.start_typed(|_| Profile::default()).await;
    let b = b.start_typed(|_| Profile::default()).await;
    let mut inventory = Inventory::default();
    let added = inventory.add("Épée \"à deux mains\"", 3);
    fixture.works(Rule::Fixture, "an item is added", added);
    let full = Profile {
        title: Some("\u{1f409}\u{0}\r\n\u{fffd} \\ ' %s".to_owned()),
        gold: u64::MAX,
        debt: i64::MIN,
        place: [0.1, -0.0, f64::MAX],
        friends: [(String::new(), true), ("名前".repeat(50), false)].into(),
        inventory,
    };
    let short = Profile {
        gold: 1,
        ..Profile::default()
    };
    let player = fixture.player();
    for profile in [full.clone(), short, full] {
        let (session, slot) = a.play(&player).await;
        let set = slot.modify(|document| *document = profile.clone());
        fixture.works(Rule::S1, "a change", set);
        save(&fixture, &slot).await;
        a.end(&session).await;
        let (session, slot) = b.play(&player).await;
        let found = (*slot.snapshot()).clone();
        fixture.expect_eq(Rule::S1, "the document", found, profile);
        b.end(&session).await;
    }
}

/// A large inventory is stored compressed and comes back item by item; one that
/// became small again is stored plainly.
///
/// Proves [S1](Rule::S1) and the contract on bodies. A backend that fails it
/// takes compressed bytes for text, or forgets how they are to be read.
pub async fn a_compressed_document_comes_back_item_by_item(fixture: Fixture) {
    const ITEMS: u64 = 300;

    let [a, b] = fixture.games().await;
    let [_, client] = fixture.clients();
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    for number in 1..=ITEMS {
        let added = slot.add_item(&format!("Item {number}"), number);
        fixture.works(Rule::Fixture, "an item is added", added);
    }
    a.end(&session).await;
    let saved = to_value(&*slot.snapshot()).ok();
    let encoding = record(&client).await.body.encoding;
    fixture.expect_eq(Rule::Bodies, "its encoding", encoding, Encoding::JsonZstd);
    let (session, slot) = b.play(&player).await;
    let loaded = to_value(&*slot.snapshot()).ok();
    fixture.expect_eq(Rule::S1, "the document", loaded, saved);
    fixture.works(Rule::Fixture, "all is removed", slot.clear_inventory());
    b.end(&session).await;
    let encoding = record(&client).await.body.encoding;
    fixture.expect_eq(Rule::Bodies, "its encoding", encoding, Encoding::Json);
    let (_session, slot) = a.play(&player).await;
    let left = slot.count_item("Item 300");
    fixture.expect_eq(Rule::S1, "what was removed", left, 0);
}

/// Requires that a document larger than the limit is refused, with both sizes.
async fn expect_refused(world: &World, slot: &Slot<Diary>, limit: usize) {
    let set = slot.modify(|diary| *diary = Diary::of_bytes(limit + 1));
    world.works(Rule::S8, "a change", set);
    let refused = slot.save().await;
    let what = "a document over the limit is refused";
    let sizes = world.refused(Rule::S8, what, refused, |error| match error {
        Error::Unencodable { source, .. } => match **source {
            CodecError::TooLargeForStore { bytes, limit } => Some((bytes, limit)),
            _ => None,
        },
        _ => None,
    });
    world.expect_eq(Rule::S8, "both sizes", sizes, (limit + 1, limit));
}

/// A document as large as the store takes, or 1 MiB if it takes more, is saved
/// and comes back. One that is larger than the store takes (if that is 16 MiB
/// or less) is refused with both sizes before anything is sent; what was saved
/// before stays, and the slot can be saved again.
///
/// Proves [S8](Rule::S8). A backend that fails it promises a limit that it does
/// not keep, and a player who collects too much can't be saved any more.
pub async fn a_document_as_large_as_the_store_takes_is_saved(fixture: Fixture) {
    let [client_a, client_b] = fixture.clients();
    let limit = client_a.backend().limits().max_body_bytes;
    let sensible = (1_024..=1 << 30).contains(&limit);
    fixture.expect(Rule::S8, "a limit that can be tried", sensible);
    let setup = |client: &Client, server| {
        client.game(server).settings(|settings| {
            settings.compress_from_bytes = 0;
            settings.max_document_bytes = (limit + 1).min(1 << 30);
        })
    };
    let a = setup(&client_a, "server-a").start_typed(|_| Diary::default());
    let b = setup(&client_b, "server-b").start_typed(|_| Diary::default());
    let (a, b) = futures::future::join(a, b).await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    let largest = limit.min(LARGE);
    for revision in 1..=2 {
        let set = slot.modify(|diary| *diary = Diary::of_bytes(largest));
        fixture.works(Rule::S8, "a change", set);
        fixture.expect_eq(Rule::S3, "a save", save(&fixture, &slot).await, revision);
    }
    let before = record(&client_b).await;
    fixture.expect_eq(Rule::S8, "its size", before.body.bytes.len(), largest);
    if limit <= TRIED {
        expect_refused(&fixture, &slot, limit).await;
        let after = record(&client_b).await;
        fixture.expect(Rule::S8, "what was saved stays", after == before);
    }
    let set = slot.modify(|diary| *diary = Diary::of_bytes(largest - 1));
    fixture.works(Rule::S8, "a change", set);
    a.end(&session).await;
    let (_session, slot) = b.play(&player).await;
    let same = slot.read(|diary| *diary == Diary::of_bytes(largest - 1));
    fixture.expect(Rule::S8, "what was saved last", same);
}
