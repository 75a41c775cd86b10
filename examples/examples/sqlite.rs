//! SQLite with your own options: several servers of one machine on one
//! file, which gives up the last seconds at a power cut for faster saves.
//!
//! ```sh
//! cargo run --example sqlite
//! ```

use std::{error::Error, sync::Arc, time::Duration};

use playerdata::{
    prelude::*,
    sqlite::{Durability, SqliteOptions},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = SqliteOptions::new("players.db").durability(Durability::Normal);
    // It waits for the disk, so not on a thread of the runtime.
    let file = tokio::task::spawn_blocking(|| options.open()).await??;
    let manager = SessionManager::builder(Arc::new(file.clone()))
        .start()
        .await?;

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
    file.close().await;
    Ok(())
}
