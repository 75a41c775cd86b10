//! A player's items.

mod edit;
mod error;
mod item;
mod items;
mod json;
mod limits;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;

use std::{fmt, slice};

use serde::de::DeserializeOwned;
use triomphe::Arc;

pub use error::InventoryError;
pub use item::{DEFAULT_ITEM_TYPE, Item, ItemDetails};
use items::Items;
pub(crate) use json::ReadInventory;
pub use limits::InventoryLimits;
pub(crate) use limits::PackedLimits;

use crate::{
    excerpt::excerpt,
    value::{TypeName, names},
};

/// A player's items: unique by name, in the order in which they were added,
/// each found in constant time.
///
/// Quantities are whole and positive: adding stacks, and an item of which
/// none is left is no longer in the inventory. A call that fails changes
/// nothing.
///
/// It is part of a [`Document`](crate::Document), and can be a field of a
/// game's own struct. As JSON it is a list of
/// `{"Name": …, "ItemType": …, "Quantity": …}`, each with any further fields.
/// What is read from JSON is checked.
///
/// Its limits are not part of the data: two inventories are equal if they have
/// equal items in the same order, and one that was read from JSON has no
/// limits until [`set_limits`](Self::set_limits) gives it some. (A `Document`
/// does that with the limits of its rules; a game does it for its own struct.)
///
/// ```
/// use playerdata_core::Inventory;
///
/// let mut inventory = Inventory::new();
/// inventory.add("Bread", 5)?;
/// assert_eq!(inventory.add("Bread", 3)?, 8);
/// assert!(inventory.remove("Bread", 9).is_err());
/// assert_eq!(inventory.count("Bread"), 8);
/// # Ok::<(), playerdata_core::InventoryError>(())
/// ```
#[derive(Clone, Default)]
pub struct Inventory {
    /// Shared with copies of the inventory, until one of them is changed.
    items: Arc<Items>,
    limits: PackedLimits,
}

impl Inventory {
    /// An empty inventory without limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty inventory with limits.
    #[must_use]
    pub fn with_limits(limits: InventoryLimits) -> Self {
        Self {
            limits: limits.into(),
            ..Self::default()
        }
    }

    /// The limits that changes are checked against.
    #[must_use]
    pub fn limits(&self) -> InventoryLimits {
        self.limits.into()
    }

    /// Sets the limits that changes are checked against from now on. What is
    /// there already stays, also if it is over them.
    pub fn set_limits(&mut self, limits: InventoryLimits) {
        self.limits = limits.into();
    }

    pub(crate) fn set_packed_limits(&mut self, limits: PackedLimits) {
        self.limits = limits;
    }

    /// Looks at the first and the last items; see [`fetch`](crate::fetch).
    pub(crate) fn fetch(&self) -> u8 {
        let list = self.items.list();
        let look = |item: &Item| item.quantity as u8;
        list.first().map_or(0, look) ^ list.last().map_or(0, look)
    }

    /// How many distinct items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.list().len()
    }

    /// Whether there is no item at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.list().is_empty()
    }

    /// The items in the order in which they were added.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.items.list().iter())
    }

    /// How many there are of an item; 0 if it is missing.
    #[must_use]
    pub fn count(&self, item: &str) -> u64 {
        self.find(item).map_or(0, Item::quantity)
    }

    /// Whether there are at least `at_least` of an item. There are always at
    /// least 0.
    #[must_use]
    pub fn has(&self, item: &str, at_least: u64) -> bool {
        self.count(item) >= at_least
    }

    /// An item.
    ///
    /// # Errors
    ///
    /// [`InventoryError::Missing`].
    pub fn lookup(&self, item: &str) -> Result<&Item, InventoryError> {
        self.find(item).ok_or_else(|| InventoryError::Missing {
            item: excerpt(item),
        })
    }

    /// One field of an item, `Name`, `ItemType` and `Quantity` included.
    ///
    /// ```
    /// # use playerdata_core::Inventory;
    /// # let mut inventory = Inventory::new();
    /// inventory.add("Bread", 5)?;
    /// assert_eq!(inventory.lookup_field::<u32>("Bread", "Quantity")?, 5);
    /// # Ok::<(), playerdata_core::InventoryError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InventoryError::Missing`], [`InventoryError::NoField`], or
    /// [`InventoryError::WrongType`] if the field does not hold a `T`.
    pub fn lookup_field<T: DeserializeOwned>(
        &self,
        item: &str,
        field: &str,
    ) -> Result<T, InventoryError> {
        let value = self
            .lookup(item)?
            .field(field)
            .ok_or_else(|| InventoryError::NoField {
                item: excerpt(item),
                field: excerpt(field),
            })?;
        value.get().map_err(|source| InventoryError::WrongType {
            item: excerpt(item),
            field: excerpt(field),
            expected: TypeName::of::<T>(),
            found: value.kind(),
            source,
        })
    }

    /// Adds to an item, or adds the item; returns how many there are then.
    ///
    /// A new item gets the type [`DEFAULT_ITEM_TYPE`] and no further fields.
    ///
    /// # Errors
    ///
    /// [`InventoryError::EmptyName`], [`InventoryError::ZeroAmount`],
    /// [`InventoryError::Overflow`], [`InventoryError::TooMany`] or
    /// [`InventoryError::TooManyItems`].
    pub fn add(&mut self, item: &str, amount: u64) -> Result<u64, InventoryError> {
        self.add_with(item, amount, &ItemDetails::new())
    }

    /// Adds to an item, or adds the item with a type and further fields;
    /// returns how many there are then.
    ///
    /// Only like stacks with like: an item that is there must have the type
    /// and the fields that the details name. It may have more fields.
    ///
    /// # Errors
    ///
    /// Those of [`add`](Self::add), or [`InventoryError::Differs`].
    pub fn add_with(
        &mut self,
        item: &str,
        amount: u64,
        details: &ItemDetails,
    ) -> Result<u64, InventoryError> {
        check_name(item)?;
        check_amount(item, amount)?;
        let limits = self.limits;
        let Some(present) = self.find_mut(item) else {
            limits.check_new_item(item, self.len())?;
            limits.check_quantity(item, 0, amount)?;
            Arc::make_mut(&mut self.items).push(Item {
                name: names::short_or_shared(item),
                item_type: details.item_type.clone().unwrap_or_default(),
                quantity: amount,
                fields: details.fields.clone(),
            });
            return Ok(amount);
        };
        details.check_against(present)?;
        let has = present.quantity;
        let quantity = has
            .checked_add(amount)
            .ok_or_else(|| InventoryError::Overflow {
                item: excerpt(item),
                has,
                added: amount,
            })?;
        limits.check_quantity(item, has, quantity)?;
        present.quantity = quantity;
        Ok(quantity)
    }

    /// Removes some of an item; returns how many are left. With none left,
    /// the item is gone from the inventory.
    ///
    /// # Errors
    ///
    /// [`InventoryError::TooFew`] if there are fewer, or none;
    /// [`InventoryError::ZeroAmount`].
    pub fn remove(&mut self, item: &str, amount: u64) -> Result<u64, InventoryError> {
        check_amount(item, amount)?;
        let too_few = |has| InventoryError::TooFew {
            item: excerpt(item),
            has,
            wanted: amount,
        };
        let at = self.items.find(item).ok_or_else(|| too_few(0))?;
        let has = self.items.list()[at].quantity;
        let left = has.checked_sub(amount).ok_or_else(|| too_few(has))?;
        self.leave(at, left);
        Ok(left)
    }

    /// Removes up to `amount` of an item; returns how many it removed, which
    /// is 0 for a missing item.
    pub fn remove_up_to(&mut self, item: &str, amount: u64) -> u64 {
        let Some(at) = self.items.find(item) else {
            return 0;
        };
        let has = self.items.list()[at].quantity;
        let removed = has.min(amount);
        if removed > 0 {
            self.leave(at, has - removed);
        }
        removed
    }

    /// Removes all items.
    pub fn clear(&mut self) {
        self.items = Arc::default();
    }

    /// Sets the quantity of the item at `at`, or takes the item out. What
    /// follows it moves up, so that the order stays.
    fn leave(&mut self, at: usize, left: u64) {
        let items = Arc::make_mut(&mut self.items);
        if left == 0 {
            items.remove(at);
        } else if let Some(present) = items.item_mut(at) {
            present.quantity = left;
        }
    }

    fn find(&self, item: &str) -> Option<&Item> {
        self.items.list().get(self.items.find(item)?)
    }

    /// The item may be changed in everything but its name.
    fn find_mut(&mut self, item: &str) -> Option<&mut Item> {
        let at = self.items.find(item)?;
        Arc::make_mut(&mut self.items).item_mut(at)
    }
}

/// What was stored with an empty name can still be read and removed.
fn check_name(item: &str) -> Result<(), InventoryError> {
    if item.is_empty() {
        return Err(InventoryError::EmptyName);
    }
    Ok(())
}

fn check_amount(item: &str, amount: u64) -> Result<(), InventoryError> {
    if amount == 0 {
        return Err(InventoryError::ZeroAmount {
            item: excerpt(item),
        });
    }
    Ok(())
}

/// Shows how many items there are, not which: a log line is not the place for a
/// player's data.
impl fmt::Debug for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inventory")
            .field("items", &self.len())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Inventory {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// The items of an [`Inventory`], in the order in which they were added.
#[derive(Clone, Debug)]
pub struct Iter<'a>(slice::Iter<'a, Item>);

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Item;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Inventory {
    type Item = &'a Item;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
