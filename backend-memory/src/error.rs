//! What memory can refuse: a body over the limit, and another store's cursor.

use playerdata_core::backend::{BackendError, Effect, ErrorKind};

pub(crate) fn too_large(bytes: usize, limit: usize) -> BackendError {
    BackendError::new(
        ErrorKind::TooLarge,
        Effect::None,
        format!("a body of {bytes} bytes is over the limit of {limit}"),
    )
}

pub(crate) fn foreign_cursor() -> BackendError {
    BackendError::new(
        ErrorKind::Rejected,
        Effect::None,
        "the cursor is not one of this store's",
    )
}
