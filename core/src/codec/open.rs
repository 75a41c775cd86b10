//! Stored text back to a document, and what is kept beside it.

use std::{any::Any, sync::Arc};

use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_json::Deserializer;

use super::{CodecError, ENVELOPE, Envelope, json::read, proof::fit};
use crate::{
    Document,
    document::ReadDocument,
    value::{Read, Room, Value},
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
/// of JSON once more, which decides what is wrong with it, and whether it is.
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
    let (value, envelope) = to_json(json)?;
    let again = || to_json(json).ok().map(|(value, _)| value);
    Ok((fit(value, again)?, envelope))
}

fn document(json: &[u8], place: &mut Option<Document>) -> Option<Envelope> {
    let mut text = Deserializer::from_slice(json);
    let mut member = None;
    let document = Room::with(|room| {
        let envelope = Some(&mut member);
        ReadDocument { room, envelope }.deserialize(&mut text)
    });
    *place = Some(document.ok()?);
    text.end().ok()?;
    envelope(member)
}

fn own_type<D: DeserializeOwned>(json: &[u8], place: &mut Option<D>) -> Option<Envelope> {
    let mut text = Deserializer::from_slice(json);
    let value = Room::with(|room| Read(room).deserialize(&mut text));
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
