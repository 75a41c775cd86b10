//! Whether a value is written as a JSON object: only then is there a place
//! for an envelope.

use std::fmt;

use serde::{Serialize, Serializer, ser::Impossible};

/// Whether a value is written as a JSON object. It is looked at no further
/// than its first bracket.
pub(crate) fn is_object<T: Serialize + ?Sized>(value: &T) -> bool {
    // What fails to be written is not this question's business.
    !matches!(value.serialize(Look), Err(Outermost::Other))
}

/// The type that `serde_json` writes a raw value as, whatever that is.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

struct Look;

/// What was seen, which ends the look.
#[derive(Debug)]
enum Outermost {
    Object,
    Other,
    Failure,
}

impl fmt::Display for Outermost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Outermost {}

impl serde::ser::Error for Outermost {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Failure
    }
}

type Never = Impossible<(), Outermost>;

macro_rules! no_object {
    ($($method:ident($($argument:ty),*) -> $out:ty;)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$out, Outermost> {
            Err(Outermost::Other)
        }
    )*};
}

impl Serializer for Look {
    type Ok = ();
    type Error = Outermost;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    no_object! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Never;
        serialize_tuple(usize) -> Never;
        serialize_tuple_struct(&'static str, usize) -> Never;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Outermost> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Outermost> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Outermost> {
        Err(Outermost::Object)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Never, Outermost> {
        Err(Outermost::Object)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Never, Outermost> {
        Err(Outermost::Object)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Never, Outermost> {
        Err(if name == RAW_VALUE {
            Outermost::Other
        } else {
            Outermost::Object
        })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Never, Outermost> {
        Err(Outermost::Object)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Document;

    #[derive(Serialize)]
    enum Shape {
        Unit,
        Newtype(u8),
        Tuple(u8, u8),
        Struct { a: u8 },
    }

    #[derive(Serialize)]
    struct Wrapped<T>(T);

    #[derive(Serialize)]
    struct Pair(u8, u8);

    #[derive(Serialize)]
    struct Empty {}

    fn agrees<T: Serialize>(value: &T) {
        let json = serde_json::to_value(value).unwrap();
        assert_eq!(is_object(value), json.is_object(), "{json}");
    }

    #[test]
    fn what_is_written_as_an_object_is_one_whatever_its_type() {
        for value in [
            json!({}),
            json!({"a": 1}),
            json!([{}]),
            json!("{"),
            json!(7),
        ] {
            agrees(&value);
            agrees(&Some(&value));
            agrees(&Wrapped(value));
        }
        for shape in [
            Shape::Unit,
            Shape::Newtype(1),
            Shape::Tuple(1, 2),
            Shape::Struct { a: 1 },
        ] {
            agrees(&shape);
        }
        agrees(&Document::standard());
        agrees(&Empty {});
        agrees(&Pair(1, 2));
        agrees(&None::<Value>);
        agrees(&std::collections::BTreeMap::from([(1, 2)]));
        agrees(&(1, "x"));
        agrees(&'{');
    }
}
