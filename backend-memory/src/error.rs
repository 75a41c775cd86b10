//! What memory can refuse: a body over the limit. There is no other error.

use playerdata_core::backend::{BackendError, Effect, ErrorKind};

pub(crate) fn too_large(bytes: usize, limit: usize) -> BackendError {
    BackendError::new(
        ErrorKind::TooLarge,
        Effect::None,
        format!("a body of {bytes} bytes is over the limit of {limit}"),
    )
}
