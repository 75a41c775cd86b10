//! Creating the table, and refusing one that does not fit.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{error::Error, time::Duration};

use aws_credential_types::provider::{ProvideCredentials, error::CredentialsError, future};
use aws_sdk_dynamodb::{
    config::Credentials,
    types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
        TimeToLiveSpecification, TimeToLiveStatus,
    },
};
use playerdata_core::backend::{Backend, Effect, ErrorKind, HazardKind, Release};
use playerdata_dynamodb::{DynamoDbBackend, TableFault, UnfitTable};
use support::{
    wire::{Fault, Wire},
    *,
};

/// What is wrong with the store's table, for a backend that must refuse it.
async fn faults(store: &Store) -> Vec<TableFault> {
    let error = store.backend().check_table().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Rejected, Effect::None)
    );
    assert!(error.to_string().contains(&store.table), "{error}");
    let unfit = error.source().unwrap().downcast_ref::<UnfitTable>();
    unfit.unwrap().faults.clone()
}

/// A table with other keys than the backend wants.
async fn create_by_hand(store: &Store, keys: &[(&str, ScalarAttributeType, KeyType)]) {
    let mut request = store
        .client()
        .create_table()
        .table_name(&store.table)
        .billing_mode(BillingMode::PayPerRequest);
    for (name, kind, role) in keys {
        let definition = AttributeDefinition::builder()
            .attribute_name(*name)
            .attribute_type(kind.clone());
        let key = KeySchemaElement::builder()
            .attribute_name(*name)
            .key_type(role.clone());
        request = request
            .attribute_definitions(definition.build().unwrap())
            .key_schema(key.build().unwrap());
    }
    request.send().await.unwrap();
}

#[tokio::test]
async fn a_table_is_created_on_demand_with_its_ttl_on_and_creating_it_again_does_no_harm() {
    let store = Store::without_table();
    let backend = store.backend();
    for _ in 0..2 {
        backend.create_table().await.unwrap();
    }
    backend.check_table().await.unwrap();
    let client = store.client();
    let table = client
        .describe_table()
        .table_name(&store.table)
        .send()
        .await;
    let billing = table.unwrap().table.unwrap().billing_mode_summary.unwrap();
    assert_eq!(billing.billing_mode, Some(BillingMode::PayPerRequest));
    let ttl = client
        .describe_time_to_live()
        .table_name(&store.table)
        .send()
        .await;
    let ttl = ttl.unwrap().time_to_live_description.unwrap();
    assert_eq!(ttl.attribute_name.as_deref(), Some("ttl"));
    let status = ttl.time_to_live_status.unwrap();
    assert!([TimeToLiveStatus::Enabled, TimeToLiveStatus::Enabling].contains(&status));
}

#[tokio::test]
async fn two_servers_may_create_the_table_at_once() {
    let store = Store::without_table();
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    // The other server is first between our look and our creation.
    wire.once(
        "CreateTable",
        Fault::Answered(400, "ResourceInUseException"),
    );
    let (other, ours) = (store.backend(), backend.create_table());
    let (theirs, ours) = tokio::join!(other.create_table(), ours);
    theirs.unwrap();
    ours.unwrap();
}

#[tokio::test]
async fn two_servers_may_switch_the_ttl_on_at_once() {
    let store = Store::without_table();
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    // As the service answers who comes second.
    wire.once(
        "UpdateTimeToLive",
        Fault::AppliedAndAnswered(400, "ValidationException"),
    );
    backend.create_table().await.unwrap();
    // And who has done something else wrong.
    let other = Store::without_table();
    let backend = other.backend_on(&wire);
    wire.once(
        "UpdateTimeToLive",
        Fault::Answered(400, "ValidationException"),
    );
    let error = backend.create_table().await.unwrap_err();
    assert!(error.to_string().contains("ValidationException"), "{error}");
}

#[tokio::test]
async fn a_fault_at_any_call_does_not_keep_a_table_from_being_created() {
    for fault in [
        Fault::AnswerLost,
        Fault::RequestLost,
        Fault::Answered(400, "ThrottlingException"),
        Fault::Answered(500, "InternalServerError"),
        Fault::AppliedAndAnswered(500, "InternalServerError"),
    ] {
        let mut position = 0;
        loop {
            let store = Store::without_table();
            let wire = Wire::new();
            let backend = store.backend_on(&wire);
            wire.at(position, fault);
            let created = backend.create_table().await;
            let at = format!("{fault:?} at call {position}");
            created.unwrap_or_else(|error| panic!("{at}: {error}"));
            store.backend().check_table().await.unwrap();
            position += 1;
            if wire.operations().len() < position {
                break;
            }
        }
        // Describe, create, describe, look at the TTL, set it, check both.
        assert_eq!(position, 8, "{fault:?}");
    }
}

#[tokio::test]
async fn a_missing_table_is_said_to_be_missing() {
    let store = Store::without_table();
    assert_eq!(faults(&store).await, [TableFault::Missing]);
    let error = store.backend().holder(&player("p")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    let dropped = store.backend();
    dropped.create_table().await.unwrap(); // for the store to remove
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_table_is_told_at_once() {
    let store = Store::without_table();
    let keys = [
        ("id", ScalarAttributeType::S, KeyType::Hash),
        ("sk", ScalarAttributeType::N, KeyType::Range),
    ];
    create_by_hand(&store, &keys).await;
    let found = faults(&store).await;
    let told: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "its partition key is \"id\" of type S, and should be \"pk\", a string",
            "its sort key is \"sk\" of type N, and should be \"sk\", a string",
        ]
    );
}

#[tokio::test]
async fn a_table_without_a_sort_key_is_refused() {
    let store = Store::without_table();
    let keys = [("pk", ScalarAttributeType::S, KeyType::Hash)];
    create_by_hand(&store, &keys).await;
    let found = faults(&store).await;
    assert!(
        matches!(
            &found[..],
            [TableFault::Key {
                role: "sort key",
                ..
            }]
        ),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_table_whose_items_would_be_removed_by_another_attribute_is_refused() {
    let store = Store::without_table();
    let keys = [
        ("pk", ScalarAttributeType::S, KeyType::Hash),
        ("sk", ScalarAttributeType::S, KeyType::Range),
    ];
    create_by_hand(&store, &keys).await;
    store.backend().check_table().await.unwrap(); // off is fine
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name("saved_at")
        .enabled(true);
    store
        .client()
        .update_time_to_live()
        .table_name(&store.table)
        .time_to_live_specification(ttl.build().unwrap())
        .send()
        .await
        .unwrap();
    let found = "saved_at".to_owned();
    assert_eq!(faults(&store).await, [TableFault::Ttl { found }]);
}

#[tokio::test]
async fn the_keys_may_have_any_names() {
    let store = Store::without_table();
    let options = store.options().key_names("Partition-Key", "sort.key");
    let config = store.config(&Wire::new()).build();
    let backend = DynamoDbBackend::from_config(config, options).unwrap();
    backend.create_table().await.unwrap();
    let player = player("p");
    acquired(&backend, &player, &claimant(1), None).await;
    let claim = claim(&player, 1, "s", 1);
    opened(&backend, &claim).await;
    let saved = backend.save(&claim, &stamp(0, 1), &body("b")).await;
    assert_eq!(saved.unwrap(), written(0));
    assert_eq!(backend.list(&player).await.unwrap().len(), 1);
    assert_eq!(
        backend.release(&player, session(1)).await.unwrap(),
        Release::Released
    );
    backend.erase(&player).await.unwrap();
    assert_eq!(backend.list(&player).await.unwrap(), []);
}

/// Gives out no credentials, for this reason.
#[derive(Debug)]
struct NoCredentials(fn() -> CredentialsError);

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err((self.0)()))
    }
}

#[tokio::test]
async fn without_credentials_nothing_was_sent_or_applied() {
    for (reason, kind) in [
        (
            (|| CredentialsError::not_loaded("none are configured")) as fn() -> _,
            ErrorKind::Rejected,
        ),
        (
            || CredentialsError::provider_error("it is down"),
            ErrorKind::Unavailable,
        ),
    ] {
        let store = Store::without_table();
        let wire = Wire::new();
        let config = store
            .config(&wire)
            .credentials_provider(NoCredentials(reason));
        let backend = DynamoDbBackend::from_config(config.build(), store.options()).unwrap();
        let error = backend
            .acquire(&player("p"), &claimant(1), None)
            .await
            .unwrap_err();
        let found = (error.kind(), error.effect());
        assert_eq!(found, (kind, Effect::None), "{error}");
        assert_eq!(wire.operations().len(), 0);
    }
}

/// Gives out credentials that any emulator takes, after a while.
#[derive(Debug)]
struct SlowCredentials(Duration);

impl ProvideCredentials for SlowCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            tokio::time::sleep(self.0).await;
            Ok(Credentials::new("test", "test", None, None, "slow"))
        })
    }
}

#[tokio::test]
async fn credentials_may_take_longer_than_an_attempt() {
    let store = Store::open().await;
    let wire = Wire::new();
    let attempt = Duration::from_millis(500);
    let config = store
        .config(&wire)
        .credentials_provider(SlowCredentials(attempt * 4));
    let options = store.options().attempt_timeout(attempt).attempts(1);
    let backend = DynamoDbBackend::from_config(config.build(), options).unwrap();
    acquired(&backend, &player("p"), &claimant(1), None).await;
    assert_eq!(wire.operations().len(), 1);
}

/// What DynamoDB says of a table and its backups, and the hazards in it.
async fn hazards_of(table: &'static str, backups: &'static str) -> Vec<HazardKind> {
    let store = Store::without_table();
    let wire = Wire::new();
    wire.plan(move |_, call| match call.operation.as_str() {
        "DescribeTable" => Fault::Says(table),
        "DescribeContinuousBackups" => Fault::Says(backups),
        _ => Fault::None,
    });
    let hazards = store.backend_on(&wire).hazards().await.unwrap();
    hazards.into_iter().map(|hazard| hazard.kind).collect()
}

const PROTECTED: &str = r#"{"Table":{"TableStatus":"ACTIVE","DeletionProtectionEnabled":true}}"#;
const REPLICATED: &str = r#"{"Table":{"TableStatus":"ACTIVE","DeletionProtectionEnabled":true,
    "Replicas":[{"RegionName":"us-east-1"},{"RegionName":"eu-west-1"}]}}"#;
const ALONE: &str = r#"{"Table":{"TableStatus":"ACTIVE","DeletionProtectionEnabled":true,
    "Replicas":[{"RegionName":"us-east-1"}]}}"#;
const FORMER: &str = r#"{"Table":{"TableStatus":"ACTIVE","DeletionProtectionEnabled":true,
    "GlobalTableVersion":"2017.11.29"}}"#;
const STRONG: &str = r#"{"Table":{"TableStatus":"ACTIVE","MultiRegionConsistency":"STRONG",
    "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},
        {"AttributeName":"sk","AttributeType":"S"}],
    "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
    "Replicas":[{"RegionName":"eu-west-1"}]}}"#;
const RECOVERABLE: &str = r#"{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED",
    "PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"ENABLED"}}}"#;
const NOT_RECOVERABLE: &str = r#"{"ContinuousBackupsDescription":{
    "ContinuousBackupsStatus":"ENABLED",
    "PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"DISABLED"}}}"#;

#[tokio::test]
async fn s13_replicas_and_what_protects_the_table_are_told() {
    use HazardKind::{NoDeletionProtection, NoRecovery, ReplicatedElsewhere};
    let unprotected = r#"{"Table":{"TableStatus":"ACTIVE"}}"#;
    for (table, backups, expected) in [
        (PROTECTED, RECOVERABLE, vec![]),
        (PROTECTED, NOT_RECOVERABLE, vec![NoRecovery]),
        (unprotected, RECOVERABLE, vec![NoDeletionProtection]),
        (REPLICATED, RECOVERABLE, vec![ReplicatedElsewhere]),
        (ALONE, RECOVERABLE, vec![]),
        (FORMER, RECOVERABLE, vec![ReplicatedElsewhere]),
    ] {
        assert_eq!(hazards_of(table, backups).await, expected, "{table}");
    }
    assert!(ReplicatedElsewhere.is_fatal());
}

#[tokio::test]
async fn hazards_are_asked_for_at_every_heartbeat_and_looked_up_once_in_minutes() {
    let store = Store::open().await;
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    wire.plan(|_, call| match call.operation.as_str() {
        "DescribeContinuousBackups" => Fault::Answered(400, "AccessDeniedException"),
        _ => Fault::None,
    });
    for _ in 0..10 {
        let hazards = backend.clone().hazards().await.unwrap();
        let kinds: Vec<_> = hazards.into_iter().map(|hazard| hazard.kind).collect();
        let expected = [HazardKind::NoDeletionProtection, HazardKind::Unknown];
        assert_eq!(kinds, expected, "without the permission to look");
    }
    assert_eq!(
        wire.operations(),
        ["DescribeTable", "DescribeContinuousBackups"]
    );
}

#[tokio::test]
async fn a_global_table_that_takes_no_transactions_is_refused() {
    let store = Store::open().await;
    let wire = Wire::new();
    wire.once("DescribeTable", Fault::Says(STRONG));
    let error = store.backend_on(&wire).check_table().await.unwrap_err();
    let unfit = error.source().unwrap().downcast_ref::<UnfitTable>();
    assert_eq!(unfit.unwrap().faults, [TableFault::StrongConsistency]);
}

#[tokio::test]
async fn a_table_is_protected_if_the_options_say_so_when_it_is_created_and_later() {
    for there_before in [false, true] {
        let store = Store::without_table();
        if there_before {
            store.backend().create_table().await.unwrap();
        }
        let wire = Wire::new();
        // The emulator has no backups.
        wire.plan(|_, call| match call.operation.as_str() {
            "DescribeContinuousBackups" => Fault::Says(NOT_RECOVERABLE),
            "UpdateContinuousBackups" => Fault::Says(RECOVERABLE),
            _ => Fault::None,
        });
        let options = store
            .options()
            .point_in_time_recovery(true)
            .deletion_protection(true);
        let config = store.config(&wire).build();
        let backend = DynamoDbBackend::from_config(config, options).unwrap();
        backend.create_table().await.unwrap();
        let switched = wire.calls().into_iter().find_map(|call| {
            let recovery = &call.body["PointInTimeRecoverySpecification"];
            recovery["PointInTimeRecoveryEnabled"].as_bool()
        });
        assert_eq!(switched, Some(true));
        let client = store.client();
        let table = client.describe_table().table_name(&store.table);
        let table = table.send().await.unwrap().table.unwrap();
        assert_eq!(table.deletion_protection_enabled, Some(true));
        // For the store to remove it.
        let unprotect = client.update_table().table_name(&store.table);
        let unprotect = unprotect.deletion_protection_enabled(false);
        unprotect.send().await.unwrap();
    }
}
