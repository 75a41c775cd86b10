//! How the table itself could lose what it acknowledged.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::types::{MultiRegionConsistency, TableDescription};
use parking_lot::Mutex;
use playerdata_core::backend::{BackendError, Effect, ErrorKind, Hazard, HazardKind, Result};
use tokio::time::Instant;

use crate::{schema, table::Table};

/// How long an answer is good for: a manager asks at every heartbeat, and what
/// is asked for changes when an operator changes it.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// The version of global tables that lists its replicas elsewhere.
const FORMER_GLOBAL_TABLES: &str = "2017.11.29";

/// The last answer. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hazards(Arc<Mutex<Option<Answer>>>);

/// What was found, and when.
#[derive(Clone, Debug)]
struct Answer {
    at: Instant,
    hazards: Vec<Hazard>,
}

impl Hazards {
    /// See [`Backend::hazards`](playerdata_core::backend::Backend::hazards).
    pub(crate) async fn of(&self, table: &Table) -> Result<Vec<Hazard>> {
        let last = self.0.lock().clone();
        if let Some(last) = last
            && last.at.elapsed() < FRESH
        {
            return Ok(last.hazards);
        }
        let hazards = look(table).await?;
        *self.0.lock() = Some(Answer {
            at: Instant::now(),
            hazards: hazards.clone(),
        });
        Ok(hazards)
    }
}

async fn look(table: &Table) -> Result<Vec<Hazard>> {
    let Some(description) = schema::describe(table).await? else {
        let what = format!("there is no table {:?}", table.name);
        return Err(BackendError::new(ErrorKind::Rejected, Effect::None, what));
    };
    let mut hazards = Vec::new();
    let regions = other_regions(table, &description);
    if !regions.is_empty() {
        let what = format!(
            "table {:?} has replicas in {}, and each region sees the other's writes late: servers \
             of both that hold the same player overwrite each other's saves",
            table.name,
            regions.join(", ")
        );
        hazards.push(Hazard::new(HazardKind::ReplicatedElsewhere, what));
    }
    if description.deletion_protection_enabled != Some(true) {
        let what = format!(
            "table {:?} can be deleted by a single call: switch its deletion protection on",
            table.name
        );
        hazards.push(Hazard::new(HazardKind::NoDeletionProtection, what));
    }
    match schema::has_recovery(table).await {
        Ok(true) => {}
        Ok(false) => {
            let what = format!(
                "table {:?} can't be restored to a time before an accident: switch its \
                 point-in-time recovery on",
                table.name
            );
            hazards.push(Hazard::new(HazardKind::NoRecovery, what));
        }
        Err(error) if error.kind() == ErrorKind::Rejected => {
            let what = format!(
                "can't find out whether table {:?} has point-in-time recovery, for which \
                 dynamodb:DescribeContinuousBackups is needed: {error}",
                table.name
            );
            hazards.push(Hazard::new(HazardKind::Unknown, what));
        }
        Err(error) => return Err(error),
    }
    Ok(hazards)
}

/// The other regions that have the table, as it describes itself.
pub(crate) fn other_regions(table: &Table, description: &TableDescription) -> Vec<String> {
    let ours = table.client.config().region().map(AsRef::as_ref);
    let replicas = description.replicas().iter();
    let mut regions: Vec<_> = replicas
        .filter_map(|replica| replica.region_name())
        .filter(|&region| Some(region) != ours)
        .map(str::to_owned)
        .collect();
    if regions.is_empty() && description.global_table_version() == Some(FORMER_GLOBAL_TABLES) {
        regions.push("other regions".to_owned());
    }
    regions
}

/// Whether all regions agree on each write before it is acknowledged.
pub(crate) fn is_strong(description: &TableDescription) -> bool {
    description.multi_region_consistency == Some(MultiRegionConsistency::Strong)
}
