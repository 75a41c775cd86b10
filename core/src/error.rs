//! What can go wrong above the store, and what to do about it.

use std::{fmt, sync::Arc};

use crate::{
    DocumentError, Incarnation, InvalidName, LetterError, LetterId, PlayerId, Revision, ServerName,
    SessionId, SlotName,
    backend::{Body, ErrorKind, Hazard, Lock, Operation, StoreFailure},
    codec::CodecError,
    excerpt::why,
    schema::MigrationError,
};

fn taken_by(holder: Option<&Lock>) -> String {
    match holder {
        Some(lock) => format!("the player is held by {lock}"),
        None => "nobody holds the player".to_owned(),
    }
}

/// Who changes a slot that takes no other change meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Busy {
    /// The call was made from within the closure that changes the slot. It
    /// can never succeed there: use the document that the closure has.
    #[error("by the closure that this call was made from")]
    Reentrant,
    /// Another thread changes it, and waits for a slot that this one changes.
    /// Let go of that one first, or always nest slots in the same order.
    #[error("by a thread that waits for this one")]
    Deadlock,
    /// Another thread has been changing it for longer than changes are waited
    /// for.
    #[error("by a closure that has not returned yet")]
    Kept,
}

/// Why a call to a manager, a session or a slot failed.
///
/// "The store is down" and "the session is lost" are different variants,
/// always: after [`Error::StoreUnavailable`] the session still holds the
/// player, after [`Error::SessionLost`] it does not.
///
/// The text of an error says what happened, to whom, and why, down to the last
/// cause, so that there is no [`source`](std::error::Error::source) to say it
/// again; the fields have the causes. No more of a player's data than an
/// excerpt is in it.
///
/// ```
/// use playerdata_core::{Error, Slot};
///
/// /// What a player is told whose purchase was not saved.
/// async fn save(slot: &Slot) -> Result<(), &'static str> {
///     match slot.save().await {
///         Ok(_) => Ok(()),
///         Err(error) if error.is_lost() => Err("you are playing somewhere else"),
///         Err(error) if error.is_transient() => Err("please try again in a moment"),
///         Err(error) => {
///             eprintln!("{error}");
///             Err("that went wrong")
///         }
///     }
/// }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Error {
    /// The store can't be reached or did not answer in time. The session is
    /// not lost; unsaved changes are kept and tried again. Try again later.
    StoreUnavailable(StoreFailure),

    /// The store answered and refuses, or holds something that can't be
    /// understood. Nothing was overwritten. An operator has to look.
    StoreFailed(StoreFailure),

    /// Another session has the player's lock, or the lock is gone. Nothing
    /// can be saved any more; the game should send the player away.
    SessionLost {
        /// The player.
        player: PlayerId,
        /// The session that was lost.
        session: SessionId,
        /// Who holds the player now, if anybody does and it is known.
        holder: Option<Lock>,
    },

    /// The session was ended, or is just ending: its slots take no changes.
    SessionEnded {
        /// The player.
        player: PlayerId,
    },

    /// The slot was deleted while it was open: it takes no changes. Load it
    /// to start over.
    SlotDeleted {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
    },

    /// The slot is being changed by other game code. This call changed nothing.
    SlotBusy {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// By whom, and what that asks for.
        busy: Busy,
    },

    /// Another server holds the player and did not hand over in time.
    PlayerHeld {
        /// The player.
        player: PlayerId,
        /// The lock as it stands.
        holder: Lock,
    },

    /// A later incarnation of this server's name is running: this one may
    /// start no sessions, and takes no changes. Give every server a name of its
    /// own.
    Superseded {
        /// The name both go by.
        server: ServerName,
        /// The later incarnation.
        by: Incarnation,
    },

    /// The store may drop player data while it runs, or is not the one at its
    /// address any more: no sessions are started on it. Those that are
    /// there go on.
    StoreAtRisk {
        /// What was found at the last heartbeat.
        hazard: Hazard,
    },

    /// The manager is shutting down, or was dropped: it starts no sessions,
    /// and takes no changes, which nobody would save.
    ShuttingDown,

    /// The manager's runtime is gone, or nobody has run it for as long as the
    /// server's lease lives: nothing can be saved.
    RuntimeGone,

    /// The deadline of a shutdown came before the session had ended. Its end
    /// goes on in the background, as long as the runtime lives.
    Unfinished {
        /// The player.
        player: PlayerId,
    },

    /// The slot was written since: what was to be put back builds on an older
    /// revision. Nothing was changed.
    Newer {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// The revision that the document builds on.
        base: Revision,
        /// The revision that the store has.
        stored: Revision,
    },

    /// No version of that revision is kept.
    NoVersion {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// The revision that was asked for.
        revision: Revision,
    },

    /// The stored body can't be decoded. It is left in the store as it is.
    Undecodable {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// The revision that was read.
        revision: Revision,
        /// The body as it is stored, to look at or to repair.
        body: Box<Body>,
        /// What is wrong with it.
        source: Arc<CodecError>,
    },

    /// The stored document could not be brought to the current schema, or is
    /// of a newer one. It is left in the store as it is.
    Migration {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// What failed.
        source: Arc<MigrationError>,
    },

    /// The document can't be encoded, could not be loaded again, or is
    /// larger than allowed. It was not sent; it stays in memory, unsaved.
    Unencodable {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// What is wrong with it and where, with both sizes where it is the
        /// size.
        source: Arc<CodecError>,
    },

    /// Code of the game's (a default, or the document's own serialisation), or
    /// the backend, panicked. The document is as it was before.
    Panicked {
        /// The player.
        player: PlayerId,
        /// What was being done.
        during: &'static str,
    },

    /// A change or a read of a document that its rules refuse. Nothing changed.
    Document {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// Why.
        source: Arc<DocumentError>,
    },

    /// The slot remembers as many keys as it may, all of them younger than
    /// `idempotency_memory`: the change was not made. The oldest is forgotten
    /// when it is old enough; no earlier, since its change could then be made
    /// twice. A game that needs more raises `max_idempotency_keys`.
    TooManyKeys {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// The most that it may remember.
        limit: usize,
    },

    /// The document is no JSON object, so there is no place for what has to be
    /// stored with it in one write. Nothing changed.
    NoEnvelope {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
    },

    /// A parcel can't be taken out of the document or put into it. Nothing was
    /// changed.
    Parcel {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// Why.
        why: Arc<str>,
    },

    /// A letter was not sent. Nothing was changed.
    Letter {
        /// The player it is for.
        player: PlayerId,
        /// The slot it is for.
        slot: SlotName,
        /// The letter.
        letter: LetterId,
        /// Why.
        source: Arc<LetterError>,
    },

    /// A name that can't be used.
    InvalidName(InvalidName),
}

impl Error {
    /// Whether the same call may succeed later without anybody's help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::StoreUnavailable(_) => true,
            Self::SlotBusy { busy, .. } => *busy != Busy::Reentrant,
            _ => false,
        }
    }

    /// Whether the session is lost: the game should send the player away.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::SessionLost { .. })
    }

    /// Whether another server holds the player: the game may ask again, or
    /// steal.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self, Self::PlayerHeld { .. })
    }

    /// This error, if it is the store's, as one of the operation that the
    /// call was a part of.
    pub(crate) fn during(self, operation: Operation) -> Self {
        match self {
            Self::StoreUnavailable(failure) => Self::StoreUnavailable(failure.during(operation)),
            Self::StoreFailed(failure) => Self::StoreFailed(failure.during(operation)),
            other => other,
        }
    }

    /// Whether the slot is closed for good: there is nothing to try again.
    pub(crate) fn closes_slot(&self) -> bool {
        matches!(
            self,
            Self::SessionLost { .. } | Self::SessionEnded { .. } | Self::SlotDeleted { .. }
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StoreUnavailable(failure) | Self::StoreFailed(failure) => failure.fmt(f),
            Self::SessionLost {
                player,
                session,
                holder,
            } => {
                let by = taken_by(holder.as_ref());
                write!(f, "session {session} of player {player} is lost: {by}")
            }
            Self::SessionEnded { player } => write!(f, "the session of player {player} has ended"),
            Self::SlotDeleted { player, slot } => {
                write!(f, "slot {slot} of player {player} was deleted")
            }
            Self::SlotBusy { player, slot, busy } => {
                write!(f, "slot {slot} of player {player} is being changed {busy}")
            }
            Self::PlayerHeld { player, holder } => write!(f, "player {player} is held by {holder}"),
            Self::Superseded { server, by } => {
                write!(
                    f,
                    "server name {server} was taken over by a later incarnation, {by}"
                )
            }
            Self::StoreAtRisk { hazard } => {
                let kind = hazard.kind;
                write!(f, "the store may lose player data ({kind}): {hazard}")
            }
            Self::ShuttingDown => f.write_str("the session manager is shutting down"),
            Self::RuntimeGone => f.write_str(
                "nothing can be saved: the session manager's runtime is gone, or nobody runs it",
            ),
            Self::Unfinished { player } => {
                write!(
                    f,
                    "the shutdown's deadline came before player {player} was saved"
                )
            }
            Self::Newer {
                player,
                slot,
                base,
                stored,
            } => write!(
                f,
                "slot {slot} of player {player} has been written since: the store has \
                 revision {stored}, but the document to put back builds on revision {base}"
            ),
            Self::InvalidName(invalid) => invalid.fmt(f),
            about_document => about_document.fmt_about_document(f),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// The text of those that are about a document.
    fn fmt_about_document(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undecodable {
                player,
                slot,
                revision,
                source,
                ..
            } => write!(
                f,
                "the document of player {player}, slot {slot} (revision {revision}) can't be \
                 decoded: {}",
                why(&**source)
            ),
            Self::Migration {
                player,
                slot,
                source,
            } => write!(
                f,
                "the document of player {player}, slot {slot} can't be migrated to the current \
                 schema: {}",
                why(&**source)
            ),
            Self::Unencodable {
                player,
                slot,
                source,
            } => write!(
                f,
                "the document of player {player}, slot {slot} can't be saved: {}",
                why(&**source)
            ),
            Self::Panicked { player, during } => {
                write!(f, "a panic while {during} for player {player}")
            }
            Self::Document {
                player,
                slot,
                source,
            } => write!(
                f,
                "the document of player {player}, slot {slot} refuses the call: {}",
                why(&**source)
            ),
            about_moving => about_moving.fmt_about_moving(f),
        }
    }

    /// The text of those that are about what is done once, what moves from one
    /// document to another, and versions.
    fn fmt_about_moving(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVersion {
                player,
                slot,
                revision,
            } => write!(
                f,
                "revision {revision} of player {player}, slot {slot} is not among the kept versions"
            ),
            Self::TooManyKeys {
                player,
                slot,
                limit,
            } => write!(
                f,
                "slot {slot} of player {player} remembers {limit} idempotency keys, and takes no \
                 more until the oldest is older than idempotency_memory"
            ),
            Self::Parcel { player, slot, why } => write!(
                f,
                "a parcel of player {player}, slot {slot} is refused: {why}"
            ),
            Self::Letter {
                player,
                slot,
                letter,
                source,
            } => write!(
                f,
                "letter {letter} to player {player}, slot {slot} was not sent: {}",
                why(&**source)
            ),
            Self::NoEnvelope { player, slot } => write!(
                f,
                "the document of player {player}, slot {slot} is not a JSON object, so nothing \
                 can be stored beside it"
            ),
            other => unreachable!("{other:?} has its text elsewhere"),
        }
    }
}

/// The text, and what kind of error it is: what holds a document is left out,
/// since a player's data does not belong in a log.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::StoreUnavailable(_) => "StoreUnavailable",
            Self::StoreFailed(_) => "StoreFailed",
            Self::SessionLost { .. } => "SessionLost",
            Self::SessionEnded { .. } => "SessionEnded",
            Self::SlotDeleted { .. } => "SlotDeleted",
            Self::SlotBusy { .. } => "SlotBusy",
            Self::PlayerHeld { .. } => "PlayerHeld",
            Self::Superseded { .. } => "Superseded",
            Self::StoreAtRisk { .. } => "StoreAtRisk",
            Self::ShuttingDown => "ShuttingDown",
            Self::RuntimeGone => "RuntimeGone",
            Self::Unfinished { .. } => "Unfinished",
            Self::Newer { .. } => "Newer",
            Self::NoVersion { .. } => "NoVersion",
            Self::Undecodable { .. } => "Undecodable",
            Self::Migration { .. } => "Migration",
            Self::Unencodable { .. } => "Unencodable",
            Self::Panicked { .. } => "Panicked",
            Self::Document { .. } => "Document",
            Self::TooManyKeys { .. } => "TooManyKeys",
            Self::NoEnvelope { .. } => "NoEnvelope",
            Self::Parcel { .. } => "Parcel",
            Self::Letter { .. } => "Letter",
            Self::InvalidName(_) => "InvalidName",
        };
        write!(f, "{kind}({:?})", self.to_string())
    }
}

impl From<InvalidName> for Error {
    fn from(invalid: InvalidName) -> Self {
        Self::InvalidName(invalid)
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
