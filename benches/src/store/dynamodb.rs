//! A DynamoDB table of a measurement's own.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use playerdata_core::{IdSource as _, RandomIds, backend::Backend};
use playerdata_dynamodb::{DynamoDbBackend, DynamoDbOptions};
use playerdata_dynamodb_emulator::{Endpoint, Meter};

/// An empty table: in an emulator, unless the environment names an endpoint.
#[derive(Debug)]
pub struct DynamoDb {
    endpoint: Endpoint,
    table: String,
    meter: Meter,
}

impl DynamoDb {
    /// Makes the table.
    ///
    /// # Panics
    ///
    /// If that fails.
    pub async fn create() -> Self {
        let store = Self {
            endpoint: Endpoint::open(),
            table: format!("playerdata-bench-{}", RandomIds.next_id()),
            meter: Meter::default(),
        };
        let created = store.open().create_table().await;
        created.expect("a table can be made");
        store
    }

    fn open(&self) -> DynamoDbBackend {
        let options = DynamoDbOptions::new(&self.table);
        DynamoDbBackend::new(&self.client(), options).expect("the options are the usual ones")
    }

    /// A backend on it, with a client of its own.
    #[must_use]
    pub fn backend(&self) -> Arc<dyn Backend> {
        Arc::new(self.open())
    }

    /// A client of the SDK, as the backend's is.
    #[must_use]
    pub fn client(&self) -> Client {
        let config = self.endpoint.config().interceptor(self.meter.clone());
        Client::from_conf(config.build())
    }

    /// What all these clients were charged.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The table's name.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Where it is: in words.
    #[must_use]
    pub fn place(&self) -> &str {
        if self.endpoint.is_emulated() {
            "an emulator in this process"
        } else {
            self.endpoint.url()
        }
    }

    /// Removes the table, if it would outlive this process.
    ///
    /// # Panics
    ///
    /// If that fails.
    pub async fn remove(self) {
        if !self.endpoint.is_emulated() {
            let deleting = self.client().delete_table().table_name(&self.table).send();
            deleting.await.expect("the table can be removed");
        }
    }
}
