//! The opening of a slot, on each backend, beside a plain read.
//!
//! `cargo bench -p playerdata-benches -- load/`
//!
//! A figure is the time of one opening, with a given number in flight. It is
//! the backend's part, up to the stored bytes; what decoding adds is in the
//! bench `codec`. An opening writes a claim, a plain read writes nothing: where
//! a claim can be written by hand as well, that is beside it.

use std::{
    cell::{LazyCell, RefCell},
    ops::Deref,
    sync::Arc,
};

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use playerdata_benches::{
    bed::Bed,
    documents,
    harness::{self, Group, group_in_flight, in_rounds},
    limit::{
        map::{Access, Entries},
        redis::{Values, Write},
        sqlite::Table,
    },
    store::{
        redis::{Log, Redis},
        sqlite::backend as sqlite_backend,
    },
};
#[cfg(feature = "dynamodb")]
use playerdata_benches::{limit::dynamodb::Items, store::dynamodb::DynamoDb};
use playerdata_memory::MemoryBackend;

/// Openings in flight.
const IN_FLIGHT: [usize; 2] = [1, 64];

/// Players whose slots are opened in turn.
const PLAYERS: u64 = 256;

/// What is measured, by how its names begin.
pub(crate) const GROUPS: &[Group] = &[
    ("load/memory", memory),
    ("load/SQLite", sqlite),
    ("load/Redis", redis),
    ("load/DynamoDB", dynamodb),
];

/// Our line of a group.
fn playerdata<'r>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    bed: &impl Deref<Target = RefCell<Bed<'r>>>,
    in_flight: usize,
) {
    group.bench_function("playerdata", |b| {
        in_rounds(b, PLAYERS, |rounds| {
            bed.borrow_mut().open_all(rounds, in_flight)
        });
    });
}

fn memory(criterion: &mut Criterion) {
    let runtime = harness::runtime();
    for (form, bodies) in documents::forms() {
        let bed = LazyCell::new(|| {
            let backend = Arc::new(MemoryBackend::new());
            RefCell::new(Bed::new(&runtime, backend, PLAYERS, &bodies))
        });
        let entries = LazyCell::new(|| Entries::new(PLAYERS, &bodies));
        for in_flight in IN_FLIGHT {
            let mut group = group_in_flight(criterion, &format!("load/memory/{form}"), in_flight);
            playerdata(&mut group, &bed, in_flight);
            group.bench_function("limit: get from a sharded map", |b| {
                in_rounds(b, PLAYERS, |rounds| {
                    runtime.block_on(entries.access_all(Access::Get, rounds, in_flight))
                });
            });
            group.finish();
        }
    }
}

fn sqlite(criterion: &mut Criterion) {
    let runtime = harness::runtime();
    for (form, bodies) in documents::forms() {
        let folder = tempfile::tempdir().expect("the disk has room");
        let bed = LazyCell::new(|| {
            let backend = sqlite_backend(&runtime, &folder.path().join("ours.db"));
            RefCell::new(Bed::new(&runtime, backend, PLAYERS, &bodies))
        });
        let table = LazyCell::new(|| {
            let table = Table::create(&folder.path().join("by hand.db"), PLAYERS);
            let mut table = table.expect("the file is new");
            let saved = table.save_all(&bodies, 1, PLAYERS as usize);
            saved.expect("the disk has room");
            RefCell::new(table)
        });
        for in_flight in IN_FLIGHT {
            let mut group = group_in_flight(criterion, &format!("load/SQLite/{form}"), in_flight);
            playerdata(&mut group, &bed, in_flight);
            let name = format!("limit: by hand, {in_flight} claimed and read a transaction");
            group.bench_function(name, |b| {
                in_rounds(b, PLAYERS, |rounds| {
                    let claimed = table.borrow_mut().claim_all(rounds, in_flight);
                    claimed.expect("the disk has room")
                });
            });
            group.bench_function("limit: SELECT", |b| {
                in_rounds(b, PLAYERS, |rounds| {
                    table.borrow().read_all(rounds).expect("the rows are there")
                });
            });
            group.finish();
        }
    }
}

fn redis(criterion: &mut Criterion) {
    let runtime = harness::runtime();
    let server = match runtime.block_on(Redis::start(Log::Off)) {
        Ok(server) => server,
        Err(why) => return harness::leave_out("load/Redis", &why),
    };
    for (number, (form, bodies)) in documents::forms().enumerate() {
        let namespace = format!("bench{number}");
        let bed = LazyCell::new(|| {
            let backend = runtime.block_on(server.backend(&namespace));
            RefCell::new(Bed::new(&runtime, backend, PLAYERS, &bodies))
        });
        let values = LazyCell::new(|| {
            LazyCell::force(&bed); // its values are looked at
            let values = runtime.block_on(Values::beside(&server.url(), &namespace));
            let values = values.expect("the server was there a moment ago");
            runtime.block_on(values.write_all(Write::Plain, &bodies, 1, 1));
            values
        });
        for in_flight in IN_FLIGHT {
            let mut group = group_in_flight(criterion, &format!("load/Redis/{form}"), in_flight);
            playerdata(&mut group, &bed, in_flight);
            group.bench_function("limit: GET", |b| {
                in_rounds(b, PLAYERS, |rounds| {
                    runtime.block_on(values.read_all(rounds, in_flight))
                });
            });
            group.finish();
        }
    }
}

#[cfg(not(feature = "dynamodb"))]
fn dynamodb(_: &mut Criterion) {
    harness::leave_out("load/DynamoDB", &harness::NO_DYNAMODB);
}

#[cfg(feature = "dynamodb")]
fn dynamodb(criterion: &mut Criterion) {
    let runtime = harness::runtime();
    for (form, bodies) in documents::forms() {
        let table = runtime.block_on(DynamoDb::create());
        let bed =
            LazyCell::new(|| RefCell::new(Bed::new(&runtime, table.backend(), PLAYERS, &bodies)));
        let items = LazyCell::new(|| {
            LazyCell::force(&bed); // its items are read again
            let items = runtime.block_on(Items::of(&table));
            runtime.block_on(items.put_all(1, 1));
            items
        });
        for in_flight in IN_FLIGHT {
            let mut group = group_in_flight(criterion, &format!("load/DynamoDB/{form}"), in_flight);
            playerdata(&mut group, &bed, in_flight);
            group.bench_function("limit: consistent GetItem", |b| {
                in_rounds(b, PLAYERS, |rounds| {
                    runtime.block_on(items.get_all(rounds, in_flight))
                });
            });
            group.finish();
        }
        drop(items);
        drop(bed);
        runtime.block_on(table.remove());
    }
}
