//! Why a document can't be encoded or decoded.

use std::io;

use thiserror::Error;

/// A document that can't be stored, or a stored body that can't be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The document's type refuses to be written as JSON.
    #[error("the document can't be written as JSON")]
    Unwritable(#[source] serde_json::Error),
    /// The document is nested so deep that it could not be read back.
    #[error("the document is nested deeper than {limit} levels")]
    TooDeep {
        /// The most levels that can be read back.
        limit: usize,
    },
    /// A whole number has no exact JSON form that could be read back.
    #[error("the document has a whole number of more than 64 bits")]
    NumberTooLarge,
    /// The document's JSON is larger than `max_document_bytes`.
    #[error("the document has {bytes} bytes of JSON, max_document_bytes is {limit}")]
    TooLarge {
        /// Its size, uncompressed.
        bytes: u64,
        /// The limit.
        limit: usize,
    },
    /// The encoded document is larger than the store takes.
    #[error("the document has {bytes} bytes as stored, the store takes {limit}")]
    TooLargeForStore {
        /// Its size as it would be stored, compressed or not.
        bytes: usize,
        /// The store's limit.
        limit: usize,
    },
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
    /// The stored body is no JSON, or nested too deep.
    #[error("the stored body is no readable JSON")]
    Unreadable(#[source] serde_json::Error),
}
