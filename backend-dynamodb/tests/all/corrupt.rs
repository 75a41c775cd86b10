//! A slot that can't be read is given as it is, and can be replaced.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use playerdata_core::{
    PlayerId, Revision,
    backend::{Backend, Claim, Encoding, Opened, Opening, Record},
};
use playerdata_dynamodb::DynamoDbBackend;
use support::*;

/// A slot that was saved once, and let go.
async fn saved() -> (Store, DynamoDbBackend, PlayerId) {
    let store = Store::open().await;
    let backend = store.backend();
    let player = player("p");
    acquired(&backend, &player, &claimant(1), None).await;
    let claim = claim(&player, 1, "s", 1);
    opened(&backend, &claim).await;
    let save = backend
        .save(&claim, &stamp(0, 1), &body(&b"first"[..]))
        .await;
    assert_eq!(save.unwrap(), written(0));
    backend.release(&player, session(1)).await.unwrap();
    (store, backend, player)
}

async fn put(store: &Store, item: Item) {
    let request = store.client().put_item().table_name(&store.table);
    request.set_item(Some(item)).send().await.unwrap();
}

/// Looks at it, claims it, and puts something in its place.
async fn is_shown_and_replaced(backend: &DynamoDbBackend, player: &PlayerId) -> Record {
    let base = claim(player, 2, "s", 1);
    let listed = backend.list(player).await.unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    let viewed = backend.view(player, &base.slot).await.unwrap();
    let viewed = viewed.expect("it is there");
    assert_eq!(viewed.body.encoding, Encoding::Unknown);
    let fence = acquired(backend, player, &claimant(2), None).await;
    let claim = Claim { fence, ..base };
    for _ in 0..2 {
        let Opening::Opened(Opened {
            record, revision, ..
        }) = backend.open(&claim).await.unwrap()
        else {
            panic!("it is the claim's");
        };
        assert_eq!(revision, viewed.revision);
        let record = record.expect("it is not an empty slot");
        assert_eq!(record.body.encoding, Encoding::Unknown);
        assert_eq!(backend.list(player).await.unwrap().len(), 1);
    }
    let base = viewed.revision.get();
    let saved = backend
        .save(&claim, &stamp(base, 2), &body(&b"mended"[..]))
        .await;
    assert_eq!(saved.unwrap(), written(base));
    let mended = backend.view(player, &claim.slot).await.unwrap();
    assert_eq!(mended.unwrap().body, body(&b"mended"[..]));
    viewed
}

#[tokio::test]
async fn s5_s12_a_slot_with_a_damaged_attribute_is_given_as_it_is_and_replaced() {
    for attribute in [
        "encoding",
        "schema",
        "saved_at",
        "write_id",
        "body",
        "body_bytes",
    ] {
        let (store, backend, player) = saved().await;
        store.damage(&player, "slot#s", attribute).await;
        if attribute == "body_bytes" {
            // The record itself can be read.
            assert_eq!(backend.list(&player).await.unwrap().len(), 1);
            continue;
        }
        let viewed = is_shown_and_replaced(&backend, &player).await;
        assert_eq!(viewed.revision, Revision::new(1), "{attribute}");
        if attribute != "body" {
            assert_eq!(viewed.body.bytes, "first", "{attribute}");
        }
    }
}

#[tokio::test]
async fn s4_s12_an_item_of_another_program_is_no_empty_slot_and_is_replaced() {
    let (store, backend, player) = saved().await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    put(
        &store,
        HashMap::from([
            ("pk".to_owned(), text("player#p")),
            ("sk".to_owned(), text("slot#s")),
            ("colour".to_owned(), text("green")),
        ]),
    )
    .await;
    let viewed = is_shown_and_replaced(&backend, &player).await;
    let shown = String::from_utf8(viewed.body.bytes.to_vec()).unwrap();
    assert!(shown.contains("green"), "{shown}");
}

#[tokio::test]
async fn a_slot_that_was_opened_and_never_written_is_no_item_of_another_program() {
    let store = Store::open().await;
    let backend = store.backend();
    let player = player("p");
    acquired(&backend, &player, &claimant(1), None).await;
    let claim = claim(&player, 1, "s", 1);
    opened(&backend, &claim).await;
    for _ in 0..2 {
        assert_eq!(backend.list(&player).await.unwrap(), []);
        assert_eq!(backend.view(&player, &claim.slot).await.unwrap(), None);
        backend.release(&player, session(1)).await.unwrap();
    }
}
