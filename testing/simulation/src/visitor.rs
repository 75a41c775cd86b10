//! A player who goes from server to server.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use playerdata_core::PlayerId;
use tokio::{
    task::{JoinError, JoinSet},
    time::sleep,
};

use crate::{
    Rule,
    process::Process,
    visit::{Role, visit},
    world::World,
};

/// Visits under way at the same time: the game does not always notice that a
/// player has left.
const MAX_VISITS: usize = 3;

/// Goes about until the world ends.
pub(crate) async fn wander(world: Arc<World>, player: PlayerId, role: Role, mut rng: Rng) {
    let mut visits = JoinSet::new();
    let mut here: Option<Arc<Process>> = None;
    while !world.is_over() {
        sleep(Duration::from_millis(rng.u64(0..=3_000))).await;
        let stays = rng.u8(0..4) == 0;
        let process = here.take().filter(|process| stays && process.is_up());
        let Some(process) = process.or_else(|| somewhere(&world, role, &mut rng)) else {
            continue;
        };
        let going = visit(
            Arc::clone(&world),
            Arc::clone(&process),
            (player.clone(), role),
            rng.fork(),
        );
        process.runs(visits.spawn(going));
        here = Some(process);
        // Mostly the player leaves one server before coming to the next.
        let at_most = if rng.u8(0..3) == 0 { MAX_VISITS } else { 1 };
        while visits.len() >= at_most && !world.is_over() {
            if let Some(ended) = visits.join_next().await {
                check(&world, ended);
            }
        }
    }
    while let Some(ended) = visits.join_next().await {
        check(&world, ended);
    }
}

fn check(world: &World, ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        world.ledger.breaks(Rule::NoPanic, format_args!("{error}"));
    }
}

/// Who wants to trade mostly goes where everybody does.
fn somewhere(world: &World, role: Role, rng: &mut Rng) -> Option<Arc<Process>> {
    let up = world.up();
    let awake: Vec<_> = up
        .into_iter()
        .filter(|process| !process.is_frozen())
        .collect();
    let nth = match role {
        Role::Trader if rng.u8(0..3) > 0 => 0,
        _ => (!awake.is_empty()).then(|| rng.usize(0..awake.len()))?,
    };
    awake.get(nth).cloned()
}
