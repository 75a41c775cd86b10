//! What can go wrong above the store, and what to do about it.

use std::{fmt, sync::Arc};

use thiserror::Error;

use crate::{
    DocumentError, Incarnation, InvalidName, PlayerId, Revision, ServerName, SessionId, SlotName,
    backend::{BackendError, Body, Effect, ErrorKind, Hazard, Lock, Operation},
    codec::CodecError,
    schema::MigrationError,
};

/// A call to the store that failed: which, about whom, and why.
#[derive(Clone, Debug, Error)]
#[error("could not {operation}{}", about(.player.as_ref(), .slot.as_ref()))]
#[non_exhaustive]
pub struct StoreFailure {
    /// What was tried.
    pub operation: Operation,
    /// The player it was about, if any.
    pub player: Option<PlayerId>,
    /// The slot it was about, if any.
    pub slot: Option<SlotName>,
    /// What the backend said.
    pub source: Arc<BackendError>,
}

impl StoreFailure {
    /// Whether the operation may have been applied.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.source.effect()
    }

    /// The same failure, after another attempt whose effect is unknown.
    pub(crate) fn in_doubt(self) -> Self {
        let kind = self.source.kind();
        let source = BackendError::new(kind, Effect::Possible, "an earlier attempt got no answer")
            .with_source(self.source);
        Self {
            source: Arc::new(source),
            ..self
        }
    }
}

/// An error for the log: with what caused it, and what caused that.
pub(crate) struct Chain<'a, E>(pub(crate) &'a E);

impl<E: std::error::Error> fmt::Display for Chain<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

fn about(player: Option<&PlayerId>, slot: Option<&SlotName>) -> String {
    match (player, slot) {
        (Some(player), Some(slot)) => format!(" of player {player}, slot {slot}"),
        (Some(player), None) => format!(" of player {player}"),
        _ => String::new(),
    }
}

fn taken_by(holder: Option<&Lock>) -> String {
    match holder {
        Some(lock) => format!("the player is held by {lock}"),
        None => "nobody holds the player".to_owned(),
    }
}

/// Why a call to a manager, a session or a slot failed.
///
/// "The store is down" and "the session is lost" are different variants,
/// always (E3): after [`Error::StoreUnavailable`] the session still holds the
/// player, after [`Error::SessionLost`] it does not.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The store can't be reached or did not answer in time. The session is
    /// not lost; unsaved changes are kept and tried again. Try again later.
    #[error(transparent)]
    StoreUnavailable(StoreFailure),

    /// The store answered and refuses, or holds something that can't be
    /// understood. Nothing was overwritten. An operator has to look.
    #[error(transparent)]
    StoreFailed(StoreFailure),

    /// Another session has the player's lock, or the lock is gone. Nothing
    /// can be saved any more; the game should send the player away.
    #[error("session {session} of player {player} is lost: {}", taken_by(.holder.as_ref()))]
    SessionLost {
        /// The player.
        player: PlayerId,
        /// The session that was lost.
        session: SessionId,
        /// Who holds the player now, if anybody does and it is known.
        holder: Option<Lock>,
    },

    /// The session was ended, or is just ending: its slots take no changes.
    #[error("the session of player {player} has ended")]
    SessionEnded {
        /// The player.
        player: PlayerId,
    },

    /// The slot was deleted while it was open: it takes no changes. Load it
    /// to begin anew.
    #[error("slot {slot} of player {player} was deleted")]
    SlotDeleted {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
    },

    /// Another server holds the player and did not hand over in time.
    #[error("player {player} is held by {holder}")]
    PlayerHeld {
        /// The player.
        player: PlayerId,
        /// The lock as it stands.
        holder: Lock,
    },

    /// A later incarnation of this server's name is running: this one may
    /// start no sessions. Give every server a name of its own.
    #[error("server name {server} was taken over by a later incarnation, {by}")]
    Superseded {
        /// The name both go by.
        server: ServerName,
        /// The later incarnation.
        by: Incarnation,
    },

    /// The store may drop player data while it runs, or is not the one at its
    /// address any more (S13): no sessions are started on it. Those that are
    /// there go on.
    #[error("the store may lose player data ({kind}): {hazard}", kind = .hazard.kind)]
    StoreAtRisk {
        /// What was found at the last heartbeat.
        hazard: Hazard,
    },

    /// The manager is shutting down, or was dropped.
    #[error("the session manager is shutting down")]
    ShuttingDown,

    /// The stored body can't be decoded. It is left in the store as it is (S5).
    #[error("the document of player {player}, slot {slot} (revision {revision}) can't be decoded")]
    Undecodable {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// The revision that was read.
        revision: Revision,
        /// The body as it is stored, to look at or to mend.
        body: Box<Body>,
        /// What is wrong with it.
        #[source]
        source: Arc<CodecError>,
    },

    /// The stored document could not be brought to the current schema, or is
    /// of a newer one (S6). It is left in the store as it is.
    #[error("the document of player {player}, slot {slot} can't be brought to the current schema")]
    Migration {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// What failed.
        #[source]
        source: Arc<MigrationError>,
    },

    /// The document can't be encoded, or is larger than allowed (S8). It was
    /// not sent; it stays in memory, unsaved.
    #[error("the document of player {player}, slot {slot} can't be saved")]
    Unencodable {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// What is wrong with it, with both sizes where it is the size.
        #[source]
        source: Arc<CodecError>,
    },

    /// Code of the game's (a default, or the document's own serialisation), or
    /// the backend, panicked. The document is as it was before.
    #[error("a panic while {during}, player {player}")]
    Panicked {
        /// The player.
        player: PlayerId,
        /// What was being done.
        during: &'static str,
    },

    /// A change or a read of a document that its rules refuse. Nothing changed.
    #[error("the document of player {player}, slot {slot} refuses")]
    Document {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// Why.
        #[source]
        source: Arc<DocumentError>,
    },

    /// A name that can't be used.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
}

impl Error {
    /// Whether the same call may succeed later without anybody's help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::StoreUnavailable(_))
    }

    /// Whether the slot is closed for good: there is nothing to try again.
    pub(crate) fn closes_slot(&self) -> bool {
        matches!(
            self,
            Self::SessionLost { .. } | Self::SessionEnded { .. } | Self::SlotDeleted { .. }
        )
    }
}

impl From<StoreFailure> for Error {
    fn from(failure: StoreFailure) -> Self {
        match failure.source.kind() {
            ErrorKind::Unavailable => Self::StoreUnavailable(failure),
            _ => Self::StoreFailed(failure),
        }
    }
}

/// A document that could not be saved when its session ended (E1).
#[non_exhaustive]
pub struct Unsaved<D> {
    /// The player.
    pub player: PlayerId,
    /// The slot.
    pub slot: SlotName,
    /// The document as it would have been saved.
    pub document: Arc<D>,
    /// Why it was not.
    pub error: Error,
}

/// Without the document: a log is no place for a player's data, and a game's
/// own type need not have a `Debug`.
impl<D> fmt::Debug for Unsaved<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsaved")
            .field("player", &self.player)
            .field("slot", &self.slot)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// Why a session could not be ended.
///
/// - With documents `unsaved`, and unless the cause is
///   [`Error::SessionLost`], the session goes on as if `end` had not been
///   called: it holds the lock, takes changes, and is autosaved. The caller
///   decides whether to end it again later or to
///   [`abandon`](crate::Session::abandon) it.
/// - With none `unsaved`, all is in the store, and only the lock could not be
///   released, or it is not known whether it was. The session is over: it
///   takes no changes, and the manager tries to release it at every heartbeat.
#[derive(Error)]
#[error("the session of player {player} could not be ended, {} document(s) unsaved", .unsaved.len())]
#[non_exhaustive]
pub struct EndError<D> {
    /// The player.
    pub player: PlayerId,
    /// What could not be saved, with the reason for each.
    pub unsaved: Vec<Unsaved<D>>,
    /// Why the first of them, or the release, failed.
    #[source]
    pub cause: Box<Error>,
}

impl<D> fmt::Debug for EndError<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndError")
            .field("player", &self.player)
            .field("unsaved", &self.unsaved)
            .field("cause", &self.cause)
            .finish()
    }
}

impl<D> EndError<D> {
    pub(crate) fn new(player: &PlayerId, unsaved: Vec<Unsaved<D>>, cause: Error) -> Self {
        Self {
            player: player.clone(),
            unsaved,
            cause: Box::new(cause),
        }
    }
}
