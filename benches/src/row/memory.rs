//! Guarded saves in memory beside a sharded map.

use std::{mem, sync::Arc};

use playerdata_core::backend::Backend;
use playerdata_memory::MemoryBackend;
use tokio::runtime::Runtime;

use crate::{
    documents::{Standard, VARIANTS},
    guarded,
    limit::map::{Access, Entries},
    report::{Aim, Row, Unit},
    timing::by_turns,
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
    let bodies = Arc::new(standard.bodies(VARIANTS, false));
    let backend: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
    let entries = Entries::new(PLAYERS, &bodies);
    let mut slots = runtime.block_on(guarded::open_slots(&backend, PLAYERS));
    let mut save = || {
        let open = mem::take(&mut slots);
        let in_flight = PLAYERS as usize;
        let saves = guarded::save_all(&backend, open, &bodies, effort.rounds_each, in_flight);
        let (nanos_each, open) = runtime.block_on(saves);
        slots = open;
        nanos_each
    };
    let mut put = || {
        let puts = entries.access_all(Access::Put, effort.rounds_each, PLAYERS as usize);
        runtime.block_on(puts)
    };
    let [ours, limits] = by_turns(effort.rounds, [&mut save, &mut put]);
    Row::measured(
        format!("memory: guarded save of {}", standard.name()),
        "a sharded map's put of a copy of the same bytes",
        Unit::Nanos,
        [&ours, &limits],
        Some(Aim::AtLeast(0.9)),
    )
}
