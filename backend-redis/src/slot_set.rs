//! Sets of a Cluster's hash slots.

use std::{fmt, str::FromStr};

use crate::keys::{HASH_SLOTS, HashSlot};

const WORDS: usize = HASH_SLOTS / 64;

/// Some of the hash slots. As text, `0-5460,5462`, or `-` for none.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SlotSet(Box<[u64; WORDS]>);

impl SlotSet {
    pub(crate) fn all() -> Self {
        Self(Box::new([u64::MAX; WORDS]))
    }

    pub(crate) fn none() -> Self {
        Self(Box::new([0; WORDS]))
    }

    pub(crate) fn contains(&self, slot: HashSlot) -> bool {
        self.0[usize::from(slot) / 64] >> (slot % 64) & 1 == 1
    }

    pub(crate) fn insert(&mut self, slot: HashSlot) {
        self.0[usize::from(slot) / 64] |= 1 << (slot % 64);
    }

    pub(crate) fn remove(&mut self, slot: HashSlot) {
        self.0[usize::from(slot) / 64] &= !(1 << (slot % 64));
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, its) in self.0.iter_mut().zip(other.0.iter()) {
            *mine |= its;
        }
    }

    /// Leaves those that are in the other set, too.
    pub(crate) fn keep(&mut self, other: &Self) {
        for (mine, its) in self.0.iter_mut().zip(other.0.iter()) {
            *mine &= its;
        }
    }

    /// Takes those out that are in the other set.
    pub(crate) fn subtract(&mut self, other: &Self) {
        for (mine, its) in self.0.iter_mut().zip(other.0.iter()) {
            *mine &= !its;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = HashSlot> {
        (0..16_384).filter(|&slot| self.contains(slot))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }
}

impl fmt::Debug for SlotSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlotSet({self})")
    }
}

impl fmt::Display for SlotSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut slots = self.iter().peekable();
        if slots.peek().is_none() {
            return f.write_str("-");
        }
        let mut separator = "";
        while let Some(first) = slots.next() {
            let mut last = first;
            while let Some(next) = slots.next_if_eq(&(last + 1)) {
                last = next;
            }
            write!(f, "{separator}{first}")?;
            if last > first {
                write!(f, "-{last}")?;
            }
            separator = ",";
        }
        Ok(())
    }
}

/// What is not a set of hash slots.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotSlots;

impl FromStr for SlotSet {
    type Err = NotSlots;

    fn from_str(text: &str) -> Result<Self, NotSlots> {
        let mut set = Self::none();
        if text == "-" {
            return Ok(set);
        }
        for range in text.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let slot = |text: &str| text.parse::<HashSlot>().map_err(|_| NotSlots);
            let (first, last) = (slot(first)?, slot(last)?);
            if first > last || usize::from(last) >= HASH_SLOTS {
                return Err(NotSlots);
            }
            for slot in first..=last {
                set.insert(slot);
            }
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_as_it_was_written() {
        for text in ["-", "0", "16383", "0-16383", "0-5460,5462,9000-9001"] {
            assert_eq!(text.parse::<SlotSet>().unwrap().to_string(), text);
        }
        assert_eq!(SlotSet::all().to_string(), "0-16383");
        assert!(SlotSet::none().is_empty());
        for bad in ["", "x", "16384", "2-1", "1,,2", "1-", "-1", "0-70000"] {
            assert_eq!(bad.parse::<SlotSet>(), Err(NotSlots), "{bad:?}");
        }
    }

    #[test]
    fn sets_are_cut_and_subtracted() {
        let mut set: SlotSet = "0-100,9000".parse().unwrap();
        set.keep(&"50-9000".parse().unwrap());
        assert_eq!(set.to_string(), "50-100,9000");
        set.subtract(&"60-16383".parse().unwrap());
        set.remove(55);
        assert_eq!(set.to_string(), "50-54,56-59");
        assert!(set.contains(54) && !set.contains(55) && !set.contains(9000));
    }
}
