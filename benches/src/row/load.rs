//! What a player who joins waits for: a slot opened and read, and a whole
//! visit, beside the same by hand.

use std::{cell::RefCell, sync::Arc};

use tokio::runtime::Runtime;

use crate::{
    bed::Bed,
    documents::{Standard, VARIANTS},
    limit::{redis_lock::Locks, sqlite::Table},
    lobby::{Lobby, Visit},
    report::{Aim, Row, Unit},
    store::{
        self,
        redis::{Log, NoServer, Redis},
    },
    timing::by_turns,
};

const IN_FLIGHT: usize = 64;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Players who come in turn.
    pub players: u64,
    /// Rounds of ours and the limit by turns.
    pub rounds: usize,
    /// How often every player comes in a round.
    pub rounds_each: u64,
}

/// Openings on SQLite, up to the stored bytes, beside the same claim and read
/// by hand, with a sync for each transaction and without.
///
/// # Panics
///
/// If the disk fails.
#[must_use]
pub fn sqlite(runtime: &Runtime, effort: Effort) -> [Row; 2] {
    let folder = tempfile::tempdir().expect("the disk has room");
    let bodies = Arc::new(Standard::A.bodies(VARIANTS, false));
    let backend = store::sqlite::backend(runtime, &folder.path().join("ours.db"));
    let bed = RefCell::new(Bed::new(runtime, backend, effort.players, &bodies));
    let table = |name, synced: bool| {
        let table = Table::create(&folder.path().join(name), effort.players);
        let mut table = table.expect("the file is new");
        let saved = table.save_all(&bodies, 1, IN_FLIGHT);
        saved.expect("the disk has room");
        if !synced {
            table.sync_no_more().expect("no transaction is open");
        }
        table
    };
    let mut synced = table("synced.db", true);
    let mut unsynced = table("unsynced.db", false);
    let claim_all = |table: &mut Table| {
        let claimed = table.claim_all(effort.rounds_each, IN_FLIGHT);
        claimed.expect("the disk has room")
    };
    let [ours, synced, unsynced] = by_turns(
        effort.rounds,
        [
            &mut || bed.borrow_mut().open_all(effort.rounds_each, IN_FLIGHT),
            &mut || claim_all(&mut synced),
            &mut || claim_all(&mut unsynced),
        ],
    );
    let row = |against, limits: &[f64], aim| {
        let what = "SQLite: load of A, 64 in flight".to_owned();
        Row::measured(what, against, Unit::Nanos, [&ours, limits], aim)
    };
    [
        row(
            "by hand, 64 claimed and read a transaction",
            &synced,
            Some(Aim::AtLeast(0.8)),
        ),
        row("the same, without syncing the disk", &unsynced, None),
    ]
}

/// Visits on Redis, each a session started, a slot loaded and the session
/// ended, beside a bare lock that is taken and given back.
///
/// # Panics
///
/// If the server fails.
#[must_use]
pub fn redis(runtime: &Runtime, effort: Effort) -> Row {
    let what = "Redis without a log: start, load of A and end, 64 in flight".to_owned();
    let against = "`SET NX PX` and a script that deletes";
    let aim = Some(Aim::AtLeast(0.25));
    match visits(runtime, effort) {
        Ok([ours, limits]) => Row::measured(what, against, Unit::Nanos, [&ours, &limits], aim),
        Err(none) => Row::not_measured(what, against, none.to_string(), aim),
    }
}

fn visits(runtime: &Runtime, effort: Effort) -> Result<[Vec<f64>; 2], NoServer> {
    let server = runtime.block_on(Redis::start(Log::Off))?;
    let backend = runtime.block_on(server.backend("visits"));
    let lobby = Lobby::new(runtime, backend, effort.players, Standard::A);
    let locks = runtime.block_on(Locks::new(&server.url(), effort.players));
    let locks = locks.expect("the server answers");
    let locks = RefCell::new(locks);
    Ok(by_turns(
        effort.rounds,
        [
            &mut || lobby.visit_all(Visit::Load, effort.rounds_each, IN_FLIGHT),
            &mut || {
                let locks = locks.borrow();
                runtime.block_on(locks.lock_all(effort.rounds_each, IN_FLIGHT))
            },
        ],
    ))
}
