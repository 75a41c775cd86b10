//! Why a document refuses.

use thiserror::Error;

use super::{Amount, GiftBankError, Key, ParcelError};
use crate::{
    InventoryError, TypeName,
    excerpt::{SerdeError, excerpt},
};

/// Why a [`Document`](super::Document) refuses. Nothing was changed.
///
/// A `path` names the value asked for: `Currency`, or `Reputation.Nordraxia`
/// for an entry of a table; it is cut to its first 160 bytes.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// There is no such attribute, or no such entry in the table.
    #[error("there is no {path}")]
    Missing {
        /// What was asked for.
        path: String,
    },
    /// The value is something else than what was asked for.
    #[error("{path} is {found}, not {expected}")]
    WrongType {
        /// What was asked for.
        path: String,
        /// The Rust type asked for.
        expected: TypeName,
        /// What the value is, such as `an integer`.
        found: &'static str,
        /// What the conversion says.
        source: SerdeError,
    },
    /// The attribute was to be set, but there is none of this name, and the
    /// rules don't allow new ones.
    #[error("there is no attribute {path} to set, and new attributes are not allowed")]
    Undeclared {
        /// What was to be set.
        path: String,
    },
    /// An entry was asked for of something that has none.
    #[error("{path} is {found}, not a table: it has no entries")]
    NotATable {
        /// The attribute.
        path: String,
        /// What it is, such as `an integer`.
        found: &'static str,
    },
    /// A core value was to be set, changed or removed as if it were an
    /// attribute.
    #[error("{name} is a core value, which can't be changed as an attribute")]
    CoreValue {
        /// `PlayerId`, `SlotName`, `Inventory`, `GiftBank` or `$playerdata`.
        name: &'static str,
    },
    /// Something that is not a number was to be incremented or decremented.
    #[error("{path} is {found}, not a number")]
    NotANumber {
        /// The value.
        path: String,
        /// What it is, such as `a string`.
        found: &'static str,
    },
    /// The value would be below zero, which the rules don't allow.
    #[error("{path} would be {value}, and values below zero are not allowed")]
    Negative {
        /// The value.
        path: String,
        /// What it would be.
        value: Amount,
    },
    /// The value would be more, or less, than a number can hold: an integer
    /// reaches from −2⁶³ to 2⁶⁴ − 1.
    #[error("{path} is {value}: adding {amount} would overflow")]
    Overflow {
        /// The value.
        path: String,
        /// What it is.
        value: Amount,
        /// What was to be added.
        amount: Amount,
    },
    /// The amount is infinite or not a number.
    #[error("{amount} can't be added to {path}: it is not finite")]
    NotFinite {
        /// The value.
        path: String,
        /// What was to be added.
        amount: Amount,
    },
    /// An integer was to be changed by a part of one.
    #[error("{path} is the integer {value}, and {amount} is not a whole number")]
    NotWhole {
        /// The value.
        path: String,
        /// What it is.
        value: Amount,
        /// What was to be added.
        amount: Amount,
    },
    /// A float was to be changed by an integer that no float equals.
    #[error("{path} is a float, and {amount} can't be represented exactly as one")]
    Inexact {
        /// The value.
        path: String,
        /// What was to be added.
        amount: Amount,
    },
    /// The value can't be kept as JSON.
    #[error("the value for {path} can't be stored")]
    NotStorable {
        /// What was to be set.
        path: String,
        /// Why not.
        source: SerdeError,
    },
    /// What was to be read is not a document.
    #[error("this is not a document")]
    Malformed {
        /// What is wrong with it.
        source: SerdeError,
    },
    /// The inventory refuses.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// It is not a parcel, or not there.
    #[error(transparent)]
    Parcel(#[from] ParcelError),
    /// The gift bank refuses.
    #[error(transparent)]
    GiftBank(#[from] GiftBankError),
}

/// A key as the `path` of an error.
pub(super) fn path(key: Key<'_>) -> String {
    excerpt(&key.to_string())
}
