//! Leases by the servers' clocks, and notices.
#![allow(clippy::unwrap_used)] // what a test can't go on without

mod support;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use playerdata_core::{
    Incarnation, ServerId,
    backend::{
        Backend, INCARNATION_MEMORY, MAX_NOTICES, Notice, NoticeKind, Notification, Renewal,
    },
};
use playerdata_dynamodb::DynamoDbBackend;
use support::{scenes::notice, wire::Wire, *};
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

#[tokio::test]
async fn a_notice_that_can_not_be_understood_costs_the_server_nothing_else() {
    let store = Store::open().await;
    let backend = store.backend();
    backend.notify(&server(1).name, &notice()).await.unwrap();
    let newer = AttributeValue::L(vec![AttributeValue::S("dance p s".to_owned())]);
    store
        .client()
        .update_item()
        .table_name(&store.table)
        .key("pk", AttributeValue::S("server#server-1".to_owned()))
        .key("sk", AttributeValue::S("lease".to_owned()))
        .update_expression("SET notices = list_append(:newer, notices)")
        .expression_attribute_values(":newer", newer)
        .send()
        .await
        .unwrap();
    let taken = Notice {
        kind: NoticeKind::Taken,
        ..notice()
    };
    backend.notify(&server(1).name, &taken).await.unwrap();
    assert_eq!(renewed(&backend, &server(1)).await, [notice(), taken]);
    assert!(backend.lease_is_live(&server(1)).await.unwrap());
}
