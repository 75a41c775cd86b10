//! The table: creating it, and saying what is wrong with one that does not
//! fit.

use std::{fmt, time::Duration};

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType,
        PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, ScalarAttributeType,
        TableDescription, TableStatus, TimeToLiveDescription, TimeToLiveSpecification,
        TimeToLiveStatus,
    },
};
use playerdata_core::backend::{BackendError, Effect, ErrorKind, Result};
use thiserror::Error;

use crate::{
    hazards,
    item::attr,
    resend::{Nature, Request},
    table::{Table, unconditional},
};

/// How long a table may take until it can be used.
const CREATION_TAKES_AT_MOST: Duration = Duration::from_secs(120);

/// How often a table is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A table that can't be used, and everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub struct UnfitTable {
    /// The name of the table.
    pub table: String,
    /// What is wrong with it.
    pub faults: Vec<TableFault>,
}

impl fmt::Display for UnfitTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {:?} can't be used", self.table)?;
        let mut before = ": ";
        for fault in &self.faults {
            write!(f, "{before}{fault}")?;
            before = "; ";
        }
        Ok(())
    }
}

/// Something that is wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TableFault {
    /// There is no such table in this account and region.
    #[error("there is none of that name in this account and region")]
    Missing,
    /// It can't be used now.
    #[error("its status is {0}")]
    Inactive(String),
    /// A key is not the one that the backend is set up for.
    #[error("its {role} is {found}, and should be {wanted:?}, a string")]
    Key {
        /// `partition key` or `sort key`.
        role: &'static str,
        /// What it is.
        found: String,
        /// What it should be.
        wanted: String,
    },
    /// It is a global table with strong consistency, which has no
    /// transactions, and opening a slot is one.
    #[error("it is a global table with strong consistency, which takes no transactions")]
    StrongConsistency,
    /// DynamoDB would remove items by an attribute that does not say that
    /// they may go.
    #[error("its TTL attribute is {found:?}: it should be {:?}, or off", attr::TTL)]
    Ttl {
        /// The attribute that is set.
        found: String,
    },
}

/// See [`DynamoDbBackend::check_table`](crate::DynamoDbBackend::check_table).
pub(crate) async fn check(table: &Table) -> Result<()> {
    let mut faults = match describe(table).await? {
        None => vec![TableFault::Missing],
        Some(description) => {
            let regions = hazards::other_regions(table, &description);
            if !regions.is_empty() {
                tracing::warn!(
                    table = table.name,
                    ?regions,
                    "the table has replicas: no two regions may hold the same player"
                );
            }
            faults_of(table, &description)
        }
    };
    if !faults.contains(&TableFault::Missing) {
        let (ttl, on) = time_to_live(table).await?;
        match ttl {
            Some(found) if on && found != attr::TTL => faults.push(TableFault::Ttl { found }),
            _ if !on => tracing::warn!(
                table = table.name,
                "TTL is off: expired items stay in the table"
            ),
            _ => {}
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let unfit = UnfitTable {
        table: table.name.clone(),
        faults,
    };
    Err(BackendError::new(ErrorKind::Rejected, Effect::None, unfit.to_string()).with_source(unfit))
}

/// Describes the table; `None` if there is none.
pub(crate) async fn describe(table: &Table) -> Result<Option<TableDescription>> {
    let request = table.client.describe_table().table_name(&table.name);
    let call = on_table("describe the table", Nature::Read);
    let answer = table.send(call, || {
        let request = request.clone();
        async move {
            match request.send().await {
                Err(error) => match error.as_service_error() {
                    Some(failure) if failure.is_resource_not_found_exception() => Ok(None),
                    _ => Err(error),
                },
                Ok(done) => Ok(done.table),
            }
        }
    });
    unconditional(answer.await?, call)
}

/// What is wrong with a table as it describes itself.
fn faults_of(table: &Table, description: &TableDescription) -> Vec<TableFault> {
    let mut faults = Vec::new();
    match description.table_status() {
        None | Some(TableStatus::Active | TableStatus::Updating) => {}
        Some(status) => faults.push(TableFault::Inactive(status.to_string())),
    }
    if hazards::is_strong(description) {
        faults.push(TableFault::StrongConsistency);
    }
    for (role, key_type, wanted) in [
        ("partition key", KeyType::Hash, &table.partition_key),
        ("sort key", KeyType::Range, &table.sort_key),
    ] {
        let key = description
            .key_schema()
            .iter()
            .find(|key| key.key_type == key_type);
        let name = key.map(|key| key.attribute_name.as_str());
        let definition = description
            .attribute_definitions()
            .iter()
            .find(|definition| Some(definition.attribute_name.as_str()) == name);
        let kind = definition.map(|definition| &definition.attribute_type);
        if name != Some(wanted.as_str()) || kind != Some(&ScalarAttributeType::S) {
            let found = match (name, kind) {
                (Some(name), Some(kind)) => format!("{name:?} of type {kind}"),
                (Some(name), None) => format!("{name:?}"),
                (None, _) => "missing".to_owned(),
            };
            faults.push(TableFault::Key {
                role,
                found,
                wanted: wanted.clone(),
            });
        }
    }
    faults
}

/// The table's TTL attribute, and whether it is on, or about to be.
async fn time_to_live(table: &Table) -> Result<(Option<String>, bool)> {
    let request = table.client.describe_time_to_live().table_name(&table.name);
    let call = on_table("describe the TTL of the table", Nature::Read);
    let answer = table.send(call, || request.clone().send()).await?;
    let ttl = unconditional(answer, call)?.time_to_live_description;
    let on = |ttl: &TimeToLiveDescription| {
        matches!(
            ttl.time_to_live_status(),
            Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
        )
    };
    Ok((
        ttl.as_ref().and_then(|ttl| ttl.attribute_name.clone()),
        ttl.as_ref().is_some_and(on),
    ))
}

/// How a table is protected that is created.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Protection {
    /// By point-in-time recovery.
    pub(crate) recovery: bool,
    /// From being deleted.
    pub(crate) deletion: bool,
}

/// See [`DynamoDbBackend::create_table`](crate::DynamoDbBackend::create_table).
pub(crate) async fn create(table: &Table, protection: Protection) -> Result<()> {
    if describe(table).await?.is_none() {
        create_missing(table, protection).await?;
    }
    let description = wait_until_ready(table).await?;
    if protection.deletion && description.deletion_protection_enabled != Some(true) {
        protect_from_deletion(table).await?;
    }
    let (_, on) = time_to_live(table).await?;
    if !on && let Err(error) = switch_ttl_on(table).await {
        // DynamoDB refuses to switch on what is on: by another server, or by
        // an attempt of ours whose answer was lost.
        let (_, on) = time_to_live(table).await?;
        if !on {
            return Err(error);
        }
    }
    if protection.recovery && !has_recovery(table).await? {
        switch_recovery_on(table).await?;
    }
    check(table).await
}

/// Waits until a table that was asked for can be used.
async fn wait_until_ready(table: &Table) -> Result<TableDescription> {
    let is_ready = async {
        loop {
            match describe(table).await? {
                Some(found) if found.table_status == Some(TableStatus::Active) => return Ok(found),
                _ => {}
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let in_time = tokio::time::timeout(CREATION_TAKES_AT_MOST, is_ready).await;
    in_time.unwrap_or_else(|source| {
        let what = format!("table {:?} did not become ready", table.name);
        Err(BackendError::new(ErrorKind::Unavailable, Effect::Possible, what).with_source(source))
    })
}

/// Asks for the table. That another server asked first is fine.
async fn create_missing(table: &Table, protection: Protection) -> Result<()> {
    let mut request = table
        .client
        .create_table()
        .table_name(&table.name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_deletion_protection_enabled(protection.deletion.then_some(true));
    for (name, key_type) in [
        (&table.partition_key, KeyType::Hash),
        (&table.sort_key, KeyType::Range),
    ] {
        let definition = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build();
        let key = KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(key_type)
            .build();
        request = request
            .attribute_definitions(definition.map_err(incomplete)?)
            .key_schema(key.map_err(incomplete)?);
    }
    let call = on_table("create the table", Nature::Repeatable);
    let answer = table.send(call, || {
        let request = request.clone();
        async move {
            match request.send().await {
                Err(error) => match error.as_service_error() {
                    Some(failure) if failure.is_resource_in_use_exception() => Ok(()),
                    _ => Err(error),
                },
                Ok(_) => Ok(()),
            }
        }
    });
    unconditional(answer.await?, call)
}

async fn switch_ttl_on(table: &Table) -> Result<()> {
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(attr::TTL)
        .enabled(true)
        .build()
        .map_err(incomplete)?;
    let request = table
        .client
        .update_time_to_live()
        .table_name(&table.name)
        .time_to_live_specification(ttl);
    let call = on_table("switch the TTL of the table on", Nature::Repeatable);
    let answer = table.send(call, || request.clone().send()).await?;
    unconditional(answer, call).map(drop)
}

async fn protect_from_deletion(table: &Table) -> Result<()> {
    let request = table
        .client
        .update_table()
        .table_name(&table.name)
        .deletion_protection_enabled(true);
    let call = on_table("protect the table", Nature::Repeatable);
    let answer = table.send(call, || request.clone().send()).await?;
    unconditional(answer, call).map(drop)
}

/// Whether the table can be taken back to any second of the last weeks.
pub(crate) async fn has_recovery(table: &Table) -> Result<bool> {
    let request = table
        .client
        .describe_continuous_backups()
        .table_name(&table.name);
    let call = on_table("describe the backups of the table", Nature::Read);
    let answer = table.send(call, || request.clone().send()).await?;
    let backups = unconditional(answer, call)?.continuous_backups_description;
    let recovery = backups.and_then(|backups| backups.point_in_time_recovery_description);
    let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
    Ok(status == Some(PointInTimeRecoveryStatus::Enabled))
}

async fn switch_recovery_on(table: &Table) -> Result<()> {
    let recovery = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(true)
        .build()
        .map_err(incomplete)?;
    let request = table
        .client
        .update_continuous_backups()
        .table_name(&table.name)
        .point_in_time_recovery_specification(recovery);
    let call = on_table("switch the recovery of the table on", Nature::Repeatable);
    let answer = table.send(call, || request.clone().send()).await?;
    unconditional(answer, call).map(drop)
}

/// A call about the table itself.
fn on_table(what: &'static str, nature: Nature) -> Request<'static> {
    Request {
        what,
        key: None,
        nature,
    }
}

fn incomplete(source: BuildError) -> BackendError {
    BackendError::new(ErrorKind::Rejected, Effect::None, "incomplete request").with_source(source)
}
