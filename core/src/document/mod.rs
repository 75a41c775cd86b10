//! The ready-made document.

mod amount;
mod arithmetic;
mod attributes;
mod check;
mod error;
mod gift_bank;
mod json;
mod key;
#[cfg(test)]
mod model_tests;
mod parcel;
mod rules;
mod standard;
#[cfg(test)]
mod tests;

use std::fmt;

pub use amount::Amount;
pub(crate) use attributes::read;
pub use error::DocumentError;
pub use gift_bank::{GiftBank, GiftBankError};
pub(crate) use json::ReadDocument;
pub use key::Key;
pub use parcel::{Parcel, ParcelError};
pub use rules::DocumentRules;
use rules::PackedRules;

use crate::{
    Inventory,
    value::{Table, Value},
};
use key::CoreValue;

/// What a slot holds, if the game has no type of its own: attributes, an
/// inventory and a gift bank.
///
/// As JSON it is a table with the attributes at the top level, and `Inventory`
/// and `GiftBank` beside them. The order of keys is kept. A document that was
/// stored without an inventory or a gift bank gets an empty one, and is
/// written with it.
///
/// A [`Key`] of one part addresses an attribute, one of two parts an entry of
/// a table attribute. A call that fails changes nothing.
///
/// ```
/// use playerdata_core::Document;
///
/// let mut document = Document::standard();
/// assert_eq!(document.get::<i64>("Currency")?, 500);
/// document.increment("Currency", 200)?;
/// document.set(("EquippedItems", "Weapon"), "Starter Sword")?;
/// document.inventory_mut().add("Bread", 3)?;
///
/// assert!(document.at_least("Currency", 700));
/// assert!(document.has_item("Bread", 8));
/// assert!(document.set("Curency", 1).is_err());
/// # Ok::<(), playerdata_core::DocumentError>(())
/// ```
///
/// What it allows are its [`DocumentRules`], which come from the settings and
/// are never stored with it. Two documents are equal if they have equal
/// attributes, in any order, and an equal inventory and gift bank.
#[derive(Clone)]
pub struct Document {
    /// The attributes by name. The inventory and the gift bank have a `null`
    /// here, which only says where among the keys they are written.
    attributes: Table,
    inventory: Inventory,
    gift_bank: GiftBank,
    rules: PackedRules,
}

impl Document {
    /// A document without attributes, items and gifts.
    #[must_use]
    pub fn new() -> Self {
        Self::from_parts(Table::default(), Inventory::default(), GiftBank::default())
    }

    /// Puts a document together, and makes sure that the core values have a
    /// place among the attributes.
    fn from_parts(mut attributes: Table, inventory: Inventory, gift_bank: GiftBank) -> Self {
        for core in [CoreValue::Inventory, CoreValue::GiftBank] {
            attributes.insert(core.as_str(), Value::Null);
        }
        Self {
            attributes,
            inventory,
            gift_bank,
            rules: PackedRules::default(),
        }
    }

    /// Looks at its parts; see [`fetch`](crate::fetch).
    pub(crate) fn fetch(&self) -> u8 {
        self.attributes.fetch() ^ u8::from(self.inventory.is_empty())
    }

    /// Looks at what is in its parts, which have been looked at.
    pub(crate) fn fetch_parts(&self) -> u8 {
        self.attributes.fetch_tables() ^ self.inventory.fetch()
    }

    /// What the document allows.
    #[must_use]
    pub fn rules(&self) -> DocumentRules {
        self.rules.into()
    }

    /// Sets what the document allows from now on. What it holds stays as it
    /// is, also if it could not be set under the new rules.
    pub fn set_rules(&mut self, rules: DocumentRules) {
        self.rules = rules.into();
        self.inventory.set_limits(rules.inventory);
    }

    /// This document under other rules.
    #[must_use]
    pub fn with_rules(mut self, rules: DocumentRules) -> Self {
        self.set_rules(rules);
        self
    }

    /// The player's items.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// The player's items, to change them within the limits of the rules.
    pub fn inventory_mut(&mut self) -> &mut Inventory {
        // Somebody may have put another inventory in this one's place.
        self.inventory.set_packed_limits(self.rules.inventory);
        &mut self.inventory
    }

    /// The gifts that wait for the player.
    #[must_use]
    pub fn gift_bank(&self) -> &GiftBank {
        &self.gift_bank
    }

    /// The gifts that wait for the player, to change them.
    pub fn gift_bank_mut(&mut self) -> &mut GiftBank {
        &mut self.gift_bank
    }
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.attributes == other.attributes
            && self.inventory == other.inventory
            && self.gift_bank == other.gift_bank
    }
}

/// Shows how much there is of what, not what: a log line is not the place for a
/// player's data.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("attributes", &self.attributes().count())
            .field("items", &self.inventory.len())
            .field("gifts", &self.gift_bank.len())
            .finish_non_exhaustive()
    }
}
