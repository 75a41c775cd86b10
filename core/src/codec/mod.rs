//! Documents as stored bytes and back, and whether one changed.
//!
//! In: a document and its envelope. Out: JSON with its fingerprints, and, if it
//! is to be sent, a body, compressed. The way back is the same in reverse.

mod body;
mod compression;
mod envelope;
mod error;
mod fingerprint;
mod json;
mod open;
mod path;
mod proof;
mod shape;
mod top_level;

use std::{any::Any, borrow::Cow, fmt, ops::Range};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use body::{Body, Encoding};
pub(crate) use envelope::{
    Address, ENVELOPE, Envelope, Escrow, KeysFingerprint, MAX_ESCROWS, MAX_OUTBOX, Outgoing, Side,
};
pub use error::CodecError;
pub use fingerprint::{Fingerprint, Fingerprints, KeyFingerprints};
pub(crate) use proof::fit;
pub(crate) use shape::is_object;

use compression::Compression;
use fingerprint::FingerprintKey;
use top_level::places_of;

use crate::{Document, IdSource, Settings};

/// A document as JSON, with the fingerprints that show whether it changed.
///
/// Not yet compressed: a document that turns out to be unchanged never is.
#[derive(Clone)]
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

    /// What shows whether the document changed.
    #[must_use]
    pub fn fingerprints(&self) -> Fingerprints {
        self.fingerprints
    }
}

/// Without the text: a player's data does not belong in a log.
impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded")
            .field("bytes", &self.json.len())
            .field("fingerprints", &self.fingerprints)
            .finish_non_exhaustive()
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
    /// What is kept beside a document that is encoded alone.
    nothing: Envelope,
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
            nothing: Envelope::default(),
        }
    }

    /// Writes a document as JSON and takes its fingerprints.
    ///
    /// # Errors
    ///
    /// [`CodecError`] if the document has no JSON form that can be read back
    /// (a float that is not finite, a key that is there twice, whole numbers
    /// of more than 64 bits, nesting of more than 127 levels), has a member
    /// `$playerdata`, or is larger than `max_document_bytes`.
    pub fn encode<D: Serialize + ?Sized>(&self, document: &D) -> Result<Encoded, CodecError> {
        self.encode_with(document, &self.nothing)
    }

    /// Encodes a ready-made document, in less time than
    /// [`encode`](Self::encode): it writes its parts as they are.
    ///
    /// # Errors
    ///
    /// Those of [`encode`](Self::encode).
    pub fn encode_document(&self, document: &Document) -> Result<Encoded, CodecError> {
        self.encode_ready_made(document, &self.nothing)
    }

    fn encode_ready_made(
        &self,
        document: &Document,
        envelope: &Envelope,
    ) -> Result<Encoded, CodecError> {
        json::write_document(document, envelope, &self.skip_keys, |json, skipped| {
            self.encoded(json, skipped)
        })
    }

    /// Either, with what is kept beside the document.
    pub(crate) fn encode_either<D: Serialize + 'static>(
        &self,
        document: &D,
        envelope: &Envelope,
    ) -> Result<Encoded, CodecError> {
        match (document as &dyn Any).downcast_ref::<Document>() {
            Some(ready_made) => self.encode_ready_made(ready_made, envelope),
            None => self.encode_with(document, envelope),
        }
    }

    fn encode_with<D: Serialize + ?Sized>(
        &self,
        document: &D,
        envelope: &Envelope,
    ) -> Result<Encoded, CodecError> {
        json::write(document, envelope, |json| {
            let skipped = if self.skip_keys.is_empty() {
                Vec::new()
            } else {
                places_of(json, &self.skip_keys)?
            };
            self.encoded(json, &skipped)
        })
    }

    /// What was written, where the members are that the fingerprint of what is
    /// kept leaves out.
    fn encoded(&self, json: &[u8], skipped: &[Range<usize>]) -> Result<Encoded, CodecError> {
        self.check_size(json.len())?;
        let all = self.key.fingerprint(json);
        let kept = if skipped.is_empty() {
            all
        } else {
            self.key.fingerprint_without(json, skipped)
        };
        Ok(Encoded {
            fingerprints: Fingerprints { all, kept },
            json: Bytes::copy_from_slice(json),
        })
    }

    /// The body to store: compressed if the document is large enough, and if
    /// that makes it smaller.
    #[must_use]
    pub fn body(&self, encoded: &Encoded, schema: u32) -> Body {
        self.body_from(encoded.clone(), schema)
    }

    /// The same, of a document that is encoded for nothing else: to share its
    /// bytes takes a block to count in who has them.
    pub(crate) fn body_from(&self, encoded: Encoded, schema: u32) -> Body {
        let json = encoded.json;
        let large = self.compress_from_bytes > 0 && json.len() >= self.compress_from_bytes;
        let compressed = if large { self.compress(&json) } else { None };
        match compressed {
            Some(bytes) => Body {
                schema,
                encoding: Encoding::JsonZstd,
                bytes,
            },
            None => Body {
                schema,
                encoding: Encoding::Json,
                bytes: json,
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

    /// Reads a stored body: the document, without what the library keeps
    /// beside it.
    ///
    /// Takes no more memory than `max_document_bytes` for the JSON text,
    /// whatever the body claims, and refuses JSON nested deeper than 127
    /// levels and a key that is there twice.
    ///
    /// # Errors
    ///
    /// [`CodecError`] if the body can't be understood, is empty included. The
    /// body is left as it is.
    pub fn decode(&self, body: &Body) -> Result<Value, CodecError> {
        self.open(body).map(|(document, _)| document)
    }

    /// Reads what the library keeps beside a stored document, as JSON; `null`
    /// if that is nothing.
    pub(crate) fn decode_beside(&self, body: &Body) -> Result<Value, CodecError> {
        let (_, envelope) = self.open(body)?;
        let mut json = b"{}".to_vec();
        envelope.put_on(&mut json)?;
        let mut object: Value = serde_json::from_slice(&json).map_err(CodecError::Unreadable)?;
        Ok(object[ENVELOPE].take())
    }

    /// Reads a stored body as a document of the current schema, without what
    /// the library keeps beside it: in less time than [`decode`](Self::decode)
    /// takes, since no JSON is made on the way.
    ///
    /// # Errors
    ///
    /// Those of [`decode`](Self::decode), and [`CodecError::Mismatch`] if the
    /// body holds no `D`.
    pub fn decode_as<D: DeserializeOwned + 'static>(&self, body: &Body) -> Result<D, CodecError> {
        self.open_as(body).map(|(document, _)| document)
    }

    /// Reads a stored body: the document, and what is kept beside it.
    pub(crate) fn open(&self, body: &Body) -> Result<(Value, Envelope), CodecError> {
        open::to_json(&self.json(body)?)
    }

    /// The same as `decode_as`, with what is kept beside the document.
    pub(crate) fn open_as<D: DeserializeOwned + 'static>(
        &self,
        body: &Body,
    ) -> Result<(D, Envelope), CodecError> {
        open::to(&self.json(body)?)
    }

    /// The text in a stored body.
    fn json<'b>(&self, body: &'b Body) -> Result<Cow<'b, [u8]>, CodecError> {
        let json = match body.encoding {
            Encoding::Json => {
                self.check_size(body.bytes.len())?;
                Cow::Borrowed(&*body.bytes)
            }
            Encoding::JsonZstd => Cow::Owned(
                self.compression
                    .decompress(&body.bytes, self.max_document_bytes)?,
            ),
            Encoding::Unknown => return Err(CodecError::UnknownEncoding),
        };
        if json.is_empty() {
            return Err(CodecError::Empty);
        }
        Ok(json)
    }

    /// Makes sure that an encoded document comes back (S11): that its type
    /// takes what it wrote, and writes the same again.
    pub(crate) fn prove<D: Serialize + DeserializeOwned + 'static>(
        &self,
        encoded: &Encoded,
    ) -> Result<(), CodecError> {
        let opened = open::to::<D>(&encoded.json);
        let (again, envelope) = opened.map_err(|error| match error {
            CodecError::Mismatch { path, source } => CodecError::Unloadable { path, source },
            other => other,
        })?;
        json::write(&again, &envelope, |json| {
            proof::compare(&encoded.json, json)
        })
    }

    /// One fingerprint per top-level key: for reports of what changed. A
    /// document that is not an object has none.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::RandomIds;

    #[test]
    fn a5_what_is_kept_beside_the_document_is_never_skipped() {
        let settings = Settings {
            skip_keys: vec!["Gold".to_owned(), ENVELOPE.to_owned()],
            ..Settings::default()
        };
        let codec = Codec::new(&settings, &RandomIds);
        let kept = |gold: u32, keys| {
            let envelope = Envelope::of_defaults(KeysFingerprint::new(keys));
            let document = json!({"Gold": gold, "Level": 1});
            let encoded = codec.encode_with(&document, &envelope);
            encoded.unwrap().fingerprints().kept
        };
        assert_eq!(kept(1, 7), kept(2, 7));
        assert_ne!(kept(1, 7), kept(1, 8));
    }
}
