//! The document of a new player: the standard one, or one from a file.

use std::fmt;

use serde::{Deserialize, Deserializer, Serializer, de, ser};
use serde_json::{Map, Value};

const STANDARD: &str = r#"{
    "Currency": 500, "Level": 1, "CurrentXP": 0, "XPtoNextLevel": 1000,
    "Inventory": [
        {"Name": "Starter Sword", "ItemType": "Object", "Quantity": 1},
        {"Name": "Bread", "ItemType": "Object", "Quantity": 5}
    ],
    "EquippedItems": {
        "Weapon": null, "Head": null, "Torso": null, "Legs": null,
        "Boots": null, "Neck": null, "Ring1": null, "Ring2": null
    },
    "Reputation": {"Nordraxia": 1},
    "GiftBank": {}
}"#;

/// The standard document.
pub(super) fn standard() -> Map<String, Value> {
    serde_json::from_str(STANDARD).expect("the standard document is a JSON object")
}

/// Writes JSON text, so that nulls survive in formats that have none.
pub(super) fn serialize<S: Serializer>(
    data: &Map<String, Value>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let text = serde_json::to_string(data).map_err(ser::Error::custom)?;
    serializer.serialize_str(&text)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    deserializer.deserialize_any(TableOrText)
}

struct TableOrText;

impl<'de> de::Visitor<'de> for TableOrText {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table, or a string with the JSON text of an object")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        serde_json::from_str(text)
            .map_err(|error| E::custom(format_args!("not the JSON text of an object: {error}")))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, table: A) -> Result<Self::Value, A::Error> {
        Map::deserialize(de::value::MapAccessDeserializer::new(table))
    }
}
