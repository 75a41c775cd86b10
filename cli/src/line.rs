//! A player as a line of JSON.

use bytes::Bytes;
use playerdata::{
    LetterId, PlayerId, Revision, SlotName, TradeId, UnixMillis, WriteId,
    backend::{Body, Encoding, Letter, Record, Retention, Verdict},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    command::mail,
    copy::{PlayerCopy, RememberedLetter, SlotCopy},
    record::{ENVELOPE, text},
};

/// The versions of the format. A line has the first one if that can say it all:
/// the second one has remembered letters and verdicts.
const FORMATS: [u32; 2] = [1, 2];

/// A player as a line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    format: u32,
    player: PlayerId,
    slots: Vec<SlotLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    verdicts: Vec<VerdictLine>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SlotLine {
    slot: SlotName,
    /// Members of a [`RecordLine`], or none.
    #[serde(flatten)]
    record: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    versions: Vec<RecordLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    letters: Vec<LetterLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    remembered: Vec<RememberedLine>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RememberedLine {
    id: LetterId,
    posting: WriteId,
    retention: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct VerdictLine {
    trade: TradeId,
    verdict: String,
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
            record: slot
                .record
                .as_ref()
                .map(RecordLine::members)
                .unwrap_or_default(),
            versions: slot.versions.iter().map(RecordLine::of).collect(),
            letters: slot.letters.iter().map(LetterLine::of).collect(),
            remembered: slot.remembered.iter().map(RememberedLine::of).collect(),
        });
        let slots: Vec<_> = slots.collect();
        let verdicts: Vec<_> = copy.verdicts.iter().map(VerdictLine::of).collect();
        let is_new = !verdicts.is_empty() || slots.iter().any(|slot| !slot.remembered.is_empty());
        Self {
            format: FORMATS[usize::from(is_new)],
            player: copy.player.clone(),
            slots,
            verdicts,
        }
    }

    /// What the line says, or what is wrong with it. Records are compressed
    /// from this many bytes on.
    pub(crate) fn read(line: &str, compress_from: usize) -> Result<PlayerCopy, String> {
        let line: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if !FORMATS.contains(&line.format) {
            return Err(format!(
                "it has format {}, and this program reads up to {}",
                line.format, FORMATS[1]
            ));
        }
        let slots = line.slots.into_iter().map(|slot| {
            let record = RecordLine::of_members(slot.record)?;
            let record = record.map(|record| record.read(compress_from));
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
                remembered: slot
                    .remembered
                    .into_iter()
                    .map(RememberedLine::read)
                    .collect::<Result<_, String>>()?,
            })
        });
        let verdicts = line.verdicts.into_iter().map(VerdictLine::read);
        Ok(PlayerCopy {
            player: line.player,
            left_out: Vec::new(),
            slots: slots.collect::<Result<_, String>>()?,
            verdicts: verdicts.collect::<Result<_, String>>()?,
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

    fn members(record: &Record) -> Map<String, Value> {
        let line = serde_json::to_value(Self::of(record));
        match line.expect("it has texts, numbers and JSON only") {
            Value::Object(members) => members,
            _ => unreachable!("it is a struct"),
        }
    }

    fn of_members(members: Map<String, Value>) -> Result<Option<Self>, String> {
        if members.is_empty() {
            return Ok(None);
        }
        let line = serde_json::from_value(Value::Object(members));
        line.map(Some).map_err(|error| error.to_string())
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
        Ok(Letter {
            id: self.id,
            posting: self.posting,
            sender: self.sender,
            sent_at: UnixMillis::new(self.sent_at_ms),
            retention: retention(&self.retention)?,
            content: Bytes::from(self.content.to_string()),
        })
    }
}

impl RememberedLine {
    fn of(letter: &RememberedLetter) -> Self {
        Self {
            id: letter.id.clone(),
            posting: letter.posting,
            retention: letter.retention.as_str().to_owned(),
        }
    }

    fn read(self) -> Result<RememberedLetter, String> {
        Ok(RememberedLetter {
            id: self.id,
            posting: self.posting,
            retention: retention(&self.retention)?,
        })
    }
}

fn retention(name: &str) -> Result<Retention, String> {
    Retention::from_name(name).ok_or_else(|| format!("there is no retention {name:?}"))
}

impl VerdictLine {
    fn of((trade, verdict): &(TradeId, Verdict)) -> Self {
        Self {
            trade: *trade,
            verdict: verdict.as_str().to_owned(),
        }
    }

    fn read(self) -> Result<(TradeId, Verdict), String> {
        let verdict = Verdict::from_name(&self.verdict);
        let verdict = verdict.ok_or_else(|| format!("there is no verdict {:?}", self.verdict))?;
        Ok((self.trade, verdict))
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
                remembered: vec![RememberedLetter {
                    id: LetterId::new("order-17").unwrap(),
                    posting: write_id,
                    retention: Retention::Timed,
                }],
            }],
            verdicts: vec![(TradeId::from_uuid(Uuid::from_u128(9)), Verdict::Commit)],
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
            assert_eq!(read.verdicts, copy.verdicts);
            let (read, was) = (&read.slots[0], &copy.slots[0]);
            assert_eq!(read.record, was.record, "{line}");
            assert_eq!(read.versions, was.versions, "{line}");
            assert_eq!(read.letters, was.letters, "{line}");
            assert_eq!(read.remembered, was.remembered, "{line}");
        }
    }

    #[test]
    fn a_line_of_the_first_format_is_read_and_still_written_where_it_says_it_all() {
        let line = concat!(
            r#"{"format":1,"player":"7","slots":[{"slot":"Slot1","revision":3,"schema":2,"#,
            r#""saved_at_ms":1003,"write_id":"00000000-0000-0000-0000-000000000007","#,
            r#""document":{"Level":1.0},"envelope":{"v":1},"letters":[{"id":"gift","#,
            r#""posting":"00000000-0000-0000-0000-000000000007","sender":"somebody","#,
            r#""sent_at_ms":5,"retention":"until-settled","content":{"Bread":1}}]},"#,
            r#"{"slot":"Slot2"}]}"#,
        );
        let read = Line::read(line, 1_000).unwrap();
        assert_eq!(read.slots[0].record.as_ref().unwrap().revision.get(), 3);
        assert!(read.slots[1].record.is_none());
        assert_eq!(serde_json::to_string(&Line::of(&read)).unwrap(), line);
    }

    #[test]
    fn a_line_that_makes_no_sense_says_why() {
        for (line, told) in [
            ("", "EOF"),
            (r#"{"format":3,"player":"1","slots":[]}"#, "format 3"),
            (
                r#"{"format":1,"player":"1","slots":[{"slot":"S","document":{}}]}"#,
                "revision",
            ),
            (r#"{"format":1,"player":"","slots":[]}"#, "player id"),
            (r#"{"format":1,"slots":[]}"#, "player"),
        ] {
            let error = Line::read(line, 0).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
    }
}
