//! The program of the README: a player's session, from joining to leaving.

use std::{error::Error, sync::Arc, time::Duration};

use playerdata_core::SessionManager;
use playerdata_sqlite::SqliteBackend;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Once per process.
    let backend = Arc::new(SqliteBackend::open("playerdata.db")?);
    let manager = SessionManager::builder(backend).start().await?;

    // When a player joins: the lock, and the document (defaults for a new one).
    let session = manager.start_session(4711_u64).await?;
    let slot = session.load_slot("Slot1").await?;

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
