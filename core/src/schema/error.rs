//! What can be wrong with migrations, and with a document that needs them.

use std::{error::Error, fmt};

use thiserror::Error;

use crate::excerpt::message_excerpt;

/// Migrations that don't lead from version 1 to the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MigrationsError {
    /// The current version is 0; versions begin at 1.
    #[error("schema versions begin at 1")]
    NoVersion,
    /// No step leads on from a version.
    #[error("there is no migration from schema {from} to {}", u64::from(*from) + 1)]
    Missing {
        /// The version.
        from: u32,
    },
    /// Two steps lead on from one version.
    #[error("there are two migrations from schema {from} to {}", u64::from(*from) + 1)]
    Double {
        /// The version.
        from: u32,
    },
    /// A step begins at no version, at the current one, or beyond.
    #[error("there is a migration from schema {from}, but schemas run from 1 to {current}")]
    OutOfRange {
        /// Where the step begins.
        from: u32,
        /// The current version.
        current: u32,
    },
}

/// A stored document that can't be migrated to the current schema. The stored
/// body is left as it is.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// A newer version of the game wrote it.
    #[error("the document has schema {found}, newer than {known}, the newest known")]
    SchemaTooNew {
        /// The document's schema.
        found: u32,
        /// The current one.
        known: u32,
    },
    /// It has schema 0, which no game can have written.
    #[error("the document has schema 0, but versions begin at 1")]
    NoSchema,
    /// A step refused it.
    #[error("the migration from schema {from} to {} failed", from + 1)]
    StepFailed {
        /// Where the step begins.
        from: u32,
        /// What the step says.
        source: StepError,
    },
    /// A step panicked on it.
    #[error("the migration from schema {from} to {} panicked: {message}", from + 1)]
    StepPanicked {
        /// Where the step begins.
        from: u32,
        /// What the panic says, cut to an excerpt.
        message: String,
    },
}

/// The error of a game's own migration step. Its text is cut to an excerpt:
/// it may quote the document.
pub struct StepError(Box<dyn Error + Send + Sync>);

impl StepError {
    pub(super) fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }

    /// The error itself, if it is of this type.
    #[must_use]
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepError({:?})", self.to_string())
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&message_excerpt(&self.0.to_string()))
    }
}

impl Error for StepError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
