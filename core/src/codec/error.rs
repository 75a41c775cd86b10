//! Why a document can't be encoded or decoded.

use std::io;

use thiserror::Error;

use super::envelope::ENVELOPE;
use crate::excerpt::SerdeError;

/// A document that can't be stored, or a stored body that can't be read.
///
/// A `path` names a place in the document, such as `Pets[3].Name`; it is cut
/// to its first 160 bytes.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The document's type refuses to be written as JSON.
    #[error("the document can't be written as JSON at {path}")]
    Unwritable {
        /// Where.
        path: String,
        /// What the type, or serde, says.
        source: SerdeError,
    },
    /// A float is infinite or not a number: JSON has neither.
    #[error("the document has {value} at {path}, which JSON can't hold")]
    NotFinite {
        /// Where.
        path: String,
        /// The float.
        value: f64,
    },
    /// A table has a key twice, so that one of the two values would be lost.
    /// A `flatten`ed map may have a key that is a field, too.
    #[error("the key {path} is there twice")]
    DuplicateKey {
        /// The key.
        path: String,
    },
    /// The document has a member of the name that the library keeps for
    /// itself.
    #[error("the document has a member {ENVELOPE}, a name that is reserved")]
    Reserved,
    /// The document is not a JSON object any more, and what the library keeps
    /// beside it would be lost.
    #[error("the document is not a JSON object, so nothing can be stored beside it")]
    NoEnvelope,
    /// The document would not be loaded again: its type does not take what it
    /// writes.
    #[error("the document could not be loaded again: at {path} it writes what it can't read")]
    Unloadable {
        /// Where.
        path: String,
        /// What the type says.
        source: SerdeError,
    },
    /// The document would be another one when it is loaded again.
    #[error("the document would not be the same when it is loaded again: {path} differs")]
    Altered {
        /// Where it would first differ.
        path: String,
    },
    /// The document is nested so deep that it could not be read back.
    #[error("the document is nested deeper than {limit} levels at {path}")]
    TooDeep {
        /// Where.
        path: String,
        /// The most levels that can be read back.
        limit: usize,
    },
    /// A whole number has no exact JSON form that could be read back.
    #[error("the document has a whole number of more than 64 bits at {path}")]
    NumberTooLarge {
        /// Where.
        path: String,
    },
    /// The document's JSON is larger than `max_document_bytes`.
    #[error("the document has {bytes} bytes of JSON, more than max_document_bytes ({limit})")]
    TooLarge {
        /// Its size, uncompressed.
        bytes: u64,
        /// The limit.
        limit: usize,
    },
    /// The encoded document is larger than the store takes.
    #[error("the document has {bytes} bytes as stored, more than the store takes ({limit})")]
    TooLargeForStore {
        /// Its size as it would be stored, compressed or not.
        bytes: usize,
        /// The store's limit.
        limit: usize,
    },
    /// How the stored bytes are to be read is not known
    /// ([`Encoding::Unknown`](crate::backend::Encoding::Unknown)).
    #[error(
        "it is not known how to read the stored bytes: they are damaged, belong to another \
         program, or were written by a later version of the library"
    )]
    UnknownEncoding,
    /// The stored body has no bytes at all.
    #[error("the stored body is empty")]
    Empty,
    /// The stored body can't be decompressed, or not into
    /// `max_document_bytes`.
    #[error("the stored body can't be decompressed into max_document_bytes ({limit})")]
    Undecompressable {
        /// The limit.
        limit: usize,
        /// Why.
        source: io::Error,
    },
    /// The stored body is not JSON, or nested too deep.
    #[error("the stored body is not readable JSON")]
    Unreadable(#[source] serde_json::Error),
    /// The stored body is JSON, but does not fit the document's type.
    #[error("the stored JSON does not fit the document's type at {path}")]
    Mismatch {
        /// Where.
        path: String,
        /// What the type says.
        source: SerdeError,
    },
    /// What the library keeps beside the document was written by a later
    /// version of the library.
    #[error("what is stored beside the document has version {found}, newer than {known}")]
    EnvelopeTooNew {
        /// Its version.
        found: u64,
        /// The newest one known.
        known: u64,
    },
    /// What the library keeps beside the document can't be understood.
    #[error("what is stored beside the document, as {ENVELOPE}, can't be read")]
    EnvelopeUnreadable(#[source] SerdeError),
}

impl CodecError {
    pub(super) fn unwritable(path: String, error: serde_json::Error) -> Self {
        Self::Unwritable {
            path,
            source: SerdeError::new(error),
        }
    }
}
