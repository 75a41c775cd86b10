//! What JSON can hold, and give back.
//!
//! `serde_json` turns a float that is not finite into `null`, and writes
//! values that are nested deeper than it reads again. Either would be found
//! out only when the player is loaded the next time. So values on their way
//! into a document go through a serializer that refuses both.

use serde::{
    Serialize, Serializer,
    ser::{
        Error, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};
use serde_json::Value;

/// How deep lists and tables may be nested in a value. `serde_json` reads 127
/// levels; some of them are above the value, in the document.
const MAX_DEPTH: u8 = 100;

/// A value as JSON.
///
/// Refuses what JSON can't hold: floats that are not finite, integers over 64
/// bits, tables whose keys are no text, and nesting deeper than is read again.
pub(crate) fn storable<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Value> {
    value.serialize(Checked {
        inner: serde_json::value::Serializer,
        depth: 0,
    })
}

/// A serializer, or part of one, or a value, on its way with the depth it is
/// at.
struct Checked<T> {
    inner: T,
    depth: u8,
}

impl<T> Checked<T> {
    fn of<U>(&self, inner: U) -> Checked<U> {
        Checked {
            inner,
            depth: self.depth,
        }
    }

    /// Enters a list or table that `begin` starts.
    fn enter<C, E: Error>(
        self,
        levels: u8,
        begin: impl FnOnce(T) -> Result<C, E>,
    ) -> Result<Checked<C>, E> {
        let depth = self.depth + levels;
        if depth > MAX_DEPTH {
            return Err(E::custom(format_args!(
                "lists and tables are nested more than {MAX_DEPTH} deep"
            )));
        }
        Ok(Checked {
            inner: begin(self.inner)?,
            depth,
        })
    }
}

fn finite<E: Error>(float: f64) -> Result<(), E> {
    if float.is_finite() {
        return Ok(());
    }
    Err(E::custom(format_args!("{float} is not finite")))
}

impl<T: Serialize + ?Sized> Serialize for Checked<&T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.inner.serialize(self.of(serializer))
    }
}

macro_rules! forward {
    ($($method:ident($($arg:ident: $type:ty),*);)*) => {$(
        fn $method(self, $($arg: $type),*) -> Result<S::Ok, S::Error> {
            self.inner.$method($($arg),*)
        }
    )*};
}

macro_rules! enter {
    ($($method:ident($levels:literal $(, $arg:ident: $type:ty)*) -> $compound:ident;)*) => {$(
        fn $method(self, $($arg: $type),*) -> Result<Self::$compound, S::Error> {
            self.enter($levels, |inner| inner.$method($($arg),*))
        }
    )*};
}

impl<S: Serializer> Serializer for Checked<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Checked<S::SerializeSeq>;
    type SerializeTuple = Checked<S::SerializeTuple>;
    type SerializeTupleStruct = Checked<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Checked<S::SerializeTupleVariant>;
    type SerializeMap = Checked<S::SerializeMap>;
    type SerializeStruct = Checked<S::SerializeStruct>;
    type SerializeStructVariant = Checked<S::SerializeStructVariant>;

    forward! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    // A variant with content is a table around what it has.
    enter! {
        serialize_seq(1, len: Option<usize>) -> SerializeSeq;
        serialize_tuple(1, len: usize) -> SerializeTuple;
        serialize_tuple_struct(1, name: &'static str, len: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(
            2, name: &'static str, index: u32, variant: &'static str, len: usize
        ) -> SerializeTupleVariant;
        serialize_map(1, len: Option<usize>) -> SerializeMap;
        serialize_struct(1, name: &'static str, len: usize) -> SerializeStruct;
        serialize_struct_variant(
            2, name: &'static str, index: u32, variant: &'static str, len: usize
        ) -> SerializeStructVariant;
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        finite(value.into())?;
        self.inner.serialize_f32(value)
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        finite(value)?;
        self.inner.serialize_f64(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        self.enter(1, Ok)?.inner.serialize_bytes(value)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let value = self.of(value);
        self.inner.serialize_some(&value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = self.of(value);
        self.inner.serialize_newtype_struct(name, &value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let entered = self.enter(1, Ok)?;
        let value = entered.of(value);
        entered
            .inner
            .serialize_newtype_variant(name, index, variant, &value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! compound {
    ($($trait:ident { $($method:ident($($name:ident: $type:ty)?)),* })*) => {$(
        impl<C: $trait> $trait for Checked<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            $(fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: $type,)?
                value: &T,
            ) -> Result<(), C::Error> {
                let value = self.of(value);
                self.inner.$method($($name,)? &value)
            })*

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

compound! {
    SerializeSeq { serialize_element() }
    SerializeTuple { serialize_element() }
    SerializeTupleStruct { serialize_field() }
    SerializeTupleVariant { serialize_field() }
    SerializeMap { serialize_key(), serialize_value() }
    SerializeStruct { serialize_field(name: &'static str) }
    SerializeStructVariant { serialize_field(name: &'static str) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;

    use super::*;
    use crate::Document;

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
            storable(&value).unwrap(),
            serde_json::to_value(&value).unwrap()
        );
        assert_eq!(
            storable(&json!({"b": [1, null], "a": "x"}))
                .unwrap()
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
        assert!(storable(&HashMap::from([((1, 2), 3)])).is_err());
    }

    #[test]
    fn values_nested_as_deep_as_is_allowed_are_read_again_and_deeper_ones_refused() {
        let nested = |depth| (1..depth).fold(json!([]), |inner, _| json!([inner]));
        let mut document = Document::standard();
        document.set(("Reputation", "Deep"), nested(100)).unwrap();
        document
            .inventory_mut()
            .edit("Bread", "Deep", nested(100))
            .unwrap();
        document.gift_bank_mut().put("Deep", nested(100)).unwrap();
        let text = serde_json::to_string(&document).unwrap();
        assert!(serde_json::from_str::<Document>(&text).unwrap() == document);

        assert!(document.set("Level", nested(101)).is_err());
        assert!(
            document
                .inventory_mut()
                .edit("Bread", "Deep", nested(101))
                .is_err()
        );
        assert!(document.gift_bank_mut().put("Deeper", nested(101)).is_err());
    }
}
