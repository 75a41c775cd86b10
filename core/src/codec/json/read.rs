//! Reading JSON text, a key that is there twice refused: which of its values
//! counts is nobody's to guess.

use std::{cell::RefCell, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use crate::codec::{CodecError, path::Path};

/// Reads a document.
pub(in crate::codec) fn read(json: &[u8]) -> Result<Value, CodecError> {
    let twice = RefCell::default();
    let mut text = serde_json::Deserializer::from_slice(json);
    let value = Strict { twice: &twice }
        .deserialize(&mut text)
        .and_then(|value| text.end().map(|()| value));
    value.map_err(|error| match twice.into_inner() {
        steps if steps.is_empty() => CodecError::Unreadable(error),
        steps => CodecError::DuplicateKey {
            path: path(steps).name(),
        },
    })
}

enum PathStep {
    Key(String),
    Index(usize),
}

/// The path of steps that were noted from the innermost outwards.
fn path(steps: Vec<PathStep>) -> Path {
    let outwards = steps.into_iter().rev();
    outwards.fold(Path::default(), |path, step| match step {
        PathStep::Key(key) => path.key(&key),
        PathStep::Index(index) => path.index(index),
    })
}

/// Reads a value.
#[derive(Clone, Copy)]
struct Strict<'s> {
    /// The way to a key that is there twice, noted on the way out.
    twice: &'s RefCell<Vec<PathStep>>,
}

impl Strict<'_> {
    fn note(self, step: impl FnOnce() -> PathStep) {
        let mut steps = self.twice.borrow_mut();
        if !steps.is_empty() {
            steps.push(step());
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
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
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        loop {
            match list.next_element_seed(self) {
                Ok(Some(value)) => values.push(value),
                Ok(None) => return Ok(Value::Array(values)),
                Err(error) => {
                    self.note(|| PathStep::Index(values.len()));
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Value, A::Error> {
        let mut entries = Map::new();
        while let Some(key) = table.next_key::<String>()? {
            if entries.contains_key(&key) {
                self.twice.borrow_mut().push(PathStep::Key(key));
                return Err(A::Error::custom("a key is there twice"));
            }
            match table.next_value_seed(self) {
                Ok(value) => _ = entries.insert(key, value),
                Err(error) => {
                    self.note(|| PathStep::Key(key));
                    return Err(error);
                }
            }
        }
        Ok(Value::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s11_a_key_that_is_there_twice_is_refused_wherever_it_is_by_its_path() {
        for (text, expected) in [
            (r#"{"a":1,"b":2,"a":3}"#, "a"),
            (r#"{"a":{"b":[0,{"c":1,"d":2,"c":1}]},"e":1}"#, "a.b[1].c"),
            (r#"[[],{"x":{},"\u0078":{}}]"#, "[1].x"),
        ] {
            match read(text.as_bytes()) {
                Err(CodecError::DuplicateKey { path }) => assert_eq!(path, expected),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(read(br#"{"a":{"a":{"a":1}},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn what_is_read_is_what_serde_json_reads() {
        for text in [
            r#" {"b":[1,-2,3.5,1e300,-0.0,18446744073709551615,99999999999999999999], "a": "x\"\né" } "#,
            "null",
            "true",
            "[]",
            "{}",
            r#""text""#,
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            let read = read(text.as_bytes()).unwrap();
            assert_eq!(read.to_string(), value.to_string());
        }
        for text in ["", "{", "{} {}", "1e999", "nul", "{\"a\":1,}"] {
            let read = read(text.as_bytes());
            assert!(matches!(read, Err(CodecError::Unreadable(_))), "{text}");
        }
    }
}
