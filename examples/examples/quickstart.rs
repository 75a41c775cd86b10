//! A player's session, from joining to leaving.
//!
//! ```sh
//! cargo run --example quickstart   # run it twice
//! ```

use std::{error::Error, time::Duration};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Once per process.
    let builder = playerdata::builder("sqlite:players.db").await?;
    let manager = builder.start().await?;

    // When a player joins: the lock, and the document (defaults for a new one).
    let (session, slot) = manager.start_and_load(4711_u64, "Slot1").await?;

    // Game code: synchronous, and saved in the background.
    slot.increment("Currency", 200)?;
    slot.add_item("Bread", 3)?;
    println!("{} coins", slot.get::<u64>("Currency")?);

    // When the player leaves: a last save, and the lock is released.
    if let Err(error) = session.end().await {
        eprintln!("{error}"); // it has the document; the shutdown tries again
    }
    // Before the process ends. What could not be saved is in the report.
    let report = manager.shutdown(Duration::from_secs(10)).await;
    if !report.is_complete() {
        eprintln!("not everything is saved: {report:?}");
    }
    Ok(())
}
