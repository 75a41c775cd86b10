//! What is known of a call before it is sent.

use std::fmt;

use playerdata_core::{PlayerId, SlotName, backend::Operation};
use tokio::time::Instant;

/// One call of the store: which method, and about whom.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The method.
    pub operation: Operation,
    /// The player it is about; none if it is about a lease.
    pub player: Option<PlayerId>,
    /// The slot it is about, if it is about one.
    pub slot: Option<SlotName>,
    /// When it was made.
    pub at: Instant,
}

impl Call {
    pub(crate) fn new(operation: Operation) -> Self {
        Self {
            operation,
            player: None,
            slot: None,
            at: Instant::now(),
        }
    }

    pub(crate) fn of(operation: Operation, player: &PlayerId) -> Self {
        Self {
            player: Some(player.clone()),
            ..Self::new(operation)
        }
    }

    pub(crate) fn on(operation: Operation, player: &PlayerId, slot: &SlotName) -> Self {
        Self {
            slot: Some(slot.clone()),
            ..Self::of(operation, player)
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.operation)?;
        if let Some(player) = &self.player {
            write!(f, " {player}")?;
        }
        if let Some(slot) = &self.slot {
            write!(f, "/{slot}")?;
        }
        Ok(())
    }
}
