//! Everything that is wrong with settings, in one error.

use std::{error::Error, fmt, io, path::PathBuf, time::Duration};

use humantime::format_duration;
use thiserror::Error;

/// Settings that can't be used, with everything that is wrong with them.
///
/// Shown one problem per line.
///
/// ```
/// use playerdata_core::Settings;
///
/// let error = Settings::from_toml("save_attempts = 0\nautosave = \"10s\"").unwrap_err();
/// assert_eq!(error.problems.len(), 2);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct SettingsError {
    /// What is wrong; never empty.
    pub problems: Vec<SettingsProblem>,
}

impl SettingsError {
    pub(super) fn unless_empty(problems: Vec<SettingsProblem>) -> Result<(), Self> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self { problems })
        }
    }
}

impl From<SettingsProblem> for SettingsError {
    fn from(problem: SettingsProblem) -> Self {
        Self {
            problems: vec![problem],
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl Error for SettingsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problems.iter().find_map(Error::source)
    }
}

/// One thing that is wrong with settings.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettingsProblem {
    /// The file can't be read, or is not text.
    #[error("the settings file {} can't be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The text is not TOML.
    #[error("the settings are not valid TOML: {message}")]
    Syntax {
        /// What the parser says, with line and column.
        message: String,
    },
    /// There is no setting of this name.
    #[error("{key:?} is not a setting")]
    UnknownKey {
        /// The name given.
        key: String,
    },
    /// There is no setting that this environment variable is for.
    #[error("{name}: there is no such setting")]
    UnknownVariable {
        /// The variable's name.
        name: String,
    },
    /// The value of an environment variable is not what its setting takes.
    #[error("{name}: {message}")]
    WrongVariable {
        /// The variable's name.
        name: String,
        /// The setting that it is for.
        key: String,
        /// What was given, and what the setting takes.
        message: String,
    },
    /// The value is not what the setting takes.
    #[error("{key}: {message}")]
    WrongValue {
        /// The setting, or the path to the value within it.
        key: String,
        /// What was given, and what the setting takes.
        message: String,
    },
    /// The value is too small or absurdly large.
    #[error("{key}: {given} is out of range: it can be {least} to {most}")]
    OutOfRange {
        /// The setting.
        key: &'static str,
        /// The value given, with its unit.
        given: String,
        /// The smallest value that can be used.
        least: String,
        /// The largest value that can be used.
        most: String,
    },
    /// A server could lose its players between two of its heartbeats.
    #[error(
        "lock_expiry: {} leaves no room for two heartbeats and a store call; with a \
         heartbeat_interval of {} and an operation_timeout of {} it is at least {}",
        format_duration(*lock_expiry), format_duration(*heartbeat_interval),
        format_duration(*operation_timeout), format_duration(*least)
    )]
    LockExpiryTooShort {
        /// The value given.
        lock_expiry: Duration,
        /// The heartbeat that has to fit twice.
        heartbeat_interval: Duration,
        /// The store call that has to fit too.
        operation_timeout: Duration,
        /// The shortest expiry that goes with these.
        least: Duration,
    },
    /// A new player's document could not be saved.
    #[error(
        "default_data: it has {bytes} bytes of JSON, more than max_document_bytes allows ({limit})"
    )]
    DefaultDataTooLarge {
        /// The size of its JSON.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The game's own type is given no limits; see
    /// [`Builder::limits`](crate::Builder::limits).
    #[error(
        "max_inventory_items, max_item_quantity: the game's own type does not receive these \
         limits: pass them on with Builder::limits"
    )]
    LimitsUnused,
}

impl SettingsProblem {
    /// The settings that it is about; none if it is about the file.
    #[must_use]
    pub fn settings(&self) -> Vec<&str> {
        match self {
            Self::Unreadable { .. } | Self::Syntax { .. } | Self::UnknownVariable { .. } => {
                Vec::new()
            }
            Self::WrongVariable { key, .. } => vec![key],
            Self::UnknownKey { key } => vec![key],
            Self::WrongValue { key, .. } => vec![key.split('.').next().unwrap_or(key)],
            Self::OutOfRange { key, .. } => vec![key],
            Self::LockExpiryTooShort { .. } => {
                vec!["lock_expiry", "heartbeat_interval", "operation_timeout"]
            }
            Self::LimitsUnused => vec!["max_inventory_items", "max_item_quantity"],
            Self::DefaultDataTooLarge { .. } => vec!["default_data", "max_document_bytes"],
        }
    }
}
