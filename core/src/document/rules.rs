//! What a document allows.

use super::{Amount, DocumentError, Key, error::path};
use crate::{InventoryLimits, inventory::PackedLimits};

/// What a [`Document`](super::Document) allows. The slot that loads it sets
/// them from the settings; they are never stored with it.
///
/// ```
/// use playerdata_core::{Document, DocumentRules};
///
/// let rules = DocumentRules::default().with_new_attributes(true);
/// let mut document = Document::standard().with_rules(rules);
/// document.set("Title", "Baker")?;
/// # Ok::<(), playerdata_core::DocumentError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DocumentRules {
    /// Whether a number may be set or changed to below zero. Default: no.
    pub allow_negative_values: bool,
    /// Whether [`set`](super::Document::set) may make new attributes.
    /// Default: no, so that a misspelt name is an error.
    pub allow_new_attributes: bool,
    /// How much the inventory may hold. Default: no limits.
    pub inventory: InventoryLimits,
}

/// Rules as every document has them.
#[derive(Clone, Copy, Default)]
pub(super) struct PackedRules {
    pub(super) allow_new_attributes: bool,
    allow_negative_values: bool,
    pub(super) inventory: PackedLimits,
}

impl From<DocumentRules> for PackedRules {
    fn from(rules: DocumentRules) -> Self {
        Self {
            allow_new_attributes: rules.allow_new_attributes,
            allow_negative_values: rules.allow_negative_values,
            inventory: rules.inventory.into(),
        }
    }
}

impl From<PackedRules> for DocumentRules {
    fn from(rules: PackedRules) -> Self {
        Self {
            allow_new_attributes: rules.allow_new_attributes,
            allow_negative_values: rules.allow_negative_values,
            inventory: rules.inventory.into(),
        }
    }
}

impl DocumentRules {
    /// These rules, with numbers below zero allowed or not.
    #[must_use]
    pub fn with_negative_values(mut self, allowed: bool) -> Self {
        self.allow_negative_values = allowed;
        self
    }

    /// These rules, with new attributes allowed or not.
    #[must_use]
    pub fn with_new_attributes(mut self, allowed: bool) -> Self {
        self.allow_new_attributes = allowed;
        self
    }

    /// These rules, with other limits of the inventory.
    #[must_use]
    pub fn with_inventory(mut self, limits: InventoryLimits) -> Self {
        self.inventory = limits;
        self
    }

    /// Refuses a number below zero, unless it is allowed.
    pub(super) fn check_sign(&self, key: Key<'_>, value: Amount) -> Result<(), DocumentError> {
        if value.is_negative() && !self.allow_negative_values {
            return Err(DocumentError::Negative {
                path: path(key),
                value,
            });
        }
        Ok(())
    }
}
