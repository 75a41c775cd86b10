//! An operator who puts documents back, from a program of its own.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use playerdata_core::{PlayerId, RestoreOptions, ServerName, SessionManager};
use tokio::time::{sleep, timeout};

use crate::{
    Rule,
    ledger::Restore,
    process::Process,
    visit::{FOREVER, SLOTS, STALLS, told},
    world::{World, slot_name},
};

/// Puts back a version of a player's slot now and then, until the world ends.
pub(crate) async fn go_back(world: Arc<World>, player: PlayerId, mut rng: Rng) {
    while !world.is_over() {
        sleep(Duration::from_millis(rng.u64(1_000..=12_000))).await;
        if world.is_over() {
            return;
        }
        let name = ServerName::new(format!("operator-{}", world.next_process()));
        let name = name.expect("the simulation's server names are valid");
        match Process::start(&world, name, world.odds.clone()).await {
            Ok(process) => put_back(&world, &process, &player, &mut rng).await,
            Err(error) => world
                .ledger
                .note(format_args!("no OPERATOR's program started: {error}")),
        }
    }
}

async fn put_back(world: &World, process: &Arc<Process>, player: &PlayerId, rng: &mut Rng) {
    let Some(manager) = process.manager() else {
        return;
    };
    if let Some(restore) = choose(world, &manager, player, rng).await {
        let number = process.number;
        world.ledger.step(|state| {
            if restore.steals {
                state.stealing(number, player, true);
            }
            state.restores(number, restore.clone());
        });
        strike(process, rng);
        carry_out(world, &manager, number, restore).await;
    }
    drop(manager);
    process.shut_down(&world.ledger).await;
}

/// Looks at what there is, and takes one of them.
async fn choose(
    world: &World,
    manager: &SessionManager,
    player: &PlayerId,
    rng: &mut Rng,
) -> Option<Restore> {
    let slot = slot_name(SLOTS[rng.usize(0..STALLS)]);
    let versions = match manager.versions(player, &slot).await {
        Ok(versions) => versions,
        Err(error) => {
            told(world, player, "no versions", &error);
            return None;
        }
    };
    let nth = (!versions.is_empty()).then(|| rng.usize(0..versions.len()))?;
    Some(Restore {
        player: player.clone(),
        slot,
        revision: versions[nth].revision,
        steals: rng.u8(0..3) > 0,
    })
}

/// The program, too, can be frozen or end in the middle.
fn strike(process: &Arc<Process>, rng: &mut Rng) {
    let time = Duration::from_millis(rng.u64(0..=1_500));
    match rng.u8(0..6) {
        0 => {
            let process = Arc::clone(process);
            tokio::spawn(async move {
                sleep(time).await;
                process.crash();
            });
        }
        1 => process.freeze(time * 10),
        _ => {}
    }
}

async fn carry_out(world: &World, manager: &SessionManager, process: u32, restore: Restore) {
    let Restore {
        player,
        slot,
        revision,
        steals,
    } = restore;
    let options = match steals {
        true => RestoreOptions::new().steal(),
        false => RestoreOptions::new(),
    };
    let restoring = manager.restore(&player, &slot, revision, options);
    let ledger = &world.ledger;
    match timeout(FOREVER, restoring).await {
        Ok(Ok(restored)) => ledger.step(|state| state.restored(process, restored.left_out)),
        Ok(Err(error)) => told(world, &player, "not put back", &error),
        Err(_) => ledger.breaks(Rule::Recovered, format_args!("a restore of {player} hangs")),
    }
}
