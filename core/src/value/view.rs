//! Values as they are looked at.

use std::fmt;

use serde::{
    Deserializer, Serialize, Serializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error as _, IntoDeserializer, MapAccess, Unexpected,
        Visitor,
        value::{BorrowedStrDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::{Error, Number, Value as Json};

use super::{Table, Value};
use crate::excerpt::SerdeError;

/// A value where it lies in a document: an attribute, a field of an item, a
/// gift. Looking at it makes no copy.
///
/// It compares with a [`serde_json::Value`], and is written as JSON by
/// `to_string` and by serde.
///
/// ```
/// use playerdata_core::Document;
/// use serde_json::json;
///
/// let document = Document::standard();
/// let (name, value) = document.attributes().next().expect("it has some");
/// assert_eq!((name, value.as_u64()), ("Currency", Some(500)));
/// assert_eq!(value, json!(500));
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct ValueRef<'a>(pub(crate) Part<'a>);

/// What a value is.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Part<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    Text(&'a str),
    List(&'a [Value]),
    Table(&'a Table),
}

impl<'a> ValueRef<'a> {
    /// A copy as JSON.
    #[must_use]
    pub fn to_json(self) -> Json {
        match self.0 {
            Part::Null => Json::Null,
            Part::Bool(value) => value.into(),
            Part::Unsigned(number) => number.into(),
            Part::Negative(number) => number.into(),
            Part::Float(number) => number.into(),
            Part::Text(text) => text.into(),
            Part::List(values) => values.iter().map(Value::to_json).collect(),
            Part::Table(table) => {
                let entries = table.iter();
                Json::Object(
                    entries
                        .map(|(key, value)| (key.to_owned(), value.to_json()))
                        .collect(),
                )
            }
        }
    }

    /// An entry of the table that it is, if it is one and has it.
    #[must_use]
    pub fn member(self, key: &str) -> Option<Self> {
        match self.0 {
            Part::Table(table) => table.get(key).map(Value::view),
            _ => None,
        }
    }

    /// Reads it as a `T`.
    ///
    /// # Errors
    ///
    /// [`SerdeError`] if it is none.
    pub fn get<T: DeserializeOwned>(self) -> Result<T, SerdeError> {
        T::deserialize(self).map_err(SerdeError::new)
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0 == Part::Null
    }

    /// The truth value that it is, if it is one.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.0 {
            Part::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The integer without sign that it is, if it is one.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        match self.0 {
            Part::Unsigned(number) => Some(number),
            _ => None,
        }
    }

    /// The integer with sign that it is, if it is one.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self.0 {
            Part::Unsigned(number) => i64::try_from(number).ok(),
            Part::Negative(number) => Some(number),
            _ => None,
        }
    }

    /// The number that it is, if it is one: the nearest float to an integer.
    #[must_use]
    pub fn as_f64(self) -> Option<f64> {
        match self.0 {
            Part::Unsigned(number) => Some(number as f64),
            Part::Negative(number) => Some(number as f64),
            Part::Float(number) => Some(number),
            _ => None,
        }
    }

    /// The text that it is, if it is one.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        match self.0 {
            Part::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_number(self) -> Option<Number> {
        match self.0 {
            Part::Unsigned(number) => Some(number.into()),
            Part::Negative(number) => Some(number.into()),
            Part::Float(number) => Number::from_f64(number),
            _ => None,
        }
    }

    /// What it is, in the words of the errors.
    pub(crate) fn kind(self) -> &'static str {
        match self.0 {
            Part::Null => "null",
            Part::Bool(_) => "a boolean",
            Part::Float(_) => "a float",
            Part::Unsigned(_) | Part::Negative(_) => "an integer",
            Part::Text(_) => "a string",
            Part::List(_) => "a list",
            Part::Table(_) => "a table",
        }
    }
}

impl PartialEq<Json> for ValueRef<'_> {
    fn eq(&self, other: &Json) -> bool {
        match (self.0, other) {
            (Part::Null, Json::Null) => true,
            (Part::Bool(one), Json::Bool(other)) => one == *other,
            (Part::Text(one), Json::String(other)) => one == other,
            (Part::List(one), Json::Array(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .zip(other)
                        .all(|(one, other)| one.view() == *other)
            }
            (Part::Table(one), Json::Object(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .all(|(key, one)| other.get(key).is_some_and(|other| one.view() == *other))
            }
            (_, Json::Number(other)) => self.as_number().as_ref() == Some(other),
            _ => false,
        }
    }
}

/// As JSON.
impl fmt::Display for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

/// As JSON.
impl fmt::Debug for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ValueRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Part::Null => serializer.serialize_unit(),
            Part::Bool(value) => serializer.serialize_bool(value),
            Part::Unsigned(number) => serializer.serialize_u64(number),
            Part::Negative(number) => serializer.serialize_i64(number),
            Part::Float(number) => serializer.serialize_f64(number),
            Part::Text(text) => serializer.serialize_str(text),
            Part::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
            Part::Table(table) => table.serialize(serializer),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.view().serialize(serializer)
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// Makes of a value what `serde_json` makes of its own.
impl<'de> Deserializer<'de> for ValueRef<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Part::Null => visitor.visit_unit(),
            Part::Bool(value) => visitor.visit_bool(value),
            Part::Unsigned(number) => visitor.visit_u64(number),
            Part::Negative(number) => visitor.visit_i64(number),
            Part::Float(number) => visitor.visit_f64(number),
            Part::Text(text) => visitor.visit_borrowed_str(text),
            Part::List(values) => {
                let mut left = values.iter().map(Value::view);
                let made = visitor.visit_seq(SeqDeserializer::new(left.by_ref()))?;
                ended(left.len(), values.len(), "fewer elements in array").map(|()| made)
            }
            Part::Table(table) => {
                let (keys, values) = (table.keys(), table.values());
                let mut entries = Entries { keys, values };
                let made = visitor.visit_map(&mut entries)?;
                ended(entries.values.len(), table.len(), "fewer elements in map").map(|()| made)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Part::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name.starts_with("$serde_json::") {
            return self.to_json().deserialize_newtype_struct(name, visitor); // raw JSON
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Part::Text(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            _ => self.to_json().deserialize_enum(name, variants, visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// Refuses what is left over of this many, in the words of `serde_json`.
fn ended(left: usize, of: usize, expected: &str) -> Result<(), Error> {
    match left {
        0 => Ok(()),
        _ => Err(Error::invalid_length(of, &expected)),
    }
}

impl<'de> IntoDeserializer<'de, Error> for ValueRef<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The entries of a table that were not read yet.
struct Entries<'de, K> {
    keys: K,
    values: &'de [Value],
}

impl<'de, K: Iterator<Item = &'de str>> MapAccess<'de> for &mut Entries<'de, K> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let key = self.keys.next();
        key.map(|key| seed.deserialize(KeyOf(key))).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let (value, rest) = self
            .values
            .split_first()
            .ok_or_else(|| Error::custom("value is missing"))?;
        self.values = rest;
        seed.deserialize(value.view())
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
}

/// A key, which is read as a number by who wants one.
struct KeyOf<'de>(&'de str);

macro_rules! as_in_json {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let in_quotes = "invalid value: expected key to be a number in quotes";
            let begins = |c: char| c == '-' || c.is_ascii_digit();
            if !self.0.starts_with(begins) || !self.0.ends_with(|c: char| c.is_ascii_digit()) {
                return Err(Error::custom(in_quotes));
            }
            let mut number = serde_json::Deserializer::from_str(self.0);
            let read = number.$method(visitor)?;
            number.end().map_err(|_| Error::custom(in_quotes))?;
            Ok(read)
        }
    )*};
}

impl<'de> Deserializer<'de> for KeyOf<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.0)
    }

    as_in_json! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            other => Err(Error::invalid_type(Unexpected::Str(other), &visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.0))
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}
