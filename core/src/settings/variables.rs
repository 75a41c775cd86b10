//! Settings from environment variables, over those of a file.

use serde_json::Value;

use super::{
    SettingsProblem,
    given::Given,
    read::{all_settings, takes},
};

/// What every variable's name begins with.
pub(super) const PREFIX: &str = "PLAYERDATA_";

/// Puts variables over what was given before. Names without the prefix are not
/// about settings.
pub(super) fn lay_over(given: &mut Given, variables: impl IntoIterator<Item = (String, String)>) {
    let known = all_settings();
    for (name, text) in variables {
        let Some(key) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let key = key.to_ascii_lowercase();
        // Upper case only, so that no two variables mean one setting.
        let default = known.get(&key).filter(|_| name == name_of(&key));
        let Some(default) = default else {
            given
                .problems
                .push(SettingsProblem::UnknownVariable { name });
            continue;
        };
        // It goes over the file's value, right or wrong.
        given
            .problems
            .retain(|problem| !problem.settings().contains(&&*key));
        match value(&key, &text, default) {
            Ok(value) => _ = given.values.insert(key, value),
            Err(message) => {
                given.values.remove(&key);
                given
                    .problems
                    .push(SettingsProblem::WrongVariable { name, key, message });
            }
        }
    }
}

/// The variable of a setting.
pub(super) fn name_of(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase())
}

/// A variable's text as what the setting takes: a number, true or false, a
/// list with commas, or the text itself.
fn value(key: &str, text: &str, default: &Value) -> Result<Value, String> {
    let value = match default {
        Value::Number(_) | Value::Bool(_) => {
            let parsed = serde_json::from_str(text.trim());
            parsed.unwrap_or_else(|_| Value::from(text))
        }
        Value::Array(_) => {
            let parts = text.split(',').map(str::trim);
            parts
                .filter(|part| !part.is_empty())
                .map(Value::from)
                .collect()
        }
        _ => Value::from(text),
    };
    takes(key, &value).map(|()| value)
}
