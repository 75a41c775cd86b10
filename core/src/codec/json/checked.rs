//! Serializing through a check: each float is looked at on its way into another
//! serializer.

use std::{cell::Cell, fmt::Display};

use serde::{
    Serialize, Serializer,
    ser::{
        Error, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

/// A serializer, or part of one, or a value, on its way. A float that is not
/// finite, which `serde_json` writes as null, is refused, and noted.
pub(super) struct Checked<'c, T> {
    inner: T,
    not_finite: &'c Cell<Option<f64>>,
}

impl<'c, T> Checked<'c, T> {
    pub(super) fn new(inner: T, not_finite: &'c Cell<Option<f64>>) -> Self {
        Self { inner, not_finite }
    }

    fn of<U>(&self, inner: U) -> Checked<'c, U> {
        Checked::new(inner, self.not_finite)
    }

    /// Begins a list or table.
    fn begin<C, E>(self, begin: impl FnOnce(T) -> Result<C, E>) -> Result<Checked<'c, C>, E> {
        Ok(Checked::new(begin(self.inner)?, self.not_finite))
    }

    fn check<E: Error>(&self, float: f64) -> Result<(), E> {
        if float.is_finite() {
            return Ok(());
        }
        self.not_finite.set(Some(float));
        Err(E::custom("a float is not finite"))
    }
}

impl<T: Serialize + ?Sized> Serialize for Checked<'_, &T> {
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

macro_rules! begin {
    ($($method:ident($($arg:ident: $type:ty),*) -> $compound:ident;)*) => {$(
        fn $method(self, $($arg: $type),*) -> Result<Self::$compound, S::Error> {
            self.begin(|inner| inner.$method($($arg),*))
        }
    )*};
}

impl<'c, S: Serializer> Serializer for Checked<'c, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Checked<'c, S::SerializeSeq>;
    type SerializeTuple = Checked<'c, S::SerializeTuple>;
    type SerializeTupleStruct = Checked<'c, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Checked<'c, S::SerializeTupleVariant>;
    type SerializeMap = Checked<'c, S::SerializeMap>;
    type SerializeStruct = Checked<'c, S::SerializeStruct>;
    type SerializeStructVariant = Checked<'c, S::SerializeStructVariant>;

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

    begin! {
        serialize_seq(len: Option<usize>) -> SerializeSeq;
        serialize_tuple(len: usize) -> SerializeTuple;
        serialize_tuple_struct(name: &'static str, len: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(
            name: &'static str, index: u32, variant: &'static str, len: usize
        ) -> SerializeTupleVariant;
        serialize_map(len: Option<usize>) -> SerializeMap;
        serialize_struct(name: &'static str, len: usize) -> SerializeStruct;
        serialize_struct_variant(
            name: &'static str, index: u32, variant: &'static str, len: usize
        ) -> SerializeStructVariant;
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.check(value.into())?;
        self.inner.serialize_f32(value)
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.check(value)?;
        self.inner.serialize_f64(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        self.inner.serialize_bytes(value)
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
        let value = self.of(value);
        self.inner
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
        impl<C: $trait> $trait for Checked<'_, C> {
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
