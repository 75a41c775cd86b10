//! How a value in a document is addressed (rule V2).

use std::fmt;

use crate::value::ENVELOPE;

/// The address of a value in a [`Document`](super::Document): an attribute, or
/// an entry of a table attribute.
///
/// It is made from what reads best at the place of the call:
///
/// ```
/// # use playerdata_core::{Document, Key};
/// # let document = Document::standard();
/// document.get::<i64>("Currency")?;
/// document.get::<i64>(("Reputation", "Nordraxia"))?;
///
/// // Taken from a command line: a name, and perhaps an entry's.
/// let (name, entry) = ("Reputation".to_owned(), Some("Nordraxia".to_owned()));
/// document.get::<i64>((&*name, entry.as_deref()))?;
/// # Ok::<(), playerdata_core::DocumentError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key<'a> {
    attribute: &'a str,
    entry: Option<&'a str>,
}

impl<'a> Key<'a> {
    /// Addresses an attribute.
    #[must_use]
    pub const fn attribute(attribute: &'a str) -> Self {
        Self {
            attribute,
            entry: None,
        }
    }

    /// Addresses an entry of a table attribute.
    #[must_use]
    pub const fn entry(attribute: &'a str, entry: &'a str) -> Self {
        Self {
            attribute,
            entry: Some(entry),
        }
    }

    /// The attribute's name.
    #[must_use]
    pub const fn attribute_name(&self) -> &'a str {
        self.attribute
    }

    /// The entry's name, if the key has two parts.
    #[must_use]
    pub const fn entry_name(&self) -> Option<&'a str> {
        self.entry
    }

    /// The core value that the key reaches into, if it does.
    pub(super) fn core_value(&self) -> Option<CoreValue> {
        CoreValue::from_name(self.attribute)
    }
}

/// The path as errors name it: `Currency`, `Reputation.Nordraxia`.
impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.attribute)?;
        match self.entry {
            Some(entry) => write!(f, ".{entry}"),
            None => Ok(()),
        }
    }
}

impl<'a> From<&'a str> for Key<'a> {
    fn from(attribute: &'a str) -> Self {
        Self::attribute(attribute)
    }
}

impl<'a> From<&'a String> for Key<'a> {
    fn from(attribute: &'a String) -> Self {
        Self::attribute(attribute)
    }
}

impl<'a> From<(&'a str, &'a str)> for Key<'a> {
    fn from((attribute, entry): (&'a str, &'a str)) -> Self {
        Self::entry(attribute, entry)
    }
}

impl<'a> From<(&'a str, &'a String)> for Key<'a> {
    fn from((attribute, entry): (&'a str, &'a String)) -> Self {
        Self::entry(attribute, entry)
    }
}

impl<'a> From<(&'a String, &'a String)> for Key<'a> {
    fn from((attribute, entry): (&'a String, &'a String)) -> Self {
        Self::entry(attribute, entry)
    }
}

impl<'a> From<(&'a str, Option<&'a str>)> for Key<'a> {
    fn from((attribute, entry): (&'a str, Option<&'a str>)) -> Self {
        Self { attribute, entry }
    }
}

/// A value that the library itself keeps: attributes of its name can't be
/// made, changed or removed (rule V6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CoreValue {
    PlayerId,
    SlotName,
    Inventory,
    GiftBank,
    /// What is kept beside the document, and never in it.
    Envelope,
}

impl CoreValue {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::PlayerId => "PlayerId",
            Self::SlotName => "SlotName",
            Self::Inventory => "Inventory",
            Self::GiftBank => "GiftBank",
            Self::Envelope => ENVELOPE,
        }
    }

    /// Whether it is part of the document, beside the attributes.
    pub(super) fn is_part(name: &str) -> bool {
        matches!(
            Self::from_name(name),
            Some(Self::Inventory | Self::GiftBank)
        )
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        // Looked at in every call: so each name is compared in one step.
        Some(match name {
            "PlayerId" => Self::PlayerId,
            "SlotName" => Self::SlotName,
            "Inventory" => Self::Inventory,
            "GiftBank" => Self::GiftBank,
            ENVELOPE => Self::Envelope,
            _ => return None,
        })
    }
}
