//! What a backend says when the store fails it.

use std::{borrow::Cow, error::Error, fmt};

/// What the caller of a backend does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The store can't be reached, is overloaded, has no room left, or did
    /// not answer in time. Try again later.
    Unavailable,
    /// The store answered and refuses: wrong credentials, missing table, a
    /// file from a newer version, a read-only disk. Trying again is useless
    /// until an operator has repaired the set-up.
    Rejected,
    /// What the store holds can't be understood. It is left as it is; an
    /// operator has to look at it.
    Corrupt,
    /// The record is larger than the store takes. Make it smaller.
    TooLarge,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "store unavailable",
            Self::Rejected => "refused by the store",
            Self::Corrupt => "stored data can't be understood",
            Self::TooLarge => "record too large for the store",
        })
    }
}

/// Whether a failed operation changed the store. Of one that only reads it
/// says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Determinate: it was not applied and never will be.
    None,
    /// Indeterminate: it may have been applied, or may still be. A request
    /// that left and was not answered, whatever the reason, is one of these.
    Possible,
}

/// A failure of the store: never a lost race, which is an outcome.
#[derive(Debug)]
pub struct BackendError {
    kind: ErrorKind,
    effect: Effect,
    what: Cow<'static, str>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl BackendError {
    /// An error of a kind, with whether the operation may have been applied,
    /// and what went wrong in a few words.
    #[must_use]
    pub fn new(kind: ErrorKind, effect: Effect, what: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            effect,
            what: what.into(),
            source: None,
        }
    }

    /// This error, with the one that caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the caller does next.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the operation may have been applied.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.what)?;
        match self.effect {
            Effect::None => Ok(()),
            Effect::Possible => f.write_str(" (the operation may have been applied)"),
        }
    }
}

impl Error for BackendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| &**source as &(dyn Error + 'static))
    }
}
