//! What the library reports, on standard error.

use std::env;

use playerdata::Settings;
use tracing_subscriber::{EnvFilter, filter::ParseError};

use super::console::Messages;

/// The variable that says what is reported, in the usual syntax.
const VARIABLE: &str = "RUST_LOG";

/// Reports as `RUST_LOG` says; without it, warnings, and in debug mode each
/// decision that the library takes.
pub(super) fn start(settings: &Settings, messages: Messages) -> Result<(), ParseError> {
    let asked = env::var(VARIABLE).ok().filter(|asked| !asked.is_empty());
    let directives = match (&asked, settings.debug) {
        (Some(asked), _) => asked,
        (None, true) => "warn,playerdata_core=debug",
        (None, false) => "warn",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(directives)?)
        .with_writer(messages)
        .with_ansi(false)
        .with_target(false)
        .init();
    Ok(())
}
