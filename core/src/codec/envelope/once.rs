//! Which changes were applied (X1, X2).

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{IdempotencyKey, UnixMillis};

/// The keys of changes that were applied, each with its time, in the order in
/// which they were applied. As JSON a table of key to milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AppliedKeys(Vec<(IdempotencyKey, UnixMillis)>);

impl AppliedKeys {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, key: &IdempotencyKey) -> bool {
        self.0.iter().any(|(applied, _)| applied == key)
    }

    /// The keys and when they were applied, oldest first.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&IdempotencyKey, UnixMillis)> {
        self.0.iter().map(|(key, at)| (key, *at))
    }

    /// How many are remembered for `memory` at least.
    pub(crate) fn remembered(&self, now: UnixMillis, memory: Duration) -> usize {
        let remembered = |(_, at): &&(_, UnixMillis)| is_remembered(*at, now, memory);
        self.0.iter().filter(remembered).count()
    }

    /// Adds a key, and forgets those that are older than `memory`.
    pub(crate) fn add(&mut self, key: IdempotencyKey, now: UnixMillis, memory: Duration) {
        self.0.retain(|(_, at)| is_remembered(*at, now, memory));
        self.0.push((key, now));
    }
}

/// A time in the future, by a clock that was ahead, does not make it forget a
/// key.
fn is_remembered(at: UnixMillis, now: UnixMillis, memory: Duration) -> bool {
    at.saturating_add(memory) >= now
}

impl Serialize for AppliedKeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for AppliedKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> de::Visitor<'de> for KeysVisitor {
    type Value = AppliedKeys;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a table of key to time")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<AppliedKeys, A::Error> {
        let mut keys = Vec::new();
        while let Some(entry) = map.next_entry()? {
            keys.push(entry); // whoever reads the text refuses a key that is there twice
        }
        Ok(AppliedKeys(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: Duration = Duration::from_secs(10);

    fn key(text: &str) -> IdempotencyKey {
        IdempotencyKey::new(text).unwrap()
    }

    fn at(secs: u64) -> UnixMillis {
        UnixMillis::new(secs * 1_000)
    }

    #[test]
    fn x2_a_key_is_forgotten_once_it_is_older_than_the_memory_and_never_earlier() {
        let mut keys = AppliedKeys::default();
        keys.add(key("first"), at(100), MEMORY);
        keys.add(key("second"), at(110), MEMORY);
        assert!(keys.contains(&key("first")) && keys.remembered(at(110), MEMORY) == 2);
        assert_eq!(keys.remembered(at(111), MEMORY), 1);
        keys.add(key("third"), at(111), MEMORY);
        assert!(!keys.contains(&key("first")) && keys.contains(&key("second")));
    }

    #[test]
    fn x2_a_clock_that_was_ahead_makes_nothing_forgotten() {
        let mut keys = AppliedKeys::default();
        keys.add(key("ahead"), at(1_000_000), MEMORY);
        keys.add(key("now"), at(5), MEMORY);
        assert!(keys.contains(&key("ahead")) && keys.contains(&key("now")));
        assert_eq!(keys.remembered(at(5), MEMORY), 2);
    }
}
