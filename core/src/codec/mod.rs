//! Documents as stored bytes and back, and how to tell whether one changed.

mod compression;
mod error;
mod fingerprint;
mod json;
mod top_level;

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

pub use error::CodecError;
pub use fingerprint::{Fingerprint, Fingerprints, KeyFingerprints};

use compression::Compression;
use fingerprint::{FingerprintKey, kept_fingerprint};

use crate::{
    IdSource, Settings,
    backend::{Body, Encoding},
};

/// A document as JSON, with what tells whether it changed.
///
/// Not yet compressed: a document that turns out to be unchanged never is.
#[derive(Clone, Debug)]
pub struct Encoded {
    json: Bytes,
    fingerprints: Fingerprints,
}

impl Encoded {
    /// The JSON text.
    #[must_use]
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// What tells whether the document changed.
    #[must_use]
    pub fn fingerprints(&self) -> Fingerprints {
        self.fingerprints
    }
}

/// Turns documents into bodies and back.
///
/// ```
/// use playerdata_core::{Codec, RandomIds, Settings};
/// use serde_json::json;
///
/// let codec = Codec::new(&Settings::default(), &RandomIds);
/// let before = codec.encode(&json!({"Currency": 500}))?;
/// let after = codec.encode(&json!({"Currency": 501}))?;
/// assert_ne!(before.fingerprints(), after.fingerprints());
///
/// let body = codec.body(&after, 1);
/// assert_eq!(codec.decode(&body)?, json!({"Currency": 501}));
/// # Ok::<(), playerdata_core::CodecError>(())
/// ```
pub struct Codec {
    key: FingerprintKey,
    skip_keys: Vec<String>,
    max_document_bytes: usize,
    compress_from_bytes: usize,
    compression: Compression,
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec")
            .field("skip_keys", &self.skip_keys)
            .field("max_document_bytes", &self.max_document_bytes)
            .field("compress_from_bytes", &self.compress_from_bytes)
            .finish_non_exhaustive() // the key stays secret
    }
}

impl Codec {
    /// A codec with the limits and skipped keys of `settings`.
    ///
    /// The key of its fingerprints comes from `ids`: players choose strings
    /// in documents, and must not be able to make two documents look alike.
    /// So fingerprints of different codecs can't be compared.
    #[must_use]
    pub fn new(settings: &Settings, ids: &dyn IdSource) -> Self {
        Self {
            key: FingerprintKey::from_uuid(ids.next_id()),
            skip_keys: settings.skip_keys.clone(),
            max_document_bytes: settings.max_document_bytes,
            compress_from_bytes: settings.compress_from_bytes,
            compression: Compression::default(),
        }
    }

    /// Writes a document as JSON and takes its fingerprints.
    ///
    /// Numbers that are not finite become null, as always with `serde_json`.
    ///
    /// # Errors
    ///
    /// [`CodecError`] if the document has no JSON form that can be read back,
    /// or is larger than `max_document_bytes`.
    pub fn encode<D: Serialize + ?Sized>(&self, document: &D) -> Result<Encoded, CodecError> {
        json::write(document, |json| {
            self.check_size(json.len())?;
            Ok(Encoded {
                fingerprints: self.fingerprints(json)?,
                json: Bytes::copy_from_slice(json),
            })
        })
    }

    fn fingerprints(&self, json: &[u8]) -> Result<Fingerprints, CodecError> {
        let all = self.key.fingerprint(json);
        let kept = if self.skip_keys.is_empty() {
            all
        } else {
            kept_fingerprint(&self.key, json, &self.skip_keys)?.unwrap_or(all)
        };
        Ok(Fingerprints { all, kept })
    }

    /// The body to store: compressed if the document is large enough, and if
    /// that makes it smaller.
    #[must_use]
    pub fn body(&self, encoded: &Encoded, schema: u32) -> Body {
        let json = &encoded.json;
        let large = self.compress_from_bytes > 0 && json.len() >= self.compress_from_bytes;
        let compressed = if large { self.compress(json) } else { None };
        match compressed {
            Some(bytes) => Body {
                schema,
                encoding: Encoding::JsonZstd,
                bytes,
            },
            None => Body {
                schema,
                encoding: Encoding::Json,
                bytes: json.clone(),
            },
        }
    }

    /// The compressed form, if there is one and it is smaller.
    fn compress(&self, json: &[u8]) -> Option<Bytes> {
        match self.compression.compress(json) {
            Ok(bytes) => (bytes.len() < json.len()).then_some(bytes),
            Err(error) => {
                // Nothing is lost: the plain form says the same.
                tracing::warn!(%error, bytes = json.len(), "document stored uncompressed");
                None
            }
        }
    }

    /// Reads a stored body.
    ///
    /// Takes no more memory than `max_document_bytes` for the JSON text,
    /// whatever the body claims, and refuses JSON nested deeper than 127
    /// levels.
    ///
    /// # Errors
    ///
    /// [`CodecError`] if the body can't be understood, is empty included. The
    /// body is left as it is (rule S5).
    pub fn decode(&self, body: &Body) -> Result<Value, CodecError> {
        let json = match body.encoding {
            Encoding::Json => {
                self.check_size(body.bytes.len())?;
                Cow::Borrowed(&*body.bytes)
            }
            Encoding::JsonZstd => Cow::Owned(
                self.compression
                    .decompress(&body.bytes, self.max_document_bytes)?,
            ),
        };
        if json.is_empty() {
            return Err(CodecError::Empty);
        }
        json::read(&json)
    }

    /// One fingerprint per top-level key: for reports of what changed. A
    /// document that is no object has none.
    ///
    /// # Errors
    ///
    /// [`CodecError::Unreadable`] if the JSON that the document wrote is not
    /// valid.
    pub fn key_fingerprints(&self, encoded: &Encoded) -> Result<KeyFingerprints, CodecError> {
        KeyFingerprints::of(&self.key, &encoded.json)
    }

    fn check_size(&self, bytes: usize) -> Result<(), CodecError> {
        if bytes > self.max_document_bytes {
            return Err(CodecError::TooLarge {
                bytes: bytes as u64,
                limit: self.max_document_bytes,
            });
        }
        Ok(())
    }
}
