//! What the library reports, on standard error.

use std::env;

use tracing_subscriber::{EnvFilter, filter::ParseError, fmt::MakeWriter};

/// The variable that says what is reported, in the usual syntax.
const VARIABLE: &str = "RUST_LOG";

/// Reports as `RUST_LOG` says; without it, as `otherwise` says.
pub(crate) fn start(
    otherwise: &str,
    to: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
) -> Result<(), ParseError> {
    let asked = env::var(VARIABLE).ok().filter(|asked| !asked.is_empty());
    let directives = asked.as_deref().unwrap_or(otherwise);
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(directives)?)
        .with_writer(to)
        .with_ansi(false)
        .with_target(false)
        .init();
    Ok(())
}
