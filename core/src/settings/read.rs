//! Settings from TOML, key by key, so that every bad key is found.

use std::{fs::File, io, io::Read, path::Path};

use serde::Deserialize;
use serde_json::Value;
use toml::Table;

use super::{Settings, SettingsError, SettingsProblem, check};

/// The largest settings file that is read.
const MAX_FILE_BYTES: u64 = 1 << 20;

pub(super) fn from_toml_file(path: &Path) -> Result<Settings, SettingsError> {
    let text = read_text(path).map_err(|source| SettingsProblem::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    from_toml(&text)
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

pub(super) fn from_toml(text: &str) -> Result<Settings, SettingsError> {
    let table: Table = toml::from_str(text).map_err(|error| SettingsProblem::Syntax {
        message: error.to_string(),
    })?;
    let known = names();
    let mut good = Table::new();
    let mut problems = Vec::new();
    for (key, value) in table {
        match read_key(&known, &key, &value) {
            Ok(()) => _ = good.insert(key, value),
            Err(problem) => problems.push(problem),
        }
    }
    let settings = match Settings::deserialize(good) {
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
    let misread: Vec<String> = problems
        .iter()
        .flat_map(SettingsProblem::settings)
        .map(str::to_owned)
        .collect();
    problems.extend(check::problems(&settings).into_iter().filter(|problem| {
        problem
            .settings()
            .iter()
            .all(|key| !misread.iter().any(|misread| misread == key))
    }));
    SettingsError::unless_empty(problems).map(|()| settings)
}

/// The names of all settings.
fn names() -> Vec<String> {
    let settings = serde_json::to_value(Settings::default());
    match settings.expect("settings can always be written as JSON") {
        Value::Object(fields) => fields.into_iter().map(|(name, _)| name).collect(),
        other => unreachable!("settings are a struct, not {other}"),
    }
}

fn read_key(known: &[String], key: &str, value: &toml::Value) -> Result<(), SettingsProblem> {
    if !known.iter().any(|name| name == key) {
        return Err(SettingsProblem::UnknownKey {
            key: key.to_owned(),
        });
    }
    without_json_form(key, value)?;
    let mut alone = Table::new();
    alone.insert(key.to_owned(), value.clone());
    Settings::deserialize(alone)
        .map(drop)
        .map_err(|error| SettingsProblem::WrongValue {
            key: key.to_owned(),
            message: error.message().to_owned(),
        })
}

/// Refuses what TOML has and JSON has not: it would be stored as something else.
fn without_json_form(path: &str, value: &toml::Value) -> Result<(), SettingsProblem> {
    let refuse = |what: &str| {
        Err(SettingsProblem::WrongValue {
            key: path.to_owned(),
            message: format!("{what} is no JSON value"),
        })
    };
    match value {
        toml::Value::Datetime(date) => refuse(&format!("the date {date}")),
        toml::Value::Float(number) if !number.is_finite() => {
            refuse(&format!("the number {number}"))
        }
        toml::Value::Table(table) => table
            .iter()
            .try_for_each(|(key, value)| without_json_form(&format!("{path}.{key}"), value)),
        toml::Value::Array(list) => list
            .iter()
            .enumerate()
            .try_for_each(|(at, value)| without_json_form(&format!("{path}.{at}"), value)),
        _ => Ok(()),
    }
}
