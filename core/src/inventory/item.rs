//! One item: a name, a type, a quantity and any further fields.

use std::sync;

use serde::Serialize;
use smol_str::SmolStr;
use triomphe::Arc;

use super::InventoryError;
use crate::{
    excerpt::excerpt,
    value::{Part, Table, Value, ValueRef, names, storable},
};

/// The type of an item that was given none.
pub const DEFAULT_ITEM_TYPE: &str = "Object";

/// The three fields that every item has, as they are named in JSON.
#[derive(Clone, Copy)]
pub(super) enum FixedField {
    Name,
    ItemType,
    Quantity,
}

impl FixedField {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::ItemType => "ItemType",
            Self::Quantity => "Quantity",
        }
    }

    pub(super) fn from_name(field: &str) -> Option<Self> {
        [Self::Name, Self::ItemType, Self::Quantity]
            .into_iter()
            .find(|fixed| fixed.as_str() == field)
    }
}

/// One item of an [`Inventory`](super::Inventory).
///
/// As JSON it is `{"Name": …, "ItemType": …, "Quantity": …}`, and any further
/// fields after these.
///
/// ```
/// use playerdata_core::{Inventory, ItemDetails};
///
/// let mut inventory = Inventory::new();
/// let details = ItemDetails::of_type("Weapon").with("Damage", 12)?;
/// inventory.add_with("Sword", 1, &details)?;
/// let sword = inventory.lookup("Sword")?;
/// assert_eq!((sword.item_type(), sword.quantity()), ("Weapon", 1));
/// # Ok::<(), playerdata_core::InventoryError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub(super) name: SmolStr,
    pub(super) item_type: ItemType,
    pub(super) quantity: u64,
    pub(super) fields: Fields,
}

impl Item {
    /// Its name, unique in its inventory.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its type; [`DEFAULT_ITEM_TYPE`] unless it was given another.
    #[must_use]
    pub fn item_type(&self) -> &str {
        self.item_type.as_str()
    }

    /// How many there are: 1 or more.
    #[must_use]
    pub fn quantity(&self) -> u64 {
        self.quantity
    }

    /// Its further fields, in the order in which they were added.
    pub fn further_fields(&self) -> impl Iterator<Item = (&str, ValueRef<'_>)> {
        self.fields
            .iter()
            .map(|(field, value)| (field, value.view()))
    }

    /// Any of its fields by the name that it has in JSON.
    #[must_use]
    pub fn field(&self, field: &str) -> Option<ValueRef<'_>> {
        Some(match FixedField::from_name(field) {
            Some(FixedField::Name) => ValueRef(Part::Text(self.name())),
            Some(FixedField::ItemType) => ValueRef(Part::Text(self.item_type())),
            Some(FixedField::Quantity) => ValueRef(Part::Unsigned(self.quantity)),
            None => self.fields.get(field)?.view(),
        })
    }
}

/// An item's type. The default, which most items have, takes no memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ItemType(Option<sync::Arc<str>>);

impl ItemType {
    pub(super) fn new(item_type: &str) -> Self {
        Self((item_type != DEFAULT_ITEM_TYPE).then(|| names::shared(item_type)))
    }

    pub(super) fn is_default(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or(DEFAULT_ITEM_TYPE)
    }
}

/// An item's further fields. None, which most items have, take no memory; so
/// the table, once there, is never empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fields(Option<Arc<Table>>);

impl Fields {
    pub(super) fn new(fields: Table) -> Self {
        Self((!fields.is_empty()).then(|| Arc::new(fields)))
    }

    pub(super) fn table(&self) -> Option<&Table> {
        self.0.as_deref()
    }

    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |fields| fields.len())
    }

    pub(super) fn get(&self, field: &str) -> Option<&Value> {
        self.0.as_ref()?.get(field)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().flat_map(|fields| fields.iter())
    }

    pub(super) fn insert(&mut self, field: &str, value: Value) {
        Arc::make_mut(self.0.get_or_insert_default()).insert(field, value);
    }
}

/// What to give a new item beside its name and quantity.
///
/// ```
/// use playerdata_core::{Inventory, ItemDetails};
///
/// let mut inventory = Inventory::new();
/// let details = ItemDetails::of_type("Weapon").with("Damage", 12)?;
/// inventory.add_with("Sword", 1, &details)?;
/// assert_eq!(inventory.lookup("Sword")?.item_type(), "Weapon");
/// # Ok::<(), playerdata_core::InventoryError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemDetails {
    pub(super) item_type: Option<ItemType>,
    pub(super) fields: Fields,
}

impl ItemDetails {
    /// No type said, which makes it [`DEFAULT_ITEM_TYPE`], and no further
    /// fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A type, and no further fields.
    #[must_use]
    pub fn of_type(item_type: &str) -> Self {
        Self {
            item_type: Some(ItemType::new(item_type)),
            fields: Fields::default(),
        }
    }

    /// These details, with one more further field.
    ///
    /// # Errors
    ///
    /// [`InventoryError::FixedField`] for `Name`, `ItemType` and `Quantity`;
    /// [`InventoryError::NotStorable`] for a value that JSON can't hold.
    pub fn with(mut self, field: &str, value: impl Serialize) -> Result<Self, InventoryError> {
        if let Some(fixed) = FixedField::from_name(field) {
            return Err(InventoryError::FixedField {
                field: fixed.as_str(),
            });
        }
        let value = storable(&value).map_err(|source| InventoryError::NotStorable {
            field: excerpt(field),
            source,
        })?;
        self.fields.insert(field, value);
        Ok(self)
    }

    /// The first field in which `item` is not what these details ask for.
    pub(super) fn check_against(&self, item: &Item) -> Result<(), InventoryError> {
        let differs = |field: &str, stored: Option<ValueRef<'_>>, given: ValueRef<'_>| {
            Err(InventoryError::Differs {
                item: excerpt(item.name()),
                field: excerpt(field),
                stored: stored.map_or_else(|| "nothing".to_owned(), json),
                given: json(given),
            })
        };
        if let Some(item_type) = &self.item_type
            && *item_type != item.item_type
        {
            let field = FixedField::ItemType.as_str();
            let given = ValueRef(Part::Text(item_type.as_str()));
            return differs(field, item.field(field), given);
        }
        let Some(fields) = self.fields.table() else {
            return Ok(());
        };
        for (field, given) in fields.iter() {
            let stored = item.fields.get(field);
            if stored != Some(given) {
                return differs(field, stored.map(Value::view), given.view());
            }
        }
        Ok(())
    }
}

/// A value as JSON, cut for an error.
pub(super) fn json(value: ValueRef<'_>) -> String {
    excerpt(&value.to_string())
}

/// A value as a quantity, if it is one: whole, positive, and exact. So a
/// float is one only up to 2⁵³, above which it may have been rounded.
pub(super) fn quantity(value: ValueRef<'_>) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = value.as_u64().or_else(|| {
        let float = value.as_f64()?;
        (float.fract() == 0.0 && (1.0..=EXACT).contains(&float)).then_some(float as u64)
    });
    whole.filter(|&quantity| quantity > 0)
}
