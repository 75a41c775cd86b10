//! Getting, setting and removing values (rules V1, V2, V3, V6, V7).

use std::borrow::Cow;

use super::{Document, DocumentError, Key, error::path, key::CoreValue};
use crate::{
    excerpt::SerdeError,
    value::{Table, TypeName, Value, ValueRef, storable},
};
use serde::{Serialize, de::DeserializeOwned};
use triomphe::Arc;

impl Document {
    /// The attributes in the order of their keys, without the inventory and
    /// the gift bank.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, ValueRef<'_>)> {
        self.own_attributes()
            .map(|(name, value)| (name, value.view()))
    }

    pub(crate) fn own_attributes(&self) -> impl Iterator<Item = (&str, &Value)> {
        let all = self.attributes.iter();
        all.filter(|(name, _)| !CoreValue::is_part(name))
    }

    /// A value.
    ///
    /// `Inventory` and `GiftBank` can be read as well, as the JSON that they
    /// are stored as. An integer can be read as a float: the nearest to it.
    ///
    /// # Errors
    ///
    /// [`DocumentError::Missing`] or [`DocumentError::NotATable`] if there is
    /// no such value; [`DocumentError::WrongType`] if it is not a `T`. `false`,
    /// `0` and `null` are values like any other.
    pub fn get<'k, T: DeserializeOwned>(
        &self,
        key: impl Into<Key<'k>>,
    ) -> Result<T, DocumentError> {
        let key = key.into();
        match key.core_value() {
            None => read(key, self.attribute(key)?),
            Some(_) => read(key, &*self.value(key)?),
        }
    }

    /// Sets an attribute, or sets or adds an entry of a table attribute.
    ///
    /// The value may be of another type than the one before. A number below
    /// zero needs the rules to allow it; numbers inside a table or a list that
    /// is set as a whole are the caller's own.
    ///
    /// # Errors
    ///
    /// - [`DocumentError::CoreValue`] for a core value.
    /// - [`DocumentError::Undeclared`] for an attribute that is not there,
    ///   unless the rules allow new ones.
    /// - [`DocumentError::Missing`] or [`DocumentError::NotATable`] for an
    ///   entry, if the attribute is not there or is not a table. A table is
    ///   never made on the way.
    /// - [`DocumentError::Negative`] for a number below zero.
    /// - [`DocumentError::NotStorable`] for what JSON can't hold, such as a
    ///   float that is not finite.
    pub fn set<'k>(
        &mut self,
        key: impl Into<Key<'k>>,
        value: impl Serialize,
    ) -> Result<(), DocumentError> {
        self.set_made(key.into(), || storable(&value))
    }

    /// Sets what `make` makes of the caller's value.
    pub(crate) fn set_made(
        &mut self,
        key: Key<'_>,
        make: impl FnOnce() -> Result<Value, SerdeError>,
    ) -> Result<(), DocumentError> {
        Self::check_writable(key)?;
        let value = make().map_err(|source| DocumentError::NotStorable {
            path: path(key),
            source,
        })?;
        if let Some(number) = value.view().as_number() {
            self.rules().check_sign(key, number.into())?;
        }
        let new_allowed = key.entry_name().is_some() || self.rules.allow_new_attributes;
        let (table, name) = self.table_mut(key)?;
        if let Some(present) = table.get_mut(name) {
            *present = value;
        } else if new_allowed {
            table.push(name, value);
        } else {
            return Err(DocumentError::Undeclared { path: path(key) });
        }
        Ok(())
    }

    /// Removes an attribute, or an entry of a table attribute; returns what
    /// it was.
    ///
    /// # Errors
    ///
    /// [`DocumentError::CoreValue`] for a core value;
    /// [`DocumentError::Missing`] or [`DocumentError::NotATable`] if there is
    /// no such value.
    pub fn remove<'k>(
        &mut self,
        key: impl Into<Key<'k>>,
    ) -> Result<serde_json::Value, DocumentError> {
        let key = key.into();
        Self::check_writable(key)?;
        let (table, name) = self.table_mut(key)?;
        table
            .remove(name)
            .map(|value| value.to_json())
            .ok_or_else(|| DocumentError::Missing { path: path(key) })
    }

    /// A copy of a value that is cheap to copy; `None` if it is a core value,
    /// of which a copy is made in proportion to it.
    pub(crate) fn cheap_copy(&self, key: Key<'_>) -> Option<Result<Value, DocumentError>> {
        match key.core_value() {
            None => Some(self.attribute(key).cloned()),
            Some(_) => None,
        }
    }

    /// A value that is not a core value.
    fn attribute(&self, key: Key<'_>) -> Result<&Value, DocumentError> {
        let missing = || DocumentError::Missing { path: path(key) };
        let attribute = self.attributes.get(key.attribute_name());
        match (attribute.ok_or_else(missing)?, key.entry_name()) {
            (attribute, None) => Ok(attribute),
            (Value::Table(table), Some(entry)) => table.get(entry).ok_or_else(missing),
            (other, Some(_)) => Err(not_a_table(key, other)),
        }
    }

    /// The same as [`attributes`](Self::attributes) and the core values, whose
    /// values here say nothing, whatever the rules: for what the library
    /// itself adds.
    pub(crate) fn all_attributes_mut(&mut self) -> &mut Table {
        &mut self.attributes
    }

    /// A value, the inventory and the gift bank included.
    pub(super) fn value(&self, key: Key<'_>) -> Result<Cow<'_, Value>, DocumentError> {
        let missing = || DocumentError::Missing { path: path(key) };
        let core = match key.core_value() {
            Some(CoreValue::GiftBank) => {
                if let Some(id) = key.entry_name() {
                    return self
                        .gift_bank
                        .find(id)
                        .map(Cow::Borrowed)
                        .ok_or_else(missing);
                }
                Some(self.gift_bank.to_value())
            }
            Some(CoreValue::Inventory) => Some(self.inventory.to_value()),
            Some(CoreValue::PlayerId | CoreValue::SlotName | CoreValue::Envelope) | None => None,
        };
        match core {
            None => self.attribute(key).map(Cow::Borrowed),
            Some(value) if key.entry_name().is_none() => Ok(Cow::Owned(value)),
            Some(value) => Err(not_a_table(key, &value)),
        }
    }

    /// The table that has the value, or would have it, and its name there.
    fn table_mut<'k>(&mut self, key: Key<'k>) -> Result<(&mut Table, &'k str), DocumentError> {
        let name = key.attribute_name();
        let Some(entry) = key.entry_name() else {
            return Ok((&mut self.attributes, name));
        };
        match self.attributes.get_mut(name) {
            Some(Value::Table(table)) => Ok((Arc::make_mut(table), entry)),
            Some(other) => Err(not_a_table(key, other)),
            None => Err(DocumentError::Missing {
                path: path(Key::attribute(name)),
            }),
        }
    }

    /// A value that is there and is not a core value, to change it.
    pub(super) fn value_mut(&mut self, key: Key<'_>) -> Result<&mut Value, DocumentError> {
        Self::check_writable(key)?;
        let (table, name) = self.table_mut(key)?;
        table
            .get_mut(name)
            .ok_or_else(|| DocumentError::Missing { path: path(key) })
    }

    fn check_writable(key: Key<'_>) -> Result<(), DocumentError> {
        key.core_value().map_or(Ok(()), |core| {
            Err(DocumentError::CoreValue {
                name: core.as_str(),
            })
        })
    }
}

/// Reads the value of a key as a `T`.
pub(crate) fn read<T: DeserializeOwned>(key: Key<'_>, value: &Value) -> Result<T, DocumentError> {
    let value = value.view();
    value.get().map_err(|source| DocumentError::WrongType {
        path: path(key),
        expected: TypeName::of::<T>(),
        found: value.kind(),
        source,
    })
}

fn not_a_table(key: Key<'_>, found: &Value) -> DocumentError {
    DocumentError::NotATable {
        path: path(Key::attribute(key.attribute_name())),
        found: found.view().kind(),
    }
}
