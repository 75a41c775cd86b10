//! Settings: what an operator can choose, with units, defaults and limits.

mod check;
mod default_data;
mod duration;
mod error;
mod given;
mod read;
mod variables;

use std::{path::Path, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

pub use error::{SettingsError, SettingsProblem};

use crate::{DocumentRules, InventoryLimits, SlotName};

/// How long a call may take, unless somebody sets it otherwise: the default of
/// [`Settings::operation_timeout`], and of the backends' own patience where no
/// caller sets a [`deadline`](crate::backend::deadline).
pub const DEFAULT_OPERATION_TIMEOUT: Duration = Duration::from_secs(5);

/// The struct, and a reader of its fields that stops at the first fault: the
/// struct's own reads on, by trying each key alone.
macro_rules! with_reader {
    (
        $(#[$about:meta])*
        pub struct Settings { $( $(#[$field:meta])* pub $name:ident: $type:ty, )* }
    ) => {
        $(#[$about])*
        pub struct Settings { $( $(#[$field])* pub $name: $type, )* }

        #[derive(Deserialize)]
        #[serde(remote = "Settings", default = "Settings::default", deny_unknown_fields)]
        struct Fields { $( $(#[$field])* $name: $type, )* }
    };
}

with_reader! {
/// What can be chosen about sessions, saves and documents.
///
/// Every field has a default. Durations are written like `"30s"`, `"200ms"`
/// or `"1m 30s"`. Start from [`Settings::default`] in code, or from a TOML
/// file:
///
/// ```
/// use std::time::Duration;
/// use playerdata_core::Settings;
///
/// let mut settings = Settings::from_toml("autosave_interval = \"10s\"")?;
/// settings.skip_keys = vec!["LastSeen".to_owned()];
/// settings.check()?;
/// assert_eq!(settings.autosave_interval, Duration::from_secs(10));
/// assert_eq!(settings.save_attempts, 3);
/// # Ok::<(), playerdata_core::SettingsError>(())
/// ```
///
/// It can be a field of a game's own configuration, in any format that serde
/// reads: all that is wrong with it is in the one error of that format.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Settings {
    /// How long an autosave cycle lasts: each changed slot is written once in
    /// it, spread over its length. Where few slots change, up to 16 are written
    /// together, so that one of them may be written a sixteenth of the interval
    /// early, and the next time as much later. 1 ms to 1 day; default 30 s.
    #[serde(with = "duration")]
    pub autosave_interval: Duration,

    /// Every how many autosave cycles each open slot is written, changed or
    /// not. 0 switches that off; default 4.
    pub force_save_every: u32,

    /// Top-level keys of the document whose changes alone trigger no
    /// autosave; every save that does happen contains them. Default none.
    pub skip_keys: Vec<String>,

    /// How long after a server's last heartbeat its players can be taken over
    /// by others. It leaves room for two heartbeats and an
    /// `operation_timeout`. 1 ms to 1 day; default 60 s.
    #[serde(with = "duration")]
    pub lock_expiry: Duration,

    /// How often the server renews its lease and drains its notices. 1 ms to
    /// 1 day; default 5 s.
    #[serde(with = "duration")]
    pub heartbeat_interval: Duration,

    /// Whether every slot name means the one slot `Slot1`. Default false.
    pub single_slot: bool,

    /// Whether numbers in a `Document` may fall below zero. Default false.
    pub allow_negative_values: bool,

    /// Whether `set` may create an attribute that a `Document` does not have.
    /// Default false.
    pub allow_new_attributes: bool,

    /// Whether a `Document` that is loaded gets what `default_data` gained
    /// since it was last written: attributes, and entries of table attributes,
    /// once, and never anything in its inventory or gift bank. Whether it
    /// gained anything is seen by a fingerprint of its keys that is stored
    /// with the document; so a change of these keys also offers again what
    /// a player had removed. A game's own type is never merged into: there
    /// serde's `default` does it. Default true.
    pub reconcile: bool,

    /// Whether each decision is reported through `tracing`. Default false.
    pub debug: bool,

    /// How many saves may be under way at once. 1 to 65 536; default 64.
    pub max_concurrent_saves: usize,

    /// How long one call of the store may take. 1 ms to 1 day; default 5 s.
    #[serde(with = "duration")]
    pub operation_timeout: Duration,

    /// How often a save is tried before it counts as failed. 1 to 100;
    /// default 3.
    pub save_attempts: u32,

    /// How long to wait before the second attempt; each further wait is
    /// longer, with jitter. 1 ms to 1 day; default 200 ms.
    #[serde(with = "duration")]
    pub retry_delay: Duration,

    /// The largest document, in bytes of its JSON, uncompressed. Larger ones
    /// are neither written nor read. 1 byte to 1 GiB; default 4 MiB.
    pub max_document_bytes: usize,

    /// From how many bytes of JSON on a document is compressed. 0 switches
    /// compression off; default 1024.
    pub compress_from_bytes: usize,

    /// How many distinct items an inventory may have. 0 means no limit; default
    /// 0. A game's own type has to take it by
    /// [`Builder::limits`](crate::Builder::limits), or the start refuses it.
    pub max_inventory_items: usize,

    /// The largest quantity of one item. 0 means no limit; default 0. A game's
    /// own type has to take it by [`Builder::limits`](crate::Builder::limits)
    /// too.
    pub max_item_quantity: u64,

    /// For how long a slot remembers the key of a change that was applied once
    /// ([`Slot::apply_once`](crate::Slot::apply_once)): longer than anybody may
    /// ask for the change again. 1 ms to 10 years; default 30 days.
    #[serde(with = "duration")]
    pub idempotency_memory: Duration,

    /// The most keys that a slot remembers, about 50 bytes of JSON each. With
    /// as many younger than `idempotency_memory`, the next change of the kind
    /// is refused. 1 to 100 000; default 1 000.
    pub max_idempotency_keys: usize,

    /// How far apart the versions of a slot are that are kept when it is loaded
    /// ([`SessionManager::restore`](crate::SessionManager::restore) goes back to
    /// one). 1 ms to 10 years; default 1 h.
    #[serde(with = "duration")]
    pub version_interval: Duration,

    /// How many versions of a slot are kept; the oldest goes. 0 keeps none; at
    /// most 1 000; default 8.
    pub versions_kept: u32,

    /// What a new player's `Document` holds; unused with a game's own type. In a
    /// file it is a table, or a string of JSON text (TOML has no null), which is
    /// how it is written. The
    /// default is the standard document, with some gold and a sword.
    #[serde(with = "default_data")]
    pub default_data: Map<String, Value>,
}
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = given::Given::deserialize(deserializer)?;
        read::settings_of(given).map_err(de::Error::custom)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            autosave_interval: Duration::from_secs(30),
            force_save_every: 4,
            skip_keys: Vec::new(),
            lock_expiry: Duration::from_secs(60),
            heartbeat_interval: Duration::from_secs(5),
            single_slot: false,
            allow_negative_values: false,
            allow_new_attributes: false,
            reconcile: true,
            debug: false,
            max_concurrent_saves: 64,
            operation_timeout: DEFAULT_OPERATION_TIMEOUT,
            save_attempts: 3,
            retry_delay: Duration::from_millis(200),
            max_document_bytes: 4 << 20,
            compress_from_bytes: 1024,
            max_inventory_items: 0,
            max_item_quantity: 0,
            idempotency_memory: Duration::from_hours(30 * 24),
            max_idempotency_keys: 1_000,
            version_interval: Duration::from_hours(1),
            versions_kept: 8,
            default_data: default_data::standard(),
        }
    }
}

impl Settings {
    /// The name that every slot has under [`Settings::single_slot`].
    pub const SINGLE_SLOT: &str = "Slot1";

    /// Reads TOML text and checks it. What it leaves out has its default.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] with everything that is wrong: unknown keys, values
    /// of a wrong type or out of range, combinations that can't work.
    pub fn from_toml(text: &str) -> Result<Self, SettingsError> {
        read::settings_of(read::given_in(text)?)
    }

    /// Reads a TOML file of at most 1 MiB, and checks it.
    ///
    /// # Errors
    ///
    /// As [`Settings::from_toml`], or that the file can't be read.
    pub fn from_toml_file(path: impl AsRef<Path>) -> Result<Self, SettingsError> {
        Self::from_toml(&read::text_of(path.as_ref())?)
    }

    /// Reads settings in layers, each over the one before: the defaults, a
    /// TOML file if there is one, and variables such as
    /// [`std::env::vars`] has them. Checks the whole.
    ///
    /// Each setting has its variable, `PLAYERDATA_` and its name in upper
    /// case: `PLAYERDATA_LOCK_EXPIRY=90s`. Durations, numbers and `true` or
    /// `false` are written as in TOML, without quotes; `PLAYERDATA_SKIP_KEYS`
    /// is a list with commas, `PLAYERDATA_DEFAULT_DATA` JSON text. Variables
    /// of other names are left alone; one that begins with `PLAYERDATA_` and
    /// is none of a setting is refused.
    ///
    /// ```
    /// use std::time::Duration;
    /// use playerdata_core::Settings;
    ///
    /// let variables = [("PLAYERDATA_LOCK_EXPIRY".to_owned(), "90s".to_owned())];
    /// let settings = Settings::from_layers(None::<&str>, variables)?;
    /// assert_eq!(settings.lock_expiry, Duration::from_secs(90));
    /// # Ok::<(), playerdata_core::SettingsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SettingsError`] with everything that is wrong in any layer.
    pub fn from_layers(
        file: Option<impl AsRef<Path>>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let file = file.map(|path| read::text_of(path.as_ref()).and_then(|t| read::given_in(&t)));
        let mut given = given::Given::default();
        match file {
            Some(Ok(in_file)) => given = in_file,
            Some(Err(error)) => given.problems = error.problems,
            None => {}
        }
        variables::lay_over(&mut given, variables);
        read::settings_of(given)
    }

    /// The environment variable of each setting, and the setting's name.
    pub fn variables() -> impl Iterator<Item = (String, String)> {
        let keys = read::all_settings().into_iter().map(|(key, _)| key);
        keys.map(|key| (variables::name_of(&key), key))
    }

    /// Checks settings made or changed in code, except for `default_data`, which
    /// only a manager of [`Document`](crate::Document)s uses: its start checks
    /// it.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] with every value that is out of range, and every
    /// combination that can't work.
    pub fn check(&self) -> Result<(), SettingsError> {
        SettingsError::unless_empty(check::problems(self))
    }

    /// Checks the settings, and adds what else was found wrong.
    pub(crate) fn check_and(
        &self,
        more: impl IntoIterator<Item = SettingsProblem>,
    ) -> Result<(), SettingsError> {
        let mut problems = check::problems(self);
        problems.extend(more);
        SettingsError::unless_empty(problems)
    }

    /// That there are limits of inventories, for a game whose own type does not
    /// get them.
    pub(crate) fn limits_problem(&self) -> Option<SettingsProblem> {
        let limited = self.max_inventory_items > 0 || self.max_item_quantity > 0;
        limited.then_some(SettingsProblem::LimitsUnused)
    }

    /// What a [`Document`](crate::Document) under these settings allows.
    #[must_use]
    pub fn document_rules(&self) -> DocumentRules {
        let mut inventory = InventoryLimits::default();
        if self.max_inventory_items > 0 {
            inventory = inventory.with_max_items(self.max_inventory_items);
        }
        if self.max_item_quantity > 0 {
            inventory = inventory.with_max_quantity(self.max_item_quantity);
        }
        DocumentRules::default()
            .with_negative_values(self.allow_negative_values)
            .with_new_attributes(self.allow_new_attributes)
            .with_inventory(inventory)
    }

    /// The slot that `asked` means: itself, or `Slot1` under
    /// [`Settings::single_slot`].
    #[must_use]
    pub fn slot_for(&self, asked: &SlotName) -> SlotName {
        if self.single_slot {
            SlotName::new(Self::SINGLE_SLOT).expect("the constant is a valid slot name")
        } else {
            asked.clone()
        }
    }
}
