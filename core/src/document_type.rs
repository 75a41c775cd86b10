//! What a slot can hold, and where a new player's document comes from.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::PlayerId;

/// Anything that a slot can hold: [`Document`](crate::Document), or a game's
/// own serde type.
///
/// It is implemented for every type that fits. A type that is encoded as a
/// JSON object has its top-level fields named by `skip_keys` and completed by
/// `reconcile`. Two encodings of the same value should be the same; a
/// `HashMap` inside costs a needless save now and then, nothing worse.
pub trait GameDocument: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> GameDocument for T {}

type Make<D> = Box<dyn Fn(&PlayerId) -> D + Send + Sync>;
type Prepare<D> = Box<dyn Fn(&mut D) + Send + Sync>;

/// Where documents come from.
pub(crate) struct Origin<D> {
    /// Makes a new player's document, afresh for every player (S7).
    pub(crate) defaults: Make<D>,
    /// Gives a document what is not stored with it, such as its rules.
    pub(crate) prepare: Prepare<D>,
}

impl<D> fmt::Debug for Origin<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin").finish_non_exhaustive()
    }
}
