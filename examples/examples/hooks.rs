//! Code of the game's that the library calls: when a document was loaded, when
//! it is about to be saved, and when a session ends.
//!
//! ```sh
//! cargo run --example hooks
//! ```

use std::{error::Error, time::Duration};

use playerdata::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Default, Serialize, Deserialize)]
struct Profile {
    visits: u64,
    potions: u64,
    /// Kept for support, who look at the stored document.
    summary: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut settings = Settings::default();
    // A visit alone is not worth a save; each save that there is has it.
    settings.skip_keys = vec!["visits".to_owned()];
    let builder = playerdata::typed("memory:", |_| Profile::default()).await?;
    let manager = builder
        .settings(settings)
        .on_load(|_, profile| profile.visits += 1)
        .before_save(|_, profile| {
            let Profile {
                visits, potions, ..
            } = profile;
            profile.summary = format!("visit {visits}, {potions} potions");
        })
        .before_last_save(|context, why, profile| {
            // A potion does not keep until the next visit.
            profile.potions = profile.potions.saturating_sub(1);
            println!("player {} leaves: {why:?}", context.player);
        })
        .start()
        .await?;
    for _ in 0..2 {
        let session = manager.start_session(4711_u64).await?;
        let slot = session.load_slot("Slot1").await?;
        slot.modify(|profile| profile.potions += 2)?;
        slot.save().await?;
        slot.read(|profile| println!("{}", profile.summary));
        session.end().await?;
    }
    manager.shutdown(Duration::from_secs(10)).await;
    Ok(())
}
