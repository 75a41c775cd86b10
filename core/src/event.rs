//! What a manager reports to those who listen.

use std::{sync::Arc, time::Duration};

use crate::{
    Error, Incarnation, LetterId, PlayerId, Revision, ServerId, SessionId, SlotName,
    backend::{Hazard, Lock},
};

/// Why something was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaveReason {
    /// The autosave found it changed.
    Autosave,
    /// The forced cycle came round.
    Forced,
    /// Game code asked for it.
    Requested,
    /// The session is ending, for this reason.
    LastSave(EndReason),
    /// An operator put it there.
    PutBack,
    /// Many letters had arrived: it was saved before the next ones.
    Mail,
}

impl SaveReason {
    /// Its name among the figures.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Autosave => "autosave",
            Self::Forced => "forced",
            Self::Requested => "requested",
            Self::LastSave(_) => "last",
            Self::PutBack => "put_back",
            Self::Mail => "mail",
        }
    }
}

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// Game code ended it.
    Requested,
    /// Another server asked for the player.
    HandOver,
    /// The same manager starts the player's next session.
    Restarted,
    /// Its handle was dropped.
    Dropped,
    /// The manager is shutting down.
    Shutdown,
    /// Game code gave up what was unsaved, by abandoning it, or by stealing
    /// the player from it on the same server.
    Abandoned,
}

/// Something that happened. Errors are shared, so events are cheap to clone.
///
/// ```
/// use playerdata_core::Event;
///
/// /// Whether somebody on call should know.
/// fn is_alarming(event: &Event) -> bool {
///     matches!(
///         event,
///         Event::LeaseAtRisk { .. } | Event::StoreAtRisk { .. } | Event::Superseded { .. }
///     )
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A session was found lost and is closed: send the player away.
    SessionLost {
        /// The player.
        player: PlayerId,
        /// The session that was lost.
        session: SessionId,
        /// Who took the player, if it is known.
        holder: Option<Lock>,
    },
    /// Another server asks for the player; the session is being ended for it.
    HandOverRequested {
        /// The player.
        player: PlayerId,
        /// The session that is asked for.
        session: SessionId,
        /// Who asks.
        by: ServerId,
    },
    /// A session ended: its lock is released and, unless it was abandoned,
    /// everything saved.
    SessionEnded {
        /// The player.
        player: PlayerId,
        /// The session that ended.
        session: SessionId,
        /// Why.
        reason: EndReason,
    },
    /// A session could not be ended: it goes on if it could not be saved, and
    /// is tried again if only its lock could not be released.
    EndFailed {
        /// The player.
        player: PlayerId,
        /// The session.
        session: SessionId,
        /// Why it was to end.
        reason: EndReason,
        /// Why it did not.
        error: Arc<Error>,
    },
    /// A slot was written.
    SlotSaved {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// The revision that the write made.
        revision: Revision,
        /// Why it was written.
        reason: SaveReason,
    },
    /// An attempt to write a slot failed. The change is kept.
    SaveFailed {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// Which attempt in a row it was, from 1.
        attempt: u32,
        /// When it is tried again; `None`: at the next cycle, or when asked.
        retry_in: Option<Duration>,
        /// Why it failed.
        error: Arc<Error>,
    },
    /// Game code has kept a document for longer than a heartbeat: a closure
    /// that changes it, or a hook, has not returned. Nobody else is held up;
    /// the slot can't be changed until a closure returns, and can't be saved
    /// until a hook does. Reported once for each closure or hook.
    DocumentKept {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// What has not returned: `modify`, or the name of the hook.
        during: &'static str,
        /// For how long at least.
        kept_for: Duration,
    },
    /// The store's own settings could lose what it acknowledges. Looked for
    /// when the manager starts and at every heartbeat; what was found before
    /// is the first that every listener hears.
    StoreAtRisk {
        /// How.
        hazard: Hazard,
    },
    /// The lease could not be renewed. When it lapses, other servers may take
    /// the players; until they do, saves go on.
    LeaseAtRisk {
        /// How long until it lapses; zero if it has.
        lapses_in: Duration,
        /// Why it was not renewed.
        error: Arc<Error>,
    },
    /// A later incarnation of this server's name is running. Its players can
    /// be taken at any time; no session can be started.
    Superseded {
        /// The later incarnation.
        by: Incarnation,
    },
    /// A version of a slot could not be kept when it was loaded. Loading it
    /// went on as if there were no versions; the next load tries again.
    VersionNotKept {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// Why.
        error: Arc<Error>,
    },
    /// A hook panicked. The document is as it was before the hook.
    HookPanicked {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// Which hook.
        hook: &'static str,
    },
    /// A letter is in the document, though not yet saved.
    LetterDelivered {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// The letter.
        letter: LetterId,
    },
    /// A letter can't get into the document: its handler refuses it or
    /// panicked, or another gift waits under its id. It stays in the mailbox,
    /// is tried at the next load, and holds up no other.
    LetterRefused {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// The letter.
        letter: LetterId,
        /// Why.
        why: Arc<str>,
    },
    /// Letters for an open slot could not be fetched or applied. It is tried
    /// again if that may help, and at the next load.
    MailDelayed {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// Why.
        error: Arc<Error>,
    },
    /// Something that a document waits to have done at the store was not done:
    /// a letter to be discarded, a parcel to be sent. It is kept beside the
    /// document, and tried again until it is done.
    ErrandFailed {
        /// The player.
        player: PlayerId,
        /// The slot.
        slot: SlotName,
        /// Why.
        error: Arc<Error>,
    },
    /// This listener was too slow: `count` events were dropped for it.
    Lagged {
        /// How many.
        count: u64,
    },
}

impl Event {
    /// Whether it is about saves, of which there are many. They have a buffer
    /// of their own, so that they crowd out nothing else (E13).
    pub(crate) fn is_of_saves(&self) -> bool {
        matches!(
            self,
            Self::SlotSaved { .. }
                | Self::SaveFailed { .. }
                | Self::VersionNotKept { .. }
                | Self::HookPanicked { .. }
        )
    }
}
