//! A record as people and programs are shown it, whether it can be read or not.

use std::io::{self, Read as _};

use playerdata::{
    Codec, SlotName,
    backend::{Body, Encoding, Record},
};
use serde_json::{Value, json};

use crate::{
    desk::time,
    output::{chain, document::pretty, escaped},
};

/// What the library keeps of its own beside a document.
pub(crate) const ENVELOPE: &str = "$playerdata";

/// How much of a record that can't be read is shown.
const EXCERPT: usize = 300;

/// No record is longer than this once it is decompressed.
const LONGEST: u64 = 256 * 1024 * 1024;

/// What is in a record.
pub(crate) enum Content {
    /// A document, and what is kept beside it.
    Readable {
        document: Value,
        envelope: Option<Value>,
    },
    /// Something else.
    Unreadable { why: String, excerpt: String },
}

impl Content {
    pub(crate) fn of(record: &Record, codec: &Codec) -> Self {
        let text = text(&record.body);
        match codec.decode(&record.body) {
            Ok(document) => {
                let whole = text
                    .ok()
                    .and_then(|text| serde_json::from_slice(&text).ok());
                let envelope = whole.and_then(|whole: Value| whole.get(ENVELOPE).cloned());
                Self::Readable { document, envelope }
            }
            Err(error) => Self::Unreadable {
                why: chain(&error),
                excerpt: excerpt(&text.unwrap_or_else(|_| record.body.bytes.to_vec())),
            },
        }
    }

    pub(crate) fn is_readable(&self) -> bool {
        matches!(self, Self::Readable { .. })
    }
}

/// The text of a body, whether it makes sense or not.
pub(crate) fn text(body: &Body) -> io::Result<Vec<u8>> {
    match body.encoding {
        Encoding::JsonZstd => {
            let mut text = Vec::new();
            let decoder = zstd::stream::read::Decoder::new(&*body.bytes)?;
            decoder.take(LONGEST).read_to_end(&mut text)?;
            Ok(text)
        }
        Encoding::Json => Ok(body.bytes.to_vec()),
        _ => Err(io::Error::other("it is not known how to read the bytes")),
    }
}

/// Whether two bodies hold the same, however they are compressed.
pub(crate) fn same_content(one: &Body, other: &Body) -> bool {
    let texts = (text(one), text(other));
    let same = match texts {
        (Ok(one), Ok(other)) => one == other,
        _ => one.encoding == other.encoding && one.bytes == other.bytes,
    };
    same && one.schema == other.schema
}

/// The beginning of what can't be read, as text.
fn excerpt(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(EXCERPT)];
    let text = escaped(&String::from_utf8_lossy(shown));
    if shown.len() < bytes.len() {
        format!("{text}… ({} bytes in all)", bytes.len())
    } else {
        text
    }
}

/// A record as JSON.
pub(crate) fn record_json(slot: &SlotName, record: &Record, content: &Content) -> Value {
    let mut shown = json!({
        "slot": slot,
        "revision": record.revision,
        "saved_at": time(record.saved_at),
        "saved_at_ms": record.saved_at,
        "schema": record.body.schema,
        "encoding": record.body.encoding.as_str(),
        "body_bytes": record.body.bytes.len(),
    });
    match content {
        Content::Readable { document, envelope } => {
            shown["document"] = document.clone();
            shown["envelope"] = json!(envelope);
        }
        Content::Unreadable { why, excerpt } => {
            shown["unreadable"] = json!({"why": why, "excerpt": excerpt});
        }
    }
    shown
}

/// A record in words, below a line that says which it is.
pub(crate) fn record_words(slot: &SlotName, record: &Record, content: &Content) -> String {
    let heading = format!(
        "{slot}: revision {}, saved {}, schema {}, {} bytes as {}",
        record.revision,
        time(record.saved_at),
        record.body.schema,
        record.body.bytes.len(),
        record.body.encoding.as_str()
    );
    let content = match content {
        Content::Readable { document, envelope } => {
            let beside = envelope.iter();
            let beside = beside.map(|it| {
                format!(
                    "\n\nStored beside it ({ENVELOPE}): {}",
                    escaped(&it.to_string())
                )
            });
            format!("{}{}", pretty(document), beside.collect::<String>())
        }
        Content::Unreadable { why, excerpt } => {
            format!("It can't be read: {}\nIt begins: {excerpt}", escaped(why))
        }
    };
    format!("{heading}\n\n{content}")
}
