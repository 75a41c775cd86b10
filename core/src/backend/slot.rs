//! Claims and records, and the outcomes of opening and writing a slot.

use std::{fmt, time::Duration};

use super::{Body, Lock};
use crate::{ClaimNumber, Fence, PlayerId, Revision, SessionId, SlotName, UnixMillis, WriteId};

/// A slot opened under a lock.
///
/// It dies when the lock is released or replaced, and when the slot is opened
/// again; a dead claim never comes back to life. Opening makes a claim, and
/// nothing else does: not that its session holds the lock again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Whose slot it is.
    pub player: PlayerId,
    /// The session that opened it.
    pub session: SessionId,
    /// The generation of the lock that it was opened under. A session that a
    /// late copy of its own request gave the lock a second time has another
    /// fence then, and what it knows is old.
    pub fence: Fence,
    /// The slot.
    pub slot: SlotName,
    /// Greater for every opening of a slot in this session.
    pub number: ClaimNumber,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "claim {} of session {} on {}/{}",
            self.number, self.session, self.player, self.slot
        )
    }
}

/// What every write of a slot carries beside the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The revision that the write builds on; applied, it makes the next one.
    pub base: Revision,
    /// Fresh for every write, the same for every attempt at it.
    pub write_id: WriteId,
    /// When it was made, by the server's clock; for operators' eyes only.
    pub at: UnixMillis,
}

/// A document as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// How many writes the slot has seen, this one included.
    pub revision: Revision,
    /// The write that made it.
    pub write_id: WriteId,
    /// When that was, by its server's clock.
    pub saved_at: UnixMillis,
    /// The document.
    pub body: Body,
}

/// The outcome of [`open`](super::Backend::open).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The claim is alive, and every earlier claim on the slot is dead.
    Opened(Opened),
    /// The lock is not this session's any more.
    Lost {
        /// The lock as it stands, if there is one; never the one that the
        /// claim names, by its session and its fence.
        holder: Option<Lock>,
    },
    /// The session has opened the slot under a greater claim number already:
    /// this call came late. Nothing was changed.
    Overtaken,
}

/// A slot as it was when it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// The revision that the next write builds on; 0 for a slot that was
    /// never written.
    pub revision: Revision,
    /// The last write applied, a deletion included; `None` for a slot that
    /// was never written.
    pub last_write: Option<WriteId>,
    /// What the slot holds; `None` if it was never written or was deleted.
    pub record: Option<Record>,
    /// Whether letters wait in the slot's mailbox, so that a load of one that
    /// has none need not ask for them.
    ///
    /// True of one moment between the beginning and the end of the call: a
    /// letter whose `post` had returned before the call began counts, unless
    /// it is discarded meanwhile.
    pub mail: bool,
    /// How long ago the newest version of the slot was kept, by the same clock
    /// as [`KeepPolicy::min_age`](super::KeepPolicy::min_age) goes by, so that a
    /// load need not ask for one that is not due.
    ///
    /// True of one moment between the beginning and the end of the call. `None`
    /// says nothing: there is no version, or it is of the future, or the store
    /// would have to look for it.
    pub version_age: Option<Duration>,
}

/// The outcome of [`save`](super::Backend::save) or [`delete`](super::Backend::delete).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The write is in the store, as durable as the store is configured to be.
    Written {
        /// The revision it made: that of its stamp's base, and one.
        revision: Revision,
    },
    /// The lock is not this session's any more. Nothing was changed.
    Lost {
        /// Who holds the player now, if anybody does; never this session.
        holder: Option<Lock>,
    },
    /// The session still holds the lock, but this claim is dead, or a newer
    /// write was applied under it. Nothing was changed; the slot has to be
    /// opened again.
    Overtaken,
}

/// One slot in a list of a player's slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotSummary {
    /// The slot.
    pub slot: SlotName,
    /// How many writes it has seen.
    pub revision: Revision,
    /// When the last one was, by its server's clock.
    pub saved_at: UnixMillis,
    /// The version of its document's schema.
    pub schema: u32,
    /// The size of its body as stored.
    pub body_bytes: u64,
}
