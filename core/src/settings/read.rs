//! Settings from what was given, key by key, so that every bad key is found.

use std::{fs::File, io, io::Read, path::Path};

use serde_json::{Map, Value};

use super::{Fields, Settings, SettingsError, SettingsProblem, check, given::Given};

/// The largest settings file that is read.
const MAX_FILE_BYTES: u64 = 1 << 20;

pub(super) fn text_of(path: &Path) -> Result<String, SettingsError> {
    Ok(
        read_text(path).map_err(|source| SettingsProblem::Unreadable {
            path: path.to_owned(),
            source,
        })?,
    )
}

fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {MAX_FILE_BYTES} bytes"),
        ));
    }
    Ok(text)
}

pub(super) fn given_in(toml: &str) -> Result<Given, SettingsError> {
    let given = toml::from_str(toml).map_err(|error| SettingsProblem::Syntax {
        message: error.to_string(),
    })?;
    Ok(given)
}

/// Everything that was given, if nothing is wrong with any of it.
pub(super) fn settings_of(given: Given) -> Result<Settings, SettingsError> {
    let Given {
        values,
        mut problems,
    } = given;
    let known = all_settings();
    let mut good = Map::new();
    for (key, value) in values {
        // One fault each: what stands in for a bad value is not to blame.
        if misread(&problems, &key) {
            continue;
        }
        match read_key(&known, &key, &value) {
            Ok(()) => _ = good.insert(key, value),
            Err(problem) => problems.push(problem),
        }
    }
    let settings = match Fields::deserialize(Value::Object(good)) {
        Ok(settings) => settings,
        Err(error) => {
            // Each key alone was fine; should they not be so together, say so.
            problems.push(SettingsProblem::Syntax {
                message: error.to_string(),
            });
            return Err(SettingsError { problems });
        }
    };
    // A key that can't be read has its default here: what that leads to is
    // not the operator's fault, and would only confuse.
    let consequences = check::problems(&settings);
    let to_blame = consequences.into_iter().filter(|problem| {
        let settings = problem.settings();
        !settings.into_iter().any(|key| misread(&problems, key))
    });
    let to_blame: Vec<_> = to_blame.collect();
    problems.extend(to_blame);
    SettingsError::unless_empty(problems).map(|()| settings)
}

fn misread(problems: &[SettingsProblem], key: &str) -> bool {
    let mut blamed = problems.iter().flat_map(SettingsProblem::settings);
    blamed.any(|blamed| blamed == key)
}

/// All settings by name, with their defaults.
pub(super) fn all_settings() -> Map<String, Value> {
    let settings = serde_json::to_value(Settings::default());
    match settings.expect("settings can always be written as JSON") {
        Value::Object(fields) => fields,
        other => unreachable!("settings are a struct, not {other}"),
    }
}

fn read_key(known: &Map<String, Value>, key: &str, value: &Value) -> Result<(), SettingsProblem> {
    let key = key.to_owned();
    if !known.contains_key(&key) {
        return Err(SettingsProblem::UnknownKey { key });
    }
    match takes(&key, value) {
        Ok(()) => Ok(()),
        Err(message) => Err(SettingsProblem::WrongValue { key, message }),
    }
}

/// Whether the setting takes the value, or else why not.
pub(super) fn takes(key: &str, value: &Value) -> Result<(), String> {
    let alone = Map::from_iter([(key.to_owned(), value.clone())]);
    let read = Fields::deserialize(Value::Object(alone));
    read.map(drop).map_err(|error| error.to_string())
}
