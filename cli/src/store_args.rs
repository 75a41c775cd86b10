//! Which store, and with which settings.

use std::path::PathBuf;

use clap::Args;
use playerdata::{InvalidStoreUrl, Settings, StoreUrl};

use crate::{failure::Failure, output::chain};

/// Which store a command is about.
#[derive(Clone, Debug, Args)]
pub(crate) struct StoreArgs {
    /// Where the data is: sqlite:PATH, redis://HOST:PORT?namespace=NAME,
    /// redis+sentinel://HOST:PORT/NAME, or dynamodb://TABLE?region=REGION
    #[arg(
        long = "store",
        value_name = "STORE",
        env = "PLAYERDATA_STORE",
        hide_env_values = true,
        value_parser = store_url
    )]
    pub(crate) url: StoreUrl,

    /// The game's settings, such as examples/settings.toml
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) config: Option<PathBuf>,

    /// Answer in JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

impl StoreArgs {
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        settings(self.config.as_ref())
    }
}

pub(crate) fn settings(file: Option<&PathBuf>) -> Result<Settings, Failure> {
    let Some(path) = file else {
        return Ok(Settings::default());
    };
    Settings::from_toml_file(path).map_err(|problems| Failure::Settings {
        path: path.clone(),
        problems,
    })
}

/// Addresses of stores, and why one can't be used: with the feature that this
/// program would have to be built with.
pub(crate) fn store_url(text: &str) -> Result<StoreUrl, String> {
    text.parse().map_err(|error: InvalidStoreUrl| match error {
        InvalidStoreUrl::FeatureDisabled { scheme, feature } => format!(
            "this program was built without {scheme}: addresses; \
             build it with `--features {feature}`"
        ),
        other => chain(&other),
    })
}
