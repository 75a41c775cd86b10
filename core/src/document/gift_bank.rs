//! Gifts that wait for a player.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeSeed, MapAccess, Visitor},
};
use thiserror::Error;
use triomphe::Arc;

use crate::{
    excerpt::{SerdeError, excerpt},
    value::{
        Key, Read, Scratch, Table, Twice, Value, ValueRef, storable,
        write::{self, TooDeep},
    },
};

/// Gifts that wait for a player, each under its id, in the order in which
/// they came. What a gift is, is the game's own: any JSON value.
///
/// It is part of a [`Document`](super::Document), and can be a field of a
/// game's own struct. As JSON it is a table of id to gift. A call that fails
/// changes nothing.
///
/// ```
/// use playerdata_core::GiftBank;
/// use serde_json::json;
///
/// let mut bank = GiftBank::new();
/// bank.put("g-17", json!({"From": "Ann", "Item": "Bread", "Quantity": 2}))?;
/// let gift = bank.take("g-17")?;
/// assert_eq!(gift["Item"], "Bread");
/// assert!(bank.take("g-17").is_err(), "a gift is taken once");
/// # Ok::<(), playerdata_core::GiftBankError>(())
/// ```
#[derive(Clone, Default)]
pub struct GiftBank {
    /// None, which most players have, take no memory.
    gifts: Option<Arc<Table>>,
}

/// Why a [`GiftBank`] refuses. Nothing was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GiftBankError {
    /// No gift waits under this id: it never came, or was taken.
    #[error("no gift {id:?} is waiting")]
    Missing {
        /// The id asked for, cut to its first 160 bytes.
        id: String,
    },
    /// Another gift waits under this id.
    #[error("a gift {id:?} is waiting already")]
    Waiting {
        /// The id that is taken, cut to its first 160 bytes.
        id: String,
    },
    /// The gift can't be kept as JSON.
    #[error("the gift {id:?} can't be stored")]
    NotStorable {
        /// The gift's id, cut to its first 160 bytes.
        id: String,
        /// Why not.
        source: SerdeError,
    },
}

impl GiftBank {
    /// An empty bank.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many gifts are waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.gifts().len()
    }

    /// Whether no gift is waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gifts().is_empty()
    }

    /// The gifts and their ids, in the order in which they came.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, ValueRef<'_>)> {
        self.gifts().iter().map(|(id, gift)| (id, gift.view()))
    }

    /// The ids of the gifts, in the order in which they came.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = &str> {
        self.gifts().keys()
    }

    /// Whether a gift waits under this id.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.gifts().contains(id)
    }

    /// Looks at a gift without taking it.
    ///
    /// # Errors
    ///
    /// [`GiftBankError::Missing`].
    pub fn get(&self, id: &str) -> Result<ValueRef<'_>, GiftBankError> {
        self.find(id)
            .map(Value::view)
            .ok_or_else(|| GiftBankError::Missing { id: excerpt(id) })
    }

    /// Puts a gift in. One that is waiting is never replaced: a gift that is
    /// sent again while it waits counts once.
    ///
    /// Once it was taken, its id is free, and nothing is known of it any more:
    /// sent again after that, it counts again. Whoever may send a gift twice
    /// has to remember, in the document, which ids were taken.
    ///
    /// # Errors
    ///
    /// [`GiftBankError::Waiting`] if the id is in use;
    /// [`GiftBankError::NotStorable`] for a gift that JSON can't hold.
    pub fn put(&mut self, id: &str, gift: impl Serialize) -> Result<(), GiftBankError> {
        self.put_made(id, || storable(&gift))
    }

    /// Puts what `make` makes of the caller's gift.
    pub(crate) fn put_made(
        &mut self,
        id: &str,
        make: impl FnOnce() -> Result<Value, SerdeError>,
    ) -> Result<(), GiftBankError> {
        if self.contains(id) {
            return Err(GiftBankError::Waiting { id: excerpt(id) });
        }
        let gift = make().map_err(|source| GiftBankError::NotStorable {
            id: excerpt(id),
            source,
        })?;
        Arc::make_mut(self.gifts.get_or_insert_default()).push(id, gift);
        Ok(())
    }

    /// Takes a gift out.
    ///
    /// # Errors
    ///
    /// [`GiftBankError::Missing`].
    pub fn take(&mut self, id: &str) -> Result<serde_json::Value, GiftBankError> {
        let missing = || GiftBankError::Missing { id: excerpt(id) };
        let gifts = self.gifts.as_mut().ok_or_else(missing)?;
        let gift = Arc::make_mut(gifts).remove(id).ok_or_else(missing)?;
        if gifts.is_empty() {
            self.gifts = None;
        }
        Ok(gift.to_json())
    }

    fn gifts(&self) -> &Table {
        static NONE: Table = Table::EMPTY;
        self.gifts.as_deref().unwrap_or(&NONE)
    }

    pub(super) fn find(&self, id: &str) -> Option<&Value> {
        self.gifts().get(id)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, levels: usize) -> Result<(), TooDeep> {
        write::table(out, self.gifts(), levels, |out, _, gift, levels| {
            write::value(out, gift, levels)
        })
    }

    pub(super) fn to_value(&self) -> Value {
        Value::Table(self.gifts.clone().unwrap_or_default())
    }
}

impl PartialEq for GiftBank {
    fn eq(&self, other: &Self) -> bool {
        self.gifts() == other.gifts()
    }
}

impl Serialize for GiftBank {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.gifts().serialize(serializer)
    }
}

/// Shows how many gifts there are, not which: a log line is not the place for a
/// player's data.
impl fmt::Debug for GiftBank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GiftBank")
            .field("gifts", &self.len())
            .finish_non_exhaustive()
    }
}

/// Refuses a table with an id twice, of which one gift would be lost.
impl<'de> Deserialize<'de> for GiftBank {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Scratch::with(|scratch| ReadGiftBank(scratch).deserialize(deserializer))
    }
}

/// Reads a gift bank.
pub(super) struct ReadGiftBank<'r>(pub(super) &'r mut Scratch);

impl<'de> DeserializeSeed<'de> for ReadGiftBank<'_> {
    type Value = GiftBank;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<GiftBank, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ReadGiftBank<'_> {
    type Value = GiftBank;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a gift bank: a table of id to gift")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<GiftBank, A::Error> {
        let Self(scratch) = self;
        let table = scratch.table();
        while let Some(()) = map.next_key_seed(Key(table, scratch))? {
            let gift = map.next_value_seed(Read(scratch))?;
            table.value(scratch, gift);
        }
        let gifts = table
            .end(scratch)
            .map_err(|Twice(id)| de::Error::custom(GiftBankError::Waiting { id: excerpt(&id) }))?;
        let gifts = (!gifts.is_empty()).then(|| Arc::new(gifts));
        Ok(GiftBank { gifts })
    }
}
