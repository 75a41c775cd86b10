//! Connecting by an address.
#![allow(clippy::unwrap_used)] // what a test can't go on without
#![cfg(feature = "connect")]

mod support;

use playerdata_core::backend::{Backend, ErrorKind};
use playerdata_dynamodb::DynamoDbUrl;
use support::*;

#[tokio::test]
async fn an_address_with_an_endpoint_on_this_machine_needs_nothing_else() {
    let store = Store::without_table();
    let url = format!("dynamodb://{}?endpoint={}", store.table, store.endpoint());
    let url: DynamoDbUrl = url.parse().unwrap();
    let backend = url.connect().await.unwrap();
    let error = backend.check_table().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    backend.create_table().await.unwrap();
    backend.check_table().await.unwrap();
    acquired(&backend, &player("p"), &claimant(1), None).await;
    assert!(
        store
            .backend()
            .holder(&player("p"))
            .await
            .unwrap()
            .is_some()
    );
}
