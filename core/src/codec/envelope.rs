//! The envelope: what the library keeps of its own beside a document.
//!
//! It is the member `$playerdata` of the stored JSON object, so it is in the
//! same record and the same write as the document, and part of the content
//! that tells whether a document changed. It is taken off before migrations
//! and decoding, so no code of the game's ever sees it.
//!
//! It has a version, and is written with the lowest one that has all its
//! members. A newer version, and a member that the version does not have, are
//! refused like a body that can't be read: what is in an envelope is a promise
//! to keep, and whoever does not know the promise would break it by carrying
//! the member along as if it were nothing.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::CodecError;
use crate::excerpt::{SerdeError, excerpt};
pub(crate) use crate::value::ENVELOPE;

/// The newest version that is known.
const VERSION: u64 = 1;

/// What is kept beside a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// The keys of the defaults that the document was last completed with
    /// (S7); only a ready-made [`Document`](crate::Document) has one.
    pub(crate) defaults: Option<KeysFingerprint>,
}

/// Version 1 as stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    v: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    defaults: Option<KeysFingerprint>,
}

impl Envelope {
    /// That of a document that has all that defaults with these keys have.
    pub(crate) fn of_defaults(keys: KeysFingerprint) -> Self {
        Self {
            defaults: Some(keys),
        }
    }

    /// Whether it holds nothing, and is not written.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes the envelope off a stored document. One that is not a JSON object
    /// has none.
    pub(super) fn take_off(document: &mut Value) -> Result<Self, CodecError> {
        let member = document
            .as_object_mut()
            .and_then(|document| document.shift_remove(ENVELOPE));
        member.map_or_else(|| Ok(Self::default()), Self::read)
    }

    fn read(member: Value) -> Result<Self, CodecError> {
        let version = member.get("v").and_then(Value::as_u64);
        if let Some(found) = version.filter(|&version| version > VERSION) {
            let known = VERSION;
            return Err(CodecError::EnvelopeTooNew { found, known });
        }
        let stored = Stored::deserialize(member)
            .and_then(|stored| match stored.v {
                VERSION => Ok(stored),
                other => Err(de::Error::custom(format_args!(
                    "there is no version {other}"
                ))),
            })
            .map_err(|error| CodecError::EnvelopeUnreadable(SerdeError::new(error)))?;
        Ok(Self {
            defaults: stored.defaults,
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
        let stored = Stored {
            v: VERSION,
            defaults: self.defaults,
        };
        json.pop(); // the closing bracket
        let comma = if json.len() > 1 { "," } else { "" };
        json.extend_from_slice(format!("{comma}\"{ENVELOPE}\":").as_bytes());
        serde_json::to_writer(&mut *json, &stored)
            .map_err(|error| CodecError::unwritable(ENVELOPE.to_owned(), error))?;
        json.push(b'}');
        Ok(())
    }
}

/// 64 bits that stand for the keys of some defaults; the same for ever and
/// everywhere, since they are stored. As JSON 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeysFingerprint(u64);

impl KeysFingerprint {
    pub(crate) const fn new(bits: u64) -> Self {
        Self(bits)
    }
}

impl fmt::Display for KeysFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for KeysFingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeysFingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16)
            .ok()
            .map(Self)
            .filter(|fingerprint| fingerprint.to_string() == text)
            .ok_or_else(|| {
                de::Error::custom(format_args!("{:?} is not a fingerprint", excerpt(&text)))
            })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn envelope() -> Envelope {
        Envelope {
            defaults: Some(KeysFingerprint::new(0xab)),
        }
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
            take_off(json!({"v": 2, "keys": []})),
            Err(CodecError::EnvelopeTooNew { found: 2, known: 1 })
        ));
        for member in [
            json!(null),
            json!([]),
            json!("x"),
            json!({}),
            json!({"v": 0}),
            json!({"v": -1}),
            json!({"v": "1"}),
            json!({"v": 1, "outbox": []}),
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
