//! What a slot holds.

use bytes::Bytes;
use playerdata_core::{
    UnixMillis,
    backend::{Body, Encoding, Stamp},
};

/// Bodies of up to this many bytes are copied.
const SHORT: usize = 1_024;

/// Copies have room in multiples of this: the next one may be a little longer.
const ROOM: usize = 64;

/// A document as it was saved last.
pub(crate) struct Content {
    pub(crate) saved_at: UnixMillis,
    pub(crate) schema: u32,
    encoding: Encoding,
    bytes: Stored,
}

/// The bytes of a body.
enum Stored {
    /// Short ones are written over those of before, in the block that is there
    /// already: to free what was left alone for long takes longer than a copy.
    Copied(Vec<u8>),
    Shared(Bytes),
}

impl Content {
    pub(crate) fn of(stamp: &Stamp, body: &Body) -> Self {
        let bytes = if body.bytes.len() <= SHORT {
            let mut copy = Vec::with_capacity(body.bytes.len().next_multiple_of(ROOM));
            copy.extend_from_slice(&body.bytes);
            Stored::Copied(copy)
        } else {
            Stored::Shared(body.bytes.clone())
        };
        Self {
            saved_at: stamp.at,
            schema: body.schema,
            encoding: body.encoding,
            bytes,
        }
    }

    /// Takes what is saved over it, if there is room for that in its place;
    /// returns whether it did.
    pub(crate) fn overwrite(&mut self, stamp: &Stamp, body: &Body) -> bool {
        match &mut self.bytes {
            Stored::Copied(bytes) if body.bytes.len() <= bytes.capacity() => {
                bytes.clear();
                bytes.extend_from_slice(&body.bytes);
            }
            _ => return false,
        }
        self.saved_at = stamp.at;
        self.schema = body.schema;
        self.encoding = body.encoding;
        true
    }

    pub(crate) fn len(&self) -> usize {
        match &self.bytes {
            Stored::Copied(bytes) => bytes.len(),
            Stored::Shared(bytes) => bytes.len(),
        }
    }

    pub(crate) fn body(&self) -> Body {
        Body {
            schema: self.schema,
            encoding: self.encoding,
            bytes: match &self.bytes {
                Stored::Copied(bytes) => Bytes::copy_from_slice(bytes),
                Stored::Shared(bytes) => bytes.clone(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use playerdata_core::{Revision, WriteId};
    use uuid::Uuid;

    use super::*;

    fn stamp(at: u64) -> Stamp {
        Stamp {
            base: Revision::new(0),
            write_id: WriteId::from_uuid(Uuid::nil()),
            at: UnixMillis::new(at),
        }
    }

    fn body(schema: u32, bytes: usize) -> Body {
        let letter = char::from(b'a' + u8::try_from(schema).unwrap());
        Body {
            schema,
            encoding: Encoding::Json,
            bytes: letter.to_string().repeat(bytes).into(),
        }
    }

    #[test]
    fn s1_what_is_written_over_is_what_was_saved_and_who_read_before_keeps_that() {
        for (before, after, fits) in [
            (100, 100, true),
            (100, 3, true),
            (100, 128, true),
            (100, 129, false),
            (SHORT, SHORT, true),
            (SHORT, SHORT + 1, false),
            (SHORT + 1, 100, false),
            (0, 1, false),
        ] {
            let mut content = Content::of(&stamp(1), &body(1, before));
            let read = content.body();
            assert_eq!(content.overwrite(&stamp(2), &body(2, after)), fits);
            assert_eq!(read, body(1, before));
            let (saved_at, now) = if fits {
                (2, body(2, after))
            } else {
                (1, body(1, before))
            };
            assert_eq!(content.saved_at, UnixMillis::new(saved_at));
            assert_eq!(content.body(), now);
            assert_eq!(content.len(), now.bytes.len());
            assert_eq!(content.schema, now.schema);
        }
    }
}
