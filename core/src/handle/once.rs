//! Changes that are applied at most once (X1).

use std::sync::Arc;

use super::Slot;
use crate::{ChangeError, Error, GameDocument, IdempotencyKey, InvalidName, codec};

/// The outcome of a change that is applied at most once.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// # let session = manager.start_session(4711_u64).await?;
/// # let slot = session.load_slot("Slot1").await?;
/// use playerdata_core::{DocumentError, Once};
///
/// let reward = |day: &str| {
///     slot.apply_once(format!("daily {day}"), |player| {
///         player.increment("Currency", 50)?;
///         Ok::<_, DocumentError>("50 gold")
///     })
/// };
/// assert_eq!(reward("2026-11-28")?, Once::Applied("50 gold"));
/// assert_eq!(reward("2026-11-28")?, Once::AlreadyApplied);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "whether the change was applied before is only known from this"]
pub enum Once<R> {
    /// This call applied it; what the closure returned.
    Applied(R),
    /// An earlier call with the key did, whichever session or server made it.
    /// Nothing changed.
    AlreadyApplied,
}

impl<R> Once<R> {
    /// Whether this call is the one that applied the change.
    pub fn is_applied(&self) -> bool {
        matches!(self, Self::Applied(_))
    }

    /// What the closure returned, if this call applied the change.
    pub fn applied(self) -> Option<R> {
        match self {
            Self::Applied(result) => Some(result),
            Self::AlreadyApplied => None,
        }
    }
}

impl<D: GameDocument> Slot<D> {
    /// Applies a change at most once per slot, whatever happens: for a
    /// purchase whose receipt may come twice, or a reward that may be asked for
    /// again. `key` is the caller's name for it.
    ///
    /// The key is stored beside the document, in the same record and the same
    /// write. So after a crash there are the change and its key, or neither. It
    /// is remembered for `idempotency_memory` by the server's clock. A closure
    /// that fails or panics leaves no key, and can be tried again.
    ///
    /// The change is in memory first, like any other. Before the shop is told
    /// that the purchase was granted, it has to be in the store, also if it was
    /// an earlier call that applied it:
    ///
    /// ```
    /// use playerdata_core::{DocumentError, Error, Slot};
    ///
    /// async fn grant(slot: &Slot, receipt: &str) -> Result<(), Error> {
    ///     let _ = slot.apply_once(receipt, |player| {
    ///         player.increment("Currency", 100)?;
    ///         player.inventory_mut().add("Bread", 1)?;
    ///         Ok::<_, DocumentError>(())
    ///     })?;
    ///     slot.save().await?; // granted, whether by this call or by an earlier one
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`try_modify`](Self::try_modify), what the closure returns
    /// included; [`Error::TooManyKeys`] if the slot remembers
    /// `max_idempotency_keys`, and [`Error::NoEnvelope`] if the document is not
    /// a JSON object: nothing changed. [`Error::InvalidName`] for a key that
    /// can't be one.
    pub fn apply_once<K, R, E>(
        &self,
        key: K,
        change: impl FnOnce(&mut D) -> Result<R, E>,
    ) -> Result<Once<R>, E::Error>
    where
        K: TryInto<IdempotencyKey, Error: Into<InvalidName>>,
        E: ChangeError,
    {
        let key = key.try_into();
        let key = key.map_err(|invalid| Error::InvalidName(invalid.into()))?;
        let (keeping, document) = self.state.keep()?;
        // Nobody adds a key to it while the slot is kept.
        if self.state.envelope().has_key(&key) {
            return Ok(Once::AlreadyApplied);
        }
        let settings = &self.engine.settings;
        let (now, memory) = (self.engine.clock.now(), settings.idempotency_memory);
        self.engine
            .check_room_for_key(&self.state, &self.state.envelope())?;
        let noted = self
            .engine
            .kept
            .note(self.player(), self.name(), "apply_once");
        let mut copy = D::clone(&document);
        drop(document);
        let result = change(&mut copy);
        let result = result.map_err(|error| error.in_slot(self.player(), self.name()))?;
        (self.engine.origin.prepare)(&mut copy);
        self.check_is_object(&copy)?;
        drop(noted);
        let must_queue = keeping.commit_with(copy, |envelope| {
            Arc::make_mut(envelope).keys.add(key, now, memory);
        })?;
        if must_queue {
            self.engine.autosave.push(&self.state);
        }
        Ok(Once::Applied(result))
    }

    /// Whether the change with this key was applied, as far as it is
    /// remembered.
    #[must_use]
    pub fn has_applied(&self, key: &IdempotencyKey) -> bool {
        self.state.envelope().keys.contains(key)
    }

    fn check_is_object(&self, document: &D) -> Result<(), Error> {
        if codec::is_object(document) {
            return Ok(());
        }
        Err(Error::NoEnvelope {
            player: self.player().clone(),
            slot: self.name().clone(),
        })
    }
}
