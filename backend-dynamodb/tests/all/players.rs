//! Listing the players, page by page.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use playerdata_core::{
    PlayerId,
    backend::{Backend, Effect, ErrorKind, PlayersCursor, Verdict},
};
use playerdata_dynamodb::DynamoDbBackend;
use support::*;

/// Everybody from a cursor on, by pages of that size.
async fn all(
    backend: &DynamoDbBackend,
    from: Option<PlayersCursor>,
    limit: usize,
) -> Vec<PlayerId> {
    let mut players = Vec::new();
    let mut after = from;
    loop {
        let page = backend.players(after.as_ref(), limit).await.unwrap();
        assert!(page.players.len() <= limit.max(1));
        players.extend(page.players);
        // As text, which is how it comes through a file.
        after = page.next.map(|next| PlayersCursor::new(next.to_string()));
        if after.is_none() {
            return players;
        }
    }
}

/// Somebody with two slots, two letters and a version.
async fn plays(backend: &DynamoDbBackend, player: &PlayerId) {
    acquired(backend, player, &claimant(1), None).await;
    for name in ["one", "two"] {
        let claim = claim(player, 1, name, 1);
        opened(backend, &claim).await;
        let saved = backend.save(&claim, &stamp(0, 1), &body("b")).await;
        assert_eq!(saved.unwrap(), written(0));
        backend.keep_version(&claim, KEEP_ALWAYS).await.unwrap();
        posted(backend, player, &slot(name), &letter("a", 1)).await;
    }
    backend.release(player, session(1)).await.unwrap();
}

/// Ten who play, one with a letter only, one with a version only, and others
/// of whom there is nothing to list.
async fn peopled() -> (Store, DynamoDbBackend, BTreeSet<PlayerId>) {
    let store = Store::open().await;
    let backend = store.backend();
    let names = ["#", "@", "a", "A", "b/1", "b:1", "slot#s", "~", "-1", "10"];
    let mut there: BTreeSet<_> = names.map(player).into();
    there.insert(PlayerId::new("x".repeat(PlayerId::MAX_BYTES)).unwrap());
    for player in &there {
        plays(&backend, player).await;
    }
    let lettered = player("lettered");
    posted(&backend, &lettered, &slot("s"), &letter("a", 1)).await;
    let gone = player("version-only");
    acquired(&backend, &gone, &claimant(1), None).await;
    let claim_1 = claim(&gone, 1, "s", 1);
    opened(&backend, &claim_1).await;
    backend
        .save(&claim_1, &stamp(0, 1), &body("b"))
        .await
        .unwrap();
    backend.keep_version(&claim_1, KEEP_ALWAYS).await.unwrap();
    backend.delete(&claim_1, &stamp(1, 2)).await.unwrap();
    there.extend([lettered, gone]);

    plays(&backend, &player("erased")).await;
    backend.erase(&player("erased")).await.unwrap();
    acquired(&backend, &player("starting"), &claimant(1), None).await;
    opened(&backend, &claim(&player("starting"), 1, "s", 1)).await;
    let read = (player("has-read"), slot("s"), letter_id("a"));
    posted(&backend, &read.0, &read.1, &letter("a", 1)).await;
    let discarded = backend.discard(&read.0, &read.1, &read.2, posting(1)).await;
    discarded.unwrap();
    let lease = Duration::from_secs(60);
    backend.renew_lease(&server(1), lease).await.unwrap();
    backend.decide(trade(1), Verdict::Commit).await.unwrap();
    (store, backend, there)
}

#[tokio::test]
async fn everybody_of_whom_something_is_stored_is_listed_once_by_pages_of_any_size() {
    let (_store, backend, there) = peopled().await;
    for limit in [0, 1, 2, 7, 1_000, usize::MAX] {
        let players = all(&backend, None, limit).await;
        let listed: BTreeSet<_> = players.iter().cloned().collect();
        assert_eq!(listed, there, "by {limit}");
        assert_eq!(players.len(), there.len(), "by {limit}, each once");
    }
}

#[tokio::test]
async fn the_parts_of_a_table_together_are_everybody() {
    let (_store, backend, there) = peopled().await;
    for parts in [1, 3, 64] {
        let mut players = Vec::new();
        for part in 0..parts {
            let from = PlayersCursor::new(format!("{part}/{parts}"));
            players.extend(all(&backend, Some(from), 2).await);
        }
        assert_eq!(players.len(), there.len(), "in {parts} parts, each once");
        assert_eq!(players.into_iter().collect::<BTreeSet<_>>(), there);
    }
}

#[tokio::test]
async fn who_is_there_throughout_is_listed_whoever_comes_and_goes() {
    let (_store, backend, there) = peopled().await;
    let (mut listed, mut after) = (BTreeSet::new(), None);
    for page in 0.. {
        let found = backend.players(after.as_ref(), 2).await.unwrap();
        listed.extend(found.players);
        // Whom the cursor names may be erased meanwhile, and somebody comes.
        let name = PlayerId::from(page % 5);
        match page % 10 < 5 {
            true => posted(&backend, &name, &slot("s"), &letter("a", 1)).await,
            false => drop(backend.erase(&name).await.unwrap()),
        }
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    assert!(listed.is_superset(&there));
}

#[tokio::test]
async fn a_cursor_of_somebody_elses_is_refused() {
    let backend = Store::open().await.backend();
    for text in [
        "",
        "17",
        "0123456789abcdef:player",
        "4/4",
        "@9:short",
        "p@q",
    ] {
        let cursor = PlayersCursor::new(text);
        let error = backend.players(Some(&cursor), 9).await.unwrap_err();
        let found = (error.kind(), error.effect());
        assert_eq!(found, (ErrorKind::Rejected, Effect::None), "{error}");
    }
}

#[tokio::test]
async fn what_another_program_has_put_into_the_table_is_no_player_and_hides_none() {
    let (store, backend, there) = peopled().await;
    for partition in ["player#two words", "player#", "zebra", "p@q"] {
        let request = store.client().put_item().table_name(&store.table);
        let request = request
            .item("pk", AttributeValue::S(partition.to_owned()))
            .item("sk", AttributeValue::S("any thing".to_owned()))
            .item("content", AttributeValue::Bool(true));
        request.send().await.unwrap();
    }
    for limit in [1, 100] {
        let players = all(&backend, None, limit).await;
        assert_eq!(players.into_iter().collect::<BTreeSet<_>>(), there);
    }
}
