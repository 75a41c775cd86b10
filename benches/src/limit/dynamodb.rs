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

/// The items of the slots that a backend has written.
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
            let item = item.expect("the table can be read");
            if item.contains_key("body") {
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
