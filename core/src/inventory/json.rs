//! An inventory as JSON: a list of items.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};
use smol_str::SmolStr;
use triomphe::Arc;

use super::{
    Inventory, InventoryError, Item,
    item::{Fields, FixedField, ItemType, json, quantity},
    items::Items,
};
use crate::{
    excerpt::excerpt,
    value::{
        OpenTable, Read, Scratch, Value, exact, names,
        write::{self, TooDeep},
    },
};

/// The most items that room is made for before they are seen.
const MAX_RESERVED: usize = 1024;

impl Serialize for Inventory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl Inventory {
    /// Writes the inventory as JSON text, the same as by serde. `levels` are
    /// how many lists and tables may be in one another.
    pub(crate) fn write(&self, out: &mut Vec<u8>, levels: usize) -> Result<(), TooDeep> {
        let levels = levels.checked_sub(1).ok_or(TooDeep)?;
        out.push(b'[');
        for (at, item) in self.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            item.write(out, levels)?;
        }
        out.push(b']');
        Ok(())
    }

    pub(crate) fn to_value(&self) -> Value {
        let items = self.iter().map(Item::to_value).collect();
        Value::List(Arc::new(items))
    }
}

/// Refuses a list with an item twice, and any item with a quantity that is
/// not whole and positive.
impl<'de> Deserialize<'de> for Inventory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Scratch::with(|scratch| ReadInventory(scratch).deserialize(deserializer))
    }
}

/// Reads an inventory.
pub(crate) struct ReadInventory<'r>(pub(crate) &'r mut Scratch);

impl<'de> DeserializeSeed<'de> for ReadInventory<'_> {
    type Value = Inventory;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Inventory, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ReadInventory<'_> {
    type Value = Inventory;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an inventory: a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Inventory, A::Error> {
        let Self(scratch) = self;
        let reserved = list.size_hint().unwrap_or(0).min(MAX_RESERVED);
        let mut items = Vec::with_capacity(reserved);
        while let Some(item) = list.next_element_seed(ReadItem(scratch))? {
            items.push(item);
        }
        // Documents stay in memory for long, and most are never added to.
        let items = Items::of(exact(items)).map_err(|twin| {
            de::Error::custom(InventoryError::Duplicate {
                item: excerpt(twin.name()),
            })
        })?;
        Ok(Inventory {
            items: Arc::new(items),
            ..Inventory::default()
        })
    }
}

impl Item {
    fn write(&self, out: &mut Vec<u8>, levels: usize) -> Result<(), TooDeep> {
        let levels = levels.checked_sub(1).ok_or(TooDeep)?;
        out.extend_from_slice(b"{\"Name\":");
        write::text(out, self.name());
        if self.item_type.is_default() {
            // In one piece, since most items are like that.
            out.extend_from_slice(b",\"ItemType\":\"Object\",\"Quantity\":");
        } else {
            out.extend_from_slice(b",\"ItemType\":");
            write::text(out, self.item_type());
            out.extend_from_slice(b",\"Quantity\":");
        }
        write::integer(out, self.quantity);
        if let Some(fields) = self.fields.table() {
            write::entries(out, fields, false, |out, _, value| {
                write::value(out, value, levels)
            })?;
        }
        out.push(b'}');
        Ok(())
    }

    fn to_value(&self) -> Value {
        Scratch::with(|scratch| {
            let table = scratch.table();
            let fixed = [FixedField::Name, FixedField::ItemType, FixedField::Quantity];
            let fixed = fixed.map(FixedField::as_str);
            let further = self.fields.iter().map(|(field, _)| field);
            for field in fixed.into_iter().chain(further) {
                table.key(scratch, field);
            }
            for value in [
                Value::from(self.name()),
                self.item_type().into(),
                self.quantity.into(),
            ] {
                table.value(scratch, value);
            }
            for (_, value) in self.fields.iter() {
                table.value(scratch, value.clone());
            }
            let table = table
                .end(scratch)
                .expect("no field has the name of another");
            Value::Table(Arc::new(table))
        })
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
        Scratch::with(|scratch| ReadItem(scratch).deserialize(deserializer))
    }
}

/// Reads an item.
struct ReadItem<'r>(&'r mut Scratch);

impl<'de> DeserializeSeed<'de> for ReadItem<'_> {
    type Value = Item;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Item, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ReadItem<'_> {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item: a table with a Name and a Quantity")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let Self(scratch) = self;
        let twice = || de::Error::custom("an item has a field twice");
        let mut name: Option<SmolStr> = None;
        let mut item_type: Option<ItemType> = None;
        let mut given: Option<Value> = None;
        let further = scratch.table();
        while let Some(fixed) = map.next_key_seed(Field(further, scratch))? {
            let is_twice = match fixed {
                Some(FixedField::Name) => name.replace(map.next_value::<Name>()?.0).is_some(),
                Some(FixedField::ItemType) => item_type.replace(map.next_value()?).is_some(),
                Some(FixedField::Quantity) => {
                    given.replace(map.next_value_seed(Read(scratch))?).is_some()
                }
                None => {
                    let value = map.next_value_seed(Read(scratch))?;
                    further.value(scratch, value);
                    false
                }
            };
            if is_twice {
                return Err(twice());
            }
        }
        let fields = further.end(scratch).map_err(|_| twice())?;
        let name = name.ok_or_else(|| de::Error::missing_field(FixedField::Name.as_str()))?;
        let given = given.ok_or_else(|| de::Error::missing_field(FixedField::Quantity.as_str()))?;
        let quantity = quantity(given.view()).ok_or_else(|| {
            de::Error::custom(InventoryError::BadQuantity {
                item: excerpt(&name),
                given: json(given.view()),
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

/// Reads the next field's name: one of the three, or none, which is added to
/// the table.
struct Field<'r>(OpenTable, &'r mut Scratch);

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = Option<FixedField>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Field<'_> {
    type Value = Option<FixedField>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: de::Error>(self, field: &str) -> Result<Self::Value, E> {
        let fixed = FixedField::from_name(field);
        if fixed.is_none() {
            self.0.key(self.1, field);
        }
        Ok(fixed)
    }
}

struct Name(SmolStr);

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Self(names::short_or_shared(name))
    }
}

impl From<&str> for ItemType {
    fn from(item_type: &str) -> Self {
        Self::new(item_type)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(PhantomData))
    }
}

impl<'de> Deserialize<'de> for ItemType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(PhantomData))
    }
}

/// Makes something of text, without a `String` in between.
struct Text<T>(PhantomData<T>);

impl<T: for<'a> From<&'a str>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from(text))
    }
}
