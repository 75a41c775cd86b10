//! An encoded document, as backends keep it.

use std::fmt;

use bytes::Bytes;

/// How the bytes of a body are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// JSON text.
    Json,
    /// JSON text, compressed by zstd.
    JsonZstd,
    /// Nobody knows: what the store keeps beside the bytes of a record is
    /// damaged, another program's, or of a later version of the library. The
    /// bytes are what is stored, as far as it can be told. No document is
    /// written so.
    Unknown,
}

impl Encoding {
    /// The name under which stores keep it: `json` or `json+zstd`. One that is
    /// `unknown` is kept under no name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::JsonZstd => "json+zstd",
            Self::Unknown => "unknown",
        }
    }

    /// Reads a name back; `None` if this version does not know it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Json, Self::JsonZstd]
            .into_iter()
            .find(|encoding| encoding.as_str() == name)
    }
}

/// An encoded document. Backends keep it and never look inside. Its `Debug` has
/// the number of bytes only: a player's data does not belong in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    /// The version of the document's schema.
    pub schema: u32,
    /// How the bytes are to be read.
    pub encoding: Encoding,
    /// The bytes.
    pub bytes: Bytes,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("schema", &self.schema)
            .field("encoding", &self.encoding)
            .field("bytes", &format_args!("{} bytes", self.bytes.len()))
            .finish()
    }
}
