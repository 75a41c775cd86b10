//! Reading and changing a slot that holds a [`Document`].
//!
//! In: a key and a value from game code. Out: the document in memory, changed
//! (`state/slot.rs`), and the slot in its turn of the wheel, if it was not
//! there already (`autosave/wheel.rs`).

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Number, Value};

use super::Slot;
use crate::{
    Amount, ChangeError, Document, DocumentError, Error, Item, ItemDetails, Key, Parcel, document,
    value::storable,
};

/// The methods of [`Document`], its inventory and its gift bank, one to one.
///
/// A call that fails changes nothing. Its error is [`Error::Document`] with the
/// reason; or one that says that the session takes no changes any more; or, for
/// a change, [`Error::SlotBusy`]: the slot is being changed by a closure that
/// has not returned, or by the closure that the call was made from. Reads never
/// wait, and within such a closure they show the document as it was before.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = std::sync::Arc::new(playerdata_memory::MemoryBackend::new());
/// # let manager = playerdata_core::SessionManager::builder(backend).start().await?;
/// # let session = manager.start_session(4711_u64).await?;
/// let slot = session.load_slot("Slot1").await?;
/// let gold: u64 = slot.get("Currency")?;
/// if slot.at_least("Currency", 50) && !slot.has_item("Torch", 1) {
///     slot.decrement("Currency", 50)?;
///     slot.add_item("Torch", 1)?;
/// }
/// slot.set(("EquippedItems", "Weapon"), "Starter Sword")?;
/// assert_eq!(slot.get::<u64>("Currency")?, gold - 50);
/// # Ok(())
/// # }
/// ```
impl Slot<Document> {
    /// A value; see [`Document::get`].
    ///
    /// # Errors
    ///
    /// [`Error::Document`] if it is missing or not a `T`.
    pub fn get<'k, T: DeserializeOwned>(&self, key: impl Into<Key<'k>>) -> Result<T, Error> {
        let key = key.into();
        // What makes a `T` is the game's: it runs under no lock, on a copy.
        let read = match self.state.look(|document| document.cheap_copy(key)) {
            Some(value) => value.and_then(|value| document::read(key, &value)),
            None => self.snapshot().get(key),
        };
        read.map_err(|source| source.in_slot(self.player(), self.name()))
    }

    /// Sets an attribute or an entry of a table; see [`Document::set`].
    ///
    /// # Errors
    ///
    /// [`Error::Document`], [`Error::SessionLost`], [`Error::SessionEnded`].
    pub fn set<'k>(&self, key: impl Into<Key<'k>>, value: impl Serialize) -> Result<(), Error> {
        let (key, value) = (key.into(), storable(&value));
        self.edit(|document| document.set_made(key, || value))
    }

    /// Removes an attribute or an entry of a table; see [`Document::remove`].
    ///
    /// # Errors
    ///
    /// [`Error::Document`], [`Error::SessionLost`], [`Error::SessionEnded`].
    pub fn remove<'k>(&self, key: impl Into<Key<'k>>) -> Result<Value, Error> {
        let key = key.into();
        self.edit(|document| document.remove(key))
    }

    /// Adds to a number, and returns what it is then; see
    /// [`Document::increment`].
    ///
    /// # Errors
    ///
    /// [`Error::Document`], [`Error::SessionLost`], [`Error::SessionEnded`].
    pub fn increment<'k>(
        &self,
        key: impl Into<Key<'k>>,
        amount: impl Into<Amount>,
    ) -> Result<Number, Error> {
        let (key, amount) = (key.into(), amount.into());
        self.edit(|document| document.increment(key, amount))
    }

    /// Takes from a number, and returns what it is then; see
    /// [`Document::decrement`].
    ///
    /// # Errors
    ///
    /// [`Error::Document`], [`Error::SessionLost`], [`Error::SessionEnded`].
    pub fn decrement<'k>(
        &self,
        key: impl Into<Key<'k>>,
        amount: impl Into<Amount>,
    ) -> Result<Number, Error> {
        let (key, amount) = (key.into(), amount.into());
        self.edit(|document| document.decrement(key, amount))
    }

    /// Whether there is such a value, `null` included.
    pub fn has<'k>(&self, key: impl Into<Key<'k>>) -> bool {
        let key = key.into();
        self.state.look(|document| document.has(key))
    }

    /// Whether there is such a number and it is `amount` or more.
    pub fn at_least<'k>(&self, key: impl Into<Key<'k>>, amount: impl Into<Amount>) -> bool {
        let (key, amount) = (key.into(), amount.into());
        self.state.look(|document| document.at_least(key, amount))
    }

    /// Adds to an item of the inventory, or adds the item; returns how many
    /// there are then.
    ///
    /// # Errors
    ///
    /// [`Error::Document`], [`Error::SessionLost`], [`Error::SessionEnded`].
    pub fn add_item(&self, item: &str, amount: u64) -> Result<u64, Error> {
        self.edit(|document| Ok(document.inventory_mut().add(item, amount)?))
    }

    /// Adds to an item of the inventory, or adds the item with this type and
    /// these further fields; returns how many there are then.
    ///
    /// # Errors
    ///
    /// [`Error::Document`], [`Error::SessionLost`], [`Error::SessionEnded`].
    pub fn add_item_with(
        &self,
        item: &str,
        amount: u64,
        details: &ItemDetails,
    ) -> Result<u64, Error> {
        self.edit(|document| Ok(document.inventory_mut().add_with(item, amount, details)?))
    }

    /// Removes `amount` of an item, and returns how many are left.
    ///
    /// # Errors
    ///
    /// [`Error::Document`] if there are fewer, and then nothing is removed;
    /// [`Error::SessionLost`], [`Error::SessionEnded`].
    pub fn remove_item(&self, item: &str, amount: u64) -> Result<u64, Error> {
        self.edit(|document| Ok(document.inventory_mut().remove(item, amount)?))
    }

    /// Removes `amount` of an item, or all there are; returns how many that
    /// was.
    ///
    /// # Errors
    ///
    /// [`Error::SessionLost`], [`Error::SessionEnded`].
    pub fn remove_item_up_to(&self, item: &str, amount: u64) -> Result<u64, Error> {
        self.edit(|document| Ok(document.inventory_mut().remove_up_to(item, amount)))
    }

    /// Sets one field of an item; see
    /// [`Inventory::edit`](crate::Inventory::edit).
    ///
    /// # Errors
    ///
    /// [`Error::Document`], [`Error::SessionLost`], [`Error::SessionEnded`].
    pub fn edit_item(&self, item: &str, field: &str, value: impl Serialize) -> Result<(), Error> {
        let value = storable(&value);
        self.edit(|document| Ok(document.inventory_mut().edit_made(item, field, || value)?))
    }

    /// A copy of an item.
    ///
    /// # Errors
    ///
    /// [`Error::Document`] if it is missing.
    pub fn lookup_item(&self, item: &str) -> Result<Item, Error> {
        self.state
            .look(|document| document.inventory().lookup(item).cloned())
            .map_err(|source| source.in_slot(self.player(), self.name()))
    }

    /// One field of an item.
    ///
    /// # Errors
    ///
    /// [`Error::Document`] if the item or the field is missing, or is not a
    /// `T`.
    pub fn lookup_item_field<T: DeserializeOwned>(
        &self,
        item: &str,
        field: &str,
    ) -> Result<T, Error> {
        let document = self.snapshot(); // as in `get`
        let field = document.inventory().lookup_field(item, field);
        field.map_err(|source| source.in_slot(self.player(), self.name()))
    }

    /// How many there are of an item; 0 if it is missing.
    #[must_use]
    pub fn count_item(&self, item: &str) -> u64 {
        self.state.look(|document| document.inventory().count(item))
    }

    /// Whether there are at least `at_least` of an item.
    #[must_use]
    pub fn has_item(&self, item: &str, at_least: u64) -> bool {
        self.state
            .look(|document| document.has_item(item, at_least))
    }

    /// Removes every item.
    ///
    /// # Errors
    ///
    /// [`Error::SessionLost`], [`Error::SessionEnded`].
    pub fn clear_inventory(&self) -> Result<(), Error> {
        self.edit(|document| {
            document.inventory_mut().clear();
            Ok(())
        })
    }

    /// Puts a gift into the gift bank under a free id. One that was taken
    /// already counts again; see [`GiftBank::put`](crate::GiftBank::put).
    ///
    /// # Errors
    ///
    /// [`Error::Document`], [`Error::SessionLost`], [`Error::SessionEnded`].
    pub fn put_gift(&self, id: &str, gift: impl Serialize) -> Result<(), Error> {
        let gift = storable(&gift);
        self.edit(|document| Ok(document.gift_bank_mut().put_made(id, || gift)?))
    }

    /// Takes a gift out of the gift bank.
    ///
    /// # Errors
    ///
    /// [`Error::Document`], [`Error::SessionLost`], [`Error::SessionEnded`].
    pub fn take_gift(&self, id: &str) -> Result<Value, Error> {
        self.edit(|document| Ok(document.gift_bank_mut().take(id)?))
    }

    /// Moves a parcel from the gift bank into the inventory and the attributes,
    /// within the limits; see [`Document::claim_gift`]. Returns what it was.
    ///
    /// # Errors
    ///
    /// [`Error::Document`] if there is no such gift, it is not a
    /// [`Parcel`], or there is no room for it: it stays where it is;
    /// [`Error::SessionLost`], [`Error::SessionEnded`].
    pub fn claim_gift(&self, id: &str) -> Result<Parcel, Error> {
        self.edit(|document| document.claim_gift(id))
    }

    /// Changes the document in its place. What is the game's own code, such as
    /// what makes JSON of a value, has run before.
    fn edit<R>(
        &self,
        edit: impl FnOnce(&mut Document) -> Result<R, DocumentError>,
    ) -> Result<R, Error> {
        let edited = self.state.edit(|document| {
            edit(document).map_err(|error| error.in_slot(self.player(), self.name()))
        });
        let (result, must_queue) = edited?;
        if must_queue {
            self.engine.autosave.push(&self.state);
        }
        Ok(result)
    }
}
