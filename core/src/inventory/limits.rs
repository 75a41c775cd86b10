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
}

/// Limits as every inventory and every document has them: in half of the
/// memory. The greatest of numbers stands for none, which is as much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackedLimits {
    max_items: usize,
    max_quantity: u64,
}

impl Default for PackedLimits {
    fn default() -> Self {
        InventoryLimits::default().into()
    }
}

impl From<InventoryLimits> for PackedLimits {
    fn from(limits: InventoryLimits) -> Self {
        Self {
            max_items: limits.max_items.unwrap_or(usize::MAX),
            max_quantity: limits.max_quantity.unwrap_or(u64::MAX),
        }
    }
}

impl From<PackedLimits> for InventoryLimits {
    fn from(limits: PackedLimits) -> Self {
        Self {
            max_items: (limits.max_items < usize::MAX).then_some(limits.max_items),
            max_quantity: (limits.max_quantity < u64::MAX).then_some(limits.max_quantity),
        }
    }
}

impl PackedLimits {
    /// Checks that one more distinct item fits beside the `items` there are.
    pub(super) fn check_new_item(self, item: &str, items: usize) -> Result<(), InventoryError> {
        if items >= self.max_items {
            return Err(InventoryError::TooManyItems {
                item: excerpt(item),
                limit: self.max_items,
            });
        }
        Ok(())
    }

    /// Checks a change of an item's quantity.
    pub(super) fn check_quantity(
        self,
        item: &str,
        before: u64,
        after: u64,
    ) -> Result<(), InventoryError> {
        if after > self.max_quantity && after > before {
            return Err(InventoryError::TooMany {
                item: excerpt(item),
                quantity: after,
                limit: self.max_quantity,
            });
        }
        Ok(())
    }
}
