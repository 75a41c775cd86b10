//! A document as JSON.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::{Map, Value};

use super::{Document, DocumentError, GiftBank, key::CoreValue};
use crate::{
    Inventory,
    excerpt::{SerdeError, excerpt},
    fetch,
};

impl Document {
    /// Reads a document, under the default rules.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Malformed`] if it is not a table, or its inventory or
    /// gift bank is none.
    pub fn from_json(json: Value) -> Result<Self, DocumentError> {
        Self::deserialize(json).map_err(|source| DocumentError::Malformed {
            source: SerdeError::new(source),
        })
    }

    /// The document as JSON, as it is stored.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("a document has only what JSON holds")
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fetch::table(&self.attributes);
        let mut map = serializer.serialize_map(Some(self.attributes.len()))?;
        for (name, value) in &self.attributes {
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
        deserializer.deserialize_map(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document: a table of attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut attributes = Map::new();
        let mut inventory = Inventory::default();
        let mut gift_bank = GiftBank::default();
        while let Some(name) = map.next_key::<String>()? {
            if attributes.contains_key(&name) {
                let name = excerpt(&name);
                return Err(de::Error::custom(format_args!("{name:?} is there twice")));
            }
            let value = match CoreValue::from_name(&name) {
                Some(CoreValue::Inventory) => {
                    inventory = map.next_value()?;
                    Value::Null
                }
                Some(CoreValue::GiftBank) => {
                    gift_bank = map.next_value()?;
                    Value::Null
                }
                Some(CoreValue::PlayerId | CoreValue::SlotName | CoreValue::Envelope) | None => {
                    map.next_value()?
                }
            };
            attributes.insert(name, value);
        }
        Ok(Document::from_parts(attributes, inventory, gift_bank))
    }
}
