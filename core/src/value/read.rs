//! Values made of what some format or type gives.

use std::{cell::Cell, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use triomphe::Arc;

use super::{
    Table, Value,
    shape::{self, Twice},
};
use crate::excerpt::excerpt;

/// Space for the parts of lists and tables that are being read, used again for
/// the next document: what is read is then made as large as it is.
///
/// Each of the three is a stack: who reads a list or table takes off what it
/// has put on.
#[derive(Default)]
pub(crate) struct Scratch {
    values: Vec<Value>,
    text: String,
    ends: Vec<u32>,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// A thread keeps room for this many values, and for keys of this many bytes.
const MAX_SCRATCH: usize = 16 << 10;

impl Scratch {
    /// Reads something with the room of this thread.
    pub(crate) fn with<R>(read: impl FnOnce(&mut Self) -> R) -> R {
        // None if what is being read is within something that is.
        let mut scratch = SCRATCH.take().unwrap_or_default();
        let result = read(&mut scratch);
        scratch.values.clear();
        scratch.text.clear();
        scratch.ends.clear();
        if scratch.values.capacity() <= MAX_SCRATCH && scratch.text.capacity() <= MAX_SCRATCH {
            SCRATCH.set(Some(scratch));
        }
        result
    }

    /// Begins a table.
    pub(crate) fn table(&mut self) -> OpenTable {
        OpenTable {
            values: self.values.len(),
            text: self.text.len(),
            ends: self.ends.len(),
        }
    }
}

/// A table that is being read: where its parts begin.
#[derive(Clone, Copy)]
pub(crate) struct OpenTable {
    values: usize,
    text: usize,
    ends: usize,
}

impl OpenTable {
    /// Adds a key, whose value is to follow.
    pub(crate) fn key(self, scratch: &mut Scratch, key: &str) {
        shape::push(&mut scratch.text, self.text, &mut scratch.ends, key);
    }

    pub(crate) fn value(self, scratch: &mut Scratch, value: Value) {
        scratch.values.push(value);
    }

    /// The key that was added last.
    pub(crate) fn last_key(self, scratch: &Scratch) -> &str {
        shape::last_key(&scratch.text[self.text..], &scratch.ends[self.ends..])
    }

    /// Takes the key that was added last off again.
    pub(crate) fn drop_key(self, scratch: &mut Scratch) {
        scratch.ends.pop();
        let before = scratch.ends[self.ends..].last();
        let end = before.map_or(0, |&end| end as usize);
        scratch.text.truncate(self.text + end);
    }

    /// The table, if no key is there twice.
    pub(crate) fn end(self, scratch: &mut Scratch) -> Result<Table, Twice> {
        let values = scratch.values.drain(self.values..).collect();
        let table = Table::of(
            &scratch.text[self.text..],
            &scratch.ends[self.ends..],
            values,
        );
        scratch.text.truncate(self.text);
        scratch.ends.truncate(self.ends);
        table
    }
}

/// Reads the next key into a table.
pub(crate) struct Key<'r>(pub(crate) OpenTable, pub(crate) &'r mut Scratch);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<(), E> {
        self.0.key(self.1, key);
        Ok(())
    }
}

/// Reads a value.
pub(crate) struct Read<'r>(pub(crate) &'r mut Scratch);

impl<'de> DeserializeSeed<'de> for Read<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Read<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if value.is_finite() {
            return Ok(Value::Float(value));
        }
        Err(E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let Self(scratch) = self;
        let begin = scratch.values.len();
        while let Some(value) = list.next_element_seed(Read(scratch))? {
            scratch.values.push(value);
        }
        Ok(Value::List(Arc::new(
            scratch.values.drain(begin..).collect(),
        )))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Self(scratch) = self;
        let table = scratch.table();
        while let Some(()) = map.next_key_seed(Key(table, scratch))? {
            let value = map.next_value_seed(Read(scratch))?;
            table.value(scratch, value);
        }
        let table = table.end(scratch).map_err(twice)?;
        Ok(Value::Table(Arc::new(table)))
    }
}

/// A key that is there twice, as an error of what is read.
pub(crate) fn twice<E: Error>(Twice(key): Twice) -> E {
    E::custom(format_args!("{:?} is there twice", excerpt(&key)))
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Scratch::with(|scratch| Read(scratch).deserialize(deserializer))
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(number) => number.into(),
            Json::String(text) => text.as_str().into(),
            Json::Array(_) | Json::Object(_) => {
                Self::deserialize(json).expect("JSON that was read can be read")
            }
        }
    }
}
