//! How large a record may be.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use aws_sdk_dynamodb::{error::ProvideErrorMetadata, primitives::Blob, types::AttributeValue};
use playerdata_core::{
    Fence, PlayerId, SlotName, UnixMillis,
    backend::{Backend, Body, Claim, Effect, Encoding, ErrorKind, Stamp},
};
use support::{wire::Wire, *};

/// A claim with the longest names.
fn longest() -> Claim {
    Claim {
        player: PlayerId::new("p".repeat(PlayerId::MAX_BYTES)).unwrap(),
        slot: SlotName::new("s".repeat(SlotName::MAX_BYTES)).unwrap(),
        ..claim(&player("p"), 1, "s", u64::MAX)
    }
}

#[tokio::test]
async fn s8_the_largest_body_is_kept_byte_for_byte_under_the_longest_names() {
    let store = Store::open().await;
    let backend = store.backend();
    let claim = longest();
    acquired(&backend, &claim.player, &claimant(1), None).await;
    opened(&backend, &claim).await;
    let limit = backend.limits().max_body_bytes;
    let largest: Vec<u8> = (0..limit).map(|at| (at % 251) as u8).collect();
    let stamp = Stamp {
        at: UnixMillis::new(u64::MAX),
        ..stamp(0, u128::MAX)
    };
    let longest = Body {
        schema: u32::MAX,
        encoding: Encoding::JsonZstd,
        bytes: largest.clone().into(),
    };
    let saved = backend.save(&claim, &stamp, &longest).await;
    assert_eq!(saved.unwrap(), written(0));
    let record = backend
        .view(&claim.player, &claim.slot)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.body.bytes, largest);
    // And it can be released, taken and opened again.
    backend.release(&claim.player, session(1)).await.unwrap();
    acquired(&backend, &claim.player, &claimant(2), None).await;
    let next = Claim {
        session: session(2),
        fence: Fence::new(2),
        ..claim
    };
    assert_eq!(opened(&backend, &next).await.record, Some(record));
}

#[tokio::test]
async fn s8_one_byte_more_is_refused_before_anything_is_sent() {
    let store = Store::without_table();
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    let limit = backend.limits().max_body_bytes;
    let too_large = body(vec![0; limit + 1]);
    let error = backend
        .save(&longest(), &stamp(0, 1), &too_large)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::TooLarge, Effect::None)
    );
    for size in [limit, limit + 1] {
        assert!(error.to_string().contains(&size.to_string()), "{error}");
    }
    assert_eq!(wire.operations().len(), 0);
}

#[tokio::test]
async fn the_limit_wastes_less_than_a_hundred_bytes_of_what_dynamodb_takes() {
    let store = Store::open().await;
    let backend = store.backend();
    let claim = longest();
    acquired(&backend, &claim.player, &claimant(1), None).await;
    opened(&backend, &claim).await;
    let limit = backend.limits().max_body_bytes;
    backend
        .save(&claim, &stamp(0, 1), &body(vec![0; limit]))
        .await
        .unwrap();
    // The item as it is, with a body a hundred bytes longer.
    let client = store.client();
    let item = client.scan().table_name(&store.table).send().await.unwrap();
    let mut items = item.items.unwrap().into_iter();
    let mut item = items.find(|item| item.contains_key("body")).unwrap();
    let longer = Blob::new(vec![0; limit + 100]);
    item.insert("body".to_owned(), AttributeValue::B(longer));
    let put = client
        .put_item()
        .table_name(&store.table)
        .set_item(Some(item));
    let refused = put.send().await.unwrap_err().into_service_error();
    let told = refused.message().unwrap_or_default();
    assert!(told.contains("Item size has exceeded"), "{refused:?}");
}

#[tokio::test]
async fn an_empty_body_is_a_record_and_no_deletion() {
    let store = Store::open().await;
    let backend = store.backend();
    let (player, slot) = (player("p"), slot("s"));
    acquired(&backend, &player, &claimant(1), None).await;
    let claim = claim(&player, 1, "s", 1);
    opened(&backend, &claim).await;
    backend.save(&claim, &stamp(0, 1), &body("")).await.unwrap();
    let record = backend.view(&player, &slot).await.unwrap().unwrap();
    assert!(record.body.bytes.is_empty());
    assert_eq!(backend.list(&player).await.unwrap().len(), 1);
    backend.delete(&claim, &stamp(1, 2)).await.unwrap();
    assert_eq!(backend.view(&player, &slot).await.unwrap(), None);
    assert_eq!(backend.list(&player).await.unwrap(), []);
}
