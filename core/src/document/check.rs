//! Questions that change nothing (rule V5).

use serde_json::Value;

use super::{Amount, Document, Key};

impl Document {
    /// Whether there is such a value, whatever it is: `null` is one.
    #[must_use]
    pub fn has<'k>(&self, key: impl Into<Key<'k>>) -> bool {
        let key = key.into();
        match key.entry_name() {
            None => self.attributes.contains_key(key.attribute_name()),
            Some(_) => self.value(key).is_ok(),
        }
    }

    /// Whether the value is a number of at least `amount`, compared exactly.
    /// A missing value, or one that is not a number, is not.
    #[must_use]
    pub fn at_least<'k>(&self, key: impl Into<Key<'k>>, amount: impl Into<Amount>) -> bool {
        match self.value(key.into()).as_deref() {
            Ok(Value::Number(number)) => Amount::from(number).is_at_least(amount.into()),
            _ => false,
        }
    }

    /// Whether the value is a table, such as a key of two parts reaches into.
    #[must_use]
    pub fn is_table<'k>(&self, key: impl Into<Key<'k>>) -> bool {
        matches!(self.value(key.into()).as_deref(), Ok(Value::Object(_)))
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
