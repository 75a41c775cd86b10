//! Optional limits of an inventory (rule I5).

use serde::{Deserialize, Serialize};

use super::InventoryError;
use crate::excerpt::excerpt;

/// How much an inventory may hold. By default there are none.
///
/// Limits are checked before anything changes, and only against what grows:
/// an inventory that was stored before a limit was lowered still loads, and
/// can be made smaller. They are part of the settings, not of the data: they
/// are never stored with the inventory.
///
/// ```
/// use playerdata_core::{Inventory, InventoryLimits};
///
/// let limits = InventoryLimits::default().with_max_items(20).with_max_quantity(99);
/// let mut inventory = Inventory::with_limits(limits);
/// assert!(inventory.add("Bread", 100).is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct InventoryLimits {
    /// The most distinct items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<usize>,
    /// The greatest quantity of one item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_quantity: Option<u64>,
}

impl InventoryLimits {
    /// These limits, with at most `items` distinct items.
    #[must_use]
    pub fn with_max_items(mut self, items: usize) -> Self {
        self.max_items = Some(items);
        self
    }

    /// These limits, with at most `quantity` of each item.
    #[must_use]
    pub fn with_max_quantity(mut self, quantity: u64) -> Self {
        self.max_quantity = Some(quantity);
        self
    }

    /// Checks that one more distinct item fits beside the `items` there are.
    pub(super) fn check_new_item(&self, item: &str, items: usize) -> Result<(), InventoryError> {
        match self.max_items {
            Some(limit) if items >= limit => Err(InventoryError::TooManyItems {
                item: excerpt(item),
                limit,
            }),
            _ => Ok(()),
        }
    }

    /// Checks a change of an item's quantity.
    pub(super) fn check_quantity(
        &self,
        item: &str,
        before: u64,
        after: u64,
    ) -> Result<(), InventoryError> {
        match self.max_quantity {
            Some(limit) if after > limit && after > before => Err(InventoryError::TooMany {
                item: excerpt(item),
                quantity: after,
                limit,
            }),
            _ => Ok(()),
        }
    }
}
