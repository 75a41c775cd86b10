//! Fingerprints, by which it is known whether a document changed.

use std::{fmt, iter, ops::Range};

use highway::{HighwayHash, HighwayHasher, Key};
use indexmap::IndexMap;
use uuid::Uuid;

use super::{CodecError, top_level::for_each_entry};

/// 128 bits that stand for some JSON, under one codec's secret key.
///
/// Two that are equal stand for the same bytes: without the key nobody can
/// look for two documents that share one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u64; 2]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [low, high] = self.0;
        write!(f, "Fingerprint({high:016x}{low:016x})")
    }
}

/// The fingerprints of one document. Equal to those of another if, and only
/// if, the JSON is the same byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fingerprints {
    /// Of the whole document.
    pub all: Fingerprint,
    /// Of the document without the top-level keys that `skip_keys` names: if
    /// this is unchanged, there is no need to autosave. What the library keeps
    /// beside the document is never skipped. The same as `all` if no keys are
    /// skipped, or if the document is not an object.
    pub kept: Fingerprint,
}

/// The key of one codec's fingerprints: a hasher that was given it.
///
/// `HighwayHash` is made for keys that are secret, and takes two thirds of the
/// time of SipHash 1-3 for a large document, and as long for a small one.
pub(super) struct FingerprintKey(HighwayHasher);

impl FingerprintKey {
    pub(super) fn from_uuid(secret: Uuid) -> Self {
        let (high, low) = secret.as_u64_pair();
        Self(HighwayHasher::new(Key([high, low, !high, !low])))
    }

    pub(super) fn fingerprint(&self, bytes: &[u8]) -> Fingerprint {
        Fingerprint(self.0.clone().hash128(bytes))
    }

    /// The fingerprint of the text that an object would be without some of its
    /// members, each of which has the comma before it, unless it is the first.
    pub(super) fn fingerprint_without(
        &self,
        json: &[u8],
        left_out: &[Range<usize>],
    ) -> Fingerprint {
        let mut hasher = self.0.clone();
        hasher.append(b"{");
        let end = json.len().saturating_sub(1); // the closing bracket
        let (mut begin, mut comma) = (1, &b""[..]);
        for place in left_out.iter().cloned().chain(iter::once(end..end)) {
            let members = &json[begin..place.start];
            let members = members.strip_prefix(b",").unwrap_or(members);
            if !members.is_empty() {
                hasher.append(comma);
                hasher.append(members);
                comma = b",";
            }
            begin = place.end;
        }
        hasher.append(b"}");
        Fingerprint(hasher.finalize128())
    }
}

/// A fingerprint per top-level key, for reports of what changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFingerprints(IndexMap<String, Fingerprint>);

impl KeyFingerprints {
    pub(super) fn of(key: &FingerprintKey, json: &[u8]) -> Result<Self, CodecError> {
        let mut entries = IndexMap::new();
        for_each_entry(json, |name, value| {
            entries.insert(name.to_owned(), key.fingerprint(value.as_bytes()));
        })?;
        Ok(Self(entries))
    }

    /// The top-level keys that were added, changed or removed since `old`.
    #[must_use]
    pub fn changed_since(&self, old: &KeyFingerprints) -> Vec<String> {
        let new_or_changed = self
            .0
            .iter()
            .filter(|(name, now)| old.0.get(*name) != Some(now));
        let removed = old.0.iter().filter(|(name, _)| !self.0.contains_key(*name));
        new_or_changed
            .chain(removed)
            .map(|(name, _)| name.clone())
            .collect()
    }
}
