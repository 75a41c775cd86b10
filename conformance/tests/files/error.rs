//! What a disk can say, in the words of the contract.

use std::io;

use playerdata_core::backend::{BackendError, Effect, ErrorKind};

/// An error of the disk, or of what is on it, with whether something may have
/// been changed by then.
pub(crate) fn failed(effect: Effect, error: io::Error) -> BackendError {
    use io::ErrorKind as Io;
    let (kind, what) = match error.kind() {
        Io::InvalidData | Io::UnexpectedEof => {
            (ErrorKind::Corrupt, "a file that does not hold a state")
        }
        Io::PermissionDenied | Io::ReadOnlyFilesystem | Io::NotADirectory => {
            (ErrorKind::Rejected, "the disk refuses")
        }
        // A full disk, too many open files, a broken cable: it may pass.
        _ => (ErrorKind::Unavailable, "the disk fails"),
    };
    BackendError::new(kind, effect, what).with_source(error)
}

/// Nobody hears it: the caller had gone before anything was done.
pub(crate) fn unwanted() -> BackendError {
    BackendError::new(ErrorKind::Unavailable, Effect::None, "the caller has gone")
}

/// A step that panicked, before the rename or after it.
pub(crate) fn no_answer() -> BackendError {
    BackendError::new(ErrorKind::Unavailable, Effect::Possible, "no answer")
}

/// A body of which nothing was written.
pub(crate) fn too_large(bytes: usize, limit: usize) -> BackendError {
    let what = format!("a body of {bytes} bytes is over the limit of {limit}");
    BackendError::new(ErrorKind::TooLarge, Effect::None, what)
}

/// A page that another store's listing ended with.
pub(crate) fn foreign_cursor() -> BackendError {
    let what = "not a cursor of this store";
    BackendError::new(ErrorKind::Rejected, Effect::None, what)
}

/// A letter that waits, and of which there is no content.
pub(crate) fn content_gone() -> BackendError {
    let what = "a letter whose content is gone";
    BackendError::new(ErrorKind::Corrupt, Effect::None, what)
}
