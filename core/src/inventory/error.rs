//! Why an inventory refuses.

use thiserror::Error;

use crate::{excerpt::SerdeError, value::TypeName};

/// Why an [`Inventory`](super::Inventory) refuses. Nothing was changed.
///
/// Texts that come from a caller or from a stored document are cut to their
/// first 160 bytes, so that a hostile one can't fill a log.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// The inventory has no such item.
    #[error("there is no item {item:?}")]
    Missing {
        /// The item asked for.
        item: String,
    },
    /// There is less of the item than was to be removed.
    #[error("there are {has} of item {item:?}, fewer than the {wanted} to remove")]
    TooFew {
        /// The item.
        item: String,
        /// How many there are; 0 for a missing item.
        has: u64,
        /// How many were to be removed.
        wanted: u64,
    },
    /// An item was to have no name at all.
    #[error("an item can't have an empty name")]
    EmptyName,
    /// Nothing was to be added or removed.
    #[error("the amount of item {item:?} to add or remove is 0")]
    ZeroAmount {
        /// The item.
        item: String,
    },
    /// The sum is more than a quantity can hold.
    #[error("adding {added} of item {item:?} to the {has} there are would overflow")]
    Overflow {
        /// The item.
        item: String,
        /// How many there are.
        has: u64,
        /// How many were to be added.
        added: u64,
    },
    /// The limit of distinct items is reached.
    #[error("no room for item {item:?}: the inventory is limited to {limit} distinct items")]
    TooManyItems {
        /// The item that was to be added.
        item: String,
        /// The most distinct items.
        limit: usize,
    },
    /// The limit of one item's quantity would be passed.
    #[error("{quantity} of item {item:?} would be over the limit of {limit}")]
    TooMany {
        /// The item.
        item: String,
        /// How many there would be.
        quantity: u64,
        /// The greatest quantity of one item.
        limit: u64,
    },
    /// Something other than a whole, positive number was given as a quantity.
    #[error("item {item:?} can't have the quantity {given}: it must be a whole number above 0")]
    BadQuantity {
        /// The item.
        item: String,
        /// What was given, as JSON.
        given: String,
    },
    /// An item's name or type was to become something other than text.
    #[error("item {item:?} can't have {given} as its {field}: it must be text")]
    NotText {
        /// The item.
        item: String,
        /// `Name` or `ItemType`.
        field: &'static str,
        /// What was given, as JSON.
        given: String,
    },
    /// An item was to get the name of another.
    #[error("item {item:?} can't be renamed to {name:?}: there is an item of that name")]
    NameTaken {
        /// The item that was to be renamed.
        item: String,
        /// The name that is taken.
        name: String,
    },
    /// A stored list has an item twice.
    #[error("item {item:?} is in the list twice")]
    Duplicate {
        /// The item.
        item: String,
    },
    /// Items were to be added to a stack that differs from them.
    #[error("item {item:?} is already there, and its {field} is {stored}, not {given}")]
    Differs {
        /// The item.
        item: String,
        /// The first field that differs.
        field: String,
        /// What the stack has there, as JSON; `nothing` if it has no such
        /// field.
        stored: String,
        /// What was given, as JSON.
        given: String,
    },
    /// A further field was to have the name of one of the three fixed ones.
    #[error("{field} is not a further field: every item has it")]
    FixedField {
        /// `Name`, `ItemType` or `Quantity`.
        field: &'static str,
    },
    /// The item has no such field.
    #[error("item {item:?} has no field {field:?}")]
    NoField {
        /// The item.
        item: String,
        /// The field asked for.
        field: String,
    },
    /// The field holds something else than what was asked for.
    #[error("field {field:?} of item {item:?} holds {found}, not {expected}")]
    WrongType {
        /// The item.
        item: String,
        /// The field.
        field: String,
        /// The Rust type asked for.
        expected: TypeName,
        /// What the field holds, such as `an integer`.
        found: &'static str,
        /// What the conversion says.
        source: SerdeError,
    },
    /// The value can't be kept as JSON.
    #[error("field {field:?} can't be stored")]
    NotStorable {
        /// The field.
        field: String,
        /// Why not.
        source: SerdeError,
    },
}
