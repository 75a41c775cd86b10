//! Guarded saves in memory beside a sharded map.

use std::{hint::black_box, sync::Arc};

use playerdata_core::backend::Backend;
use playerdata_memory::MemoryBackend;
use tokio::runtime::Runtime;

use crate::{
    documents::Standard,
    guarded,
    limit::map::ShardedMap,
    report::{Row, nanos},
    timing::{Stopwatch, median},
};

const PLAYERS: u64 = 256;
const ROUNDS_EACH: u64 = 400;
const ROUNDS: usize = 7;

/// One row for a document.
#[must_use]
pub fn row(runtime: &Runtime, standard: Standard) -> Row {
    let bodies = Arc::new(standard.bodies(64, false));
    let backend: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
    let map = Arc::new(ShardedMap::default());
    let mut slots = runtime.block_on(guarded::open_slots(&backend, PLAYERS));
    let (mut ours, mut limits) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let saves = guarded::save_all(&backend, slots, &bodies, ROUNDS_EACH, PLAYERS as usize);
        let (nanos_each, open) = runtime.block_on(saves);
        slots = open;
        ours.push(nanos_each);
        limits.push(runtime.block_on(put_all(&map, &bodies)));
    }
    let ratios = ours.iter().zip(&limits).map(|(ours, limit)| limit / ours);
    Row {
        what: format!("memory: guarded save of {}", standard.name()),
        against: "a sharded map's put of a copy of the same bytes".to_owned(),
        ratio: median(ratios.collect()),
        ours: nanos(median(ours)),
        limit: nanos(median(limits)),
        aim: 0.5,
    }
}

/// The same work as [`guarded::save_all`], in as many tasks, on the map.
async fn put_all(map: &Arc<ShardedMap>, bodies: &Arc<Vec<playerdata_core::backend::Body>>) -> f64 {
    let watch = Stopwatch::start();
    let tasks: Vec<_> = (0..PLAYERS as usize)
        .map(|player| {
            let (map, bodies) = (Arc::clone(map), Arc::clone(bodies));
            tokio::spawn(async move {
                let name = player.to_string();
                for round in 0..ROUNDS_EACH as usize {
                    let body = &bodies[(player + round * 7) % bodies.len()];
                    map.put(player, black_box(&name), &body.bytes);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a put can't fail");
    }
    watch.nanos_each(PLAYERS * ROUNDS_EACH)
}
