//! What was given as settings, whatever the format, before it is known to fit:
//! read to the end, so that one fault hides no other.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Number, Value};

use super::SettingsProblem;

/// How the toml crate passes on a date, which other formats do not have.
const TOML_DATE: &str = "$__toml_private_datetime";

/// Values by the name of the setting, and what was found wrong with them.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) values: Map<String, Value>,
    pub(super) problems: Vec<SettingsProblem>,
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Settings)
    }
}

struct Settings;

impl<'de> de::Visitor<'de> for Settings {
    type Value = Given;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of settings")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut table: A) -> Result<Given, A::Error> {
        let mut given = Given::default();
        while let Some(key) = table.next_key::<String>()? {
            let value = table.next_value_seed(Json {
                path: key.clone(),
                problems: &mut given.problems,
            })?;
            if given.values.insert(key.clone(), value).is_some() {
                let message = "it is given twice".to_owned();
                given
                    .problems
                    .push(SettingsProblem::WrongValue { key, message });
            }
        }
        Ok(given)
    }
}

/// A value as JSON. What JSON has no form for would be stored as something
/// else, so it is noted by its path.
struct Json<'a> {
    path: String,
    problems: &'a mut Vec<SettingsProblem>,
}

impl Json<'_> {
    fn refuse(&mut self, what: fmt::Arguments<'_>) -> Value {
        self.problems.push(SettingsProblem::WrongValue {
            key: self.path.clone(),
            message: format!("{what} is not a JSON value"),
        });
        Value::Null
    }

    fn below(&mut self, part: impl fmt::Display) -> Json<'_> {
        Json {
            path: format!("{}.{part}", self.path),
            problems: self.problems,
        }
    }
}

impl<'de> de::DeserializeSeed<'de> for Json<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> de::Visitor<'de> for Json<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, some: D) -> Result<Value, D::Error> {
        some.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(mut self, value: f64) -> Result<Value, E> {
        Ok(match Number::from_f64(value) {
            Some(number) => Value::Number(number),
            None => self.refuse(format_args!("the number {value}")),
        })
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: de::SeqAccess<'de>>(mut self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self.below(values.len()))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: de::MapAccess<'de>>(mut self, mut table: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(key) = table.next_key::<String>()? {
            if key == TOML_DATE {
                let date: String = table.next_value()?;
                return Ok(self.refuse(format_args!("the date {date}")));
            }
            let value = table.next_value_seed(self.below(&key))?;
            values.insert(key, value);
        }
        Ok(Value::Object(values))
    }
}
