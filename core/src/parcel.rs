//! Documents that parcels move out of and into (P1).

use serde::{Deserialize, Serialize};

use crate::{Document, DocumentError, GameDocument, Parcel};

/// A document that parcels can be taken out of and put into: [`Document`], or a
/// game's own type with parcels of its own kind.
///
/// A call that fails must leave the document as it was.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use playerdata_core::ParcelDocument;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Default, Serialize, Deserialize)]
/// struct Profile {
///     gold: u64,
///     waiting: BTreeMap<String, u64>,
/// }
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("there is not enough gold, or no room for more")]
/// struct NoGold;
///
/// impl ParcelDocument for Profile {
///     type Parcel = u64;
///     type Error = NoGold;
///
///     fn take_parcel(&mut self, gold: &u64) -> Result<u64, NoGold> {
///         self.gold = self.gold.checked_sub(*gold).ok_or(NoGold)?;
///         Ok(*gold)
///     }
///
///     fn put_parcel(&mut self, gold: &u64) -> Result<(), NoGold> {
///         self.gold = self.gold.checked_add(*gold).ok_or(NoGold)?;
///         Ok(())
///     }
///
///     fn keep_parcel(&mut self, id: &str, gold: u64) {
///         self.waiting.insert(id.to_owned(), gold);
///     }
/// }
/// ```
pub trait ParcelDocument: GameDocument {
    /// What moves from document to document.
    type Parcel: Serialize + for<'de> Deserialize<'de> + Clone + Send + Sync + 'static;

    /// Why a parcel can't be taken or put.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Takes a parcel out, all of it or nothing; returns it with whatever goes
    /// along. An empty one, or one of less than nothing, is to be refused.
    ///
    /// # Errors
    ///
    /// If anything of it is not there.
    fn take_parcel(&mut self, parcel: &Self::Parcel) -> Result<Self::Parcel, Self::Error>;

    /// Puts a parcel in, all of it or nothing.
    ///
    /// # Errors
    ///
    /// If there is no room for it.
    fn put_parcel(&mut self, parcel: &Self::Parcel) -> Result<(), Self::Error>;

    /// Keeps a parcel that there is no room for, until the player makes some.
    /// It belongs to the player already, so this can't be refused.
    fn keep_parcel(&mut self, id: &str, parcel: Self::Parcel);
}

impl ParcelDocument for Document {
    type Parcel = Parcel;
    type Error = DocumentError;

    fn take_parcel(&mut self, parcel: &Parcel) -> Result<Parcel, DocumentError> {
        Self::take_parcel(self, parcel)
    }

    fn put_parcel(&mut self, parcel: &Parcel) -> Result<(), DocumentError> {
        Self::put_parcel(self, parcel)
    }

    /// In the gift bank, where [`claim_gift`](Document::claim_gift) takes it
    /// from.
    fn keep_parcel(&mut self, id: &str, parcel: Parcel) {
        Self::keep_parcel(self, id, parcel);
    }
}
