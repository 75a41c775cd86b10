//! What has been asked for, to be asked for again: receipts, letters,
//! transfers and trades.

use fastrand::Rng;
use parking_lot::Mutex;
use playerdata_core::{PlayerId, SlotName};

use crate::holdings;

/// A slot, by its player and its name.
pub(crate) type Place = (PlayerId, SlotName);

/// Hands out names for what is to happen once, old ones among them.
#[derive(Debug, Default)]
pub(crate) struct Shop {
    orders: Mutex<Vec<Order>>,
}

#[derive(Clone, Debug)]
struct Order {
    name: String,
    place: Place,
    /// Somebody was told that it is done.
    is_done: bool,
}

impl Shop {
    /// A receipt of one slot's, and what it is for.
    pub(crate) fn receipt(&self, place: &Place, rng: &mut Rng) -> (String, i64) {
        let name = self.name(holdings::RECEIPT, place, rng);
        let number = name.bytes().map(i64::from).sum::<i64>();
        (name, 1 + number % 50) // the same whenever it is asked for
    }

    /// A name for something that happens at one slot, or to it.
    pub(crate) fn name(&self, kind: &str, place: &Place, rng: &mut Rng) -> String {
        let mut orders = self.orders.lock();
        let known = orders.iter().filter(|order| order.is(kind, place));
        let known: Vec<_> = known.map(|order| order.name.clone()).collect();
        if !known.is_empty() && rng.u8(0..3) == 0 {
            return known[rng.usize(0..known.len())].clone();
        }
        let name = format!("{kind}{}", orders.len() + 1);
        orders.push(Order {
            name: name.clone(),
            place: place.clone(),
            is_done: false,
        });
        name
    }

    pub(crate) fn is_done(&self, name: &str) {
        let mut orders = self.orders.lock();
        if let Some(order) = orders.iter_mut().find(|order| order.name == name) {
            order.is_done = true;
        }
    }

    /// The receipts of which somebody was told that they are granted.
    pub(crate) fn granted(&self) -> Vec<(Place, String)> {
        let orders = self.orders.lock();
        let granted = orders
            .iter()
            .filter(|order| order.is_done && order.name.starts_with(holdings::RECEIPT));
        granted
            .map(|order| (order.place.clone(), order.name.clone()))
            .collect()
    }
}

impl Order {
    fn is(&self, kind: &str, place: &Place) -> bool {
        self.name.starts_with(kind) && self.place == *place
    }
}
