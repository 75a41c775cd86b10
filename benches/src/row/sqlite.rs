//! Guarded saves on SQLite beside hand-written SQL of the same durability.

use std::{mem, sync::Arc};

use tokio::runtime::Runtime;

use crate::{
    documents::Standard,
    guarded,
    limit::sqlite::Table,
    report::{Aim, Row, Unit},
    store,
    timing::by_turns,
};

const IN_FLIGHT: usize = 256;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Players in the file, saved in turn: far more than are in flight.
    pub players: u64,
    /// Rounds of ours and the limits by turns.
    pub rounds: usize,
    /// How often every player is saved in a round.
    pub rounds_each: u64,
    /// How many saves have a transaction of their own in a round.
    pub singles: usize,
}

/// Guarded saves of a document beside groups of 256 by hand, and beside one
/// transaction a save by hand.
///
/// # Panics
///
/// If the disk fails.
#[must_use]
pub fn rows(
    runtime: &Runtime,
    (standard, compressed): (Standard, bool),
    effort: Effort,
) -> [Row; 2] {
    let folder = tempfile::tempdir().expect("the disk has room");
    let bodies = Arc::new(standard.bodies(64, compressed));
    let backend = store::sqlite::backend(runtime, &folder.path().join("ours.db"));
    let table = |name| Table::create(&folder.path().join(name), effort.players);
    let mut grouped = table("grouped.db").expect("the file is new");
    let mut single = table("single.db").expect("the file is new");
    let rounds_each = effort.rounds_each;
    let mut slots = runtime.block_on(guarded::open_slots(&backend, effort.players));
    let mut save = || {
        let open = mem::take(&mut slots);
        let saves = guarded::save_all(&backend, open, &bodies, rounds_each, IN_FLIGHT);
        let (nanos_each, open) = runtime.block_on(saves);
        slots = open;
        nanos_each
    };
    let mut in_groups = || {
        let by_hand = grouped.save_all(&bodies, rounds_each, IN_FLIGHT);
        by_hand.expect("the disk has room")
    };
    let mut singly = || {
        let by_hand = single.save_some(&bodies, effort.singles);
        by_hand.expect("the disk has room")
    };
    let [ours, groups, singles] = by_turns(effort.rounds, [&mut save, &mut in_groups, &mut singly]);
    let form = if compressed { " compressed" } else { "" };
    let what = format!(
        "SQLite: guarded save of {}{form}, 256 in flight",
        standard.name()
    );
    let row = |against, limits: &[f64], aim| {
        Row::measured(what.clone(), against, Unit::Nanos, [&ours, limits], aim)
    };
    // How far a commit of its own is the bottleneck depends on the document:
    // the aim is for the small one.
    let ten_times = (standard == Standard::A).then_some(Aim::AtLeast(10.0));
    [
        row(
            "by hand, 256 conditional updates a transaction",
            &groups,
            Some(Aim::AtLeast(0.9)),
        ),
        row("by hand, one transaction a save", &singles, ten_times),
    ]
}
