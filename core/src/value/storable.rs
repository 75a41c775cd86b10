//! What JSON can hold, and give back.
//!
//! `serde_json` turns a float that is not finite into `null`, and writes
//! values that are nested deeper than it reads again. Either would be found
//! out only when the player is loaded the next time. So values on their way
//! into a document go through a serializer that refuses both.

use std::fmt::Display;

use serde::{
    Serialize, Serializer,
    ser::{
        Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
        SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
    },
};
use serde_json::Error;
use triomphe::Arc;

use super::{Table, Value, exact, shape};
use crate::excerpt::SerdeError;

/// How deep lists and tables may be nested in a value. `serde_json` reads 127
/// levels; some of them are above the value, in the document.
const MAX_DEPTH: u8 = 100;

/// The most values that room is made for before they are seen.
const MAX_RESERVED: usize = 1024;

/// The name of the struct as which `serde_json` passes on JSON text.
const RAW_JSON: &str = "$serde_json::private::RawValue";

/// A value as JSON: what `serde_json` makes of it, without a value of its own
/// in between.
///
/// Refuses what JSON can't hold: floats that are not finite, integers over 64
/// bits, tables whose keys are not text, and nesting deeper than is read again.
pub(crate) fn storable<T: Serialize + ?Sized>(value: &T) -> Result<Value, SerdeError> {
    let made = value.serialize(Make {
        depth: 0,
        is_key: false,
    });
    made.map_err(SerdeError::new)
}

/// Makes a value, or a key, which is a text.
#[derive(Clone, Copy)]
struct Make {
    depth: u8,
    is_key: bool,
}

impl Make {
    /// What makes the values in a list or table, or in several, one in the
    /// other.
    fn enter(self, levels: u8) -> Result<Self, Error> {
        if self.is_key {
            return Err(no_key());
        }
        let depth = self.depth + levels;
        if depth > MAX_DEPTH {
            return Err(Error::custom(format_args!(
                "lists and tables are nested more than {MAX_DEPTH} deep"
            )));
        }
        Ok(Self { depth, ..self })
    }

    /// What is a text as a key, and something else as a value.
    fn scalar(self, text: impl Display, value: Option<Value>) -> Result<Value, Error> {
        if self.is_key {
            return Ok(text.to_string().as_str().into());
        }
        value.ok_or_else(|| Error::custom("number out of range"))
    }

    fn float<F: Into<f64> + Serialize + Copy>(self, float: F) -> Result<Value, Error> {
        let value: f64 = float.into();
        if !value.is_finite() {
            return Err(Error::custom(format_args!("{value} is not finite")));
        }
        if self.is_key {
            return Ok(serde_json::to_string(&float)?.as_str().into());
        }
        Ok(Value::Float(value))
    }

    fn list(self, variant: Option<&'static str>, len: Option<usize>) -> Result<List, Error> {
        Ok(List {
            inside: self.enter(1 + u8::from(variant.is_some()))?,
            variant,
            values: Vec::with_capacity(len.unwrap_or(0).min(MAX_RESERVED)),
        })
    }

    fn entries(self, variant: Option<&'static str>, len: Option<usize>) -> Result<Entries, Error> {
        Ok(Entries {
            text: String::new(),
            ends: Vec::new(),
            is_raw: false,
            list: self.list(variant, len)?,
        })
    }
}

fn no_key() -> Error {
    Error::custom("key must be a string")
}

/// A value under the name of its variant, if it is one.
fn named(variant: Option<&str>, value: Value) -> Value {
    let Some(variant) = variant else { return value };
    let mut table = Table::default();
    table.push(variant, value);
    Value::Table(Arc::new(table))
}

macro_rules! whole {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, number: $type) -> Result<Value, Error> {
            let unsigned = u64::try_from(number).map(Value::from);
            let value = unsigned.or_else(|_| i64::try_from(number).map(Value::from));
            self.scalar(number, value.ok())
        }
    )*};
}

impl Serializer for Make {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = List;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = Entries;

    whole! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_u128: u128
    }

    fn serialize_bool(self, value: bool) -> Result<Value, Error> {
        self.scalar(value, Some(Value::Bool(value)))
    }

    fn serialize_f32(self, value: f32) -> Result<Value, Error> {
        self.float(value)
    }

    fn serialize_f64(self, value: f64) -> Result<Value, Error> {
        self.float(value)
    }

    fn serialize_char(self, value: char) -> Result<Value, Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<Value, Error> {
        Ok(value.into())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Value, Error> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<Value, Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        if self.is_key {
            return Err(no_key());
        }
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        if self.is_key {
            return Err(no_key());
        }
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        Ok(named(Some(variant), value.serialize(self.enter(1)?)?))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<List, Error> {
        self.list(None, len)
    }

    fn serialize_tuple(self, len: usize) -> Result<List, Error> {
        self.list(None, Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<List, Error> {
        self.list(None, Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<List, Error> {
        self.list(Some(variant), Some(len))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Entries, Error> {
        self.entries(None, len)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Entries, Error> {
        let mut entries = self.entries(None, Some(len))?;
        entries.is_raw = name == RAW_JSON;
        Ok(entries)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Entries, Error> {
        self.entries(Some(variant), Some(len))
    }
}

/// A list that is being made.
struct List {
    inside: Make,
    variant: Option<&'static str>,
    values: Vec<Value>,
}

impl List {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.values.push(value.serialize(self.inside)?);
        Ok(())
    }

    fn end(self) -> Value {
        named(self.variant, Value::List(Arc::new(exact(self.values))))
    }
}

/// A table that is being made: its keys as a shape has them, and a list of
/// their values.
struct Entries {
    text: String,
    ends: Vec<u32>,
    is_raw: bool,
    list: List,
}

impl Entries {
    fn key(&mut self, key: &str) {
        shape::push(&mut self.text, 0, &mut self.ends, key);
    }

    /// The value of the last key, which goes if its value is refused: whoever
    /// serializes may do without it.
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let made = self.list.push(value);
        if made.is_err() {
            self.ends.pop();
            let end = self.ends.last().map_or(0, |&end| end as usize);
            self.text.truncate(end);
        }
        made
    }

    fn end(self) -> Result<Value, Error> {
        let List {
            variant, values, ..
        } = self.list;
        if self.ends.len() != values.len() {
            return Err(Error::custom("a table has not as many values as keys"));
        }
        if let (true, [Value::Text(json)]) = (self.is_raw, &*values) {
            return Ok(serde_json::from_str::<serde_json::Value>(json.as_str())?.into());
        }
        let table = Table::of_last(&self.text, &self.ends, exact(values));
        Ok(named(variant, Value::Table(Arc::new(table))))
    }
}

impl SerializeMap for Entries {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let make = Make {
            is_key: true,
            ..self.list.inside
        };
        match key.serialize(make)? {
            Value::Text(key) => self.key(key.as_str()),
            _ => return Err(no_key()),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<Value, Error> {
        self.end()
    }
}

macro_rules! lists {
    ($($trait:ident: $method:ident),*) => {$(
        impl $trait for List {
            type Ok = Value;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.push(value)
            }

            fn end(self) -> Result<Value, Error> {
                Ok(self.end())
            }
        }
    )*};
}

lists! {
    SerializeSeq: serialize_element, SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field
}

macro_rules! structs {
    ($($trait:ident),*) => {$(
        impl $trait for Entries {
            type Ok = Value;
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.key(name);
                self.value(value)
            }

            fn end(self) -> Result<Value, Error> {
                self.end()
            }
        }
    )*};
}

structs!(SerializeStruct, SerializeStructVariant);

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::{json, value::RawValue};

    use super::*;

    #[derive(Serialize)]
    enum Shape {
        Unit,
        Newtype(Option<f32>),
        Tuple(i8, f64),
        Struct { at: (u8, f64), name: char },
    }

    #[derive(Serialize)]
    struct Everything {
        list: Vec<Shape>,
        wrapped: Wrapped,
        bytes: HashMap<&'static str, u128>,
        pair: Pair,
        unit: (),
    }

    #[derive(Serialize)]
    struct Wrapped(i64);

    #[derive(Serialize)]
    struct Pair(bool, f32);

    fn everything(float: f64) -> Everything {
        Everything {
            list: vec![
                Shape::Unit,
                Shape::Newtype(Some(1.5)),
                Shape::Tuple(-1, float),
                Shape::Struct {
                    at: (3, float),
                    name: 'é',
                },
            ],
            wrapped: Wrapped(i64::MIN),
            bytes: HashMap::from([("one", 1)]),
            pair: Pair(true, float as f32),
            unit: (),
        }
    }

    #[test]
    fn what_json_holds_comes_out_as_serde_json_makes_it() {
        let value = everything(2.5);
        assert_eq!(
            storable(&value).unwrap().to_json(),
            serde_json::to_value(&value).unwrap()
        );
        assert_eq!(
            storable(&json!({"b": [1, null], "a": "x"}))
                .unwrap()
                .view()
                .to_string(),
            r#"{"b":[1,null],"a":"x"}"#
        );
    }

    #[test]
    fn a_float_that_is_not_finite_is_refused_wherever_it_is() {
        for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let [mut only_tuple, mut only_struct, only_pair] = [float; 3].map(everything);
            only_tuple.list.pop();
            only_tuple.pair = Pair(true, 0.0);
            only_struct.list.remove(2);
            only_struct.pair = Pair(true, 0.0);
            for value in [
                only_tuple,
                only_struct,
                Everything {
                    list: vec![],
                    ..only_pair
                },
            ] {
                let error = storable(&value).unwrap_err().to_string();
                assert!(error.ends_with("is not finite"), "{error}");
            }
            assert!(storable(&Shape::Newtype(Some(float as f32))).is_err());
            assert!(storable(&float).is_err());
        }
    }

    #[test]
    fn integers_over_64_bits_and_keys_that_are_no_text_are_refused() {
        assert!(storable(&(u128::from(u64::MAX) + 1)).is_err());
        assert!(storable(&(i128::from(i64::MIN) - 1)).is_err());
        assert!(storable(&HashMap::from([((1, 2), 3)])).is_err());
        assert!(storable(&HashMap::from([((), 3)])).is_err());
        assert!(storable(&HashMap::from([(Some("a"), 3)])).is_err());
        assert!(storable(&Pairs(&[(f32::NAN, 3)])).is_err());
    }

    /// A table with these keys, in this order.
    struct Pairs<'a, K>(&'a [(K, u8)]);

    impl<K: Serialize> Serialize for Pairs<'_, K> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
        }
    }

    #[test]
    fn keys_and_raw_json_come_out_as_serde_json_makes_them() {
        #[derive(Serialize)]
        struct Wrapped<T>(T);

        fn check(value: impl Serialize) {
            let json = serde_json::to_value(&value).unwrap();
            let made = storable(&value).unwrap();
            assert_eq!(made.to_json(), json);
            assert_eq!(made.view().to_string(), json.to_string());
        }
        check(Pairs(&[("a", 1), ("", 2)]));
        check(Pairs(&[(true, 1), (false, 2)]));
        check(Pairs(&[('é', 1)]));
        check(Pairs(&[(i8::MIN, 1), (7, 2)]));
        check(Pairs(&[(u128::MAX, 1)]));
        check(Pairs(&[(i128::MIN, 1)]));
        check(Pairs(&[(0.1_f32, 1), (1e30, 2)]));
        check(Pairs(&[(0.1_f64, 1), (-0.0, 2)]));
        check(Pairs(&[(Wrapped("a"), 1)]));
        check(Pairs(&[(Shape::Unit, 1)]));
        // What comes last counts.
        check(Pairs(&[("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5)]));
        check(RawValue::from_string(r#"{"b": [1, null], "a": 1.50}"#.to_owned()).unwrap());
        check([RawValue::from_string(" 7 ".to_owned()).unwrap()]);
    }

    #[test]
    fn nesting_is_refused_past_the_bound_whatever_it_is_made_of() {
        /// A value within so many lists.
        struct Deep<'a>(u8, &'a Shape);

        impl Serialize for Deep<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.0.checked_sub(1) {
                    Some(levels) => [Deep(levels, self.1)].serialize(serializer),
                    None => self.1.serialize(serializer),
                }
            }
        }

        let fits = |levels, value| storable(&Deep(levels, &value)).is_ok();
        assert!(fits(100, Shape::Unit) && !fits(101, Shape::Unit));
        let newtype = || Shape::Newtype(None);
        assert!(fits(99, newtype()) && !fits(100, newtype()));
        let tuple = || Shape::Tuple(1, 1.0);
        assert!(fits(98, tuple()) && !fits(99, tuple()));
        let table = || Shape::Struct {
            at: (3, 1.0),
            name: 'a',
        };
        assert!(fits(97, table()) && !fits(98, table()));
    }

    /// Tries a value that JSON can't hold, and goes on without it.
    struct Forgiving(&'static [&'static str]);

    impl Serialize for Forgiving {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("Speed", &1)?;
            for name in self.0 {
                if map.serialize_entry(name, &f64::NAN).is_err() {
                    map.serialize_entry("Health", &100)?;
                }
            }
            map.serialize_entry("Mana", &7)?;
            map.end()
        }
    }

    #[test]
    fn v7_a_value_that_is_refused_takes_its_key_with_it() {
        for tried in [&["Health"][..], &["Rate"], &["Rate", "Luck"], &[]] {
            let made = storable(&Forgiving(tried)).unwrap();
            let mut expected = json!({"Speed": 1, "Health": 100, "Mana": 7});
            if tried.is_empty() {
                expected.as_object_mut().unwrap().remove("Health");
            }
            assert_eq!(made.to_json(), expected, "{tried:?}");
        }
    }

    /// Misuses a serializer: keys without values, and a value without a key.
    struct Uneven(usize, usize);

    impl Serialize for Uneven {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            for at in 0..self.0 {
                map.serialize_key(&at.to_string())?;
            }
            for at in 0..self.1 {
                map.serialize_value(&at)?;
            }
            map.end()
        }
    }

    #[test]
    fn v7_as_many_keys_as_values_are_taken_and_nothing_else() {
        assert!(storable(&Uneven(2, 2)).is_ok());
        for (keys, values) in [(0, 1), (1, 0), (2, 1), (1, 2)] {
            assert!(storable(&Uneven(keys, values)).is_err(), "{keys}, {values}");
        }
    }
}
