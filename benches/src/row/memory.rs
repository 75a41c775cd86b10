//! Guarded saves in memory beside a sharded map.

use std::sync::Arc;

use playerdata_core::backend::Backend;
use playerdata_memory::MemoryBackend;
use tokio::runtime::Runtime;

use crate::{
    documents::{Standard, VARIANTS},
    guarded,
    limit::map::{Entries, Step},
    report::{Row, nanos},
    timing::median,
};

const PLAYERS: u64 = 256;
const ROUNDS_EACH: u64 = 400;
const ROUNDS: usize = 7;

/// One row for a document.
#[must_use]
pub fn row(runtime: &Runtime, standard: Standard) -> Row {
    let bodies = Arc::new(standard.bodies(VARIANTS, false));
    let backend: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
    let entries = Entries::new(PLAYERS, &bodies);
    let mut slots = runtime.block_on(guarded::open_slots(&backend, PLAYERS));
    let (mut ours, mut limits) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let saves = guarded::save_all(&backend, slots, &bodies, ROUNDS_EACH, PLAYERS as usize);
        let (nanos_each, open) = runtime.block_on(saves);
        slots = open;
        ours.push(nanos_each);
        let puts = entries.step_all(Step::Put, ROUNDS_EACH, PLAYERS as usize);
        limits.push(runtime.block_on(puts));
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
