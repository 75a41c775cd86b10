//! Guarded saves on Redis beside plain `SET`s of the same bytes, and beside a
//! script that checks first. With a log, also beside the bare file that the log
//! is: what the disk takes, whoever writes to it.

use std::{
    fs::File,
    io::{self, Write as _},
    mem,
    sync::Arc,
};

use playerdata_core::backend::Body;
use tokio::runtime::Runtime;

use crate::{
    documents::Standard,
    guarded,
    limit::redis::{Values, Write},
    report::{Aim, Row, Unit},
    store::redis::{Log, NoServer, Redis},
    timing::{Stopwatch, by_turns},
};

const IN_FLIGHT: usize = 64;
const NAMESPACE: &str = "guarded";

/// What ours is measured against, and the aim of it.
const LIMITS: [(&str, Option<Aim>); 3] = [
    ("a plain `SET` of the same bytes", Some(Aim::AtLeast(0.9))),
    ("a script that checks the lock, then sets", None),
    ("the same bytes appended to a file, and synced once", None),
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
) -> Vec<Row> {
    let form = if compressed { " compressed" } else { "" };
    let what = format!(
        "Redis {}: guarded save of {}{form}, 64 in flight",
        log.name(),
        standard.name()
    );
    let shown = if log == Log::Off { 2 } else { 3 };
    let limits = LIMITS.iter().take(shown);
    match measure(runtime, log, (standard, compressed), effort) {
        Ok([ours, beside @ ..]) => limits
            .zip(&beside)
            .map(|(&(against, aim), limit)| {
                Row::measured(what.clone(), against, Unit::Nanos, [&ours, limit], aim)
            })
            .collect(),
        Err(none) => limits
            .map(|&(against, aim)| Row::not_measured(what.clone(), against, none.to_string(), aim))
            .collect(),
    }
}

fn measure(
    runtime: &Runtime,
    log: Log,
    (standard, compressed): (Standard, bool),
    effort: Effort,
) -> Result<[Vec<f64>; 4], NoServer> {
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
    let mut append = || {
        if log == Log::Off {
            return 0.0;
        }
        let appended = append_all(&bodies, effort.players * rounds_each);
        appended.expect("the disk has room")
    };
    Ok(by_turns(
        effort.rounds,
        [&mut save, &mut set, &mut script, &mut append],
    ))
}

/// Appends this many bodies to a file, and syncs it. Returns nanoseconds a body.
fn append_all(bodies: &[Body], count: u64) -> io::Result<f64> {
    let mut file: File = tempfile::tempfile()?;
    let watch = Stopwatch::start();
    for body in bodies.iter().cycle().take(count as usize) {
        file.write_all(&body.bytes)?;
    }
    file.sync_data()?;
    Ok(watch.nanos_each(count))
}
