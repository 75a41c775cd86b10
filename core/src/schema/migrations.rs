//! Bringing documents of older schemas to the current one, step by step.

use std::{
    any::Any,
    collections::BTreeMap,
    error::Error,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use serde_json::Value;

use super::{MigrationError, MigrationsError, StepError};
use crate::excerpt::message_excerpt;

type Step = Arc<dyn Fn(&mut Value) -> Result<(), StepError> + Send + Sync>;

/// The game's schema versions: the current one, and the steps that lead to
/// it. The default is version 1, without steps.
///
/// ```
/// use playerdata_core::Migrations;
/// use serde_json::json;
/// # use std::convert::Infallible;
///
/// let migrations = Migrations::builder(2)
///     .step(1, |document| {
///         document["Level"] = json!(1);
///         Ok::<_, Infallible>(())
///     })
///     .build()?;
/// let migrated = migrations.apply(json!({"Currency": 500}), 1)?;
/// assert_eq!(migrated, json!({"Currency": 500, "Level": 1}));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Migrations {
    /// The first leads from version 1 to 2, and so on without gaps.
    steps: Vec<Step>,
    current: u32,
}

impl Default for Migrations {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            current: 1,
        }
    }
}

impl fmt::Debug for Migrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrations")
            .field("current", &self.current)
            .finish_non_exhaustive()
    }
}

impl Migrations {
    /// Migrations that lead to version `current`, with a step for each
    /// version before it.
    pub fn builder(current: u32) -> MigrationsBuilder {
        MigrationsBuilder {
            current,
            steps: BTreeMap::new(),
            double: None,
        }
    }

    /// The version that documents are written with.
    #[must_use]
    pub fn current(&self) -> u32 {
        self.current
    }

    /// Brings a document of version `from` to the current one. One
    /// that is current comes back as it is.
    ///
    /// # Errors
    ///
    /// [`MigrationError`] if the version is newer than the current one, or a
    /// step fails or panics. What the steps before it did is gone with the
    /// document given; the stored body is untouched.
    pub fn apply(&self, mut document: Value, from: u32) -> Result<Value, MigrationError> {
        if from > self.current {
            return Err(MigrationError::SchemaTooNew {
                found: from,
                known: self.current,
            });
        }
        if from == 0 {
            return Err(MigrationError::NoSchema);
        }
        for (version, step) in (1..self.current).zip(&self.steps) {
            if version >= from {
                run(version, step, &mut document)?;
            }
        }
        Ok(document)
    }
}

/// A step may panic: the document that it was at is dropped, so nobody sees
/// it half changed.
fn run(from: u32, step: &Step, document: &mut Value) -> Result<(), MigrationError> {
    match catch_unwind(AssertUnwindSafe(|| step(document))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(source)) => Err(MigrationError::StepFailed { from, source }),
        Err(payload) => Err(MigrationError::StepPanicked {
            from,
            message: message_excerpt(panic_message(&*payload)),
        }),
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    if let Some(message) = payload.downcast_ref::<&str>() {
        message
    } else if let Some(message) = payload.downcast_ref::<String>() {
        message
    } else {
        "no message"
    }
}

/// Collects the steps of [`Migrations`].
#[must_use = "it has no effect until it is built"]
pub struct MigrationsBuilder {
    current: u32,
    steps: BTreeMap<u32, Step>,
    double: Option<u32>,
}

impl fmt::Debug for MigrationsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MigrationsBuilder")
            .field("current", &self.current)
            .field("steps", &self.steps.keys())
            .finish_non_exhaustive()
    }
}

impl MigrationsBuilder {
    /// The step from version `from` to the one after it.
    ///
    /// It gets the document as JSON, and may refuse it with an error of its
    /// own, which [`MigrationError::StepFailed`] carries.
    pub fn step<E>(
        mut self,
        from: u32,
        step: impl Fn(&mut Value) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let step: Step = Arc::new(move |document| step(document).map_err(StepError::new));
        if self.steps.insert(from, step).is_some() {
            self.double.get_or_insert(from);
        }
        self
    }

    /// The migrations, if there is one step for each version before the
    /// current one.
    ///
    /// # Errors
    ///
    /// [`MigrationsError`] with the first step that is missing, double, or
    /// leads elsewhere.
    pub fn build(self) -> Result<Migrations, MigrationsError> {
        let current = self.current;
        if current == 0 {
            return Err(MigrationsError::NoVersion);
        }
        if let Some(from) = self.double {
            return Err(MigrationsError::Double { from });
        }
        let stray = |from: &&u32| **from == 0 || **from >= current;
        if let Some(&from) = self.steps.keys().find(stray) {
            return Err(MigrationsError::OutOfRange { from, current });
        }
        // The first gap ends the search, so it is as short as the steps are few.
        if let Some(from) = (1..current).find(|from| !self.steps.contains_key(from)) {
            return Err(MigrationsError::Missing { from });
        }
        Ok(Migrations {
            steps: self.steps.into_values().collect(),
            current,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no currency")]
    struct NoCurrency;

    type Unit = Result<(), NoCurrency>;

    /// Three versions: 2 doubles the currency, 3 adds one to it.
    fn three() -> Migrations {
        let currency = |document: &Value| document["Currency"].as_i64().ok_or(NoCurrency);
        Migrations::builder(3)
            .step(2, move |document| {
                document["Currency"] = json!(currency(document)? + 1);
                Unit::Ok(())
            })
            .step(1, move |document| {
                document["Currency"] = json!(currency(document)? * 2);
                Unit::Ok(())
            })
            .build()
            .unwrap()
    }

    #[test]
    fn s6_an_older_document_is_migrated_step_by_step_in_order() {
        let migrations = three();
        for (from, currency) in [(1, 21), (2, 11), (3, 10)] {
            let migrated = migrations.apply(json!({"Currency": 10}), from).unwrap();
            assert_eq!(migrated, json!({"Currency": currency}), "from {from}");
        }
    }

    #[test]
    fn s6_a_newer_schema_than_known_is_refused() {
        let error = three().apply(json!({}), 4).unwrap_err();
        assert!(matches!(
            error,
            MigrationError::SchemaTooNew { found: 4, known: 3 }
        ));
        let error = Migrations::default().apply(json!({}), 2).unwrap_err();
        assert!(matches!(
            error,
            MigrationError::SchemaTooNew { found: 2, known: 1 }
        ));
        let error = three().apply(json!({}), 0).unwrap_err();
        assert!(matches!(error, MigrationError::NoSchema));
    }

    #[test]
    fn s6_a_failing_step_is_named_and_keeps_its_own_error() {
        let error = three().apply(json!({}), 2).unwrap_err();
        assert_eq!(error.to_string(), "the migration from schema 2 to 3 failed");
        let MigrationError::StepFailed { source, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(source.to_string(), "no currency");
        assert!(source.downcast_ref::<NoCurrency>().is_some());
    }

    #[test]
    fn s6_a_panicking_step_is_an_error_that_names_it() {
        let migrations = Migrations::builder(2)
            .step(1, |document| {
                assert!(document.is_array(), "no list: {document}");
                Unit::Ok(())
            })
            .build()
            .unwrap();
        let error = migrations.apply(json!({}), 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the migration from schema 1 to 2 panicked: no list: {}"
        );
    }

    #[test]
    fn e14_what_a_step_says_is_cut_to_an_excerpt_of_the_document() {
        let panicking = |document: &mut Value| -> Unit { panic!("no list: {document}") };
        let failing = |document: &mut Value| Err(document.to_string());
        let panicking = Migrations::builder(2).step(1, panicking).build().unwrap();
        let failing = Migrations::builder(2).step(1, failing).build().unwrap();
        for migrations in [panicking, failing] {
            let error = migrations.apply(json!("x".repeat(70_000)), 1).unwrap_err();
            let cause = error.source().map(ToString::to_string);
            for text in [
                error.to_string(),
                cause.unwrap_or_default(),
                format!("{error:?}"),
            ] {
                assert!(text.len() < 500, "{} bytes", text.len());
            }
        }
    }

    #[test]
    fn s6_steps_that_leave_a_gap_overlap_or_stray_are_refused_when_built() {
        let build = |current, steps: &[u32]| {
            steps
                .iter()
                .fold(Migrations::builder(current), |builder, from| {
                    builder.step(*from, |_| Unit::Ok(()))
                })
                .build()
                .map(|migrations| migrations.current())
        };
        assert_eq!(build(1, &[]), Ok(1));
        assert_eq!(build(4, &[3, 1, 2]), Ok(4));
        assert_eq!(build(0, &[]), Err(MigrationsError::NoVersion));
        assert_eq!(build(4, &[1, 3]), Err(MigrationsError::Missing { from: 2 }));
        assert_eq!(
            build(u32::MAX, &[1]),
            Err(MigrationsError::Missing { from: 2 })
        );
        assert_eq!(
            build(3, &[1, 2, 2]),
            Err(MigrationsError::Double { from: 2 })
        );
        for from in [0, 3, u32::MAX] {
            assert_eq!(
                build(3, &[1, 2, from]),
                Err(MigrationsError::OutOfRange { from, current: 3 })
            );
        }
    }
}
