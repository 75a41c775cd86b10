//! What a slot can hold, and where a new player's document comes from.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    PlayerId,
    codec::{Envelope, KeysFingerprint},
};

/// Anything that a slot can hold: [`Document`](crate::Document), or a game's
/// own serde type.
///
/// It is implemented for every type that fits. A type that is encoded as a
/// JSON object has its top-level fields named by `skip_keys`. Two encodings of
/// the same value should be the same; a `HashMap` inside costs a needless save
/// now and then, nothing worse.
///
/// What is saved has to be loaded again, so a save of a game's own type is
/// refused with [`Error::Unencodable`](crate::Error::Unencodable) if
///
/// - a float is infinite or not a number, a key is there twice, a whole number
///   has more than 64 bits, or a top-level field is named `$playerdata`;
/// - it does not come back: before a slot's first write in a session, what is
///   to be written is decoded and encoded again, and has to be the same
///   JSON, whatever the order of keys and of elements. A field with
///   `skip_serializing_if` and no `default` does not come back, for one.
///
/// Fields that the type gained are serde's affair: give them a
/// `#[serde(default)]`. `reconcile` is for `Document` alone.
///
/// ```
/// use playerdata_core::{GiftBank, Inventory};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Default, Serialize, Deserialize)]
/// struct Profile {
///     gold: u64,
///     inventory: Inventory,
///     #[serde(default)] // added in the second release
///     gifts: GiftBank,
/// }
/// # fn is_one<D: playerdata_core::GameDocument>() {}
/// # is_one::<Profile>();
/// ```
pub trait GameDocument: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> GameDocument for T {}

type Make<D> = Box<dyn Fn(&PlayerId) -> D + Send + Sync>;
type Prepare<D> = Box<dyn Fn(&mut D) + Send + Sync>;
type Complete<D> = Box<dyn Fn(&mut D) -> Vec<String> + Send + Sync>;

/// Where documents come from.
pub(crate) struct Origin<D> {
    /// Makes a new player's document, afresh for every player (S7).
    pub(crate) defaults: Make<D>,
    /// Gives a document what is not stored with it, such as its rules. It is
    /// done after every change, which may have put another document in its
    /// place.
    pub(crate) prepare: Prepare<D>,
    /// How stored documents get what the defaults gained; `None` for a game's
    /// own type, which is never merged into (S7), and which has to prove that
    /// it comes back (S11).
    pub(crate) completion: Option<Completion<D>>,
}

impl<D> Origin<D> {
    /// What is kept beside a document of which there is nothing to say.
    pub(crate) fn plain_envelope(&self) -> Envelope {
        let keys = self.completion.as_ref().map(|gained| gained.keys);
        keys.map(Envelope::of_defaults).unwrap_or_default()
    }
}

/// How stored documents get what the defaults gained.
pub(crate) struct Completion<D> {
    /// The keys that the defaults have now.
    pub(crate) keys: KeysFingerprint,
    /// Adds what a document lacks; returns the paths of what was added.
    pub(crate) complete: Complete<D>,
}

impl<D> fmt::Debug for Origin<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin").finish_non_exhaustive()
    }
}
