//! A table: a shape and the values in its order.

use std::sync::Arc;

use super::{
    Value,
    shape::{Shape, Twice, key_at},
};

/// A table of keys and values, in the order in which they were added.
///
/// Invariant: there are as many values as the shape has keys. One without
/// keys has no shape, and takes no memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    shape: Option<Arc<Shape>>,
    values: Vec<Value>,
}

impl Table {
    pub(crate) const EMPTY: Self = Self {
        shape: None,
        values: Vec::new(),
    };

    /// A table of the keys in the text of a shape, and as many values.
    pub(super) fn of(text: &str, ends: &[u32], values: Vec<Value>) -> Result<Self, Twice> {
        debug_assert_eq!(ends.len(), values.len());
        if values.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self {
            shape: Some(Shape::shared(text, ends)?),
            values,
        })
    }

    /// The same of keys of which one may be there twice: what comes last counts,
    /// in the place of what came first.
    pub(super) fn of_last(text: &str, ends: &[u32], values: Vec<Value>) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let Ok(shape) = Shape::shared(text, ends) else {
            let mut table = Self::default();
            for (at, value) in values.into_iter().enumerate() {
                table.insert(key_at(text, ends, at), value);
            }
            return table;
        };
        let shape = Some(shape);
        Self { shape, values }
    }

    pub(super) fn shape(&self) -> &Shape {
        static EMPTY: Shape = Shape::EMPTY;
        self.shape.as_deref().unwrap_or(&EMPTY)
    }

    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }

    /// Looks at the values; see [`fetch`](crate::fetch).
    pub(crate) fn fetch(&self) -> u8 {
        let looks = self.values.iter();
        let looks = looks.map(|value| u8::from(matches!(value, Value::Null)));
        looks.fold(0, |seen, look| seen ^ look)
    }

    /// Looks at the values of tables in it, which has been looked at.
    pub(crate) fn fetch_tables(&self) -> u8 {
        let looks = self.values.iter().map(|value| match value {
            Value::Table(table) => table.fetch(),
            _ => 0,
        });
        looks.fold(0, |seen, look| seen ^ look)
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether it has the key of what is kept beside a document.
    pub(crate) fn has_reserved(&self) -> bool {
        self.shape().has_reserved()
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.shape().find(key).is_some()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(self.shape().find(key)?)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let at = self.shape().find(key)?;
        self.values.get_mut(at)
    }

    /// Sets the value of a key; a new key comes last.
    pub(crate) fn insert(&mut self, key: &str, value: Value) {
        match self.get_mut(key) {
            Some(present) => *present = value,
            None => self.push(key, value),
        }
    }

    /// Adds a key that is not there.
    pub(crate) fn push(&mut self, key: &str, value: Value) {
        let shape = self.shape.get_or_insert_with(Arc::default);
        Shape::add(shape, key);
        self.values.push(value);
    }

    /// Takes a key out; those behind it move up.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Value> {
        let shape = self.shape.as_mut()?;
        let at = shape.find(key)?;
        if self.values.len() == 1 {
            self.shape = None;
        } else {
            Shape::cut(shape, at);
        }
        Some(self.values.remove(at))
    }

    pub(crate) fn key_at(&self, at: usize) -> &str {
        self.shape().key(at)
    }

    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        let shape = self.shape();
        (0..shape.len()).map(|at| shape.key(at))
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.keys().zip(&self.values)
    }
}

/// The order of keys does not count.
impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        let same_shape = match (&self.shape, &other.shape) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        if same_shape {
            return self.values == other.values;
        }
        self.len() == other.len()
            && self
                .iter()
                .all(|(key, value)| other.get(key) == Some(value))
    }
}
