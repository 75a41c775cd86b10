//! Questions that change nothing (rule V5).

use super::{Amount, Document, Key};
use crate::value::Value;

impl Document {
    /// Whether there is such a value, whatever it is: `null` is one.
    #[must_use]
    pub fn has<'k>(&self, key: impl Into<Key<'k>>) -> bool {
        let key = key.into();
        match key.entry_name() {
            None => self.attributes.contains(key.attribute_name()),
            Some(_) => self.value(key).is_ok(),
        }
    }

    /// Whether the value is a number of at least `amount`, compared exactly.
    /// A missing value, or one that is not a number, is not.
    #[must_use]
    pub fn at_least<'k>(&self, key: impl Into<Key<'k>>, amount: impl Into<Amount>) -> bool {
        let value = self.value(key.into()).ok();
        let number = value.and_then(|value| value.view().as_number());
        number.is_some_and(|number| Amount::from(number).is_at_least(amount.into()))
    }

    /// Whether the value is a table, such as a key of two parts reaches into.
    #[must_use]
    pub fn is_table<'k>(&self, key: impl Into<Key<'k>>) -> bool {
        matches!(self.value(key.into()).as_deref(), Ok(Value::Table(_)))
    }

    /// Whether the inventory has the item.
    #[must_use]
    pub fn contains_item(&self, item: &str) -> bool {
        self.inventory.has(item, 1)
    }

    /// Whether the inventory has at least `at_least` of the item. It always
    /// has at least 0.
    #[must_use]
    pub fn has_item(&self, item: &str, at_least: u64) -> bool {
        self.inventory.has(item, at_least)
    }
}
