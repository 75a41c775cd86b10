//! Guarded saves on SQLite beside hand-written SQL of the same durability.

use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::{
    documents::Standard,
    guarded,
    limit::sqlite::Table,
    report::{Row, nanos},
    store,
    timing::median,
};

/// Players in the file, saved in turn: far more than are in flight.
const PLAYERS: u64 = 10_000;
const IN_FLIGHT: usize = 256;
const ROUNDS: usize = 5;

/// Guarded saves of a document beside groups of 256 by hand, and beside one
/// transaction a save by hand.
///
/// # Panics
///
/// If the disk fails.
#[must_use]
pub fn rows(runtime: &Runtime, standard: Standard, compressed: bool) -> [Row; 2] {
    let folder = tempfile::tempdir().expect("the disk has room");
    let bodies = Arc::new(standard.bodies(64, compressed));
    let backend = store::sqlite::backend(runtime, &folder.path().join("ours.db"));
    let table = |name| Table::create(&folder.path().join(name), PLAYERS);
    let mut grouped = table("grouped.db").expect("the file is new");
    let mut single = table("single.db").expect("the file is new");
    let rounds_each = if standard == Standard::A { 5 } else { 1 };
    let mut slots = runtime.block_on(guarded::open_slots(&backend, PLAYERS));
    let (mut ours, mut groups, mut singles) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let saves = guarded::save_all(&backend, slots, &bodies, rounds_each, IN_FLIGHT);
        let (nanos_each, open) = runtime.block_on(saves);
        slots = open;
        ours.push(nanos_each);
        let by_hand = grouped.save_all(&bodies, rounds_each, IN_FLIGHT);
        groups.push(by_hand.expect("the disk has room"));
        singles.push(single.save_some(&bodies, 500).expect("the disk has room"));
    }
    let form = if compressed { " compressed" } else { "" };
    let what = format!(
        "SQLite: guarded save of {}{form}, 256 in flight",
        standard.name()
    );
    let row = |against: &str, limits: Vec<f64>, aim| Row {
        what: what.clone(),
        against: against.to_owned(),
        ratio: median(
            ours.iter()
                .zip(&limits)
                .map(|(ours, limit)| limit / ours)
                .collect(),
        ),
        ours: nanos(median(ours.clone())),
        limit: nanos(median(limits)),
        aim,
    };
    [
        row(
            "by hand, 256 conditional updates a transaction",
            groups,
            0.9,
        ),
        row("by hand, one transaction a save", singles, 10.0),
    ]
}
