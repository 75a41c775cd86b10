//! Documents of other days: older schemas, and keys the defaults gained.

mod error;
mod migrations;
mod reconcile;

pub use error::{MigrationError, MigrationsError, StepError};
pub use migrations::{Migrations, MigrationsBuilder};
pub(crate) use reconcile::{keys_of, reconcile};
