//! The envelope: what the library keeps of its own beside a document.
//!
//! It is the member `$playerdata` of the stored JSON object, so it is in the
//! same record and the same write as the document, and part of the content
//! that says whether a document changed. It is taken off before migrations
//! and decoding, so no code of the game's ever sees it.
//!
//! It has a version, and is written with the lowest one that has all its
//! members. A newer version, and a member that the version does not have, are
//! refused like a body that can't be read: what is in an envelope is a promise
//! to keep, and whoever does not know the promise would break it by carrying
//! the member along as if it were nothing.

mod defaults;
mod letters;
mod once;
mod parcels;

use std::borrow::Cow;

use serde::{Deserialize, Serialize, de};
use serde_json::Value;

pub(crate) use defaults::KeysFingerprint;
pub(crate) use letters::AppliedLetters;
pub(crate) use once::AppliedKeys;
pub(crate) use parcels::{Address, Escrow, MAX_ESCROWS, MAX_OUTBOX, Outgoing, Side};

use super::CodecError;
use crate::IdempotencyKey;
pub(crate) use crate::value::ENVELOPE;
use crate::{ValueRef, excerpt::SerdeError, value as compact};

/// The newest version that is known. 2 has keys, 3 letters, 4
/// parcels.
const VERSION: u64 = 4;

/// What is kept beside a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// The keys of the defaults that the document was last completed with
    /// (S7); only a ready-made [`Document`](crate::Document) has one.
    pub(crate) defaults: Option<KeysFingerprint>,
    /// The changes that were applied once (X1).
    pub(crate) keys: AppliedKeys,
    /// The letters that were applied and are not discarded yet (M2).
    pub(crate) letters: AppliedLetters,
    /// Parcels that have left the document and are to be sent (P2).
    pub(crate) outbox: Vec<Outgoing>,
    /// Letters that were sent from the outbox, and are to be settled.
    pub(crate) settling: Vec<Address>,
    /// Trades that the document is in (P3).
    pub(crate) escrow: Vec<Escrow>,
    /// Trades that the document has acted on, whose verdicts are to be
    /// forgotten.
    pub(crate) acted: Vec<Side>,
}

/// Every version as stored: which of the members there may be is said by
/// [`Stored::needs`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
    v: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    defaults: Option<KeysFingerprint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keys: Option<Cow<'a, AppliedKeys>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    letters: Option<Cow<'a, AppliedLetters>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outbox: Option<Cow<'a, [Outgoing]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settling: Option<Cow<'a, [Address]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    escrow: Option<Cow<'a, [Escrow]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acted: Option<Cow<'a, [Side]>>,
}

/// A list, unless there is nothing in it.
fn some<T: Clone>(list: &[T]) -> Option<Cow<'_, [T]>> {
    (!list.is_empty()).then_some(Cow::Borrowed(list))
}

impl Stored<'_> {
    /// The lowest version that has all its members.
    fn needs(&self) -> u64 {
        let members = [
            (self.keys.is_some(), 2),
            (self.letters.is_some(), 3),
            (self.outbox.is_some() || self.settling.is_some(), 4),
            (self.escrow.is_some() || self.acted.is_some(), 4),
        ];
        let needed = members.iter().filter(|(is_there, _)| *is_there);
        needed.map(|(_, since)| *since).max().unwrap_or(1)
    }
}

impl Envelope {
    /// That of a document that has all that defaults with these keys have.
    pub(crate) fn of_defaults(keys: KeysFingerprint) -> Self {
        Self {
            defaults: Some(keys),
            ..Self::default()
        }
    }

    /// Whether something is to be done at the store about what it holds, once
    /// that is stored.
    pub(crate) fn has_errands(&self) -> bool {
        !self.letters.is_empty()
            || !self.outbox.is_empty()
            || !self.settling.is_empty()
            || !self.acted.is_empty()
    }

    /// Whether a change with this key was applied, or may be by a trade.
    pub(crate) fn has_key(&self, key: &IdempotencyKey) -> bool {
        self.keys.contains(key) || self.escrow.iter().any(|escrow| escrow.key == *key)
    }

    /// Whether it holds nothing, and is not written.
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            defaults,
            keys,
            letters,
            outbox,
            settling,
            escrow,
            acted,
        } = self;
        defaults.is_none()
            && keys.is_empty()
            && letters.is_empty()
            && outbox.is_empty()
            && settling.is_empty()
            && escrow.is_empty()
            && acted.is_empty()
    }

    /// Takes the envelope off a stored document. One that is not a JSON object
    /// has none.
    pub(super) fn take_off(document: &mut Value) -> Result<Self, CodecError> {
        let member = document
            .as_object_mut()
            .and_then(|document| document.shift_remove(ENVELOPE));
        match member {
            Some(member) => Self::read(compact::Value::from(member).view()),
            None => Ok(Self::default()),
        }
    }

    /// Reads the member that was taken off a stored document.
    pub(super) fn read(member: ValueRef<'_>) -> Result<Self, CodecError> {
        let version = member.member("v").and_then(ValueRef::as_u64);
        if let Some(found) = version.filter(|&version| version > VERSION) {
            let known = VERSION;
            return Err(CodecError::EnvelopeTooNew { found, known });
        }
        let stored = Stored::deserialize(member)
            .and_then(|stored| match stored.v {
                0 => Err(de::Error::custom("there is no version 0")),
                v if v < stored.needs() => Err(de::Error::custom(format_args!(
                    "version {v} has no member of version {}",
                    stored.needs()
                ))),
                _ => Ok(stored),
            })
            .map_err(|error| CodecError::EnvelopeUnreadable(SerdeError::new(error)))?;
        Ok(Self {
            defaults: stored.defaults,
            keys: stored.keys.unwrap_or_default().into_owned(),
            letters: stored.letters.unwrap_or_default().into_owned(),
            outbox: stored.outbox.unwrap_or_default().into_owned(),
            settling: stored.settling.unwrap_or_default().into_owned(),
            escrow: stored.escrow.unwrap_or_default().into_owned(),
            acted: stored.acted.unwrap_or_default().into_owned(),
        })
    }

    /// Puts the envelope onto the text of a document, unless it is empty.
    pub(crate) fn put_on(&self, json: &mut Vec<u8>) -> Result<(), CodecError> {
        if self.is_empty() {
            return Ok(());
        }
        if json.first() != Some(&b'{') {
            return Err(CodecError::NoEnvelope);
        }
        let mut stored = Stored {
            v: 0,
            defaults: self.defaults,
            keys: (!self.keys.is_empty()).then_some(Cow::Borrowed(&self.keys)),
            letters: (!self.letters.is_empty()).then_some(Cow::Borrowed(&self.letters)),
            outbox: some(&self.outbox),
            settling: some(&self.settling),
            escrow: some(&self.escrow),
            acted: some(&self.acted),
        };
        stored.v = stored.needs();
        json.pop(); // the closing bracket
        if json.len() > 1 {
            json.push(b',');
        }
        json.push(b'"');
        json.extend_from_slice(ENVELOPE.as_bytes());
        json.extend_from_slice(b"\":");
        serde_json::to_writer(&mut *json, &stored)
            .map_err(|error| CodecError::unwritable(ENVELOPE.to_owned(), error))?;
        json.push(b'}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn envelope() -> Envelope {
        Envelope::of_defaults(KeysFingerprint::new(0xab))
    }

    fn put_on(envelope: &Envelope, document: &str) -> String {
        let mut json = document.as_bytes().to_vec();
        envelope.put_on(&mut json).unwrap();
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn s7_an_envelope_is_written_into_the_object_and_taken_off_again() {
        for (document, stored) in [
            (
                "{}",
                r#"{"$playerdata":{"v":1,"defaults":"00000000000000ab"}}"#,
            ),
            (
                r#"{"a":[{}]}"#,
                r#"{"a":[{}],"$playerdata":{"v":1,"defaults":"00000000000000ab"}}"#,
            ),
        ] {
            assert_eq!(put_on(&envelope(), document), stored);
            let mut value = serde_json::from_str(stored).unwrap();
            assert_eq!(Envelope::take_off(&mut value).unwrap(), envelope());
            assert_eq!(value.to_string(), document);
        }
    }

    #[test]
    fn x1_keys_are_written_beside_the_document_with_the_version_that_has_them() {
        let mut envelope = envelope();
        let key = "receipt 17".try_into().unwrap();
        let memory = std::time::Duration::MAX;
        envelope.keys.add(key, crate::UnixMillis::new(5), memory);
        let stored =
            r#"{"$playerdata":{"v":2,"defaults":"00000000000000ab","keys":{"receipt 17":5}}}"#;
        assert_eq!(put_on(&envelope, "{}"), stored);
        let mut value = serde_json::from_str(stored).unwrap();
        assert_eq!(Envelope::take_off(&mut value).unwrap(), envelope);
    }

    #[test]
    fn m2_letters_are_written_beside_the_document_with_the_version_that_has_them() {
        let mut envelope = Envelope::default();
        let posting = "00000000-0000-4000-8000-000000000001";
        envelope
            .letters
            .add("l-1".parse().unwrap(), posting.parse().unwrap());
        let stored = format!(r#"{{"$playerdata":{{"v":3,"letters":{{"l-1":"{posting}"}}}}}}"#);
        assert_eq!(put_on(&envelope, "{}"), stored);
        let mut value = serde_json::from_str(&stored).unwrap();
        assert_eq!(Envelope::take_off(&mut value).unwrap(), envelope);
    }

    #[test]
    fn p2_p3_parcels_are_written_beside_the_document_with_the_version_that_has_them() {
        let id = "00000000-0000-4000-8000-000000000001";
        let members = [
            format!(
                r#""outbox":[{{"to":{{"player":"2","slot":"Slot1","id":"l","posting":"{id}"}},"at":5,"parcel":{{}}}}]"#
            ),
            format!(r#""settling":[{{"player":"2","slot":"Slot1","id":"l","posting":"{id}"}}]"#),
            format!(
                r#""escrow":[{{"side":{{"trade":"{id}","first":true}},"key":"k","put":1,"get":2}}]"#
            ),
            format!(r#""acted":[{{"trade":"{id}","first":false}}]"#),
        ];
        for member in members {
            let stored = format!(r#"{{"$playerdata":{{"v":4,{member}}}}}"#);
            let mut value: Value = serde_json::from_str(&stored).unwrap();
            let envelope = Envelope::take_off(&mut value).unwrap();
            assert!(!envelope.is_empty());
            assert_eq!(put_on(&envelope, "{}"), stored);
            let mut old = serde_json::from_str(&stored.replace(r#""v":4"#, r#""v":3"#)).unwrap();
            assert!(Envelope::take_off(&mut old).is_err());
        }
    }

    #[test]
    fn s7_an_empty_envelope_costs_nothing_and_what_is_no_object_has_none() {
        for document in ["{}", r#"{"a":1}"#, "[1]", "7", "null"] {
            assert_eq!(put_on(&Envelope::default(), document), document);
            let mut value: Value = serde_json::from_str(document).unwrap();
            assert!(Envelope::take_off(&mut value).unwrap().is_empty());
        }
        let refused = envelope().put_on(&mut b"[1]".to_vec());
        assert!(matches!(refused, Err(CodecError::NoEnvelope)));
    }

    #[test]
    fn s5_an_envelope_that_is_not_understood_is_an_error() {
        let take_off = |member: Value| Envelope::take_off(&mut json!({ENVELOPE: member}));
        assert!(matches!(
            take_off(json!({"v": VERSION + 1, "spells": []})),
            Err(CodecError::EnvelopeTooNew { found, known }) if found == known + 1
        ));
        for member in [
            json!(null),
            json!([]),
            json!("x"),
            json!({}),
            json!({"v": 0}),
            json!({"v": -1}),
            json!({"v": "1"}),
            json!({"v": 1, "spells": []}),
            json!({"v": VERSION, "spells": []}),
            json!({"v": 1, "keys": {}}),
            json!({"v": 2, "keys": []}),
            json!({"v": 2, "letters": {}}),
            json!({"v": 3, "letters": {"l-1": "x"}}),
            json!({"v": 2, "keys": {"": 1}}),
            json!({"v": 2, "keys": {"a": -1}}),
            json!({"v": 1, "defaults": 7}),
            json!({"v": 1, "defaults": "ab"}),
            json!({"v": 1, "defaults": "+0000000000000ab"}),
        ] {
            let refused = take_off(member.clone());
            assert!(
                matches!(refused, Err(CodecError::EnvelopeUnreadable(_))),
                "{member}"
            );
        }
    }
}
