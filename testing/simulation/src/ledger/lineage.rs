//! Where documents come from: every change knows the one it was made on.

use std::{collections::BTreeMap, fmt};

use playerdata_core::{PlayerId, SessionId, SlotName};

use crate::{Rule, history::Short, holdings::Holdings};

/// All changes of a run, by number from 1.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    changes: Vec<Change>,
    /// What each session was given to begin with.
    loaded: BTreeMap<(SessionId, SlotName), u64>,
}

#[derive(Debug)]
struct Change {
    /// The change it was made on; 0 is a new player's document.
    parent: u64,
    author: Author,
    holdings: Option<Holdings>,
}

/// Who changes what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) session: SessionId,
    pub(crate) player: PlayerId,
    pub(crate) slot: SlotName,
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} on {}/{}",
            Short(self.session),
            self.player,
            self.slot
        )
    }
}

/// What a stored body says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) change: u64,
    pub(crate) holdings: Holdings,
}

/// What is wrong with a body.
pub(super) type Defect = (Rule, String);

impl Lineage {
    pub(super) fn add(&mut self, parent: u64, author: Author) -> u64 {
        self.changes.push(Change {
            parent,
            author,
            holdings: None,
        });
        self.changes.len() as u64
    }

    pub(super) fn describe(&mut self, change: u64, holdings: Holdings) {
        if let Some(change) = self.get_mut(change) {
            change.holdings = Some(holdings);
        }
    }

    pub(super) fn loaded(&mut self, session: SessionId, slot: &SlotName, change: u64) {
        self.loaded.insert((session, slot.clone()), change);
    }

    fn get(&self, change: u64) -> Option<&Change> {
        self.changes
            .get(usize::try_from(change).ok()?.checked_sub(1)?)
    }

    fn get_mut(&mut self, change: u64) -> Option<&mut Change> {
        self.changes
            .get_mut(usize::try_from(change).ok()?.checked_sub(1)?)
    }

    /// Whether `change` is `ancestor`, or was made on it.
    pub(super) fn descends(&self, mut change: u64, ancestor: u64) -> bool {
        while change > ancestor {
            change = self.get(change).map_or(0, |change| change.parent);
        }
        change == ancestor
    }

    /// Checks a body that `author` stored in the place of `before`.
    pub(super) fn check(
        &self,
        author: &Author,
        content: Content,
        before: Option<u64>,
    ) -> Vec<Defect> {
        let mut faults = Vec::new();
        let recorded = match content.change {
            0 => Some(Holdings::NEW),
            change => self.get(change).and_then(|change| change.holdings),
        };
        if !content.holdings.add_up() {
            let what = format!("{author} saved {:?}", content.holdings);
            faults.push((Rule::P4, what));
        }
        if recorded != Some(content.holdings) {
            let what = format!("{author} saved {:?} as {recorded:?}", content.holdings);
            faults.push((Rule::OneWriter, what));
        }
        faults.extend(self.check_origin(author, content.change, before));
        faults
    }

    /// Goes back through the changes that the author made, to what was stored
    /// before.
    fn check_origin(&self, author: &Author, change: u64, before: Option<u64>) -> Option<Defect> {
        let key = (author.session, author.slot.clone());
        let loaded = self.loaded.get(&key).copied();
        let mut at = change;
        while Some(at) != before && at != 0 && Some(at) != loaded {
            let Some(found) = self.get(at) else {
                return Some((Rule::OneWriter, format!("{author} saved the unknown {at}")));
            };
            if found.author != *author {
                let what = format!(
                    "{author} saved change {change}, with {at} of {}",
                    found.author
                );
                return Some((Rule::OneWriter, what));
            }
            at = found.parent;
        }
        if let Some(origin) = self.get(at)
            && (&origin.author.player, &origin.author.slot) != (&author.player, &author.slot)
        {
            let what = format!(
                "{author} saved change {change}, made on {at} of {}",
                origin.author
            );
            return Some((Rule::OneWriter, what));
        }
        match before {
            Some(before) if at != before => {
                let what = format!("{author} saved change {change} over {before}, made on {at}");
                Some((Rule::Kept, what))
            }
            _ => None,
        }
    }
}
