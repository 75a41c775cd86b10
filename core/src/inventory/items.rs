//! The items of an inventory, in their order and by name.

use super::Item;
use crate::value::{Index, names};

/// Items, each of which has a name of its own.
///
/// Invariant: `index` is that of the names in `list`.
#[derive(Clone, Debug, Default)]
pub(super) struct Items {
    list: Vec<Item>,
    index: Index,
}

impl Items {
    /// Items that were read; or the first one whose name is there before.
    pub(super) fn of(list: Vec<Item>) -> Result<Self, Item> {
        match Index::of(list.len(), |at| list[at].name()) {
            Ok(index) => Ok(Self { list, index }),
            Err(twin) => Err(list.into_iter().nth(twin).expect("it is one of them")),
        }
    }

    pub(super) fn list(&self) -> &[Item] {
        &self.list
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let list = &self.list;
        self.index.find(name, list.len(), |at| list[at].name())
    }

    /// Everything of it but its name may be changed.
    pub(super) fn item_mut(&mut self, at: usize) -> Option<&mut Item> {
        self.list.get_mut(at)
    }

    /// Adds an item, of whose name there is none.
    pub(super) fn push(&mut self, item: Item) {
        self.list.push(item);
        let list = &self.list;
        self.index.pushed(list.len(), |at| list[at].name());
    }

    /// Takes out the item at `at`; those behind it move up.
    pub(super) fn remove(&mut self, at: usize) {
        let (name, len) = (self.list[at].name(), self.list.len());
        self.index.removing(name, at, len);
        self.list.remove(at);
    }

    /// Gives an item, if it is there, a name that is free. It keeps its place.
    pub(super) fn rename(&mut self, item: &str, name: &str) {
        if let Some(at) = self.find(item) {
            self.list[at].name = names::short_or_shared(name);
            let list = &self.list;
            self.index.renamed(item, at, |at| list[at].name());
        }
    }
}
