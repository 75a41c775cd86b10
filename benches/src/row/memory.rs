//! Guarded saves in memory beside a sharded map.

use std::{hint::black_box, mem, sync::Arc};

use playerdata_core::backend::{Backend, Body};
use playerdata_memory::MemoryBackend;
use tokio::runtime::Runtime;

use crate::{
    documents::Standard,
    guarded,
    limit::map::ShardedMap,
    report::{Aim, Row, Unit},
    timing::{Stopwatch, by_turns},
};

const PLAYERS: u64 = 256;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Rounds of ours and the map's by turns.
    pub rounds: usize,
    /// How often every player is saved in a round.
    pub rounds_each: u64,
}

/// One row for a document.
#[must_use]
pub fn row(runtime: &Runtime, standard: Standard, effort: Effort) -> Row {
    let bodies = Arc::new(standard.bodies(64, false));
    let backend: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
    let map = Arc::new(ShardedMap::default());
    let mut slots = runtime.block_on(guarded::open_slots(&backend, PLAYERS));
    let mut save = || {
        let open = mem::take(&mut slots);
        let in_flight = PLAYERS as usize;
        let saves = guarded::save_all(&backend, open, &bodies, effort.rounds_each, in_flight);
        let (nanos_each, open) = runtime.block_on(saves);
        slots = open;
        nanos_each
    };
    let mut put = || runtime.block_on(put_all(&map, &bodies, effort.rounds_each));
    let [ours, limits] = by_turns(effort.rounds, [&mut save, &mut put]);
    Row::measured(
        format!("memory: guarded save of {}", standard.name()),
        "a sharded map's put of a copy of the same bytes",
        Unit::Nanos,
        [&ours, &limits],
        Some(Aim::AtLeast(0.5)),
    )
}

/// The same work as [`guarded::save_all`], in as many tasks, on the map.
async fn put_all(map: &Arc<ShardedMap>, bodies: &Arc<Vec<Body>>, rounds: u64) -> f64 {
    let watch = Stopwatch::start();
    let tasks: Vec<_> = (0..PLAYERS as usize)
        .map(|player| {
            let (map, bodies) = (Arc::clone(map), Arc::clone(bodies));
            tokio::spawn(async move {
                let name = player.to_string();
                for round in 0..rounds as usize {
                    let body = &bodies[(player + round * 7) % bodies.len()];
                    map.put(player, black_box(&name), &body.bytes);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a put can't fail");
    }
    watch.nanos_each(PLAYERS * rounds)
}
