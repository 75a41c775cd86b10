//! Which keys the defaults had when a document was last completed (S7).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::excerpt::excerpt;

/// 64 bits that stand for the keys of some defaults; the same for ever and
/// everywhere, since they are stored. As JSON 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeysFingerprint(u64);

impl KeysFingerprint {
    pub(crate) const fn new(bits: u64) -> Self {
        Self(bits)
    }
}

impl fmt::Display for KeysFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for KeysFingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeysFingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16)
            .ok()
            .map(Self)
            .filter(|fingerprint| fingerprint.to_string() == text)
            .ok_or_else(|| {
                de::Error::custom(format_args!("{:?} is not a fingerprint", excerpt(&text)))
            })
    }
}
