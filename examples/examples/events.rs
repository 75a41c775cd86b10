//! The events of a manager: two servers want one player, and one of them has to
//! send the player away.
//!
//! ```sh
//! cargo run --example events
//! ```

use std::{error::Error, sync::Arc, time::Duration};

use playerdata::{SessionEnd, backend::Backend, memory::MemoryBackend, prelude::*};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Two servers on one store. They would be two processes.
    let store: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
    let old = start(&store, "old").await?;
    let new = start(&store, "new").await?;

    // All that happens to all players, for a log or a dashboard.
    let mut events = old.events();
    let watching = tokio::spawn(async move {
        while let Some(event) = events.next().await {
            match event {
                Event::HandOverRequested { player, by, .. } => {
                    println!("server {} asks for player {player}", by.name);
                }
                Event::SlotSaved { slot, reason, .. } => println!("saved {slot}: {reason:?}"),
                Event::SessionEnded { player, reason, .. } => {
                    println!("player {player} is free: {reason:?}");
                }
                Event::SessionLost { player, .. } => println!("player {player} is lost"),
                // There are more kinds, and there will be.
                _ => {}
            }
        }
    });

    // A player's own task waits for the end of its session: nothing is missed.
    let session = old.start_session(4711_u64).await?;
    let slot = session.load_slot("Slot1").await?;
    slot.increment("Currency", 200)?;
    let over = tokio::spawn(session.ended());

    // Asked for politely, the old server saves and lets go.
    let session = new.start_session(4711_u64).await?;
    match over.await? {
        SessionEnd::Ended(reason) => println!("kick the player: {reason:?}"),
        SessionEnd::Lost { .. } => println!("kick the player: lost"),
        _ => println!("kick the player"),
    }
    let coins: u64 = session.load_slot("Slot1").await?.get("Currency")?;
    println!("{coins} coins are on the new server");

    for manager in [new, old] {
        manager.shutdown(Duration::from_secs(10)).await;
    }
    watching.await?;
    Ok(())
}

async fn start(store: &Arc<dyn Backend>, name: &str) -> Result<SessionManager, Box<dyn Error>> {
    let mut settings = Settings::default();
    settings.heartbeat_interval = Duration::from_millis(100); // to be quick here
    let builder = SessionManager::builder(Arc::clone(store)).settings(settings);
    Ok(builder.server_name(ServerName::new(name)?).start().await?)
}
