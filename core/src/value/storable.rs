//! What JSON can hold, and give back.
//!
//! `serde_json` turns a float that is not finite into `null`, and writes
//! values that are nested deeper than it reads again. Either would be found
//! out only when the player is loaded the next time. So values on their way
//! into a document go through a serializer that refuses both.

use serde::{Serialize, ser::Error};

use super::{Check, Checked, Value};
use crate::excerpt::SerdeError;

/// How deep lists and tables may be nested in a value. `serde_json` reads 127
/// levels; some of them are above the value, in the document.
const MAX_DEPTH: u8 = 100;

/// A value as JSON.
///
/// Refuses what JSON can't hold: floats that are not finite, integers over 64
/// bits, tables whose keys are not text, and nesting deeper than is read again.
pub(crate) fn storable<T: Serialize + ?Sized>(value: &T) -> Result<Value, SerdeError> {
    let checked = Checked::new(serde_json::value::Serializer, Storable { depth: 0 });
    let json = value.serialize(checked).map_err(SerdeError::new)?;
    Ok(json.into())
}

/// Looks at a value that is to be part of a document.
#[derive(Clone, Copy)]
struct Storable {
    depth: u8,
}

impl Check for Storable {
    fn enter<E: Error>(self, levels: u8) -> Result<Self, E> {
        let depth = self.depth + levels;
        if depth > MAX_DEPTH {
            return Err(E::custom(format_args!(
                "lists and tables are nested more than {MAX_DEPTH} deep"
            )));
        }
        Ok(Self { depth })
    }

    fn float<E: Error>(self, float: f64) -> Result<(), E> {
        if float.is_finite() {
            return Ok(());
        }
        Err(E::custom(format_args!("{float} is not finite")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;

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
        assert!(storable(&HashMap::from([((1, 2), 3)])).is_err());
    }
}
