//! A SQLite file of a measurement's own.

use std::{path::Path, sync::Arc};

use playerdata_core::backend::Backend;
use playerdata_sqlite::SqliteBackend;
use tokio::runtime::Runtime;

/// A backend on a new file.
///
/// # Panics
///
/// If the file can't be made.
#[must_use]
pub fn backend(runtime: &Runtime, path: &Path) -> Arc<dyn Backend> {
    let _inside = runtime.enter();
    Arc::new(SqliteBackend::open(path).expect("the file is new"))
}
