//! The store in memory: for the tests of a game. Its clones are one store, so
//! a test can have several servers, and its clock can be set.
//!
//! ```sh
//! cargo run --example memory
//! ```

use std::{sync::Arc, time::Duration};

use playerdata::{
    ManualClock,
    memory::{MemoryBackend, MemoryOptions},
    prelude::*,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock = Arc::new(ManualClock::default());
    let options = MemoryOptions::default().clock(clock.clone());
    let store = MemoryBackend::with_options(options);

    let crashed = SessionManager::builder(Arc::new(store.clone()))
        .start()
        .await?;
    let session = crashed.start_session(4711_u64).await?;
    session.load_slot("Slot1").await?.save().await?;

    // Its lease is live, so the player is held.
    let other = SessionManager::builder(Arc::new(store)).start().await?;
    let held = other.start_session_with(4711_u64, OnConflict::Fail).await;
    println!("held: {}", matches!(held, Err(Error::PlayerHeld { .. })));

    // A minute later it is not, and the player is free to take.
    clock.advance(Duration::from_secs(61));
    other.start_session_with(4711_u64, OnConflict::Fail).await?;
    println!("taken over");
    Ok(())
}
