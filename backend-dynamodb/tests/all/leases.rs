//! Leases by the servers' clocks, and notices.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use playerdata_core::{
    Incarnation, ManualClock, ServerId,
    backend::{
        Backend, INCARNATION_MEMORY, MAX_NOTICES, Notice, NoticeKind, Notification, Renewal,
    },
};
use playerdata_dynamodb::DynamoDbBackend;
use support::{
    scenes::notice,
    wire::{Fault, Wire},
    *,
};
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(60);
const SKEW: Duration = Duration::from_secs(5);
const MILLI: Duration = Duration::from_millis(1);

/// The notices of a renewal that must succeed.
async fn renewed(backend: &DynamoDbBackend, server: &ServerId) -> Vec<Notice> {
    match backend.renew_lease(server, LEASE).await.unwrap() {
        Renewal::Renewed { notices } => notices,
        Renewal::Superseded { by } => panic!("superseded by {by}"),
    }
}

#[tokio::test]
async fn l2_a_lease_lapses_when_it_is_over_and_the_allowance_for_skew_has_passed_too() {
    let store = Store::open().await;
    let options = store.options().max_clock_skew(SKEW);
    let config = store.config(&Wire::new()).build();
    let backend = DynamoDbBackend::from_config(config, options).unwrap();
    renewed(&backend, &server(1)).await;
    store.clock.advance(LEASE + SKEW - MILLI);
    assert!(backend.lease_is_live(&server(1)).await.unwrap());
    store.clock.advance(MILLI);
    assert!(!backend.lease_is_live(&server(1)).await.unwrap());
}

#[tokio::test]
async fn l10_a_server_whose_clock_is_behind_by_less_than_the_allowance_keeps_its_lease() {
    let store = Store::open().await;
    let (behind, ahead) = (Store::open().await.clock.clone(), store.clock.clone());
    ahead.advance(SKEW - MILLI);
    let backend = |clock| {
        let options = store.options().max_clock_skew(SKEW).clock(clock);
        DynamoDbBackend::from_config(store.config(&Wire::new()).build(), options).unwrap()
    };
    let (holder, other) = (backend(behind.clone()), backend(ahead.clone()));
    renewed(&holder, &server(1)).await;
    for _ in 0..3 {
        for clock in [&behind, &ahead] {
            clock.advance(LEASE);
        }
        assert!(other.lease_is_live(&server(1)).await.unwrap());
        renewed(&holder, &server(1)).await;
    }
}

#[tokio::test]
async fn the_ttl_attribute_lets_a_lease_be_tidied_away_only_after_its_incarnation_may_be_forgotten()
{
    let store = Store::open().await;
    let backend = store.backend();
    renewed(&backend, &server(1)).await;
    let item = &store.dump().await[0];
    let seconds = (NOW.get() + 60_000) / 1_000 + INCARNATION_MEMORY.as_secs();
    assert_eq!(
        item["ttl"],
        format!("{:?}", AttributeValue::N(seconds.to_string()))
    );
    backend.drop_lease(&server(1)).await.unwrap();
    let item = &store.dump().await[0];
    let seconds = NOW.get() / 1_000 + INCARNATION_MEMORY.as_secs();
    assert_eq!(
        item["ttl"],
        format!("{:?}", AttributeValue::N(seconds.to_string()))
    );
    assert!(item.contains_key("incarnation") && !item.contains_key("expires_at"));
    // A notice for a server that never was goes the same way.
    backend.notify(&server(2).name, &notice()).await.unwrap();
    assert!(
        store
            .dump()
            .await
            .iter()
            .all(|item| item.contains_key("ttl"))
    );
}

#[tokio::test]
async fn l7_a_superseded_incarnation_renews_no_more_also_when_the_later_one_is_gone() {
    let store = Store::open().await;
    let backend = store.backend();
    let [former, later] = [1, 2].map(|number| ServerId {
        name: server(1).name,
        incarnation: Incarnation::from_uuid(Uuid::from_u128(number << 64)),
    });
    renewed(&backend, &former).await;
    renewed(&backend, &later).await;
    let superseded = Renewal::Superseded {
        by: later.incarnation,
    };
    assert_eq!(
        backend.renew_lease(&former, LEASE).await.unwrap(),
        superseded
    );
    backend.drop_lease(&former).await.unwrap();
    assert!(backend.lease_is_live(&later).await.unwrap());
    backend.drop_lease(&later).await.unwrap();
    assert_eq!(
        backend.renew_lease(&former, LEASE).await.unwrap(),
        superseded
    );
}

#[tokio::test]
async fn notices_wait_in_their_order_up_to_the_most_and_are_drained_once() {
    let store = Store::open().await;
    let backend = store.backend();
    let name = server(1).name;
    let of = |number: u128| Notice {
        session: session(number),
        ..notice()
    };
    for number in 0..MAX_NOTICES as u128 {
        let queued = backend.notify(&name, &of(number)).await.unwrap();
        assert_eq!(queued, Notification::Queued, "{number}");
    }
    let one_more = backend.notify(&name, &of(MAX_NOTICES as u128)).await;
    assert_eq!(one_more.unwrap(), Notification::Full);
    let expected: Vec<_> = (0..MAX_NOTICES as u128).map(of).collect();
    assert_eq!(renewed(&backend, &server(1)).await, expected);
    assert_eq!(renewed(&backend, &server(1)).await, []);
    let queued = backend.notify(&name, &of(0)).await.unwrap();
    assert_eq!(queued, Notification::Queued);
}

/// Changes an item by hand.
async fn change(store: &Store, key: [&str; 2], update: &str, value: AttributeValue) {
    let [partition, sort] = key.map(|key| AttributeValue::S(key.to_owned()));
    let request = store.client().update_item().table_name(&store.table);
    let request = request.key("pk", partition).key("sk", sort);
    let request = request
        .update_expression(update)
        .expression_attribute_values(":value", value);
    request.send().await.unwrap();
}

#[tokio::test]
async fn a_notice_that_can_not_be_understood_costs_the_server_nothing_else() {
    let store = Store::open().await;
    let backend = store.backend();
    let taken = Notice {
        kind: NoticeKind::Taken,
        ..notice()
    };
    for notice in [notice(), notice(), taken.clone()] {
        backend.notify(&server(1).name, &notice).await.unwrap();
    }
    let key = ["notices#server-1", "notice#00000000000000000002"];
    let newer = AttributeValue::S("dance p s".to_owned());
    change(&store, key, "SET notice = :value", newer).await;
    assert_eq!(renewed(&backend, &server(1)).await, [notice(), taken]);
    assert_eq!(renewed(&backend, &server(1)).await, []);
    assert!(backend.lease_is_live(&server(1)).await.unwrap());
}

#[tokio::test]
async fn a_lease_of_a_former_version_lives_and_the_notices_in_it_are_drained_first() {
    let store = Store::open().await;
    let backend = store.backend();
    let key = ["server#server-1", "lease"];
    let text = |text: String| AttributeValue::S(text);
    let by = server(1).incarnation.to_string();
    change(&store, key, "SET incarnation = :value", text(by)).await;
    let end = AttributeValue::N((NOW.get() + 60_000).to_string());
    change(&store, key, "SET expires_at = :value", end).await;
    let line = format!(
        "hand-over p {} server-2 {}",
        session(1),
        server(2).incarnation
    );
    let list = AttributeValue::L(vec![text(line), text("dance p s".to_owned())]);
    change(&store, key, "SET notices = :value", list).await;
    let taken = Notice {
        kind: NoticeKind::Taken,
        ..notice()
    };
    backend.notify(&server(1).name, &taken).await.unwrap();
    assert!(backend.lease_is_live(&server(1)).await.unwrap());
    assert_eq!(renewed(&backend, &server(1)).await, [notice(), taken]);
    assert_eq!(renewed(&backend, &server(1)).await, []);
}

#[tokio::test]
async fn numbers_that_no_notice_was_written_under_are_given_out_again() {
    let store = Store::open().await;
    let backend = store.backend();
    // Whoever drew them died before it wrote anything.
    let key = ["notices#server-1", "notice"];
    let most = || AttributeValue::N(MAX_NOTICES.to_string());
    change(&store, key, "SET drawn = :value", most()).await;
    change(&store, key, "SET room_to = :value", most()).await;
    let full = backend.notify(&server(1).name, &notice()).await.unwrap();
    assert_eq!(full, Notification::Full);
    assert_eq!(renewed(&backend, &server(1)).await, []);
    let queued = backend.notify(&server(1).name, &notice()).await.unwrap();
    assert_eq!(queued, Notification::Queued);
    assert_eq!(renewed(&backend, &server(1)).await, [notice()]);
}

#[tokio::test]
async fn l10_a_lease_that_was_written_by_a_clock_far_ahead_is_not_believed() {
    const YEAR: Duration = Duration::from_secs(364 * 24 * 60 * 60);
    let store = Store::open().await;
    let ahead = Arc::new(ManualClock::starting_at(NOW));
    ahead.advance(YEAR);
    let options = store.options().max_clock_skew(SKEW).clock(ahead);
    let config = store.config(&Wire::new()).build();
    let wrong = DynamoDbBackend::from_config(config, options).unwrap();
    renewed(&wrong, &server(1)).await;
    assert!(wrong.lease_is_live(&server(1)).await.unwrap());
    assert!(!store.backend().lease_is_live(&server(1)).await.unwrap());
}

#[tokio::test]
async fn l10_a_lease_is_kept_by_the_services_clock_when_a_servers_is_wrong() {
    const HOUR: i64 = 3_600;
    let store = Store::open().await;
    let right = Arc::new(ManualClock::starting_at(NOW));
    right.advance(Duration::from_secs(3_600));
    let options = store.options().max_clock_skew(SKEW);
    let backend = |wire: &Wire, options| {
        DynamoDbBackend::from_config(store.config(wire).build(), options).unwrap()
    };
    let wire = Wire::new();
    wire.plan(|_, _| Fault::Ahead(HOUR));
    let behind = backend(&wire, options.clone());
    let other = backend(&Wire::new(), options.clock(right.clone()));
    // The very first renewal learns it.
    renewed(&behind, &server(1)).await;
    assert!(other.lease_is_live(&server(1)).await.unwrap());
    renewed(&other, &server(2)).await;
    assert!(behind.lease_is_live(&server(2)).await.unwrap());
    right.advance(LEASE + SKEW + SKEW);
    assert!(!other.lease_is_live(&server(1)).await.unwrap());
}
