//! What SQLite's errors mean to the caller of a backend.

use std::{borrow::Cow, fmt, sync::Arc};

use playerdata_core::backend::{BackendError, Effect, ErrorKind};
use rusqlite::{Error, ffi};

/// A failure inside the store, before it is known which operation it hit.
///
/// It can be cloned because a failed commit fails a whole group.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    kind: ErrorKind,
    effect: Effect,
    what: Cow<'static, str>,
    source: Option<Arc<Error>>,
    dooms_transaction: bool,
}

impl Fault {
    /// A failure that left the store as it was.
    pub(crate) fn new(kind: ErrorKind, what: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            effect: Effect::None,
            what: what.into(),
            source: None,
            dooms_transaction: false,
        }
    }

    /// A stored value that can't be read.
    pub(crate) fn corrupt(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Corrupt, what)
    }

    /// A failure after which the operation may have been applied.
    pub(crate) fn maybe_applied(mut self) -> Self {
        self.effect = Effect::Possible;
        self
    }

    /// A failure after which the transaction in which it happened has to be rolled
    /// back: half of the operation may be in it.
    pub(crate) fn dooming(mut self) -> Self {
        self.dooms_transaction = true;
        self
    }

    /// Whether the transaction in which it happened can't be committed any
    /// more. After meeting a damaged page, SQLite refuses to.
    pub(crate) fn dooms_transaction(&self) -> bool {
        self.dooms_transaction || self.code() == Some(ffi::ErrorCode::DatabaseCorrupt)
    }

    /// Whether it is only about what a row holds, which can't be understood.
    pub(crate) fn is_about_a_row(&self) -> bool {
        self.kind == ErrorKind::Corrupt && self.code().is_none() && !self.dooms_transaction
    }

    /// Whether there was no room for what was to be written.
    pub(crate) fn is_full(&self) -> bool {
        let extended = self
            .source
            .as_ref()
            .and_then(|source| source.sqlite_error());
        self.code() == Some(ffi::ErrorCode::DiskFull)
            || extended.is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_SHMSIZE)
    }

    /// Whether another connection held a lock that was needed.
    pub(crate) fn is_busy(&self) -> bool {
        self.source.as_ref().is_some_and(|source| is_busy(source))
    }

    fn code(&self) -> Option<ffi::ErrorCode> {
        self.source.as_ref()?.sqlite_error_code()
    }

    /// Names the operation that failed.
    pub(crate) fn during(self, operation: fmt::Arguments<'_>) -> BackendError {
        let error = BackendError::new(
            self.kind,
            self.effect,
            format!("{operation}: {}", self.what),
        );
        match self.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl From<Error> for Fault {
    /// A statement that failed was undone by SQLite, so that nothing of it was
    /// applied; only a failed COMMIT leaves a doubt.
    fn from(error: Error) -> Self {
        Self {
            kind: kind_of(&error),
            effect: Effect::None,
            what: error.to_string().into(),
            source: Some(Arc::new(error)),
            dooms_transaction: false,
        }
    }
}

/// Whether another connection holds a lock that this one needs.
pub(crate) fn is_busy(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ffi::ErrorCode::DatabaseBusy | ffi::ErrorCode::DatabaseLocked)
    )
}

fn kind_of(error: &Error) -> ErrorKind {
    use ffi::ErrorCode as Code;
    match error {
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => ErrorKind::Corrupt,
        _ => match error.sqlite_error_code() {
            Some(
                Code::DatabaseBusy
                | Code::DatabaseLocked
                | Code::DiskFull
                | Code::SystemIoFailure
                | Code::OutOfMemory
                | Code::OperationInterrupted
                | Code::OperationAborted
                | Code::FileLockingProtocolFailed,
            ) => ErrorKind::Unavailable,
            // The tables' checks refuse only what a malformed row leads to.
            Some(Code::DatabaseCorrupt | Code::NotADatabase | Code::ConstraintViolation) => {
                ErrorKind::Corrupt
            }
            Some(Code::TooBig) => ErrorKind::TooLarge,
            _ => ErrorKind::Rejected,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of_code(code: i32) -> ErrorKind {
        kind_of(&Error::SqliteFailure(ffi::Error::new(code), None))
    }

    #[test]
    fn what_passes_by_itself_is_unavailable() {
        for code in [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_LOCKED,
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_NOMEM,
        ] {
            assert_eq!(kind_of_code(code), ErrorKind::Unavailable, "{code}");
        }
    }

    #[test]
    fn what_an_operator_has_to_mend_is_rejected() {
        for code in [
            ffi::SQLITE_READONLY,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_AUTH,
            ffi::SQLITE_SCHEMA,
            ffi::SQLITE_PERM,
            ffi::SQLITE_ERROR,
        ] {
            assert_eq!(kind_of_code(code), ErrorKind::Rejected, "{code}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_corrupt() {
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            assert_eq!(kind_of_code(code), ErrorKind::Corrupt, "{code}");
        }
        assert_eq!(kind_of_code(ffi::SQLITE_TOOBIG), ErrorKind::TooLarge);
    }
}
