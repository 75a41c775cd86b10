//! A game's own struct as the document, through two releases of the game: the
//! second has other fields, and a migration that fills them.
//!
//! ```sh
//! cargo run --example typed
//! ```

use std::{convert::Infallible, error::Error, sync::Arc, time::Duration};

use playerdata::{memory::MemoryBackend, prelude::*};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const PLAYER: u64 = 4711;

/// What the first release knew of a player.
mod release_1 {
    use super::{Deserialize, Inventory, Serialize};

    #[derive(Clone, Default, Serialize, Deserialize)]
    pub(super) struct Profile {
        pub(super) gold: u64,
        pub(super) items: Inventory,
    }
}

/// The second has silver.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Profile {
    purse: Purse,
    items: Inventory,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Purse {
    gold: u64,
    silver: u64,
}

/// What was one gold is one silver now.
fn gold_to_purse(document: &mut Value) -> Result<(), Infallible> {
    let old = document["gold"].as_u64().unwrap_or_default();
    document["purse"] = json!(Purse {
        gold: old / 100,
        silver: old % 100
    });
    if let Some(fields) = document.as_object_mut() {
        fields.remove("gold");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // In memory, so that every run tells the same story.
    let backend = MemoryBackend::new();
    play_release_1(&backend).await?;
    play_release_2(&backend).await?;
    Ok(())
}

async fn play_release_1(backend: &MemoryBackend) -> Result<(), Box<dyn Error>> {
    let defaults = |_: &PlayerId| release_1::Profile::default();
    let manager = SessionManager::typed(Arc::new(backend.clone()), defaults)
        .start()
        .await?;
    let session = manager.start_session(PLAYER).await?;
    let slot = session.load_slot("Slot1").await?;

    // Changes of your own type are plain Rust.
    slot.modify(|profile| profile.gold += 120)?;
    slot.try_modify(|profile| -> Result<_, Box<dyn Error>> {
        Ok(profile.items.add("Potion", 2)?)
    })?;
    slot.read(|profile| {
        let potions = profile.items.count("Potion");
        println!("release 1: {} gold, {potions} potions", profile.gold);
    });
    manager.shutdown(Duration::from_secs(10)).await;
    Ok(())
}

async fn play_release_2(backend: &MemoryBackend) -> Result<(), Box<dyn Error>> {
    let migrations = Migrations::builder(2).step(1, gold_to_purse).build()?;
    let manager = SessionManager::typed(Arc::new(backend.clone()), |_| Profile::default())
        .migrations(migrations)
        .start()
        .await?;
    let session = manager.start_session(PLAYER).await?;
    let slot = session.load_slot("Slot1").await?;
    slot.read(|profile| {
        let Purse { gold, silver } = profile.purse;
        let potions = profile.items.count("Potion");
        println!("release 2: {gold} gold and {silver} silver, {potions} potions");
    });
    manager.shutdown(Duration::from_secs(10)).await;
    Ok(())
}
