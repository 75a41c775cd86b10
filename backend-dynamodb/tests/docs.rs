//! What `docs/dynamodb.md` says in figures and names is what there is.
#![allow(clippy::unwrap_used)] // what a test can't go on without

mod support;

use std::collections::BTreeSet;

use playerdata_core::backend::Backend;
use support::{
    scenes::{OTHERS, READS, REPEATABLE},
    wire::{Fault, Wire},
    *,
};

const DOCS: &str = include_str!("../../docs/dynamodb.md");

/// The actions that the policy in the docs allows.
fn allowed() -> BTreeSet<String> {
    let policy = DOCS.split_once("\"Action\": [").unwrap().1;
    let policy = policy.split_once(']').unwrap().0;
    let names = policy.split(',').map(|name| name.trim().trim_matches('"'));
    names
        .map(|name| name.strip_prefix("dynamodb:").unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_policy_allows_exactly_what_is_called() {
    let mut called = BTreeSet::new();
    for scene in REPEATABLE.iter().chain(READS).chain(OTHERS) {
        called.extend(scene.play_well().await.operations);
    }
    let store = Store::open().await;
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    wire.plan(|_, _| Fault::None);
    backend.check_table().await.unwrap();
    called.extend(wire.operations());
    assert!(
        called.remove("TransactWriteItems"),
        "it needs no action of its own"
    );
    assert_eq!(allowed(), called);
}

#[tokio::test]
async fn creating_the_table_needs_the_two_actions_that_are_told_besides() {
    let store = Store::without_table();
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    backend.create_table().await.unwrap();
    let allowed = allowed();
    let called: BTreeSet<_> = wire.operations().into_iter().collect();
    let besides: Vec<_> = called.difference(&allowed).collect();
    assert_eq!(besides, ["CreateTable", "UpdateTimeToLive"]);
    let told = format!("`dynamodb:{}` and `dynamodb:{}`", besides[0], besides[1]);
    assert!(DOCS.contains(&told), "it needs {told}");
}

#[tokio::test]
async fn the_largest_body_is_told() {
    let limit = Store::without_table().backend().limits().max_body_bytes;
    let told = format!(
        "{} {:03} bytes with the default key names",
        limit / 1_000,
        limit % 1_000
    );
    assert!(DOCS.contains(&told), "it is {told}");
}
