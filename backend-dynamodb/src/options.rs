//! How the backend is set up.

use std::{sync::Arc, time::Duration};

use playerdata_core::{
    Clock, SystemClock,
    backend::{BackendError, Effect, ErrorKind, Result},
};

use crate::{item::attr, schema::Protection};

/// The longest name of a key attribute that DynamoDB takes.
const MAX_KEY_NAME_BYTES: usize = 255;

/// How a [`DynamoDbBackend`](crate::DynamoDbBackend) is set up.
///
/// ```
/// use std::time::Duration;
///
/// use playerdata_dynamodb::DynamoDbOptions;
///
/// let options = DynamoDbOptions::new("players").max_clock_skew(Duration::from_secs(2));
/// assert_eq!(options.table(), "players");
/// ```
#[derive(Clone, Debug)]
pub struct DynamoDbOptions {
    pub(crate) table: String,
    pub(crate) partition_key: String,
    pub(crate) sort_key: String,
    pub(crate) max_clock_skew: Duration,
    pub(crate) attempts: usize,
    pub(crate) attempt_timeout: Duration,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) protection: Protection,
}

impl DynamoDbOptions {
    /// The table of that name, with the defaults for everything else.
    #[must_use]
    pub fn new(table: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            partition_key: "pk".to_owned(),
            sort_key: "sk".to_owned(),
            max_clock_skew: Duration::from_secs(5),
            attempts: 4,
            attempt_timeout: Duration::from_secs(3),
            clock: Arc::new(SystemClock),
            protection: Protection::default(),
        }
    }

    /// The name of the table.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The names of the table's partition key and sort key; `pk` and `sk` by
    /// default. Both keys are strings.
    #[must_use]
    pub fn key_names(
        mut self,
        partition_key: impl Into<String>,
        sort_key: impl Into<String>,
    ) -> Self {
        self.partition_key = partition_key.into();
        self.sort_key = sort_key.into();
        self
    }

    /// By how much the clocks of two servers may differ; 5 seconds by default.
    ///
    /// A lease counts as lapsed only when this much has passed since its end
    /// by the clock of the server that looks at it: so a crashed server's
    /// players come back this much later, and a clock that is wrong by less
    /// costs no living server its players.
    #[must_use]
    pub fn max_clock_skew(mut self, max_clock_skew: Duration) -> Self {
        self.max_clock_skew = max_clock_skew;
        self
    }

    /// How often a call is sent at most before it fails; 4 by default, at
    /// least 1. The backend sends again by itself, with growing and jittered
    /// pauses, and switches the SDK's own resending off: only who sees every
    /// attempt knows whether one of them may have been applied. A call that
    /// only met another on its item is sent again a dozen times besides. None
    /// is sent again after its caller has given it up, and all calls of a
    /// client share a budget: 10 resends in a row, and one more for every 4
    /// answers.
    #[must_use]
    pub fn attempts(mut self, attempts: usize) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// How long one attempt may take once it is sent, after the credentials
    /// are there; 3 seconds by default. An attempt timeout set in the SDK's own
    /// configuration goes first.
    #[must_use]
    pub fn attempt_timeout(mut self, attempt_timeout: Duration) -> Self {
        self.attempt_timeout = attempt_timeout;
        self
    }

    /// The clock that leases are kept by; the operating system's by default.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Whether [`create_table`](crate::DynamoDbBackend::create_table) takes
    /// care of it that the table has point-in-time recovery, which is charged
    /// by its size; off by default. A table without it is a hazard
    /// ([`HazardKind::NoRecovery`](playerdata_core::backend::HazardKind::NoRecovery)).
    #[must_use]
    pub fn point_in_time_recovery(mut self, on: bool) -> Self {
        self.protection.recovery = on;
        self
    }

    /// Whether [`create_table`](crate::DynamoDbBackend::create_table) takes
    /// care of it that the table can't be deleted before somebody has taken
    /// that protection off; off by default. A table without it is a hazard
    /// ([`HazardKind::NoDeletionProtection`](playerdata_core::backend::HazardKind::NoDeletionProtection)).
    #[must_use]
    pub fn deletion_protection(mut self, on: bool) -> Self {
        self.protection.deletion = on;
        self
    }

    /// Refuses key names that can't work.
    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |why: String| {
            Err(BackendError::new(
                ErrorKind::Rejected,
                Effect::None,
                format!("table {:?}: {why}", self.table),
            ))
        };
        for name in [&self.partition_key, &self.sort_key] {
            if name.is_empty() || name.len() > MAX_KEY_NAME_BYTES {
                return refuse(format!(
                    "{name:?} can't name a key: a name takes 1 to {MAX_KEY_NAME_BYTES} bytes"
                ));
            }
            if attr::ALL.contains(&name.as_str()) || name.starts_with(attr::WAITING_PREFIX) {
                return refuse(format!(
                    "{name:?} can't name a key: the backend has an attribute of that name"
                ));
            }
        }
        if self.partition_key == self.sort_key {
            return refuse(format!("both keys are named {:?}", self.sort_key));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_names_that_can_not_work_are_refused() {
        let with = |partition: &str, sort: &str| {
            DynamoDbOptions::new("t")
                .key_names(partition, sort)
                .check()
                .map_err(|error| error.to_string())
        };
        assert_eq!(with("PK", "SK"), Ok(()));
        assert!(with("a", "a").unwrap_err().contains("both keys"));
        assert!(with("session", "a").unwrap_err().contains("\"session\""));
        assert!(with("a", "").unwrap_err().contains("1 to 255"));
        assert!(with("a", &"k".repeat(256)).is_err());
    }
}
