//! The start and the end of a session, on each backend, beside a lock by hand.
//!
//! `cargo bench -p playerdata-benches -- lock/`
//!
//! A figure is the time of one player's visit, with a given number in flight:
//! the lock is taken and released. With the document loaded, a slot is opened
//! and decoded in between, which is what a player who joins waits for.
//!
//! The locks by hand have no fence, no lease, no claims to withdraw, and
//! nobody to notify: they are what the store can do, not what is needed.

use std::{
    cell::{LazyCell, RefCell},
    ops::Deref,
    sync::Arc,
};

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use playerdata_benches::{
    documents::Standard,
    harness::{self, Group, group_in_flight, in_rounds},
    limit::{
        map::{Access, Entries},
        redis_lock,
        sqlite::Table,
    },
    lobby::{Lobby, Visit},
    store::{
        redis::{Log, Redis},
        sqlite::backend as sqlite_backend,
    },
};
#[cfg(feature = "dynamodb")]
use playerdata_benches::{limit::dynamodb_lock, store::dynamodb::DynamoDb};
use playerdata_memory::MemoryBackend;

/// Players who come at the same time.
const IN_FLIGHT: [usize; 2] = [1, 64];

/// Players who come in turn.
const PLAYERS: u64 = 256;

/// What is measured, by how its names begin.
pub(crate) const GROUPS: &[Group] = &[
    ("lock/memory", memory),
    ("lock/SQLite", sqlite),
    ("lock/Redis", redis),
    ("lock/DynamoDB", dynamodb),
];

/// Our lines of a group.
fn playerdata<'r>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    lobby: &impl Deref<Target = Lobby<'r>>,
    in_flight: usize,
) {
    for (name, visit) in [
        ("playerdata", Visit::Idle),
        ("playerdata, with the document loaded", Visit::Load),
    ] {
        group.bench_function(name, |b| {
            in_rounds(b, PLAYERS, |rounds| {
                lobby.visit_all(visit, rounds, in_flight)
            });
        });
    }
}

fn memory(criterion: &mut Criterion) {
    let runtime = harness::runtime();
    let lobby = LazyCell::new(|| {
        let backend = Arc::new(MemoryBackend::new());
        Lobby::new(&runtime, backend, PLAYERS, Standard::A)
    });
    let bodies = Arc::new(Standard::A.bodies(1, false));
    let entries = Entries::new(PLAYERS, &bodies);
    for in_flight in IN_FLIGHT {
        let mut group = group_in_flight(criterion, "lock/memory", in_flight);
        playerdata(&mut group, &lobby, in_flight);
        group.bench_function("limit: put in a sharded map and removed", |b| {
            in_rounds(b, PLAYERS, |rounds| {
                runtime.block_on(entries.access_all(Access::PutAndRemove, rounds, in_flight))
            });
        });
        group.finish();
    }
}

fn sqlite(criterion: &mut Criterion) {
    let runtime = harness::runtime();
    let folder = tempfile::tempdir().expect("the disk has room");
    let lobby = LazyCell::new(|| {
        let backend = sqlite_backend(&runtime, &folder.path().join("ours.db"));
        Lobby::new(&runtime, backend, PLAYERS, Standard::A)
    });
    let table = LazyCell::new(|| {
        let table = Table::create(&folder.path().join("by hand.db"), PLAYERS);
        RefCell::new(table.expect("the file is new"))
    });
    for in_flight in IN_FLIGHT {
        let mut group = group_in_flight(criterion, "lock/SQLite", in_flight);
        playerdata(&mut group, &lobby, in_flight);
        let name = format!("limit: by hand, {in_flight} inserted, then deleted, a transaction");
        group.bench_function(name, |b| {
            in_rounds(b, PLAYERS, |rounds| {
                let locked = table.borrow_mut().lock_all(rounds, in_flight);
                locked.expect("the disk has room")
            });
        });
        group.finish();
    }
}

fn redis(criterion: &mut Criterion) {
    let runtime = harness::runtime();
    let server = match runtime.block_on(Redis::start(Log::Off)) {
        Ok(server) => server,
        Err(why) => return harness::leave_out("lock/Redis", &why),
    };
    let lobby = LazyCell::new(|| {
        let backend = runtime.block_on(server.backend("lock"));
        Lobby::new(&runtime, backend, PLAYERS, Standard::A)
    });
    let locks = LazyCell::new(|| {
        let locks = runtime.block_on(redis_lock::Locks::new(&server.url(), PLAYERS));
        locks.expect("the server was there a moment ago")
    });
    for in_flight in IN_FLIGHT {
        let mut group = group_in_flight(criterion, "lock/Redis", in_flight);
        playerdata(&mut group, &lobby, in_flight);
        group.bench_function("limit: SET NX PX, and a script that deletes", |b| {
            in_rounds(b, PLAYERS, |rounds| {
                runtime.block_on(locks.lock_all(rounds, in_flight))
            });
        });
        group.finish();
    }
}

#[cfg(not(feature = "dynamodb"))]
fn dynamodb(_: &mut Criterion) {
    harness::leave_out("lock/DynamoDB", &harness::NO_DYNAMODB);
}

#[cfg(feature = "dynamodb")]
fn dynamodb(criterion: &mut Criterion) {
    let runtime = harness::runtime();
    let table = runtime.block_on(DynamoDb::create());
    let lobby = LazyCell::new(|| Lobby::new(&runtime, table.backend(), PLAYERS, Standard::A));
    for in_flight in IN_FLIGHT {
        let mut group = group_in_flight(criterion, "lock/DynamoDB", in_flight);
        playerdata(&mut group, &lobby, in_flight);
        group.bench_function("limit: PutItem and DeleteItem", |b| {
            let locks = dynamodb_lock::Locks::new(&table, PLAYERS);
            in_rounds(b, PLAYERS, |rounds| {
                runtime.block_on(locks.lock_all(rounds, in_flight))
            });
        });
        group.finish();
    }
    drop(lobby);
    runtime.block_on(table.remove());
}
