//! Verdicts on trades.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use playerdata_core::backend::{Backend, Effect, ErrorKind, Party, VERDICT_MEMORY, Verdict};
use support::{
    wire::{Fault, Wire},
    *,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An attribute of the verdict on trade 1.
async fn attribute(store: &Store, name: &str) -> Option<AttributeValue> {
    let request = store.client().get_item().table_name(&store.table);
    let found = request
        .key("pk", AttributeValue::S(format!("trade#{}", trade(1))))
        .key("sk", AttributeValue::S("verdict".to_owned()))
        .send();
    found.await.unwrap().item?.remove(name)
}

#[tokio::test]
async fn p3_the_first_verdict_stands_whoever_asks_again() {
    let store = Store::open().await;
    let backend = store.backend();
    for (number, first) in [(1, Verdict::Commit), (2, Verdict::Abort)] {
        for asked in [first, Verdict::Abort, Verdict::Commit] {
            let stands = backend.decide(trade(number), asked).await.unwrap();
            assert_eq!(stands, first);
        }
    }
}

#[tokio::test]
async fn p3_of_many_who_decide_at_once_all_are_told_the_same() {
    let store = Store::open().await;
    let backends: Vec<_> = (0..8).map(|_| store.backend()).collect();
    for number in 1..=8 {
        let deciding = backends.iter().enumerate().map(|(at, backend)| {
            let asked = [Verdict::Commit, Verdict::Abort][(at + number) % 2];
            backend.decide(trade(number as u128), asked)
        });
        let mut told = join_all(deciding).await.into_iter().map(Result::unwrap);
        let first = told.next().unwrap();
        assert!(told.all(|verdict| verdict == first));
    }
}

#[tokio::test]
async fn p3_a_verdict_may_be_tidied_away_once_both_have_acted_on_it_and_stands_until_then() {
    for parties in [[Party::First, Party::Second], [Party::Second, Party::First]] {
        let store = Store::open().await;
        let backend = store.backend();
        backend.decide(trade(1), Verdict::Commit).await.unwrap();
        for _ in 0..2 {
            let forgotten = backend.forget_decision(trade(1), parties[0]).await;
            forgotten.unwrap();
            assert_eq!(attribute(&store, "ttl").await, None, "{parties:?}");
        }
        let forgotten = backend.forget_decision(trade(1), parties[1]).await;
        forgotten.unwrap();
        let ttl = attribute(&store, "ttl").await.unwrap();
        let at_least = NOW.saturating_add(VERDICT_MEMORY + DAY).get() / 1_000;
        let ttl: u64 = ttl.as_n().unwrap().parse().unwrap();
        assert!(ttl >= at_least);
        store.clock.advance(3 * VERDICT_MEMORY);
        let late = backend.decide(trade(1), Verdict::Abort).await.unwrap();
        assert_eq!(late, Verdict::Commit);
    }
}

#[tokio::test]
async fn p3_an_abort_may_be_tidied_away_whoever_has_acted_on_it_and_stands_until_then() {
    let store = Store::open().await;
    let backend = store.backend();
    backend.decide(trade(1), Verdict::Abort).await.unwrap();
    let ttl = attribute(&store, "ttl").await.unwrap();
    let at_least = NOW.saturating_add(VERDICT_MEMORY + DAY).get() / 1_000;
    let ttl: u64 = ttl.as_n().unwrap().parse().unwrap();
    assert!(ttl >= at_least);
    store.clock.advance(3 * VERDICT_MEMORY);
    let late = backend.decide(trade(1), Verdict::Commit).await.unwrap();
    assert_eq!(late, Verdict::Abort);
}

#[tokio::test]
async fn p3_both_parties_may_forget_at_once() {
    for frozen in 0..2 {
        let store = Store::open().await;
        let backend = store.backend();
        backend.decide(trade(1), Verdict::Commit).await.unwrap();
        let wire = Wire::new();
        wire.at(frozen, Fault::Held);
        let other = store.backend_on(&wire);
        let forgetting =
            tokio::spawn(async move { other.forget_decision(trade(1), Party::First).await });
        if frozen == 0 {
            wire.until_held().await;
        }
        let forgotten = backend.forget_decision(trade(1), Party::Second).await;
        forgotten.unwrap();
        wire.let_go();
        forgetting.await.unwrap().unwrap();
        for name in ["first", "second", "ttl"] {
            assert!(attribute(&store, name).await.is_some(), "{name}");
        }
    }
}

#[tokio::test]
async fn p3_forgetting_a_trade_without_a_verdict_changes_nothing() {
    let store = Store::open().await;
    for party in [Party::First, Party::Second] {
        let forgotten = store.backend().forget_decision(trade(1), party).await;
        forgotten.unwrap();
    }
    assert_eq!(store.dump().await.len(), 0);
}

#[tokio::test]
async fn p3_a_late_copy_of_a_decision_changes_nothing_after_all_is_forgotten() {
    let store = Store::open().await;
    let (wire, other) = (Wire::new(), store.backend());
    let backend = store.backend_on(&wire);
    wire.once("PutItem", Fault::Stuck);
    backend.decide(trade(1), Verdict::Commit).await.unwrap();
    for party in [Party::First, Party::Second] {
        other.forget_decision(trade(1), party).await.unwrap();
    }
    let before = store.dump().await;
    wire.deliver_stuck().await;
    assert_eq!(store.dump().await, before);
}

#[tokio::test]
async fn p3_erasing_a_player_leaves_verdicts() {
    let store = Store::open().await;
    let backend = store.backend();
    posted(&backend, &player("p"), &slot("s"), &letter("a", 1)).await;
    backend.decide(trade(1), Verdict::Abort).await.unwrap();
    backend.erase(&player("p")).await.unwrap();
    let stands = backend.decide(trade(1), Verdict::Commit).await.unwrap();
    assert_eq!(stands, Verdict::Abort);
}

#[tokio::test]
async fn s5_a_verdict_that_cannot_be_read_is_corrupt_and_stays() {
    let store = Store::open().await;
    let request = store.client().put_item().table_name(&store.table);
    let request = request
        .item("pk", AttributeValue::S(format!("trade#{}", trade(1))))
        .item("sk", AttributeValue::S("verdict".to_owned()))
        .item("verdict", AttributeValue::S("perhaps".to_owned()));
    request.send().await.unwrap();
    let before = store.dump().await;
    let error = store.backend().decide(trade(1), Verdict::Commit).await;
    let error = error.unwrap_err();
    let found = (error.kind(), error.effect());
    assert_eq!(found, (ErrorKind::Corrupt, Effect::None), "{error}");
    assert_eq!(store.dump().await, before);
}
