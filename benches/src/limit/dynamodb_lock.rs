//! The least that a lock can be on DynamoDB: an item that is put, and deleted.

use aws_sdk_dynamodb::{Client, types::AttributeValue};

use crate::{shares::work_in_shares, store::dynamodb::DynamoDb, timing::nanos_each};

/// Who takes all the locks.
const HOLDER: &str = "00000000-0000-4000-8000-000000000000";

/// A lock for each of this many players.
#[derive(Debug)]
pub struct Locks {
    client: Client,
    table: String,
    players: u64,
}

impl Locks {
    /// In the table of a backend, under keys that the backend has not.
    #[must_use]
    pub fn new(store: &DynamoDb, players: u64) -> Self {
        Self {
            client: store.client(),
            table: store.table().to_owned(),
            players,
        }
    }

    /// Puts and deletes each `rounds` times, `in_flight` at once. Returns
    /// nanoseconds a lock.
    ///
    /// # Panics
    ///
    /// If an item can't be written.
    pub async fn lock_all(&self, rounds: u64, in_flight: usize) -> f64 {
        let players = (0..self.players).collect();
        let locking = work_in_shares(players, in_flight, |share, _| {
            let (client, table) = (self.client.clone(), self.table.clone());
            async move {
                for _ in 0..rounds {
                    for player in &share {
                        put_and_delete(&client, &table, &format!("by hand {player}")).await;
                    }
                }
                share
            }
        });
        let (took, _) = locking.await;
        nanos_each(took, self.players * rounds)
    }
}

async fn put_and_delete(client: &Client, table: &str, name: &str) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = client.put_item().table_name(table);
    let put = put.item("pk", text(name)).item("sk", text("lock"));
    let put = put.item("session", text(HOLDER)).send().await;
    put.expect("the item can be put");
    let delete = client.delete_item().table_name(table);
    let delete = delete.key("pk", text(name)).key("sk", text("lock"));
    delete.send().await.expect("the item can be deleted");
}
