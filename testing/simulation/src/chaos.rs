//! Everything bad that is not the network's fault.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use playerdata_core::{ServerName, backend::Backend};
use tokio::time::{sleep, timeout};

use crate::{
    habits,
    process::Process,
    world::{World, server_name},
};

/// Servers that run at the same time, and names that they have.
const SERVERS: usize = 3;
/// Attempts at a start before the operator gives up for now.
const START_ATTEMPTS: usize = 5;

/// Keeps servers running, and keeps breaking them, until the world ends.
pub(crate) async fn reign(world: Arc<World>, mut rng: Rng) {
    while !world.is_over() {
        while world.up().len() < SERVERS && !world.is_over() {
            let name = free_name(&world, &mut rng);
            boot(&world, name).await;
        }
        sleep(Duration::from_millis(rng.u64(200..=9_000))).await;
        if world.is_over() {
            return;
        }
        let up = world.up();
        let Some(process) = up.get(rng.usize(0..up.len().max(1))) else {
            continue;
        };
        strike(&world, process, &mut rng).await;
    }
}

async fn strike(world: &Arc<World>, process: &Arc<Process>, rng: &mut Rng) {
    let ledger = &world.ledger;
    let time = Duration::from_millis(rng.u64(100..=25_000));
    match rng.u8(0..100) {
        0..25 => {
            ledger.note(format_args!("CHAOS {process} crashes"));
            process.crash();
            if rng.bool() {
                boot(world, process.name.clone()).await;
            }
        }
        25..40 => {
            ledger.note(format_args!("CHAOS {process} freezes for {time:?}"));
            process.freeze(time);
        }
        40..50 => {
            // The old one wakes up to a new one of its name.
            ledger.note(format_args!(
                "CHAOS {process} freezes for {time:?} and is replaced"
            ));
            process.freeze(time);
            boot(world, process.name.clone()).await;
        }
        50..60 => {
            ledger.note(format_args!("CHAOS {process} is partitioned for {time:?}"));
            process.partition(time);
        }
        60..70 => {
            ledger.note(format_args!("CHAOS {process} is shut down"));
            if rng.bool() {
                ledger.note(format_args!("CHAOS {process} is slow"));
                habits::slow_down(process);
            }
            let (process, ledger) = (Arc::clone(process), ledger.clone());
            tokio::spawn(async move { process.shut_down(&ledger).await });
        }
        70..85 => break_a_clock(world, process, rng),
        85..95 => free(world, rng).await,
        _ => erase(world, rng).await,
    }
}

fn break_a_clock(world: &World, process: &Process, rng: &mut Rng) {
    let ledger = &world.ledger;
    ledger.state().clocks_were_wrong = true;
    match rng.u8(0..3) {
        0 => {
            let millis = rng.i64(-20_000..=20_000);
            ledger.note(format_args!("CHAOS the store's clock jumps by {millis} ms"));
            world.store_clock.jump(millis);
        }
        1 => {
            let millis = rng.i64(-3_600_000..=3_600_000);
            ledger.note(format_args!(
                "CHAOS the clock of {process} jumps by {millis} ms"
            ));
            process.clock.jump(millis);
        }
        _ => {
            let ppm = rng.i64(-500_000..=500_000);
            ledger.note(format_args!(
                "CHAOS the clock of {process} drifts by {ppm} ppm"
            ));
            process.clock.set_drift(ppm);
        }
    }
}

/// An operator frees a player by hand.
async fn free(world: &World, rng: &mut Rng) {
    let everybody: Vec<_> = world.everybody().collect();
    let player = everybody[rng.usize(0..everybody.len())];
    let store = world.connect();
    let patience = world.settings.operation_timeout;
    if let Ok(Ok(Some(lock))) = timeout(patience, store.holder(player)).await {
        world
            .ledger
            .note(format_args!("CHAOS {player} is freed by hand"));
        // Whoever holds the player by then keeps it.
        let _ = timeout(patience, store.release(player, lock.session)).await;
    }
}

/// An operator erases a player who is not there. Without a fault on the way:
/// a second erasure that comes late would erase what was saved since.
async fn erase(world: &World, rng: &mut Rng) {
    let erasable = match world.put_back.is_empty() || rng.bool() {
        true => &world.players,
        false => &world.put_back,
    };
    let player = &erasable[rng.usize(0..erasable.len())];
    world
        .ledger
        .note(format_args!("CHAOS {player} is to be erased"));
    let store = world.connect();
    let patience = world.settings.operation_timeout;
    // Refused while somebody plays.
    let _ = timeout(patience, store.erase(player)).await;
}

fn free_name(world: &World, rng: &mut Rng) -> ServerName {
    let first = rng.usize(0..SERVERS);
    let names = (0..SERVERS).map(|number| server_name((first + number) % SERVERS + 1));
    let up = world.up();
    let free = names
        .into_iter()
        .find(|name| up.iter().all(|process| process.name != *name));
    free.unwrap_or_else(|| server_name(SERVERS + 1))
}

/// Starts a server, in several attempts if need be.
async fn boot(world: &World, name: ServerName) {
    for _ in 0..START_ATTEMPTS {
        match Process::start(world, name.clone(), world.odds.clone()).await {
            Ok(process) => return world.add(process),
            Err(error) => world
                .ledger
                .note(format_args!("SERVER {name} did not start: {error}")),
        }
    }
    sleep(Duration::from_secs(1)).await;
}
