//! Why a game could not begin.

use std::{io, path::PathBuf};

use playerdata::{Error, OpenError, SettingsError, StartError, backend::Lock};
use thiserror::Error as ThisError;
use tracing_subscriber::filter::ParseError;

use crate::{Exit, output::chain};

/// Why a game could not begin.
#[derive(Debug, ThisError)]
pub(super) enum Failure {
    #[error("{} can't be used:{}", path.display(), listed(problems))]
    Settings {
        path: PathBuf,
        problems: SettingsError,
    },
    #[error("RUST_LOG can't be used")]
    Logging(#[from] ParseError),
    #[error(transparent)]
    Open(Box<OpenError>),
    #[error("could not start")]
    Start(#[from] StartError),
    #[error("could not listen to signals")]
    Signals(#[source] io::Error),
    #[error(transparent)]
    Session(Box<Error>),
    #[error("interrupted while the player was held by {0}")]
    Interrupted(Box<Lock>),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Session(Box::new(error))
    }
}

impl Failure {
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Settings { .. } | Self::Logging(_) | Self::Signals(_) => Exit::Usage,
            Self::Start(StartError::Settings(_) | StartError::DefaultData(_)) => Exit::Usage,
            Self::Start(_) | Self::Open(_) => Exit::Store,
            Self::Interrupted(_) => Exit::Held,
            Self::Session(error) => match **error {
                Error::PlayerHeld { .. } => Exit::Held,
                Error::SessionLost { .. } => Exit::Lost,
                // Two servers under one name, or a name that is none.
                Error::Superseded { .. } | Error::InvalidName(_) => Exit::Usage,
                _ => Exit::Store,
            },
        }
    }
}

/// Each problem on a line of its own.
fn listed(error: &SettingsError) -> String {
    let problems = error.problems.iter();
    problems
        .map(|problem| format!("\n  {}", chain(problem).trim_end().replace('\n', "\n  ")))
        .collect()
}
