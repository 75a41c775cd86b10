//! Guarded saves on Redis beside plain `SET`s of the same bytes, and beside a
//! script that checks first.

use std::{mem, sync::Arc};

use tokio::runtime::Runtime;

use crate::{
    documents::Standard,
    guarded,
    limit::redis::{Values, Write},
    report::{Aim, Row, Unit},
    store::redis::{Log, NoServer, Redis},
    timing::by_turns,
};

const IN_FLIGHT: usize = 64;
const NAMESPACE: &str = "guarded";

/// What ours is measured against, and the aim of it.
const LIMITS: [(&str, Option<Aim>); 2] = [
    ("a plain `SET` of the same bytes", Some(Aim::AtLeast(0.9))),
    ("a script that checks the lock, then sets", None),
];

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Players, saved in turn.
    pub players: u64,
    /// Rounds of ours and the limits by turns: many, and short ones.
    pub rounds: usize,
    /// How often every player is saved in a round.
    pub rounds_each: u64,
}

/// Guarded saves of a document beside both.
///
/// # Panics
///
/// If the server fails.
#[must_use]
pub fn rows(
    runtime: &Runtime,
    log: Log,
    (standard, compressed): (Standard, bool),
    effort: Effort,
) -> [Row; 2] {
    let form = if compressed { " compressed" } else { "" };
    let what = format!(
        "Redis {}: guarded save of {}{form}, 64 in flight",
        log.name(),
        standard.name()
    );
    match measure(runtime, log, (standard, compressed), effort) {
        Ok([ours, plain, checked]) => {
            let [(set, aim), (script, none)] = LIMITS;
            [(set, plain, aim), (script, checked, none)].map(|(against, limits, aim)| {
                Row::measured(what.clone(), against, Unit::Nanos, [&ours, &limits], aim)
            })
        }
        Err(none) => LIMITS
            .map(|(against, aim)| Row::not_measured(what.clone(), against, none.to_string(), aim)),
    }
}

fn measure(
    runtime: &Runtime,
    log: Log,
    (standard, compressed): (Standard, bool),
    effort: Effort,
) -> Result<[Vec<f64>; 3], NoServer> {
    let server = runtime.block_on(Redis::start(log))?;
    let bodies = Arc::new(standard.bodies(64, compressed));
    let backend = runtime.block_on(server.backend(NAMESPACE));
    let open = runtime.block_on(guarded::open_slots(&backend, effort.players));
    // The values must be there: the limits take their lengths from them.
    let first = guarded::save_all(&backend, open, &bodies, 1, IN_FLIGHT);
    let (_, mut slots) = runtime.block_on(first);
    let values = runtime.block_on(Values::beside(&server.url(), NAMESPACE));
    let values = values.expect("the server answers");
    let rounds_each = effort.rounds_each;
    let mut save = || {
        let open = mem::take(&mut slots);
        let saves = guarded::save_all(&backend, open, &bodies, rounds_each, IN_FLIGHT);
        let (nanos_each, open) = runtime.block_on(saves);
        slots = open;
        nanos_each
    };
    let write = |how| runtime.block_on(values.write_all(how, &bodies, rounds_each, IN_FLIGHT));
    let (mut set, mut script) = (|| write(Write::Plain), || write(Write::Checked));
    Ok(by_turns(effort.rounds, [&mut save, &mut set, &mut script]))
}
