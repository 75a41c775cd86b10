//! The value of a slot: one line that says what it is, then the body.
//!
//! ```text
//! pd1 <revision> <write id> <saved at, ms> <encoding> <schema> <bytes of body>\n<body>
//! ```
//!
//! The line is text, so that `redis-cli GET` shows it. A deletion is a value
//! too, with the encoding `deleted` and no body, so that the revision and the
//! last write survive it. An empty value is a slot that was opened and never
//! written.

use std::{borrow::Cow, str::FromStr};

use bytes::Bytes;
use playerdata_core::{
    Revision, SlotName, UnixMillis, WriteId,
    backend::{Body, Encoding, Opened, Record, SlotSummary, Stamp},
};
use thiserror::Error;
use uuid::{Uuid, fmt::Hyphenated};

/// The version of the layout.
const MARK: &str = "pd1";

/// In the place of the encoding, for a slot that was emptied.
const DELETED: &str = "deleted";

/// No header is longer: the mark, three numbers of up to 20 digits, one of up
/// to 10, a GUID of 36 characters, an encoding, and what separates them.
pub(crate) const MAX_HEADER_BYTES: usize = 160;

/// What the mark starts with that is at rest while a claim has the value.
const AWAY: &[u8] = b"pdc";

/// A value that can't be understood.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct Unreadable(Cow<'static, str>);

impl Unreadable {
    /// The value is not where it should be.
    pub(crate) fn gone() -> Self {
        Self("its value is gone".into())
    }
}

type Result<T> = std::result::Result<T, Unreadable>;

/// The first line of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    revision: Revision,
    write_id: WriteId,
    saved_at: UnixMillis,
    /// Encoding, schema and length of the body; `None` if it was deleted.
    body: Option<(Encoding, u32, usize)>,
}

/// Appends the header of a write, which the bytes of the body follow, to a text.
pub(crate) fn push_header(stamp: &Stamp, body: Option<&Body>, to: &mut String) {
    let (encoding, schema, bytes) = body.map_or((DELETED, 0, 0), |body| {
        (body.encoding.as_str(), body.schema, body.bytes.len())
    });
    // Every save needs one, so it is made without the detours of `format!`.
    let mut guid = [0; Hyphenated::LENGTH];
    let mut digits: [itoa::Buffer; 4] = Default::default();
    let [revision, at, schema_digits, length] = &mut digits;
    to.push_str(MARK);
    for field in [
        revision.format(stamp.base.next().get()),
        stamp
            .write_id
            .as_uuid()
            .hyphenated()
            .encode_lower(&mut guid),
        at.format(stamp.at.get()),
        encoding,
        schema_digits.format(schema),
        length.format(bytes),
    ] {
        to.push(' ');
        to.push_str(field);
    }
    to.push('\n');
}

/// Whether this is not a value, but the mark of a value that a claim has.
pub(crate) fn is_mark(value: &[u8]) -> bool {
    value.starts_with(AWAY)
}

/// What is known of a slot whose value can't be read.
pub(crate) fn unreadable(slot: SlotName, bytes: u64) -> SlotSummary {
    SlotSummary {
        slot,
        revision: Revision::new(0),
        saved_at: UnixMillis::new(0),
        schema: 0,
        body_bytes: bytes,
    }
}

/// Reads a value as an opening found it. It does not say whether there is mail.
pub(crate) fn opened(value: impl Into<Bytes>) -> Result<Opened> {
    let value = value.into();
    if value.is_empty() {
        return Ok(Opened::default());
    }
    let (header, body_at) = parse(&value)?;
    let bytes = value.slice(body_at..);
    let record = match header.body {
        None => None,
        Some((encoding, schema, length)) if length == bytes.len() => Some(Record {
            revision: header.revision,
            write_id: header.write_id,
            saved_at: header.saved_at,
            body: Body {
                schema,
                encoding,
                bytes,
            },
        }),
        Some((_, _, length)) => {
            let found = bytes.len();
            let what = format!("a body of {found} bytes where its header says {length}");
            return Err(Unreadable(what.into()));
        }
    };
    Ok(Opened {
        revision: header.revision,
        last_write: Some(header.write_id),
        record,
        ..Opened::default()
    })
}

/// Reads the value of a slot. What can't be understood is a record all the same,
/// of which the bytes are known: whoever is shown it can put something else in
/// its place.
pub(crate) fn whatever_it_is(value: Vec<u8>) -> Opened {
    let bytes = Bytes::from(value);
    opened(bytes.clone()).unwrap_or_else(|unreadable| {
        tracing::warn!(error = %unreadable, "a slot can't be read");
        let header = parse(&bytes).ok().map(|(header, _)| header);
        let revision = header.map(|header| header.revision).unwrap_or_default();
        let last_write = header.map(|header| header.write_id);
        let saved_at = header.map(|header| header.saved_at).unwrap_or_default();
        let body = header.and_then(|header| header.body);
        Opened {
            revision,
            last_write,
            record: Some(Record {
                revision,
                write_id: last_write.unwrap_or(WriteId::from_uuid(Uuid::nil())),
                saved_at,
                body: Body {
                    schema: body.map_or(0, |(_, schema, _)| schema),
                    encoding: Encoding::Unknown,
                    bytes,
                },
            }),
            ..Opened::default()
        }
    })
}

/// Reads the header alone, from the first [`MAX_HEADER_BYTES`] of a value;
/// `None` if the slot holds no record.
pub(crate) fn summary(slot: SlotName, start: &[u8]) -> Result<Option<SlotSummary>> {
    if start.is_empty() {
        return Ok(None);
    }
    let (header, _) = parse(start)?;
    Ok(header.body.map(|(_, schema, length)| SlotSummary {
        slot,
        revision: header.revision,
        saved_at: header.saved_at,
        schema,
        body_bytes: length as u64,
    }))
}

fn parse(value: &[u8]) -> Result<(Header, usize)> {
    let line = value
        .iter()
        .take(MAX_HEADER_BYTES)
        .position(|&byte| byte == b'\n')
        .and_then(|end| std::str::from_utf8(&value[..end]).ok())
        .ok_or(Unreadable("a value without a header".into()))?;
    let header = Header::from_str(line)
        .map_err(|NotAHeader| Unreadable(format!("a value with the header {line:?}").into()))?;
    Ok((header, line.len() + 1))
}

struct NotAHeader;

impl FromStr for Header {
    type Err = NotAHeader;

    fn from_str(line: &str) -> std::result::Result<Self, NotAHeader> {
        let fields: Vec<&str> = line.split(' ').collect();
        let &[MARK, revision, write_id, saved_at, encoding, schema, bytes] = fields.as_slice()
        else {
            return Err(NotAHeader);
        };
        let number = |text: &str| u64::from_str(text).map_err(|_| NotAHeader);
        let body = if encoding == DELETED {
            None
        } else {
            Some((
                Encoding::from_name(encoding).ok_or(NotAHeader)?,
                u32::from_str(schema).map_err(|_| NotAHeader)?,
                usize::from_str(bytes).map_err(|_| NotAHeader)?,
            ))
        };
        Ok(Self {
            revision: Revision::new(number(revision)?),
            write_id: write_id.parse().map_err(|_| NotAHeader)?,
            saved_at: UnixMillis::new(number(saved_at)?),
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> Stamp {
        Stamp {
            base: Revision::new(16),
            write_id: WriteId::from_uuid(Uuid::from_u128(7)),
            at: UnixMillis::new(1_732_388_000_000),
        }
    }

    fn value(body: Option<&Body>) -> Vec<u8> {
        let mut header = String::new();
        push_header(&stamp(), body, &mut header);
        let mut value = header.into_bytes();
        value.extend(body.map(|body| body.bytes.clone()).unwrap_or_default());
        value
    }

    #[test]
    fn a_value_reads_as_it_was_written_whatever_bytes_the_body_has() {
        for bytes in [&b""[..], b"{}", b"\n\0\xff pd1 \n"] {
            let body = Body {
                schema: 3,
                encoding: Encoding::JsonZstd,
                bytes: Bytes::copy_from_slice(bytes),
            };
            let value = value(Some(&body));
            assert!(value.starts_with(
                b"pd1 17 00000000-0000-0000-0000-000000000007 1732388000000 json+zstd 3 "
            ));
            let slot = SlotName::new("Slot1").unwrap();
            let summary = summary(slot, &value).unwrap().unwrap();
            assert_eq!(summary.body_bytes, bytes.len() as u64);
            let record = opened(value).unwrap().record.unwrap();
            assert_eq!(record.body, body);
            assert_eq!(record.revision, Revision::new(17));
            assert_eq!(record.saved_at, stamp().at);
        }
    }

    #[test]
    fn s12_what_can_not_be_understood_is_given_with_what_is_known_of_it() {
        let body = Body {
            schema: 3,
            encoding: Encoding::Json,
            bytes: Bytes::from_static(b"{\"Currency\":500}"),
        };
        let whole = value(Some(&body));
        let half = whole[..whole.len() - 5].to_vec();
        for (value, revision, schema) in [(half, 17, 3), (b"junk".to_vec(), 0, 0)] {
            let opened = whatever_it_is(value.clone());
            let record = opened.record.unwrap();
            assert_eq!(record.revision, Revision::new(revision));
            assert_eq!(record.body.schema, schema);
            assert_eq!(record.body.encoding, Encoding::Unknown);
            assert_eq!(record.body.bytes, value);
        }
    }

    #[test]
    fn a_deletion_keeps_the_revision_and_the_write() {
        let opened = opened(value(None)).unwrap();
        assert_eq!(opened.record, None);
        assert_eq!(opened.revision, Revision::new(17));
        assert_eq!(opened.last_write, Some(stamp().write_id));
    }

    #[test]
    fn an_empty_value_is_a_slot_that_was_never_written() {
        assert_eq!(opened(Vec::new()).unwrap(), Opened::default());
    }

    #[test]
    fn the_longest_header_fits_its_bound() {
        let stamp = Stamp {
            base: Revision::new(u64::MAX - 1),
            at: UnixMillis::new(u64::MAX),
            ..stamp()
        };
        let body = Body {
            schema: u32::MAX,
            encoding: Encoding::JsonZstd,
            bytes: Bytes::new(),
        };
        let mut header = String::new();
        push_header(&stamp, Some(&body), &mut header);
        let longest = header.len() + 19;
        assert!(longest <= MAX_HEADER_BYTES, "{longest}");
    }

    #[test]
    fn f21_what_is_no_value_is_corrupt_not_empty() {
        let good = String::from_utf8(value(None)).unwrap();
        for bad in [
            "junk",
            "\n",
            "pd2 1 x\n",
            &good.replace("pd1", "pd9"),
            &good.replace("deleted", "cbor"),
            &good.replace("deleted 0 0", "json 0 5"),
            &good.replace(" 17 ", " -1 "),
            good.trim_end(),
        ] {
            assert!(opened(bad.as_bytes().to_vec()).is_err(), "{bad:?}");
        }
    }
}
