//! Where in a list a name is.

use std::{hash::BuildHasher, sync::LazyLock};

use hashbrown::{DefaultHashBuilder, HashTable};

/// Lists of up to this many names are searched one by one: that takes no longer
/// than to hash the name, and no memory.
pub(crate) const FEW: usize = 16;

/// One key for all hashes of a process, which nobody outside can know:
/// players choose names.
static HASHES: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

pub(super) fn hash(name: &str) -> u64 {
    HASHES.hash_one(name.as_bytes())
}

/// The places of the names of some list, which are unique. It has none of the
/// names itself: every call is told how to find them, as `name_at`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index(Option<Box<HashTable<u32>>>);

impl Index {
    /// No names yet.
    pub(super) const EMPTY: Self = Self(None);

    /// Whether the names are few, and have to be searched one by one.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The index of a list of `len` names; a place at which is a name that is
    /// there before, if there is one.
    pub(crate) fn of<'a>(len: usize, name_at: impl Fn(usize) -> &'a str) -> Result<Self, usize> {
        if len <= FEW {
            let twin = (1..len).find(|&at| (0..at).any(|other| name_at(other) == name_at(at)));
            return twin.map_or(Ok(Self(None)), Err);
        }
        let mut places = HashTable::with_capacity(len);
        for at in 0..len {
            let name = name_at(at);
            let there = |&other: &u32| name_at(other as usize) == name;
            let hashed = |&other: &u32| hash(name_at(other as usize));
            match places.entry(hash(name), there, hashed) {
                hashbrown::hash_table::Entry::Occupied(_) => return Err(at),
                hashbrown::hash_table::Entry::Vacant(gap) => _ = gap.insert(place(at)),
            }
        }
        Ok(Self(Some(Box::new(places))))
    }

    /// Where a name is in a list of `len`.
    pub(crate) fn find<'a>(
        &self,
        name: &str,
        len: usize,
        name_at: impl Fn(usize) -> &'a str,
    ) -> Option<usize> {
        match &self.0 {
            None => (0..len).find(|&at| name_at(at) == name),
            Some(places) => places
                .find(hash(name), |&at| name_at(at as usize) == name)
                .map(|&at| at as usize),
        }
    }

    /// Notes that the list was given one more name, and has `len` now.
    pub(crate) fn pushed<'a>(&mut self, len: usize, name_at: impl Fn(usize) -> &'a str) {
        match &mut self.0 {
            None if len <= FEW => {}
            None => {
                let mut places = HashTable::with_capacity(len);
                for at in 0..len {
                    let hashed = |&other: &u32| hash(name_at(other as usize));
                    places.insert_unique(hash(name_at(at)), place(at), hashed);
                }
                self.0 = Some(Box::new(places));
            }
            Some(places) => {
                let hashed = |&other: &u32| hash(name_at(other as usize));
                places.insert_unique(hash(name_at(len - 1)), place(len - 1), hashed);
            }
        }
    }

    /// Notes that the list is about to lose the name at `at`, and that those
    /// behind it move up. It has `len` before.
    pub(crate) fn removing(&mut self, name: &str, at: usize, len: usize) {
        let Some(places) = &mut self.0 else { return };
        if len - 1 <= FEW / 2 {
            self.0 = None; // not at once, or it would come and go
            return;
        }
        let at = place(at);
        if let Ok(entry) = places.find_entry(hash(name), |&other| other == at) {
            entry.remove();
        }
        if at < place(len - 1) {
            for other in places.iter_mut() {
                if *other > at {
                    *other -= 1;
                }
            }
        }
    }

    /// Notes that the name at `at`, which was `before`, has become another.
    pub(crate) fn renamed<'a>(
        &mut self,
        before: &str,
        at: usize,
        name_at: impl Fn(usize) -> &'a str,
    ) {
        let Some(places) = &mut self.0 else { return };
        let at = place(at);
        if let Ok(entry) = places.find_entry(hash(before), |&other| other == at) {
            entry.remove();
        }
        let hashed = |&other: &u32| hash(name_at(other as usize));
        places.insert_unique(hash(name_at(at as usize)), at, hashed);
    }
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("no document has 4 billion names")
}
