//! DynamoDB without anything around it: an unconditional `PutItem` of the same
//! items, through the client that the backend uses.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ReturnConsumedCapacity},
};

use crate::{shares::work_in_shares, store::dynamodb::DynamoDb, timing::nanos_each};

/// An item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// The names of the key attributes.
const KEYS: [&str; 2] = ["pk", "sk"];

/// The items of the slots that a backend has written, under other keys of the
/// same lengths: what is put here must not undo what the backend saves.
#[derive(Debug)]
pub struct Items {
    client: Client,
    table: String,
    items: Vec<Item>,
}

impl Items {
    /// Reads what the table has.
    ///
    /// # Panics
    ///
    /// If the table can't be read.
    pub async fn of(store: &DynamoDb) -> Self {
        let client = store.client();
        let mut pages = client
            .scan()
            .table_name(store.table())
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            let mut item = item.expect("the table can be read");
            if item.contains_key("body") {
                let beside = key_beside(&item[KEYS[0]]);
                item.insert(KEYS[0].to_owned(), beside);
                items.push(item);
            }
        }
        Self {
            table: store.table().to_owned(),
            client,
            items,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Puts each of them once. Returns the write units charged.
    ///
    /// # Panics
    ///
    /// If one can't be put.
    pub async fn charge_for_all(&self) -> f64 {
        let mut units = 0.0;
        for item in &self.items {
            units += put(&self.client, &self.table, item.clone()).await;
        }
        units
    }

    /// Puts each of them `rounds` times, `in_flight` at once. Returns
    /// nanoseconds a put.
    ///
    /// # Panics
    ///
    /// If one can't be put.
    pub async fn put_all(&self, rounds: u64, in_flight: usize) -> f64 {
        let putting = work_in_shares(self.items.clone(), in_flight, |share, _| {
            let (client, table) = (self.client.clone(), self.table.clone());
            async move {
                for _ in 0..rounds {
                    for item in &share {
                        put(&client, &table, item.clone()).await;
                    }
                }
                share
            }
        });
        let (took, _) = putting.await;
        nanos_each(took, self.items.len() as u64 * rounds)
    }

    /// Gets each of them `rounds` times, `in_flight` at once. Returns
    /// nanoseconds a reading.
    ///
    /// # Panics
    ///
    /// If one is not there.
    pub async fn get_all(&self, rounds: u64, in_flight: usize) -> f64 {
        let keys = self.items.iter().map(|item| {
            let key = KEYS.map(|name| (name.to_owned(), item[name].clone()));
            Item::from(key)
        });
        let getting = work_in_shares(keys.collect(), in_flight, |share: Vec<Item>, _| {
            let (client, table) = (self.client.clone(), self.table.clone());
            async move {
                for _ in 0..rounds {
                    for key in &share {
                        get(&client, &table, key.clone()).await;
                    }
                }
                share
            }
        });
        let (took, _) = getting.await;
        nanos_each(took, self.items.len() as u64 * rounds)
    }
}

/// A key that no backend has, as long as this one.
fn key_beside(key: &AttributeValue) -> AttributeValue {
    let key = key.as_s().expect("keys are text");
    let beside = key.replacen(|_| true, "~", 1);
    assert_ne!(&beside, key);
    AttributeValue::S(beside)
}

/// Reads an item as it was last written.
async fn get(client: &Client, table: &str, key: Item) {
    let request = client.get_item().table_name(table).set_key(Some(key));
    let got = request.consistent_read(true).send().await;
    let item = got.expect("the table can be read").item;
    assert!(item.is_some(), "the item was written");
}

/// Puts an item, whatever is there. Returns the write units charged.
async fn put(client: &Client, table: &str, item: Item) -> f64 {
    let request = client
        .put_item()
        .table_name(table)
        .set_item(Some(item))
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    let done = request.send().await.expect("the item can be put");
    let charged = done
        .consumed_capacity
        .and_then(|charged| charged.capacity_units);
    charged.expect("the charge was asked for")
}
