//! Which letters are in the document, and still in the mailbox (M2).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{LetterId, WriteId};

/// The letters that were applied and are not known to be discarded, in the
/// order in which they were applied. As JSON a table of id to posting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AppliedLetters(Vec<(LetterId, WriteId)>);

impl AppliedLetters {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, id: &LetterId, posting: WriteId) -> bool {
        let is_it = |(applied, its): &(LetterId, WriteId)| applied == id && *its == posting;
        self.0.iter().any(is_it)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&LetterId, WriteId)> {
        self.0.iter().map(|(id, posting)| (id, *posting))
    }

    /// Adds one. An earlier one of its id, from before the mailbox was erased,
    /// is nowhere any more.
    pub(crate) fn add(&mut self, id: LetterId, posting: WriteId) {
        self.0.retain(|(applied, _)| *applied != id);
        self.0.push((id, posting));
    }

    /// Takes one out that was discarded.
    pub(crate) fn remove(&mut self, id: &LetterId, posting: WriteId) {
        self.0
            .retain(|(applied, its)| applied != id || *its != posting);
    }
}

impl Serialize for AppliedLetters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for AppliedLetters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LettersVisitor)
    }
}

struct LettersVisitor;

impl<'de> de::Visitor<'de> for LettersVisitor {
    type Value = AppliedLetters;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a table of letter to posting")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<AppliedLetters, A::Error> {
        let mut letters = Vec::new();
        while let Some(entry) = map.next_entry()? {
            letters.push(entry); // whoever reads the text refuses a key that is there twice
        }
        Ok(AppliedLetters(letters))
    }
}
