//! Redis or Valkey with options of its own. The address names one server, a
//! node of a Cluster, or Sentinels.
//!
//! ```sh
//! cargo run --features redis --example redis redis://127.0.0.1:6379
//! ```

use std::{env, error::Error, sync::Arc, time::Duration};

use playerdata::{
    prelude::*,
    redis::{RedisOptions, RedisUrl},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1);
    let url: RedisUrl = address.as_deref().unwrap_or("redis://127.0.0.1").parse()?;
    let mut options = RedisOptions::default();
    options.namespace = "mygame".to_owned();
    options.operation_timeout = Duration::from_secs(2);
    let store = url.connect(options).await?;
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
