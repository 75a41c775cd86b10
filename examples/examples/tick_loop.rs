//! A game loop on a thread of its own, without a runtime around it, as engines
//! such as Bevy have it. It never waits for the store: players come to it by a
//! channel when they are loaded, and their slots are changed synchronously.
//!
//! ```sh
//! cargo run --example tick_loop
//! ```

use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use playerdata::prelude::*;
use tokio::runtime::Runtime;

const TICK: Duration = Duration::from_millis(16);
const PLAYERS: u64 = 3;
const TICKS_TO_PLAY: u64 = 20;

/// A player in the game. The session lives as long as this does.
struct Player {
    session: Session,
    slot: Slot,
    ticks: u64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The runtime belongs to the network and to the store.
    let runtime = Runtime::new()?;
    let manager = runtime.block_on(async {
        let builder = playerdata::builder("sqlite:players.db").await?;
        Ok::<_, Box<dyn std::error::Error>>(builder.start().await?)
    })?;

    let (arrivals, arriving) = mpsc::channel();
    for player in 0..PLAYERS {
        let (manager, arrivals) = (manager.clone(), arrivals.clone());
        runtime.spawn(async move {
            match join(&manager, player).await {
                // Nobody takes it? Then it is dropped, which ends the session.
                Ok(player) => _ = arrivals.send(player),
                Err(error) => eprintln!("player {player} can't play: {error}"),
            }
        });
    }
    drop(arrivals);

    let game = thread::spawn(move || game_loop(&arriving));
    let played = game.join().map_err(|_| "the game panicked")??;
    runtime.block_on(manager.shutdown(Duration::from_secs(10)));
    println!("{played} players have played");
    Ok(())
}

async fn join(manager: &SessionManager, player: u64) -> Result<Player, Error> {
    let session = manager.start_session(player).await?;
    let slot = session.load_slot("Slot1").await?;
    Ok(Player {
        session,
        slot,
        ticks: 0,
    })
}

/// Returns how many players have played, once no more come.
fn game_loop(arriving: &Receiver<Player>) -> Result<u64, Error> {
    let (mut players, mut played) = (Vec::new(), 0);
    loop {
        match arriving.recv_timeout(TICK) {
            Ok(player) => players.push(player),
            Err(RecvTimeoutError::Disconnected) if players.is_empty() => return Ok(played),
            Err(RecvTimeoutError::Disconnected) => thread::park_timeout(TICK),
            Err(RecvTimeoutError::Timeout) => {}
        }
        for player in &mut players {
            player.slot.increment("CurrentXP", 1)?;
            player.ticks += 1;
        }
        // Those who are lost are gone; the others leave when they have played.
        // Dropping a player saves and releases them in the background.
        players.retain(|player| {
            let leaves = player.ticks == TICKS_TO_PLAY;
            played += u64::from(leaves);
            player.session.is_active() && !leaves
        });
    }
}
