//! Documents that are not in the store as they are here.

use std::{fmt, sync::Arc};

use super::SlotState;
use crate::{Error, PlayerId, Revision, SlotName, codec::Envelope};

/// A document that is not in the store as it is here, and whose session can't
/// save it or did not.
///
/// [`SessionManager::recover`](crate::SessionManager::recover) puts it into the
/// store. To keep it for another process, write down the player, the slot, the
/// revision, and the document as JSON;
/// [`SessionManager::put`](crate::SessionManager::put) takes these.
#[non_exhaustive]
pub struct Unsaved<D> {
    /// The player.
    pub player: PlayerId,
    /// The slot.
    pub slot: SlotName,
    /// The document as it would have been saved.
    pub document: Arc<D>,
    /// The revision in the store that it builds on.
    pub revision: Revision,
    /// Why it was not saved.
    pub error: Error,
    /// What was kept beside the document.
    pub(crate) envelope: Arc<Envelope>,
    /// What is known of the slot's last writes.
    pub(crate) origin: Arc<SlotState<D>>,
}

impl<D> Unsaved<D> {
    pub(crate) fn new(slot: &Arc<SlotState<D>>, error: Error) -> Self {
        let (document, envelope) = slot.whole();
        Self {
            player: slot.core.player.clone(),
            slot: slot.name.clone(),
            document,
            revision: slot.revision(),
            error,
            envelope,
            origin: Arc::clone(slot),
        }
    }
}

impl<D> Clone for Unsaved<D> {
    fn clone(&self) -> Self {
        Self {
            player: self.player.clone(),
            slot: self.slot.clone(),
            document: Arc::clone(&self.document),
            revision: self.revision,
            error: self.error.clone(),
            envelope: Arc::clone(&self.envelope),
            origin: Arc::clone(&self.origin),
        }
    }
}

/// Without the document: a player's data does not belong in a log, and a game's
/// own type need not have a `Debug`.
impl<D> fmt::Debug for Unsaved<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsaved")
            .field("player", &self.player)
            .field("slot", &self.slot)
            .field("revision", &self.revision)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// Why a session could not be ended.
///
/// - With documents `unsaved`, and unless the cause is
///   [`Error::SessionLost`] or [`Error::RuntimeGone`], the session goes on as
///   if `end` had not been called: it holds the lock, takes changes, and is
///   autosaved. The caller decides whether to end it again later or to
///   [`abandon`](crate::Session::abandon) it.
/// - With none `unsaved`, all is in the store, and only the lock could not be
///   released, or it is not known whether it was. The session is over: it
///   takes no changes, and the manager tries to release it at every heartbeat.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// # let session = manager.start_session(4711_u64).await?;
/// if let Err(error) = session.end().await {
///     eprintln!("{error}");
///     for unsaved in &error.unsaved {
///         let json = serde_json::to_string(&*unsaved.document)?;
///         eprintln!("{} {} {}: {json}", unsaved.player, unsaved.slot, unsaved.revision);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[non_exhaustive]
pub struct EndError<D> {
    /// The player.
    pub player: PlayerId,
    /// What could not be saved, with the reason for each.
    pub unsaved: Vec<Unsaved<D>>,
    /// Why the first of them, or the release, failed.
    pub cause: Box<Error>,
}

impl<D> Clone for EndError<D> {
    fn clone(&self) -> Self {
        Self {
            player: self.player.clone(),
            unsaved: self.unsaved.clone(),
            cause: self.cause.clone(),
        }
    }
}

impl<D> fmt::Display for EndError<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (player, count, cause) = (&self.player, self.unsaved.len(), &self.cause);
        let documents = if count == 1 { "document" } else { "documents" };
        write!(
            f,
            "the session of player {player} could not be ended, {count} {documents} unsaved: {cause}"
        )
    }
}

impl<D> std::error::Error for EndError<D> {}

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
