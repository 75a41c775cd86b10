//! A call to the store that failed.

use std::{fmt, sync::Arc};

use super::{BackendError, Effect, Operation};
use crate::{PlayerId, SlotName, excerpt::why};

/// A call to the store that failed: which, about whom, and why.
///
/// Its text says all of that, down to the last cause; so there is no
/// [`source`](std::error::Error::source) to say it again. The field has it.
#[derive(Clone, Debug)]
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

    /// This failure, as one of the operation that the call was a part of.
    pub(crate) fn during(self, operation: Operation) -> Self {
        Self { operation, ..self }
    }

    /// This failure, after another attempt whose effect is unknown.
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

impl fmt::Display for StoreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = about(self.player.as_ref(), self.slot.as_ref());
        write!(
            f,
            "could not {}{about}: {}",
            self.operation,
            why(&*self.source)
        )
    }
}

impl std::error::Error for StoreFailure {}

fn about(player: Option<&PlayerId>, slot: Option<&SlotName>) -> String {
    match (player, slot) {
        (Some(player), Some(slot)) => format!(" of player {player}, slot {slot}"),
        (Some(player), None) => format!(" of player {player}"),
        _ => String::new(),
    }
}
