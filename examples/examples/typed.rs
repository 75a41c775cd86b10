//! A game's own struct as the document, through two releases of the game: the
//! second has other fields, a migration that fills them, and hooks.
//!
//! ```sh
//! cargo run --example typed
//! ```

use std::{convert::Infallible, error::Error, sync::Arc, time::Duration};

use playerdata_core::{Inventory, Migrations, PlayerId, SessionManager, Settings};
use playerdata_memory::MemoryBackend;
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

/// The second has silver, and counts visits.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Profile {
    purse: Purse,
    items: Inventory,
    visits: u64,
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
    document["visits"] = json!(0);
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

    // Changes of one's own type are plain Rust.
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
    let mut settings = Settings::default();
    // A visit alone is not worth a save; each save that there is has it.
    settings.skip_keys = vec!["visits".to_owned()];
    let migrations = Migrations::builder(2).step(1, gold_to_purse).build()?;
    let manager = SessionManager::typed(Arc::new(backend.clone()), |_| Profile::default())
        .settings(settings)
        .migrations(migrations)
        .on_load(|_, profile| profile.visits += 1)
        .before_last_save(|_, _, profile| {
            // A potion does not keep until the next visit.
            profile.items.remove_up_to("Potion", 1);
        })
        .start()
        .await?;
    for _ in 0..2 {
        let session = manager.start_session(PLAYER).await?;
        let slot = session.load_slot("Slot1").await?;
        slot.read(tell);
        slot.modify(|profile| profile.purse.gold += 2)?;
        session.end().await?;
    }
    manager.shutdown(Duration::from_secs(10)).await;
    Ok(())
}

fn tell(profile: &Profile) {
    let (Purse { gold, silver }, visits) = (profile.purse, profile.visits);
    let potions = profile.items.count("Potion");
    println!("release 2: {gold} gold and {silver} silver, {potions} potions, visit {visits}");
}
