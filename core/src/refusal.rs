//! Errors of the changes that game code makes to a slot.

use std::sync::Arc;

use crate::{DocumentError, Error, GiftBankError, InventoryError, ParcelError, PlayerId, SlotName};

/// What a change of a slot may fail with; see
/// [`Slot::try_modify`](crate::Slot::try_modify).
///
/// It is implemented for every type that is made from [`Error`], which comes
/// back as it is, and for the errors of documents and their parts.
pub trait ChangeError {
    /// What the caller gets.
    type Error: From<Error>;

    /// This error, as one of a slot.
    fn in_slot(self, player: &PlayerId, slot: &SlotName) -> Self::Error;
}

impl<E: From<Error>> ChangeError for E {
    type Error = E;

    fn in_slot(self, _: &PlayerId, _: &SlotName) -> E {
        self
    }
}

impl ChangeError for DocumentError {
    type Error = Error;

    fn in_slot(self, player: &PlayerId, slot: &SlotName) -> Error {
        Error::Document {
            player: player.clone(),
            slot: slot.clone(),
            source: Arc::new(self),
        }
    }
}

macro_rules! part_of_a_document {
    ($($part:ty),*) => {$(
        impl ChangeError for $part {
            type Error = Error;

            fn in_slot(self, player: &PlayerId, slot: &SlotName) -> Error {
                DocumentError::from(self).in_slot(player, slot)
            }
        }
    )*};
}

part_of_a_document!(InventoryError, GiftBankError, ParcelError);
