//! Stored text back to a document, and what is kept beside it.

use std::any::Any;

use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_json::Deserializer;
use triomphe::Arc;

use super::{CodecError, ENVELOPE, Envelope, json::read, proof::fit};
use crate::{
    Document,
    document::ReadDocument,
    value::{Read, Scratch, Value},
};

/// Reads a document as JSON.
pub(super) fn to_json(json: &[u8]) -> Result<(serde_json::Value, Envelope), CodecError> {
    let mut document = read(json)?;
    let envelope = Envelope::take_off(&mut document)?;
    Ok((document, envelope))
}

/// Reads a document as it is kept in memory: a ready-made one straight from
/// the text, a game's own type from values that are quickly made of it.
///
/// Neither says where it found a fault. So a text with a fault is read by way
/// of JSON again, which decides what is wrong with it, and whether it is.
pub(super) fn to<D: DeserializeOwned + 'static>(json: &[u8]) -> Result<(D, Envelope), CodecError> {
    let mut ready_made: Option<D> = None;
    let place = (&mut ready_made as &mut dyn Any).downcast_mut::<Option<Document>>();
    let envelope = match place {
        Some(place) => document(json, place),
        None => own_type(json, &mut ready_made),
    };
    if let (Some(document), Some(envelope)) = (ready_made, envelope) {
        return Ok((document, envelope));
    }
    by_way_of_json(json)
}

fn by_way_of_json<D: DeserializeOwned>(json: &[u8]) -> Result<(D, Envelope), CodecError> {
    let (value, envelope) = to_json(json)?;
    let again = || to_json(json).ok().map(|(value, _)| value);
    Ok((fit(value, again)?, envelope))
}

fn document(json: &[u8], place: &mut Option<Document>) -> Option<Envelope> {
    let mut text = Deserializer::from_slice(json);
    let mut member = None;
    let document = Scratch::with(|scratch| {
        let envelope = Some(&mut member);
        ReadDocument { scratch, envelope }.deserialize(&mut text)
    });
    *place = Some(document.ok()?);
    text.end().ok()?;
    envelope(member)
}

fn own_type<D: DeserializeOwned>(json: &[u8], place: &mut Option<D>) -> Option<Envelope> {
    let mut text = Deserializer::from_slice(json);
    let value = Scratch::with(|scratch| Read(scratch).deserialize(&mut text));
    let mut value = value.ok()?;
    text.end().ok()?;
    let member = match &mut value {
        Value::Table(table) if table.contains(ENVELOPE) => Arc::make_mut(table).remove(ENVELOPE),
        _ => None,
    };
    let envelope = envelope(member)?;
    *place = Some(D::deserialize(value.view()).ok()?);
    Some(envelope)
}

fn envelope(member: Option<Value>) -> Option<Envelope> {
    match member {
        Some(member) => Envelope::read(member.view()).ok(),
        None => Some(Envelope::default()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Deserialize, Serialize)]
    struct Hero {
        #[serde(rename = "Level")]
        level: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, serde_json::Value>,
    }

    /// What is read, as JSON, or why it is not.
    fn told<D: Serialize>(read: Result<(D, Envelope), CodecError>) -> String {
        match read {
            Ok((document, envelope)) => {
                format!("{} {envelope:?}", serde_json::to_string(&document).unwrap())
            }
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn s5_s11_what_is_read_directly_is_what_is_read_by_way_of_json() {
        let envelope = r#""$playerdata":{"v":1,"defaults":"00000000000000ab"}"#;
        let texts = [
            r#"{"Level":1,"Inventory":[{"Name":"Bread","Quantity":5,"Age":2}],"a":{"b":[1.5]}}"#,
            r#" {"Level":1,"GiftBank":{"g":null}} "#,
            r#"{"Level":"x"}"#,
            r#"{"Level":300,"Inventory":[{"Name":"Bread","Quantity":0}]}"#,
            r#"{"Level":1,"Inventory":[{"Name":"A","Quantity":1},{"Name":"A","Quantity":1}]}"#,
            r#"{"Level":1,"a":{"b":1,"c":[{"b":1,"b":2}]}}"#,
            r#"{"Level":1,"Level":2}"#,
            r#"{"Level":1,"GiftBank":{"g":1,"g":2}}"#,
            r#"{"Level":1} x"#,
            r#"{"Level":1e999}"#,
            r#"{"Level":1"#,
            r#"{"Level":1,"$playerdata":{"v":99}}"#,
            r#"{"Level":1,"$playerdata":{"v":1,"other":2}}"#,
            r#"{"Level":1,"$playerdata":null}"#,
            "[]",
            "7",
        ];
        let whole = format!(r#"{{"Level":1,{envelope}}}"#);
        let first = format!(r#"{{{envelope},"Level":1,"Inventory":[]}}"#);
        let twice = format!(r#"{{{envelope},"Level":1,{envelope}}}"#);
        for text in texts.into_iter().chain([&*whole, &first, &twice]) {
            let json = text.as_bytes();
            let of_documents = told(by_way_of_json::<Document>(json));
            assert_eq!(told(to::<Document>(json)), of_documents, "{text}");
            let of_heroes = told(by_way_of_json::<Hero>(json));
            assert_eq!(told(to::<Hero>(json)), of_heroes, "{text}");
        }
        let is_kept = |text: &str| {
            document(text.as_bytes(), &mut None)
                .unwrap()
                .defaults
                .is_some()
        };
        assert!(is_kept(&whole) && is_kept(&first));
    }
}
