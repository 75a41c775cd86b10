//! Numbers as a document changes and compares them.

use std::{fmt, ops::Neg};

use serde_json::Number;

/// By how much a value is changed, or what it is compared with: a 64-bit
/// integer with or without sign, or a float. It is made from any of Rust's
/// numbers up to 64 bits, and from a JSON number.
#[derive(Clone, Copy, PartialEq)]
pub struct Amount(Repr);

#[derive(Clone, Copy, PartialEq)]
enum Repr {
    /// Sign and magnitude, so that every amount has its opposite.
    Integer {
        negative: bool,
        magnitude: u64,
    },
    Float(f64),
}

/// Why two amounts have no sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SumFault {
    NotFinite,
    NotWhole,
    Inexact,
    Overflow,
}

impl Amount {
    const fn integer(negative: bool, magnitude: u64) -> Self {
        Self(Repr::Integer {
            negative: negative && magnitude > 0,
            magnitude,
        })
    }

    pub(super) fn is_negative(self) -> bool {
        match self.0 {
            Repr::Integer { negative, .. } => negative,
            Repr::Float(float) => float < 0.0,
        }
    }

    /// This number, changed by `amount`. The sum is of the same type as this
    /// number: an integer stays one, and so does a float.
    ///
    /// Integers are added exactly; floats as floats are, rounded to the
    /// nearest. An amount of the other type is converted, if that is exact.
    pub(super) fn changed_by(self, amount: Amount) -> Result<Number, SumFault> {
        if !amount.is_finite() {
            return Err(SumFault::NotFinite);
        }
        match (self.0, amount.0) {
            (Repr::Float(value), by) => {
                let sum = value + by.to_float().ok_or(SumFault::Inexact)?;
                Number::from_f64(sum).ok_or(SumFault::Overflow)
            }
            (value @ Repr::Integer { .. }, by) => value
                .to_integer()
                .zip(by.to_integer())
                .ok_or(SumFault::NotWhole)
                .and_then(|(value, by)| {
                    let sum = value.checked_add(by).ok_or(SumFault::Overflow)?;
                    number(sum).ok_or(SumFault::Overflow)
                }),
        }
    }

    /// Compares exactly, also an integer with a float.
    pub(super) fn is_at_least(self, other: Amount) -> bool {
        match (self.0, other.0) {
            (Repr::Float(value), Repr::Float(other)) => value >= other,
            // Between integers and floats, whole numbers decide: no more than
            // the floor, or no less than the ceiling, of the float.
            (Repr::Float(value), other) => {
                let other = other.to_integer();
                !value.is_nan() && other.is_some_and(|other| value.floor() as i128 >= other)
            }
            (value, Repr::Float(other)) => {
                let value = value.to_integer();
                !other.is_nan() && value.is_some_and(|value| value >= other.ceil() as i128)
            }
            (value, other) => value.to_integer() >= other.to_integer(),
        }
    }

    fn is_finite(self) -> bool {
        match self.0 {
            Repr::Integer { .. } => true,
            Repr::Float(float) => float.is_finite(),
        }
    }
}

impl Repr {
    /// The whole number that this is exactly, if it is one. (A float too large
    /// for the type becomes its greatest or least number: far outside what an
    /// integer of JSON holds, too.)
    fn to_integer(self) -> Option<i128> {
        match self {
            Self::Integer {
                negative,
                magnitude,
            } => {
                let magnitude = i128::from(magnitude);
                Some(if negative { -magnitude } else { magnitude })
            }
            Self::Float(float) => (float.fract() == 0.0).then_some(float as i128),
        }
    }

    /// The float that this is exactly, if it is one.
    fn to_float(self) -> Option<f64> {
        match self {
            Self::Float(float) => Some(float),
            Self::Integer {
                negative,
                magnitude,
            } => {
                let float = magnitude as f64;
                let exact = float as u128 == u128::from(magnitude);
                exact.then_some(if negative { -float } else { float })
            }
        }
    }
}

/// A whole number as JSON, if it fits.
fn number(whole: i128) -> Option<Number> {
    u64::try_from(whole)
        .map(Number::from)
        .or_else(|_| i64::try_from(whole).map(Number::from))
        .ok()
}

impl Neg for Amount {
    type Output = Self;

    fn neg(self) -> Self {
        match self.0 {
            Repr::Integer {
                negative,
                magnitude,
            } => Self::integer(!negative, magnitude),
            Repr::Float(float) => Self(Repr::Float(-float)),
        }
    }
}

macro_rules! from_integers {
    ($wide:ident, $is_negative:expr, $magnitude:expr, $($integer:ident)*) => {$(
        impl From<$integer> for Amount {
            fn from(integer: $integer) -> Self {
                let wide = integer as $wide;
                Self::integer($is_negative(wide), $magnitude(wide))
            }
        }
    )*};
}

from_integers!(i64, i64::is_negative, i64::unsigned_abs, i8 i16 i32 i64 isize);
from_integers!(u64, |_| false, |integer| integer, u8 u16 u32 u64 usize);

impl From<f64> for Amount {
    fn from(float: f64) -> Self {
        Self(Repr::Float(float))
    }
}

impl From<f32> for Amount {
    fn from(float: f32) -> Self {
        Self(Repr::Float(float.into()))
    }
}

impl From<&Number> for Amount {
    fn from(number: &Number) -> Self {
        if let Some(integer) = number.as_u64() {
            integer.into()
        } else if let Some(integer) = number.as_i64() {
            integer.into()
        } else {
            // Without serde_json's arbitrary precision, this is always there.
            Self(Repr::Float(number.as_f64().unwrap_or(f64::NAN)))
        }
    }
}

impl From<Number> for Amount {
    fn from(number: Number) -> Self {
        Self::from(&number)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Integer {
                negative,
                magnitude,
            } => f.pad_integral(!negative, "", &magnitude.to_string()),
            Repr::Float(float) => write!(f, "{float:?}"),
        }
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Amount({self})")
    }
}
