//! What moves from one document to another (P1).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use thiserror::Error;

use super::{Amount, Document, DocumentError};
use crate::{
    Inventory, InventoryError, ItemDetails,
    excerpt::{SerdeError, excerpt},
};

/// Items and amounts of numeric attributes that move together, all of them or
/// none: a gift, a side of a trade.
///
/// As JSON it is `{"Items": [{"Name": …, "ItemType": …, "Quantity": …}, …],
/// "Amounts": {"Currency": 100, …}}`, either of which can be left out, so that
/// a web shop can write one without this library. An item is written as it is
/// in an [`Inventory`], with its further fields.
///
/// ```
/// use playerdata_core::{Document, Parcel};
///
/// let mut document = Document::standard();
/// let asked = Parcel::new().item("Bread", 2).amount("Currency", 100);
/// let parcel = document.take_parcel(&asked)?;
/// assert_eq!(document.get::<u64>("Currency")?, 400);
/// document.put_parcel(&parcel)?;
/// # Ok::<(), playerdata_core::DocumentError>(())
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Parcel {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    items: Vec<ParcelItem>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    amounts: Map<String, Value>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ParcelItem {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    item_type: Option<String>,
    quantity: u64,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// Why something is not a valid parcel.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ParcelError {
    /// There is nothing in it.
    #[error("there is nothing in the parcel")]
    Empty,
    /// It has the same item twice.
    #[error("the parcel has {item:?} twice")]
    Twice {
        /// The item, cut to its first 160 bytes.
        item: String,
    },
    /// An amount is not a number above zero.
    #[error("the parcel has {value} of {attribute}, which is not a number above zero")]
    NotPositive {
        /// The attribute, cut to its first 160 bytes.
        attribute: String,
        /// The value, cut.
        value: String,
    },
    /// The document has less of an attribute than the parcel.
    #[error("there is less than {amount} of {attribute}")]
    TooLittle {
        /// The attribute, cut to its first 160 bytes.
        attribute: String,
        /// How much was asked for.
        amount: Amount,
    },
    /// The attribute is so large a float that it would not change by just that
    /// much: something would be made, or lost.
    #[error("{attribute} is too large a float to be changed by {amount}")]
    Inexact {
        /// The attribute, cut to its first 160 bytes.
        attribute: String,
        /// By how much.
        amount: Amount,
    },
    /// It is not written as a parcel is.
    #[error("this is not a parcel")]
    Malformed(#[source] SerdeError),
}

impl Parcel {
    /// A parcel with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds this many of an item. When it is taken out of a document, its type
    /// goes along, and its further fields do if all of it goes.
    #[must_use]
    pub fn item(mut self, name: impl Into<String>, quantity: u64) -> Self {
        self.items.push(ParcelItem {
            name: name.into(),
            item_type: None,
            quantity,
            fields: Map::new(),
        });
        self
    }

    /// Adds this much of a numeric attribute.
    #[must_use]
    pub fn amount(mut self, attribute: impl Into<String>, amount: impl Into<Number>) -> Self {
        self.amounts
            .insert(attribute.into(), Value::Number(amount.into()));
        self
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.amounts.is_empty()
    }

    /// The items and how many of each, in the order in which they were put in.
    pub fn items(&self) -> impl ExactSizeIterator<Item = (&str, u64)> {
        self.items.iter().map(|item| (&*item.name, item.quantity))
    }

    /// The attributes and how much of each.
    pub fn amounts(&self) -> impl Iterator<Item = (&str, &Number)> {
        let numbers = self.amounts.iter();
        numbers.filter_map(|(attribute, value)| Some((&**attribute, value.as_number()?)))
    }

    /// Reads one, such as the content of a letter or a gift.
    ///
    /// # Errors
    ///
    /// [`ParcelError`] if it is not a valid one.
    pub fn from_json(json: &Value) -> Result<Self, ParcelError> {
        let parcel = Self::deserialize(json).map_err(SerdeError::new);
        let parcel = parcel.map_err(ParcelError::Malformed)?;
        parcel.check()?;
        Ok(parcel)
    }

    /// Whether it is one that could be taken out of something.
    fn check(&self) -> Result<(), ParcelError> {
        if self.is_empty() {
            return Err(ParcelError::Empty);
        }
        for (at, item) in self.items.iter().enumerate() {
            if self.items[..at].iter().any(|other| other.name == item.name) {
                let item = excerpt(&item.name);
                return Err(ParcelError::Twice { item });
            }
        }
        for (attribute, value) in &self.amounts {
            if value.as_f64().is_none_or(|amount| amount <= 0.0) {
                return Err(ParcelError::NotPositive {
                    attribute: excerpt(attribute),
                    value: excerpt(&value.to_string()),
                });
            }
        }
        Ok(())
    }
}

/// Shows how much is in it, not what: a player's data does not belong in a log.
impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel")
            .field("items", &self.items.len())
            .field("amounts", &self.amounts.len())
            .finish_non_exhaustive()
    }
}

impl From<Parcel> for Value {
    fn from(parcel: Parcel) -> Self {
        serde_json::to_value(parcel).expect("a parcel is made of JSON values")
    }
}

impl ParcelItem {
    fn details(&self) -> Result<ItemDetails, InventoryError> {
        let details = match &self.item_type {
            Some(item_type) => ItemDetails::of_type(item_type),
            None => ItemDetails::new(),
        };
        let mut fields = self.fields.iter();
        fields.try_fold(details, |details, (field, value)| {
            details.with(field, value)
        })
    }

    /// Takes it out of an inventory; what it was goes along.
    fn taken_from(&self, inventory: &mut Inventory) -> Result<Self, InventoryError> {
        let mut taken = self.clone();
        if let Ok(item) = inventory.lookup(&self.name) {
            taken.item_type = Some(item.item_type().to_owned());
            taken.fields.clear();
            if item.quantity() == self.quantity {
                let fields = item.further_fields();
                taken.fields = fields
                    .map(|(field, value)| (field.to_owned(), value.to_json()))
                    .collect();
            }
        }
        inventory.remove(&self.name, self.quantity)?;
        Ok(taken)
    }
}

impl Document {
    /// Takes a parcel out, all of it or nothing; returns it as it was: with the
    /// types of its items, and the further fields of those of which none is
    /// left.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] if anything of it is not there, in which case nothing
    /// changed. There has to be as much as is taken also where values below
    /// zero are allowed.
    pub fn take_parcel(&mut self, parcel: &Parcel) -> Result<Parcel, DocumentError> {
        parcel.check()?;
        let mut copy = self.clone();
        let mut taken = Parcel::new();
        for item in &parcel.items {
            taken.items.push(item.taken_from(copy.inventory_mut())?);
        }
        for (attribute, number) in parcel.amounts() {
            let amount = Amount::from(number);
            if copy.has(attribute) && !copy.at_least(attribute, amount) {
                let attribute = excerpt(attribute);
                return Err(ParcelError::TooLittle { attribute, amount }.into());
            }
            copy.move_amount(attribute, number, -amount)?;
        }
        taken.amounts = parcel.amounts.clone();
        *self = copy;
        Ok(taken)
    }

    /// Puts a parcel in, all of it or nothing, within the limits.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] if there is no room for it, an item of a name is
    /// another one, or there is no such attribute: nothing changed.
    pub fn put_parcel(&mut self, parcel: &Parcel) -> Result<(), DocumentError> {
        parcel.check()?;
        let mut copy = self.clone();
        for item in &parcel.items {
            let details = item.details()?;
            copy.inventory_mut()
                .add_with(&item.name, item.quantity, &details)?;
        }
        for (attribute, number) in parcel.amounts() {
            copy.move_amount(attribute, number, Amount::from(number))?;
        }
        *self = copy;
        Ok(())
    }

    /// Changes an attribute by an amount that another document has the opposite
    /// of. Floats round, but one that is so large that it hardly feels the
    /// amount is refused.
    fn move_amount(
        &mut self,
        attribute: &str,
        number: &Number,
        change: Amount,
    ) -> Result<(), DocumentError> {
        let before = self.get::<f64>(attribute);
        let after = self.increment(attribute, change)?;
        let (Ok(before), Some(after), true) = (before, after.as_f64(), after.is_f64()) else {
            return Ok(()); // integers are exact
        };
        let (moved, amount) = ((after - before).abs(), Amount::from(number));
        let asked = number.as_f64().unwrap_or(f64::NAN);
        let error = (moved - asked).abs();
        if error.is_nan() || error > asked / 1_000.0 {
            let attribute = excerpt(attribute);
            return Err(ParcelError::Inexact { attribute, amount }.into());
        }
        Ok(())
    }

    /// Keeps a parcel in the gift bank, from where
    /// [`claim_gift`](Self::claim_gift) takes it; never in the place of another
    /// gift.
    pub(crate) fn keep_parcel(&mut self, id: &str, parcel: Parcel) {
        let bank = self.gift_bank_mut();
        let mut free = id.to_owned();
        while bank.contains(&free) {
            free.push('\'');
        }
        let kept = bank.put(&free, Value::from(parcel));
        debug_assert!(kept.is_ok(), "the id is free, and a parcel can be stored");
    }

    /// Moves a parcel from the gift bank into the inventory and the
    /// attributes, within the limits.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] if there is no such gift, it is not a parcel, or there is
    /// no room for it: it stays where it is.
    pub fn claim_gift(&mut self, id: &str) -> Result<Parcel, DocumentError> {
        let parcel = Parcel::from_json(&self.gift_bank().get(id)?.to_json())?;
        self.put_parcel(&parcel)?;
        self.gift_bank_mut().take(id)?;
        Ok(parcel)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{DocumentRules, InventoryLimits};

    fn sword() -> Document {
        let mut document = Document::standard();
        let details = ItemDetails::of_type("Weapon").with("Damage", 12).unwrap();
        let inventory = document.inventory_mut();
        inventory.add_with("Sword", 2, &details).unwrap();
        document
    }

    #[test]
    fn p1_further_fields_go_along_if_all_of_an_item_goes() {
        let mut document = sword();
        let part = document
            .take_parcel(&Parcel::new().item("Sword", 1))
            .unwrap();
        let rest = document
            .take_parcel(&Parcel::new().item("Sword", 1))
            .unwrap();
        let item = |fields: Value| json!({"Items": [fields]});
        assert_eq!(
            Value::from(part),
            item(json!({"Name": "Sword", "ItemType": "Weapon", "Quantity": 1}))
        );
        assert_eq!(
            Value::from(rest.clone()),
            item(json!({"Name": "Sword", "ItemType": "Weapon", "Quantity": 1, "Damage": 12}))
        );
        let mut other = Document::standard();
        other.put_parcel(&rest).unwrap();
        assert_eq!(
            other
                .inventory()
                .lookup_field::<u8>("Sword", "Damage")
                .unwrap(),
            12
        );
    }

    #[test]
    fn p1_v7_what_is_not_there_or_no_parcel_is_refused_and_nothing_changes() {
        let document = sword().with_rules(DocumentRules::default().with_negative_values(true));
        for parcel in [
            Parcel::new(),
            Parcel::new().item("Sword", 3),
            Parcel::new().item("Sword", 0),
            Parcel::new().item("Shield", 1),
            Parcel::new().item("Sword", 1).item("Sword", 1),
            Parcel::new().amount("Currency", 501),
            Parcel::new().amount("Currency", 0),
            Parcel::new().amount("Currency", -5),
            Parcel::new().amount("Curency", 1),
            Parcel::new().amount("EquippedItems", 1),
            Parcel::new().item("Sword", 1).amount("Level", 2),
        ] {
            let mut copy = document.clone();
            assert!(
                copy.take_parcel(&parcel).is_err(),
                "{}",
                Value::from(parcel)
            );
            assert!(copy == document);
        }
        for json in [
            json!(7),
            json!({}),
            json!({"Gold": 1}),
            json!({"Amounts": {"a": "1"}}),
        ] {
            assert!(Parcel::from_json(&json).is_err(), "{json}");
        }
    }

    #[test]
    fn p5_a_gift_is_claimed_within_the_limits_and_stays_if_there_is_no_room() {
        let limits = InventoryLimits::default().with_max_quantity(6);
        let rules = DocumentRules::default().with_inventory(limits);
        let mut document = Document::standard().with_rules(rules);
        let gift = Parcel::new().item("Bread", 1).amount("Currency", 5);
        document.keep_parcel("g-1", gift.clone());
        document.keep_parcel("g-1", gift.clone());
        document.gift_bank_mut().put("note", "hello").unwrap();
        assert_eq!(document.claim_gift("g-1").unwrap(), gift);
        assert_eq!(document.get::<u64>("Currency").unwrap(), 505);
        let before = document.clone();
        for id in ["g-1", "g-1'", "note"] {
            assert!(document.claim_gift(id).is_err());
        }
        assert!(document == before);
        document.inventory_mut().remove("Bread", 6).unwrap();
        document.claim_gift("g-1'").unwrap();
        assert_eq!(document.gift_bank().len(), 1);
    }
}
