//! What the simulated players' documents hold.

use playerdata_core::{Document, DocumentError, Migrations};
use serde_json::{Map, Value, json};

use crate::ledger::Goods;

/// The sum of `Currency` and `Bank` in every document, always.
const COINS: i64 = 500;
/// The sum of `Bread` and `Toast`.
const ITEMS: u64 = 10;

/// An amount that players buy, send and trade.
pub(crate) const GOLD: &str = "Gold";
/// An item that they do.
pub(crate) const GEM: &str = "Gem";
/// What the keys of purchases begin with, and the items that are bought.
pub(crate) const RECEIPT: &str = "receipt-";
/// What the ids of letters begin with, and the items that are in them.
pub(crate) const LETTER: &str = "letter-";
/// How much gold, and how many gems, a new player has.
const NEW_GOLD: i64 = 100;
const NEW_GEMS: i64 = 5;

/// Whether it is counted across all documents, and not within each.
pub(crate) fn is_counted(name: &str) -> bool {
    name == GOLD || name == GEM || name.starts_with(RECEIPT) || name.starts_with(LETTER)
}

/// What of that a new player has.
pub(crate) fn new_goods() -> Goods {
    let mut goods = Goods::default();
    goods.add(GOLD, NEW_GOLD.into());
    goods.add(GEM, NEW_GEMS.into());
    goods
}

/// The schema that the simulated game writes.
pub(crate) const SCHEMA: u32 = 2;

/// The part of a document that the simulation looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) currency: i64,
    pub(crate) bank: i64,
    pub(crate) bread: u64,
    pub(crate) toast: u64,
}

impl Holdings {
    pub(crate) const NEW: Self = Self {
        currency: COINS,
        bank: 0,
        bread: ITEMS,
        toast: 0,
    };

    pub(crate) fn add_up(self) -> bool {
        self.currency + self.bank == COINS && self.bread + self.toast == ITEMS
    }

    pub(crate) fn of(document: &Document) -> Result<Self, DocumentError> {
        Ok(Self {
            currency: document.get("Currency")?,
            bank: document.get("Bank")?,
            bread: document.inventory().count("Bread"),
            toast: document.inventory().count("Toast"),
        })
    }
}

/// Which change a document is at: changes are numbered through a whole run,
/// and 0 is a new player's.
pub(crate) fn change_of(document: &Document) -> Result<u64, DocumentError> {
    document.get("Change")
}

pub(crate) fn default_data() -> Map<String, Value> {
    let data = json!({
        "Currency": COINS,
        "Bank": 0,
        "Change": 0,
        "Gold": NEW_GOLD,
        "Inventory": [
            {"Name": "Bread", "ItemType": "Food", "Quantity": ITEMS},
            {"Name": "Gem", "ItemType": "Stone", "Quantity": NEW_GEMS},
        ],
        "GiftBank": {},
    });
    match data {
        Value::Object(data) => data,
        _ => Map::new(),
    }
}

/// A document of schema 1, as an earlier version of the game wrote it.
pub(crate) fn of_schema_1() -> Value {
    let mut data = default_data();
    data.remove("Bank");
    Value::Object(data)
}

/// The game got a bank in schema 2.
pub(crate) fn migrations() -> Migrations {
    Migrations::builder(SCHEMA)
        .step(1, |document| {
            document["Bank"] = json!(0);
            Ok::<_, std::convert::Infallible>(())
        })
        .build()
        .expect("there is a step for each version")
}

/// Moves coins and items about within the document.
pub(crate) fn shuffle(
    document: &mut Document,
    change: u64,
    rng: &mut fastrand::Rng,
) -> Result<(), DocumentError> {
    let coins = rng.i64(1..=50);
    let (from, to) = if rng.bool() {
        ("Currency", "Bank")
    } else {
        ("Bank", "Currency")
    };
    if document.at_least(from, coins) {
        document.decrement(from, coins)?;
        document.increment(to, coins)?;
    }
    let (from, to) = if rng.bool() {
        ("Bread", "Toast")
    } else {
        ("Toast", "Bread")
    };
    if document.has_item(from, 1) {
        document.inventory_mut().remove(from, 1)?;
        document.inventory_mut().add(to, 1)?;
    }
    document.set("Change", change)
}
