//! What a deployment sets: the store's address, the server's name and the
//! settings, from a file and the environment.

use std::{env, fmt, path::Path};

use playerdata_core::{
    Builder, Document, InvalidName, ServerName, SessionManager, Settings, SettingsError,
};
use thiserror::Error;

use crate::{InvalidStoreUrl, OpenError, StoreUrl, store::with_causes};

const STORE: &str = "PLAYERDATA_STORE";
const SERVER: &str = "PLAYERDATA_SERVER";
const DEFAULT_STORE: &str = "sqlite:players.db";

/// What a deployment sets, in layers: the defaults, a settings file, and over
/// it the environment.
///
/// | variable | sets | default |
/// | --- | --- | --- |
/// | `PLAYERDATA_STORE` | [`store`](Self::store) | `sqlite:players.db` |
/// | `PLAYERDATA_SERVER` | [`server`](Self::server) | a new name at each start |
/// | `PLAYERDATA_LOCK_EXPIRY`, and so on | the field of [`Settings`] of that name, [as described there](Settings::from_layers) | the file's, or the setting's own |
///
/// A variable that begins with `PLAYERDATA_` and is none of these is refused,
/// and everything that is wrong is in one error.
///
/// ```
/// use playerdata::Config;
///
/// let variables = [
///     ("PLAYERDATA_STORE", "sqlite:/var/lib/game/players.db"),
///     ("PLAYERDATA_LOCK_EXPIRY", "90s"),
/// ];
/// let variables = variables.map(|(name, text)| (name.to_owned(), text.to_owned()));
/// let config = Config::from_layers(None::<&str>, variables)?;
/// assert_eq!(config.store.to_string(), "sqlite:/var/lib/game/players.db");
/// # Ok::<(), playerdata::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where the players' data is.
    pub store: StoreUrl,
    /// What this server is called. One that restarts under its name has its
    /// players back at once; two servers must never run under one name.
    pub server: Option<ServerName>,
    /// Everything else.
    pub settings: Settings,
}

/// Everything that is wrong with what a deployment sets, one fault per line,
/// also when it is returned from `main`.
///
/// ```
/// use playerdata::Config;
///
/// let variables = [("PLAYERDATA_LOKC_EXPIRY", "90s"), ("PLAYERDATA_STORE", "players.db")];
/// let variables = variables.map(|(name, text)| (name.to_owned(), text.to_owned()));
/// let error = Config::from_layers(None::<&str>, variables).unwrap_err();
/// assert_eq!(error.to_string().lines().count(), 2);
/// ```
#[derive(Error)]
#[error("{}", self.lines().join("\n"))]
#[non_exhaustive]
pub struct ConfigError {
    /// What is wrong with `PLAYERDATA_STORE`.
    pub store: Option<Box<InvalidStoreUrl>>,
    /// What is wrong with `PLAYERDATA_SERVER`.
    pub server: Option<InvalidName>,
    /// What is wrong with the settings, in the file or the environment.
    pub settings: Option<SettingsError>,
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ConfigError {
    /// Several faults have no one cause, so each says its own.
    fn lines(&self) -> Vec<String> {
        let store = self.store.as_deref();
        let store = store.map(|error| format!("{STORE}: {}", with_causes(error)));
        let server = self.server.as_ref();
        let server = server.map(|error| format!("{SERVER}: {}", with_causes(error)));
        let settings = self.settings.iter().flat_map(|error| &error.problems);
        let settings = settings.map(|problem| with_causes(problem));
        store.into_iter().chain(server).chain(settings).collect()
    }
}

impl Config {
    /// Reads the environment of this process.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with everything that is wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_layers(None::<&Path>, variables())
    }

    /// Reads a settings file, and over it the environment of this process.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with everything that is wrong.
    pub fn from_file_and_env(file: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Self::from_layers(Some(file), variables())
    }

    /// Reads a settings file, if there is one, and over it these variables.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with everything that is wrong.
    pub fn from_layers(
        file: Option<impl AsRef<Path>>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let (mut store, mut server) = (DEFAULT_STORE.parse(), Ok(None));
        let mut others = Vec::new();
        for (name, text) in variables {
            match &*name {
                STORE => store = text.parse(),
                SERVER => server = ServerName::new(text).map(Some),
                _ => others.push((name, text)),
            }
        }
        match (store, server, Settings::from_layers(file, others)) {
            (Ok(store), Ok(server), Ok(settings)) => Ok(Self {
                store,
                server,
                settings,
            }),
            (store, server, settings) => Err(ConfigError {
                store: store.err().map(Box::new),
                server: server.err(),
                settings: settings.err(),
            }),
        }
    }

    /// Opens the store and sets up a manager of [`Document`]s with the name
    /// and the settings. For a type of the game's own, open the
    /// [`store`](Self::store) and use [`SessionManager::typed`].
    ///
    /// # Errors
    ///
    /// Those of [`StoreUrl::open`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: at worst an empty store was made.
    pub async fn builder(self) -> Result<Builder<Document>, OpenError> {
        let store = self.store.open(&self.settings).await?;
        let builder = SessionManager::builder(store.backend()).settings(self.settings);
        Ok(match self.server {
            Some(name) => builder.server_name(name),
            None => builder,
        })
    }
}

/// Those that are text. One that is not can't be for this library, unless by
/// its name; then it is refused by its replaced characters.
fn variables() -> impl Iterator<Item = (String, String)> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    env::vars_os().map(move |(name, value)| (text(name), text(value)))
}
