//! How much of everything there is, in documents and on its way.

use std::{collections::BTreeMap, fmt, io::Read as _};

use playerdata_core::{
    LetterId, PlayerId, SlotName, TradeId, WriteId,
    backend::{Body, Encoding, Party},
};
use serde::Deserialize;
use serde_json::Value;

use super::lineage::Content;
use crate::holdings::{self, Holdings};

/// Names of items and attributes, and how much of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Goods(BTreeMap<String, i128>);

impl Goods {
    pub(crate) fn add(&mut self, name: &str, amount: i128) {
        let sum = self.0.entry(name.to_owned()).or_default();
        *sum += amount;
        if *sum == 0 {
            self.0.remove(name);
        }
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            self.add(name, *amount);
        }
    }

    /// The items whose names begin like this.
    pub(super) fn beginning_with(&self, kind: &str) -> impl Iterator<Item = (&str, i128)> {
        let all = self.0.iter().map(|(name, amount)| (&**name, *amount));
        all.filter(move |(name, _)| name.starts_with(kind))
    }

    /// What is in a parcel.
    pub(super) fn of_parcel(parcel: &Value) -> Self {
        let mut goods = Self::default();
        goods.add_items(&parcel["Items"]);
        for (name, amount) in parcel["Amounts"].as_object().into_iter().flatten() {
            goods.add_if_counted(name, amount);
        }
        goods
    }

    /// What a document has, its gift bank included.
    fn of_document(document: &Value) -> Self {
        let mut goods = Self::default();
        goods.add_items(&document["Inventory"]);
        for (name, amount) in document.as_object().into_iter().flatten() {
            goods.add_if_counted(name, amount);
        }
        for gift in document["GiftBank"].as_object().into_iter().flatten() {
            goods.add_all(&Self::of_parcel(gift.1));
        }
        goods
    }

    fn add_items(&mut self, items: &Value) {
        for item in items.as_array().into_iter().flatten() {
            if let Some(name) = item["Name"].as_str() {
                self.add_if_counted(name, &item["Quantity"]);
            }
        }
    }

    fn add_if_counted(&mut self, name: &str, amount: &Value) {
        if let Some(amount) = amount.as_i64().filter(|_| holdings::is_counted(name)) {
            self.add(name, amount.into());
        }
    }
}

impl fmt::Display for Goods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (name, amount) in &self.0 {
            write!(f, "{comma}{amount} {name}")?;
            comma = ", ";
        }
        Ok(())
    }
}

/// A stored document and what the library keeps beside it. It is read here
/// without the library, whose word is not taken for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Estate {
    pub(super) document: Value,
    pub(super) goods: Goods,
    pub(super) beside: Beside,
}

impl Estate {
    pub(super) fn of(body: &Body) -> Option<Self> {
        let text = match body.encoding {
            Encoding::JsonZstd => {
                let mut text = Vec::new();
                let mut decoder = zstd::stream::read::Decoder::new(&*body.bytes).ok()?;
                decoder.read_to_end(&mut text).ok()?;
                text
            }
            _ => body.bytes.to_vec(),
        };
        let mut document: Value = serde_json::from_slice(&text).ok()?;
        let beside = document.as_object_mut()?.remove("$playerdata");
        let beside = match beside {
            Some(beside) => serde_json::from_value(beside).ok()?,
            None => Beside::default(),
        };
        Some(Self {
            goods: Goods::of_document(&document),
            document,
            beside,
        })
    }
}

impl Estate {
    /// What is checked in every document.
    pub(super) fn content(&self) -> Option<Content> {
        let attribute = |name: &str| self.document[name].as_i64();
        let items = self.document["Inventory"].as_array()?;
        let count = |name: &str| {
            let item = items.iter().find(|item| item["Name"] == name);
            item.map_or(Some(0), |item| item["Quantity"].as_u64())
        };
        Some(Content {
            change: self.document["Change"].as_u64()?,
            holdings: Holdings {
                currency: attribute("Currency")?,
                bank: attribute("Bank")?,
                bread: count("Bread")?,
                toast: count("Toast")?,
            },
        })
    }
}

/// The envelope.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Beside {
    pub(super) keys: BTreeMap<String, u64>,
    pub(super) letters: BTreeMap<LetterId, WriteId>,
    pub(super) outbox: Vec<Outgoing>,
    pub(super) settling: Vec<Address>,
    pub(super) escrow: Vec<Escrow>,
    pub(super) acted: Vec<Side>,
}

impl Beside {
    /// Whether nothing is on its way, and nothing to be done.
    pub(super) fn is_at_rest(&self) -> bool {
        let keys = self.keys.clone();
        *self
            == Self {
                keys,
                ..Self::default()
            }
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Outgoing {
    pub(super) to: Address,
    pub(super) parcel: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Address {
    pub(super) player: PlayerId,
    pub(super) slot: SlotName,
    pub(super) id: LetterId,
    pub(super) posting: WriteId,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Escrow {
    pub(super) side: Side,
    pub(super) put: Value,
    pub(super) get: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Side {
    pub(super) trade: TradeId,
    pub(super) first: bool,
}

impl Side {
    pub(super) fn of(trade: TradeId, party: Party) -> Self {
        let first = party == Party::First;
        Self { trade, first }
    }

    pub(super) fn other(self) -> Self {
        let first = !self.first;
        Self { first, ..self }
    }
}
