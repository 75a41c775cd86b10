//! DynamoDB, or an emulator of it, with your own options.
//!
//! ```sh
//! cargo run -p playerdata-dynamodb --example emulator   # in another terminal
//! cargo run --features dynamodb --example dynamodb \
//!     'dynamodb://players?endpoint=http://127.0.0.1:8000'
//! ```

use std::{env, error::Error, sync::Arc, time::Duration};

use playerdata::{dynamodb::DynamoDbUrl, prelude::*};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1);
    let url: DynamoDbUrl = address.as_deref().unwrap_or("dynamodb://players").parse()?;
    let options = url.options().max_clock_skew(Duration::from_secs(2));
    let store = url.connect_with(options).await?;
    // A game in production has its table made by whoever owns the account.
    if url.is_local() {
        store.create_table().await?;
    }
    let manager = SessionManager::builder(Arc::new(store)).start().await?;

    let session = manager.start_session(4711_u64).await?;
    let slot = session.load_slot("Slot1").await?;
    slot.increment("Level", 1)?;
    let saved = slot.save().await?;
    println!(
        "level {} at revision {}",
        slot.get::<u64>("Level")?,
        saved.revision()
    );

    manager.shutdown(Duration::from_secs(10)).await;
    Ok(())
}
