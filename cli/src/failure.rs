//! Why a command could not be carried out.

use std::{io, path::PathBuf, time::Duration};

use playerdata::{
    Error, LetterId, OpenError, PlayerId, Revision, SettingsError, SlotName, StartError, TradeId,
    backend::{BackendError, ErrorKind, HazardKind, Lock},
};
use thiserror::Error as ThisError;
use tracing_subscriber::filter::ParseError;

use crate::{Exit, output::chain};

/// Why a command could not be carried out.
#[derive(Debug, ThisError)]
pub(crate) enum Failure {
    #[error("{} can't be used:{}", path.display(), listed(problems))]
    Settings {
        path: PathBuf,
        problems: SettingsError,
    },
    #[error("RUST_LOG can't be used")]
    Logging(#[from] ParseError),
    #[error(transparent)]
    Open(Box<OpenError>),
    #[error("there is no file {}; nothing was created", .0.display())]
    NoFile(PathBuf),
    #[error("could not start")]
    Start(#[from] StartError),
    #[error(
        "the store is at risk ({kind}): {what}; to make changes anyway, pass \
         --accept-hazard {kind}"
    )]
    Hazard { kind: HazardKind, what: String },
    #[error("could not listen for signals")]
    Signals(#[source] io::Error),
    #[error(transparent)]
    Session(Box<Error>),
    /// What was given can't be stored.
    #[error(transparent)]
    Unfit(Box<Error>),
    #[error("interrupted while the player was held by {0}")]
    Interrupted(Box<Lock>),
    #[error("could not {what}")]
    Store {
        what: &'static str,
        source: BackendError,
    },
    #[error("could not {what}: the store did not answer within {}", humantime::format_duration(*within))]
    Silent {
        what: &'static str,
        within: Duration,
    },
    #[error("{} can't be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} can't be written", path.display())]
    Save { path: PathBuf, source: io::Error },
    #[error("{} is not JSON", path.display())]
    NotJson {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("player {0} is held by {1}")]
    Held(PlayerId, Box<Lock>),
    #[error("no version {2} of {1} of player {0} is kept")]
    NoVersion(PlayerId, SlotName, Revision),
    #[error("nothing is stored in {1} of player {0}")]
    NothingStored(PlayerId, SlotName),
    #[error("revision {0} can't be read: {1}")]
    Unreadable(Revision, String),
    #[error(
        "it is not known which schema {1} of player {0} had: pass --schema with the document's \
         version"
    )]
    UnknownSchema(PlayerId, SlotName),
    #[error("letter {0} can't be read: it is not JSON")]
    UnreadableLetter(LetterId),
    #[error("the version of revision {0} can't be read: {1}")]
    UnreadableVersion(Revision, String),
    #[error("player {0} was written to during the erasure: erase the player again")]
    WrittenMeanwhile(PlayerId),
    #[error("the mailbox of {1} of player {0} is full")]
    Full(PlayerId, SlotName),
    #[error("line {number} of {} can't be used: {why}", path.display())]
    Line {
        path: PathBuf,
        number: u64,
        why: String,
    },
    #[error("player {0} differs between the two stores after the copy")]
    Differs(PlayerId),
    #[error("player {0} kept changing while being read: try again")]
    Restless(PlayerId),
    #[error(
        "the other store has decided trade {1} of player {0} differently: the player was loaded \
         there before the trade was finished here"
    )]
    OtherVerdict(PlayerId, TradeId),
    #[error("only DynamoDB divides a listing into segments, not {0}")]
    NoSegments(&'static str),
    #[error("a store can't be moved to itself")]
    SameStore,
    #[error("refusing to {0} without asking: pass --yes, or run this at a terminal")]
    NobodyToAsk(String),
    #[error("the answer could not be written")]
    Answer(#[from] io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Session(Box::new(error))
    }
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Settings { .. } | Self::Logging(_) | Self::Signals(_) => Exit::Usage,
            Self::Read { .. } | Self::Save { .. } | Self::NotJson { .. } => Exit::Usage,
            Self::Unfit(_)
            | Self::Line { .. }
            | Self::SameStore
            | Self::NoSegments(_)
            | Self::NoFile(_)
            | Self::UnknownSchema(..)
            | Self::NobodyToAsk(_) => Exit::Usage,
            Self::Start(StartError::Settings(_) | StartError::DefaultData(_)) => Exit::Usage,
            // Whoever read the answers has had enough.
            Self::Answer(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ended,
            Self::Start(_) | Self::Open(_) | Self::Answer(_) => Exit::Store,
            Self::Store { .. } | Self::Silent { .. } | Self::Hazard { .. } => Exit::Store,
            Self::Full(..)
            | Self::Differs(_)
            | Self::OtherVerdict(..)
            | Self::NoVersion(..)
            | Self::NothingStored(..)
            | Self::Unreadable(..)
            | Self::UnreadableLetter(_)
            | Self::UnreadableVersion(..) => Exit::No,
            Self::WrittenMeanwhile(_) | Self::Restless(_) => Exit::Lost,
            Self::Interrupted(_) | Self::Held(..) => Exit::Held,
            Self::Session(error) => match **error {
                Error::PlayerHeld { .. } => Exit::Held,
                Error::SessionLost { .. } | Error::Newer { .. } => Exit::Lost,
                // Two servers under one name, or something that can't be used.
                Error::Superseded { .. } | Error::InvalidName(_) => Exit::Usage,
                _ => Exit::Store,
            },
        }
    }

    /// Whether the store has something that can't be read, and is well
    /// otherwise.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Store { source, .. } => source.kind() == ErrorKind::Corrupt,
            Self::Unreadable(..) => true,
            _ => false,
        }
    }

    /// Whether the store is there, and what failed was something else.
    pub(crate) fn is_answered(&self) -> bool {
        !matches!(self, Self::Session(error) if error.is_transient())
    }

    /// Whether it is worth a word: not that nobody reads the answers.
    pub(crate) fn is_worth_telling(&self) -> bool {
        !matches!(self, Self::Answer(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Each problem on a line of its own.
fn listed(error: &SettingsError) -> String {
    let problems = error.problems.iter();
    problems
        .map(|problem| format!("\n  {}", chain(problem).trim_end().replace('\n', "\n  ")))
        .collect()
}
