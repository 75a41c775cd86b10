//! A player as a line of JSON.

use bytes::Bytes;
use playerdata::{
    LetterId, PlayerId, Revision, SlotName, UnixMillis, WriteId,
    backend::{Body, Encoding, Letter, Record, Retention},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    command::mail,
    copy::{PlayerCopy, SlotCopy},
    record::{ENVELOPE, text},
};

/// The version of the format.
const FORMAT: u32 = 1;

/// A player as a line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    format: u32,
    player: PlayerId,
    slots: Vec<SlotLine>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SlotLine {
    slot: SlotName,
    #[serde(flatten)]
    record: Option<RecordLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    versions: Vec<RecordLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    letters: Vec<LetterLine>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RecordLine {
    revision: u64,
    schema: u32,
    saved_at_ms: u64,
    write_id: WriteId,
    #[serde(flatten)]
    content: ContentLine,
}

/// What is in a record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum ContentLine {
    Readable {
        document: Value,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        envelope: Option<Value>,
    },
    /// As it is, in hexadecimal digits.
    Unreadable { encoding: String, bytes: String },
}

#[derive(Debug, Serialize, Deserialize)]
struct LetterLine {
    id: LetterId,
    posting: WriteId,
    sender: String,
    sent_at_ms: u64,
    retention: String,
    content: Value,
}

impl Line {
    pub(crate) fn of(copy: &PlayerCopy) -> Self {
        let slots = copy.slots.iter().map(|slot| SlotLine {
            slot: slot.slot.clone(),
            record: slot.record.as_ref().map(RecordLine::of),
            versions: slot.versions.iter().map(RecordLine::of).collect(),
            letters: slot.letters.iter().map(LetterLine::of).collect(),
        });
        Self {
            format: FORMAT,
            player: copy.player.clone(),
            slots: slots.collect(),
        }
    }

    /// What the line says, or what is wrong with it. Records are compressed
    /// from this many bytes on.
    pub(crate) fn read(line: &str, compress_from: usize) -> Result<PlayerCopy, String> {
        let line: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if line.format != FORMAT {
            return Err(format!(
                "it has format {}, and this program reads {FORMAT}",
                line.format
            ));
        }
        let slots = line.slots.into_iter().map(|slot| {
            let record = slot.record.map(|record| record.read(compress_from));
            let versions = slot.versions.into_iter();
            let versions = versions.map(|version| version.read(compress_from));
            Ok(SlotCopy {
                slot: slot.slot,
                record: record.transpose()?,
                versions: versions.collect::<Result<_, String>>()?,
                letters: slot
                    .letters
                    .into_iter()
                    .map(LetterLine::read)
                    .collect::<Result<_, String>>()?,
            })
        });
        Ok(PlayerCopy {
            player: line.player,
            left_out: Vec::new(),
            slots: slots.collect::<Result<_, String>>()?,
        })
    }
}

impl RecordLine {
    fn of(record: &Record) -> Self {
        Self {
            revision: record.revision.get(),
            schema: record.body.schema,
            saved_at_ms: record.saved_at.get(),
            write_id: record.write_id,
            content: ContentLine::of(&record.body),
        }
    }

    fn read(self, compress_from: usize) -> Result<Record, String> {
        let (encoding, bytes) = self.content.read(compress_from)?;
        Ok(Record {
            revision: Revision::new(self.revision),
            write_id: self.write_id,
            saved_at: UnixMillis::new(self.saved_at_ms),
            body: Body {
                schema: self.schema,
                encoding,
                bytes,
            },
        })
    }
}

impl ContentLine {
    fn of(body: &Body) -> Self {
        let read = text(body).ok();
        let read = read.and_then(|text| {
            serde_json::from_slice::<Value>(&text)
                .ok()
                .map(|v| (text, v))
        });
        if let Some((text, mut document)) = read
            // A key that is there twice would be lost.
            && document.to_string().as_bytes() == text
        {
            let envelope = match &mut document {
                Value::Object(members) => members.shift_remove(ENVELOPE),
                _ => None,
            };
            return Self::Readable { document, envelope };
        }
        let digits = body.bytes.iter().map(|byte| format!("{byte:02x}"));
        Self::Unreadable {
            encoding: body.encoding.as_str().to_owned(),
            bytes: digits.collect(),
        }
    }

    fn read(self, compress_from: usize) -> Result<(Encoding, Bytes), String> {
        match self {
            Self::Readable {
                mut document,
                envelope,
            } => {
                if let Some(envelope) = envelope {
                    let members = document.as_object_mut();
                    let members = members.ok_or("only an object has an envelope")?;
                    members.insert(ENVELOPE.to_owned(), envelope);
                }
                encoded(document.to_string().into_bytes(), compress_from)
            }
            Self::Unreadable { encoding, bytes } => {
                let known = match encoding == Encoding::Unknown.as_str() {
                    true => Some(Encoding::Unknown),
                    false => Encoding::from_name(&encoding),
                };
                let encoding = known.ok_or_else(|| format!("there is no encoding {encoding:?}"))?;
                Ok((encoding, unhex(&bytes)?))
            }
        }
    }
}

fn encoded(text: Vec<u8>, compress_from: usize) -> Result<(Encoding, Bytes), String> {
    if text.len() < compress_from {
        return Ok((Encoding::Json, text.into()));
    }
    let compressed = zstd::encode_all(&*text, 1).map_err(|error| error.to_string())?;
    Ok((Encoding::JsonZstd, compressed.into()))
}

fn unhex(digits: &str) -> Result<Bytes, String> {
    let wrong = || "bytes are pairs of hexadecimal digits".to_owned();
    let pairs = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
        match pair.len() {
            2 => u8::from_str_radix(pair, 16).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    });
    pairs.collect()
}

impl LetterLine {
    fn of(letter: &Letter) -> Self {
        Self {
            id: letter.id.clone(),
            posting: letter.posting,
            sender: letter.sender.clone(),
            sent_at_ms: letter.sent_at.get(),
            retention: letter.retention.as_str().to_owned(),
            content: mail::content(&letter.content),
        }
    }

    fn read(self) -> Result<Letter, String> {
        let retention = Retention::from_name(&self.retention);
        Ok(Letter {
            id: self.id,
            posting: self.posting,
            sender: self.sender,
            sent_at: UnixMillis::new(self.sent_at_ms),
            retention: retention
                .ok_or_else(|| format!("there is no retention {:?}", self.retention))?,
            content: Bytes::from(self.content.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn copy(body: Body) -> PlayerCopy {
        let write_id = WriteId::from_uuid(Uuid::from_u128(7));
        let record = |revision, body| Record {
            revision: Revision::new(revision),
            write_id,
            saved_at: UnixMillis::new(1_000 + revision),
            body,
        };
        let letter = Letter {
            id: LetterId::new("gift").unwrap(),
            posting: write_id,
            sender: "somebody".to_owned(),
            sent_at: UnixMillis::new(5),
            retention: Retention::UntilSettled,
            content: Bytes::from_static(b"{\"Bread\":1}"),
        };
        PlayerCopy {
            player: PlayerId::from(7_u64),
            left_out: Vec::new(),
            slots: vec![SlotCopy {
                slot: SlotName::new("Slot1").unwrap(),
                record: Some(record(3, body.clone())),
                versions: vec![record(1, body)],
                letters: vec![letter],
            }],
        }
    }

    fn body(encoding: Encoding, bytes: impl Into<Bytes>) -> Body {
        Body {
            schema: 2,
            encoding,
            bytes: bytes.into(),
        }
    }

    #[test]
    fn a_line_says_all_that_is_stored_and_is_read_back() {
        let document = br#"{"Level":1.0,"Big":18446744073709551615,"$playerdata":{"v":1}}"#;
        let packed = zstd::encode_all(&document[..], 1).unwrap();
        for (body, limit) in [
            (body(Encoding::Json, &document[..]), 1_000),
            (body(Encoding::JsonZstd, packed), 10),
            (body(Encoding::Json, &b"{\"a\":1,\"a\":2}"[..]), 1_000),
            (body(Encoding::JsonZstd, &b"not at all"[..]), 1_000),
            (body(Encoding::Unknown, &b"{\"a\":1}"[..]), 1_000),
        ] {
            let copy = copy(body);
            let line = serde_json::to_string(&Line::of(&copy)).unwrap();
            let read = Line::read(&line, limit).unwrap();
            assert_eq!(read.player, copy.player);
            let (read, was) = (&read.slots[0], &copy.slots[0]);
            assert_eq!(read.record, was.record, "{line}");
            assert_eq!(read.versions, was.versions, "{line}");
            assert_eq!(read.letters, was.letters, "{line}");
        }
    }

    #[test]
    fn a_line_that_makes_no_sense_says_why() {
        for (line, told) in [
            ("", "EOF"),
            (r#"{"format":2,"player":"1","slots":[]}"#, "format 2"),
            (r#"{"format":1,"player":"","slots":[]}"#, "player id"),
            (r#"{"format":1,"slots":[]}"#, "player"),
        ] {
            let error = Line::read(line, 0).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
    }
}
