//! A document as JSON.

use std::{fmt, ops::Range};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, MapAccess, Visitor},
    ser::SerializeMap,
};

use super::{Document, DocumentError, GiftBank, gift_bank::ReadGiftBank, key::CoreValue};
use crate::{
    excerpt::SerdeError,
    inventory::ReadInventory,
    value::{
        Key, Read, Scratch, Twice, Value, twice,
        write::{self, TooDeep},
    },
};

impl Document {
    /// Reads a document, under the default rules.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Malformed`] if it is not a table, or its inventory or
    /// gift bank is none.
    pub fn from_json(json: serde_json::Value) -> Result<Self, DocumentError> {
        Self::deserialize(json).map_err(|source| DocumentError::Malformed {
            source: SerdeError::new(source),
        })
    }

    /// The document as JSON, as it is stored.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("a document has only what JSON holds")
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.attributes.len()))?;
        for (name, value) in self.attributes.iter() {
            match CoreValue::from_name(name) {
                Some(CoreValue::Inventory) => map.serialize_entry(name, &self.inventory)?,
                Some(CoreValue::GiftBank) => map.serialize_entry(name, &self.gift_bank)?,
                Some(CoreValue::PlayerId | CoreValue::SlotName | CoreValue::Envelope) | None => {
                    map.serialize_entry(name, value)?;
                }
            }
        }
        map.end()
    }
}

/// Refuses a table with a key twice, of which one value would be lost.
impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Scratch::with(|scratch| {
            let envelope = None;
            ReadDocument { scratch, envelope }.deserialize(deserializer)
        })
    }
}

/// Reads a document.
pub(crate) struct ReadDocument<'r> {
    pub(crate) scratch: &'r mut Scratch,
    /// Where to put what is kept beside the document, if that is not taken for
    /// an attribute.
    pub(crate) envelope: Option<&'r mut Option<Value>>,
}

impl<'de> DeserializeSeed<'de> for ReadDocument<'_> {
    type Value = Document;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Document, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ReadDocument<'_> {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document: a table of attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let Self {
            scratch,
            mut envelope,
        } = self;
        let attributes = scratch.table();
        let mut inventory = None;
        let mut gift_bank = GiftBank::default();
        while let Some(()) = map.next_key_seed(Key(attributes, scratch))? {
            let key = attributes.last_key(scratch);
            let value = match (CoreValue::from_name(key), &mut envelope) {
                (Some(CoreValue::Inventory), _) => {
                    inventory = Some(map.next_value_seed(ReadInventory(scratch))?);
                    Value::Null
                }
                (Some(CoreValue::GiftBank), _) => {
                    gift_bank = map.next_value_seed(ReadGiftBank(scratch))?;
                    Value::Null
                }
                (Some(CoreValue::Envelope), Some(place)) => {
                    attributes.drop_key(scratch);
                    if place.replace(map.next_value_seed(Read(scratch))?).is_some() {
                        return Err(twice(Twice(CoreValue::Envelope.as_str().to_owned())));
                    }
                    continue;
                }
                _ => map.next_value_seed(Read(scratch))?,
            };
            attributes.value(scratch, value);
        }
        let attributes = attributes.end(scratch).map_err(twice)?;
        let inventory = inventory.unwrap_or_default();
        Ok(Document::from_parts(attributes, inventory, gift_bank))
    }
}

impl Document {
    /// Writes the document as JSON text, the same as by serde. `levels` are
    /// how many lists and tables may be in one another. Where the skipped ones
    /// of the members are is noted, each with the comma before it.
    pub(crate) fn write(
        &self,
        out: &mut Vec<u8>,
        levels: usize,
        skip_keys: &[String],
        skipped: &mut Vec<Range<usize>>,
    ) -> Result<(), TooDeep> {
        let attributes = &self.attributes;
        let mut begin = out.len() + 1; // behind the bracket
        write::table(out, attributes, levels, |out, at, value, levels| {
            self.write_member(out, at, value, levels)?;
            if !skip_keys.is_empty() {
                if skip_keys.iter().any(|key| key == attributes.key_at(at)) {
                    skipped.push(begin..out.len());
                }
                begin = out.len();
            }
            Ok(())
        })
    }

    fn write_member(
        &self,
        out: &mut Vec<u8>,
        at: usize,
        value: &Value,
        levels: usize,
    ) -> Result<(), TooDeep> {
        if matches!(value, Value::Null) {
            match CoreValue::from_name(self.attributes.key_at(at)) {
                Some(CoreValue::Inventory) => return self.inventory.write(out, levels),
                Some(CoreValue::GiftBank) => return self.gift_bank.write(out, levels),
                _ => {}
            }
        }
        write::value(out, value, levels)
    }

    /// Whether it has a member of the name that the library keeps for itself.
    pub(crate) fn has_reserved(&self) -> bool {
        self.attributes.has_reserved()
    }
}
