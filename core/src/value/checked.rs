//! Serializing through checks: each value is looked at on its way into another
//! serializer.

use std::fmt::Display;

use serde::{
    Serialize, Serializer,
    ser::{
        Error, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

/// What is looked at on the way.
pub(crate) trait Check: Copy {
    /// A list or table begins, or several, one in the other; the check goes on
    /// inside as the one that is returned.
    fn enter<E: Error>(self, levels: u8) -> Result<Self, E>;

    /// A float is to be written.
    fn float<E: Error>(self, float: f64) -> Result<(), E>;
}

/// A serializer, or part of one, or a value, on its way with the check.
pub(crate) struct Checked<T, K> {
    inner: T,
    check: K,
}

impl<T, K: Check> Checked<T, K> {
    pub(crate) fn new(inner: T, check: K) -> Self {
        Self { inner, check }
    }

    fn of<U>(&self, inner: U) -> Checked<U, K> {
        Checked::new(inner, self.check)
    }

    /// Enters a list or table that `begin` starts.
    fn enter<C, E: Error>(
        self,
        levels: u8,
        begin: impl FnOnce(T) -> Result<C, E>,
    ) -> Result<Checked<C, K>, E> {
        let check = self.check.enter(levels)?;
        Ok(Checked::new(begin(self.inner)?, check))
    }
}

impl<T: Serialize + ?Sized, K: Check> Serialize for Checked<&T, K> {
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

impl<S: Serializer, K: Check> Serializer for Checked<S, K> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Checked<S::SerializeSeq, K>;
    type SerializeTuple = Checked<S::SerializeTuple, K>;
    type SerializeTupleStruct = Checked<S::SerializeTupleStruct, K>;
    type SerializeTupleVariant = Checked<S::SerializeTupleVariant, K>;
    type SerializeMap = Checked<S::SerializeMap, K>;
    type SerializeStruct = Checked<S::SerializeStruct, K>;
    type SerializeStructVariant = Checked<S::SerializeStructVariant, K>;

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
        self.check.float(value.into())?;
        self.inner.serialize_f32(value)
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.check.float(value)?;
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

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! compound {
    ($($trait:ident { $($method:ident($($name:ident: $type:ty)?)),* })*) => {$(
        impl<C: $trait, K: Check> $trait for Checked<C, K> {
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
