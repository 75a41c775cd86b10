//! An inventory as JSON: a list of items.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::{Map, Value};

use super::{
    Inventory, InventoryError, Item,
    item::{Fields, FixedField, ItemType, json, quantity},
};
use crate::{excerpt::excerpt, fetch};

/// The most items that room is made for before they are seen.
const MAX_RESERVED: usize = 1024;

impl Serialize for Inventory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fetch::all(self, |item| fetch::text(item.name()));
        serializer.collect_seq(self)
    }
}

/// Refuses a list with an item twice, and any item with a quantity that is
/// not whole and positive.
impl<'de> Deserialize<'de> for Inventory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(InventoryVisitor)
    }
}

struct InventoryVisitor;

impl<'de> Visitor<'de> for InventoryVisitor {
    type Value = Inventory;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an inventory: a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Inventory, A::Error> {
        let room = list.size_hint().unwrap_or(0).min(MAX_RESERVED);
        let mut inventory = Inventory::with_room_for(room);
        while let Some(item) = list.next_element()? {
            inventory.push(item).map_err(de::Error::custom)?;
        }
        // Documents stay in memory for long, and most are never added to.
        inventory.items.shrink_to_fit();
        Ok(inventory)
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3 + self.fields.len()))?;
        map.serialize_entry(FixedField::Name.as_str(), self.name())?;
        map.serialize_entry(FixedField::ItemType.as_str(), self.item_type())?;
        map.serialize_entry(FixedField::Quantity.as_str(), &self.quantity)?;
        for (field, value) in self.fields.iter() {
            map.serialize_entry(field, value)?;
        }
        map.end()
    }
}

/// Refuses an item without a name or a quantity, or with a field twice. An
/// item without a type gets the default.
impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item: a table with a Name and a Quantity")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let mut name: Option<Arc<str>> = None;
        let mut item_type: Option<ItemType> = None;
        let mut given: Option<Value> = None;
        let mut fields = Map::new();
        while let Some(field) = map.next_key()? {
            let twice = match field {
                Field::Fixed(FixedField::Name) => name
                    .replace(map.next_value::<Text<Arc<str>>>()?.0)
                    .is_some(),
                Field::Fixed(FixedField::ItemType) => item_type
                    .replace(map.next_value::<Text<ItemType>>()?.0)
                    .is_some(),
                Field::Fixed(FixedField::Quantity) => given.replace(map.next_value()?).is_some(),
                Field::Further(further) => fields.insert(further, map.next_value()?).is_some(),
            };
            if twice {
                return Err(de::Error::custom("an item has a field twice"));
            }
        }
        let name = name.ok_or_else(|| de::Error::missing_field(FixedField::Name.as_str()))?;
        let given = given.ok_or_else(|| de::Error::missing_field(FixedField::Quantity.as_str()))?;
        let quantity = quantity(&given).ok_or_else(|| {
            de::Error::custom(InventoryError::BadQuantity {
                item: excerpt(&name),
                given: json(&given),
            })
        })?;
        Ok(Item {
            name,
            item_type: item_type.unwrap_or_default(),
            quantity,
            fields: Fields::new(fields),
        })
    }
}

enum Field {
    Fixed(FixedField),
    Further(String),
}

impl From<&str> for Field {
    fn from(field: &str) -> Self {
        FixedField::from_name(field).map_or_else(|| Self::Further(field.to_owned()), Self::Fixed)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(|text| text.0)
    }
}

/// Something made from text, without a `String` in between.
struct Text<T>(T);

impl From<&str> for ItemType {
    fn from(item_type: &str) -> Self {
        Self::new(item_type)
    }
}

impl<'de, T: for<'a> From<&'a str>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor<T>(std::marker::PhantomData<T>);

        impl<T: for<'a> From<&'a str>> Visitor<'_> for TextVisitor<T> {
            type Value = Text<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<T>, E> {
                Ok(Text(T::from(text)))
            }
        }

        deserializer.deserialize_str(TextVisitor(std::marker::PhantomData))
    }
}
