//! What `docs/dynamodb.md` says in figures and names is what there is.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};

use playerdata_core::backend::Backend;
use support::{
    scenes::{OTHERS, READS, REPEATABLE, WITHOUT_LOCK, notice},
    wire::{Fault, Wire},
    *,
};

const DOCS: &str = include_str!("../../../docs/dynamodb.md");

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
    let scenes = [REPEATABLE, WITHOUT_LOCK, READS, OTHERS];
    for scene in scenes.into_iter().flatten() {
        called.extend(scene.play_well().await.operations);
    }
    let store = Store::open().await;
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    wire.plan(|_, _| Fault::None);
    backend.check_table().await.unwrap();
    backend.hazards().await.unwrap();
    // A notice that waits.
    backend.notify(&server(1).name, &notice()).await.unwrap();
    let lease = Duration::from_secs(60);
    backend.renew_lease(&server(1), lease).await.unwrap();
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

#[tokio::test]
async fn what_notices_mail_trades_and_versions_cost_is_told() {
    // Read off the meter by the tests of what things cost.
    for row in [
        "| post a letter | 1 `GetItem`, 1 `TransactWriteItems`, 1 `GetItem` | 4 + 2 *L* | 2 |",
        "| discard a letter | 1 `GetItem`, 1 `TransactWriteItems` | 4 + 2 *L* | 1 |",
        "| settle a letter | 1 `UpdateItem`; 2 if it was discarded | 1; 2 | |",
        "| decide a trade, ask for its verdict | 1 `PutItem` | 1 | |",
        "| forget a verdict, both parties | 3 `UpdateItem` | 3 | |",
        "| keep a version, nothing to keep | 3 `GetItem` | | 2 + *R* |",
        "| keep a version | 2 `GetItem`, 1 `TransactWriteItems` | 4 + 4 *S* | 1 + *R* |",
        "| keep a version, the oldest goes | the same | 4 + 6 *S* | 1 + *R* |",
        "| versions | 1 `GetItem` | | 1 |",
        "| version | 1 `GetItem` | | *R* |",
        "| 9, and 2 for each KB begun of each item |",
        "| heartbeat, for each server | 1 `Query`, 1 `UpdateItem` | 1 | 1 |",
        "| heartbeat that brings notices | 1 `DeleteItem` for each, 1 `UpdateItem` more | 2, and 1 for each |",
        "| ask a server for a player | 2 `UpdateItem` | 2 | |",
    ] {
        assert!(DOCS.contains(row), "{row}");
    }
}

/// The first block of code in that language.
fn block(language: &str, with: &str) -> &'static str {
    let fence = format!("```{language}\n");
    let blocks = DOCS.split(&fence).skip(1);
    let mut blocks = blocks.map(|rest| rest.split_once("```").unwrap().0);
    blocks.find(|block| block.contains(with)).unwrap()
}

/// A table as it is described to an infrastructure tool.
#[derive(Debug, PartialEq)]
struct Told {
    name: String,
    billing: String,
    /// Name and type.
    attributes: Vec<[String; 2]>,
    /// Partition key and sort key.
    keys: [String; 2],
    ttl: String,
    recovery: bool,
    protection: bool,
}

fn by_cloudformation() -> Told {
    let template: serde_json::Value = serde_json::from_str(block("json", "AWS::")).unwrap();
    let table = &template["Resources"]["Players"];
    assert_eq!(table["Type"], "AWS::DynamoDB::Table");
    let table = &table["Properties"];
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let attributes = table["AttributeDefinitions"].as_array().unwrap().iter();
    let key = |role: &str| {
        let mut keys = table["KeySchema"].as_array().unwrap().iter();
        text(&keys.find(|key| key["KeyType"] == role).unwrap()["AttributeName"])
    };
    assert_eq!(table["TimeToLiveSpecification"]["Enabled"], true);
    Told {
        name: text(&table["TableName"]),
        billing: text(&table["BillingMode"]),
        attributes: attributes
            .map(|one| [text(&one["AttributeName"]), text(&one["AttributeType"])])
            .collect(),
        keys: [key("HASH"), key("RANGE")],
        ttl: text(&table["TimeToLiveSpecification"]["AttributeName"]),
        recovery: table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] == true,
        protection: table["DeletionProtectionEnabled"] == true,
    }
}

fn by_terraform() -> Told {
    let text = block("hcl", "aws_dynamodb_table");
    // Settings by their block: `name` is one of the table, `ttl.enabled` of
    // its TTL.
    let mut settings = Vec::new();
    let mut within = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_suffix('{') {
            within.push(name.trim());
        } else if line == "}" {
            within.pop().unwrap();
        } else if let Some((name, value)) = line.split_once('=') {
            let path = [&within[1..], &[name.trim()]].concat().join(".");
            settings.push((path, value.trim().trim_matches('"').to_owned()));
        }
    }
    assert!(within.is_empty(), "every block ends");
    let all = |path: &str| {
        let found = settings.iter().filter(|(name, _)| name == path);
        found.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let one = |path: &str| all(path).pop().unwrap();
    assert_eq!(one("ttl.enabled"), "true");
    let names = all("attribute.name").into_iter();
    Told {
        name: one("name"),
        billing: one("billing_mode"),
        attributes: names
            .zip(all("attribute.type"))
            .map(|(name, kind)| [name, kind])
            .collect(),
        keys: [one("hash_key"), one("range_key")],
        ttl: one("ttl.attribute_name"),
        recovery: one("point_in_time_recovery.enabled") == "true",
        protection: one("deletion_protection_enabled") == "true",
    }
}

#[tokio::test]
async fn the_table_that_infrastructure_tools_are_told_of_fits() {
    let told = by_cloudformation();
    assert_eq!(told, by_terraform());
    assert!(told.recovery && told.protection, "it is not a hazard");
    let store = Store::without_table();
    let mut request = store
        .client()
        .create_table()
        .table_name(&store.table)
        .billing_mode(BillingMode::from(told.billing.as_str()));
    for [name, kind] in &told.attributes {
        let definition = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::from(kind.as_str()));
        request = request.attribute_definitions(definition.build().unwrap());
    }
    for (name, role) in told.keys.iter().zip([KeyType::Hash, KeyType::Range]) {
        let key = KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(role);
        request = request.key_schema(key.build().unwrap());
    }
    request.send().await.unwrap();
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(&told.ttl)
        .enabled(true);
    let request = store.client().update_time_to_live();
    let request = request.table_name(&store.table);
    let request = request.time_to_live_specification(ttl.build().unwrap());
    request.send().await.unwrap();
    store.backend().check_table().await.unwrap();
}
