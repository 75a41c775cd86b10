//! Validated names: players, servers, slots, and what is done once.

use std::{convert::Infallible, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;
use uuid::Uuid;

/// A name that can't be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name:?} is not a valid {what}: {fault}")]
#[non_exhaustive]
pub struct InvalidName {
    /// What was to be named, such as `player id` or `slot name`.
    pub what: &'static str,
    /// The text given, cut to its first 160 bytes.
    pub name: String,
    /// What is wrong with it.
    pub fault: NameFault,
}

impl From<Infallible> for InvalidName {
    /// For ids made from numbers and GUIDs, which are never invalid.
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameFault {
    /// It has no characters at all.
    #[error("it is empty")]
    Empty,
    /// It is longer than its kind allows.
    #[error("it has {bytes} bytes, more than {limit}")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The longest that is allowed.
        limit: usize,
    },
    /// It has a character that its kind does not allow.
    #[error("{character:?} is not allowed in it")]
    BadCharacter {
        /// The first such character.
        character: char,
    },
}

/// Cuts a bad name for its error, so that a hostile one can't fill a log.
fn excerpt(name: &str) -> String {
    let mut end = name.len().min(160);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].to_owned()
}

fn check(
    what: &'static str,
    name: &str,
    limit: usize,
    allowed: impl Fn(char) -> bool,
) -> Result<(), InvalidName> {
    let bad = name.chars().find(|&character| !allowed(character));
    let fault = if name.is_empty() {
        NameFault::Empty
    } else if name.len() > limit {
        NameFault::TooLong {
            bytes: name.len(),
            limit,
        }
    } else if let Some(character) = bad {
        NameFault::BadCharacter { character }
    } else {
        return Ok(());
    };
    Err(InvalidName {
        what,
        name: excerpt(name),
        fault,
    })
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $limit:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(SmolStr);

        impl $name {
            /// The longest name, in bytes.
            pub const MAX_BYTES: usize = $limit;

            /// Checks and takes a name.
            ///
            /// # Errors
            ///
            /// [`InvalidName`] if it is empty, too long, or has a character
            /// that is not allowed.
            pub fn new(name: impl AsRef<str>) -> Result<Self, InvalidName> {
                let name = name.as_ref();
                check($what, name, Self::MAX_BYTES, $allowed)?;
                Ok(Self(SmolStr::new(name)))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::new(name)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidName;

            fn try_from(name: &str) -> Result<Self, Self::Error> {
                Self::new(name)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(name: String) -> Result<Self, Self::Error> {
                Self::new(name)
            }
        }

        impl TryFrom<&String> for $name {
            type Error = InvalidName;

            fn try_from(name: &String) -> Result<Self, Self::Error> {
                Self::new(name)
            }
        }

        impl From<&$name> for $name {
            fn from(name: &$name) -> Self {
                name.clone()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0.into()
            }
        }
    };
}

name! {
    /// Whose data it is: 1 to 128 bytes of printable ASCII without the space
    /// and the braces (which Redis Cluster gives a meaning in key names).
    ///
    /// ```
    /// use playerdata_core::PlayerId;
    ///
    /// assert_eq!(PlayerId::from(4711).as_str(), "4711");
    /// assert!(PlayerId::new("steam:76561198000000000").is_ok());
    /// assert!(PlayerId::new("two words").is_err());
    /// ```
    PlayerId, "player id", 128,
    |c: char| c.is_ascii_graphic() && c != '{' && c != '}'
}

name! {
    /// A server's name, configured or made up at its start: 1 to 128 bytes of
    /// `A-Z a-z 0-9 _ - .`
    ServerName, "server name", 128,
    |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

name! {
    /// One named save of a player: 1 to 64 bytes of `A-Z a-z 0-9 _ -`
    SlotName, "slot name", 64,
    |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

name! {
    /// The caller's name for one change that may be asked for more than once,
    /// such as the id of a purchase: 1 to 128 bytes of printable ASCII, spaces
    /// included.
    ///
    /// ```
    /// use playerdata_core::IdempotencyKey;
    ///
    /// assert!(IdempotencyKey::new("daily 2026-11-28").is_ok());
    /// assert_eq!(IdempotencyKey::from(4711).as_str(), "4711");
    /// ```
    IdempotencyKey, "idempotency key", 128,
    |c: char| c.is_ascii_graphic() || c == ' '
}

name! {
    /// Names a letter within its mailbox: 1 to 128 bytes of printable ASCII
    /// without the space and the braces, as a [`PlayerId`]'s.
    LetterId, "letter id", 128,
    |c: char| c.is_ascii_graphic() && c != '{' && c != '}'
}

macro_rules! from_number {
    ($($number:ty)*) => {
        $(impl From<$number> for PlayerId {
            fn from(number: $number) -> Self {
                Self(number.to_string().into())
            }
        }

        impl From<$number> for IdempotencyKey {
            fn from(number: $number) -> Self {
                Self(number.to_string().into())
            }
        })*
    };
}

from_number!(u32 u64 i32 i64);

impl From<Uuid> for PlayerId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid.to_string().into())
    }
}

impl From<Uuid> for IdempotencyKey {
    fn from(uuid: Uuid) -> Self {
        Self(uuid.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_at_both_ends_of_their_length() {
        for name in ["a".to_owned(), "b".repeat(128)] {
            assert_eq!(PlayerId::new(&name).unwrap().as_str(), name);
            assert_eq!(ServerName::new(&name).unwrap().as_str(), name);
        }
        assert!(SlotName::new("s".repeat(64)).is_ok());
        assert_eq!(
            SlotName::new("s".repeat(65)).unwrap_err().fault,
            NameFault::TooLong {
                bytes: 65,
                limit: 64
            }
        );
        assert_eq!(PlayerId::new("").unwrap_err().fault, NameFault::Empty);
    }

    #[test]
    fn f21_a_negative_player_id_is_a_name_like_any_other() {
        assert_eq!(PlayerId::new("-17").unwrap().as_str(), "-17");
    }

    #[test]
    fn a_bad_character_is_named_and_the_excerpt_is_bounded() {
        let error = PlayerId::new("a b").unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"a b\" is not a valid player id: ' ' is not allowed in it"
        );
        for bad in ["{", "}", "\n", "é", "\0", "\u{7f}"] {
            assert!(PlayerId::new(bad).is_err(), "{bad:?}");
            assert!(SlotName::new(bad).is_err(), "{bad:?}");
            assert!(ServerName::new(bad).is_err(), "{bad:?}");
        }
        assert!(PlayerId::new("é".repeat(1_000)).unwrap_err().name.len() <= 160);
    }

    #[test]
    fn serde_checks_names_too() {
        assert!(serde_json::from_str::<SlotName>("\"Slot1\"").is_ok());
        assert!(serde_json::from_str::<SlotName>("\"Slot 1\"").is_err());
    }
}
