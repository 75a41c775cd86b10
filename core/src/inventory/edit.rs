//! Editing one field of an item (rule I4).

use triomphe::Arc;

use serde::Serialize;

use super::{
    Inventory, InventoryError, check_name,
    item::{FixedField, ItemType, json, quantity},
};
use crate::{
    excerpt::{SerdeError, excerpt},
    value::{Value, ValueRef, storable},
};

impl Inventory {
    /// Sets one field of an item, or adds the field.
    ///
    /// - `Name` renames the item, which keeps its place; the name must be
    ///   free, and not empty.
    /// - `ItemType` must be text.
    /// - `Quantity` must be a whole number above 0, within the limits. An edit
    ///   never takes an item out: [`remove`](Self::remove) does.
    /// - Any other field takes any value.
    ///
    /// # Errors
    ///
    /// [`InventoryError::Missing`], [`InventoryError::NameTaken`],
    /// [`InventoryError::EmptyName`], [`InventoryError::NotText`],
    /// [`InventoryError::BadQuantity`], [`InventoryError::TooMany`], or
    /// [`InventoryError::NotStorable`] for a value that JSON can't hold.
    pub fn edit(
        &mut self,
        item: &str,
        field: &str,
        value: impl Serialize,
    ) -> Result<(), InventoryError> {
        self.edit_made(item, field, || storable(&value))
    }

    /// Sets what `make` makes of the caller's value.
    pub(crate) fn edit_made(
        &mut self,
        item: &str,
        field: &str,
        make: impl FnOnce() -> Result<Value, SerdeError>,
    ) -> Result<(), InventoryError> {
        let value = make().map_err(|source| InventoryError::NotStorable {
            field: excerpt(field),
            source,
        })?;
        match FixedField::from_name(field) {
            Some(fixed @ FixedField::Name) => self.rename(item, text(item, fixed, value.view())?),
            Some(fixed @ FixedField::ItemType) => {
                let item_type = ItemType::new(text(item, fixed, value.view())?);
                self.present(item)?.item_type = item_type;
                Ok(())
            }
            Some(FixedField::Quantity) => self.edit_quantity(item, value.view()),
            None => {
                self.present(item)?.fields.insert(field, value);
                Ok(())
            }
        }
    }

    fn edit_quantity(&mut self, item: &str, value: ValueRef<'_>) -> Result<(), InventoryError> {
        let limits = self.limits;
        let present = self.present(item)?;
        let quantity = quantity(value).ok_or_else(|| InventoryError::BadQuantity {
            item: excerpt(item),
            given: json(value),
        })?;
        limits.check_quantity(item, present.quantity, quantity)?;
        present.quantity = quantity;
        Ok(())
    }

    fn rename(&mut self, item: &str, name: &str) -> Result<(), InventoryError> {
        self.lookup(item)?;
        if item == name {
            return Ok(());
        }
        check_name(name)?;
        if self.items.find(name).is_some() {
            return Err(InventoryError::NameTaken {
                item: excerpt(item),
                name: excerpt(name),
            });
        }
        Arc::make_mut(&mut self.items).rename(item, name);
        Ok(())
    }

    fn present(&mut self, item: &str) -> Result<&mut super::Item, InventoryError> {
        self.find_mut(item).ok_or_else(|| InventoryError::Missing {
            item: excerpt(item),
        })
    }
}

fn text<'v>(item: &str, field: FixedField, value: ValueRef<'v>) -> Result<&'v str, InventoryError> {
    value.as_str().ok_or_else(|| InventoryError::NotText {
        item: excerpt(item),
        field: field.as_str(),
        given: json(value),
    })
}
