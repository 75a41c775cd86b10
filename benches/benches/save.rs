//! A guarded save, on each backend, beside the best that its store can do.
//!
//! `cargo bench -p playerdata-benches -- save/`
//!
//! A figure is the time of one save, with a given number in flight. It is the
//! backend's part, from the bytes to the acknowledgement; what encoding adds
//! is in the bench `codec`.

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

/// Saves in flight: alone, and as a server with many players has them.
const IN_FLIGHT: [usize; 3] = [1, 64, 256];

/// What is measured, by how its names begin.
pub(crate) const GROUPS: &[Group] = &[
    ("save/memory", memory),
    ("save/SQLite", sqlite),
    ("save/Redis", redis),
    ("save/DynamoDB", dynamodb),
];

/// Our line of a group. What it saves is prepared when it is first wanted.
fn playerdata<'r>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    bed: &impl Deref<Target = RefCell<Bed<'r>>>,
    players: u64,
    in_flight: usize,
) {
    group.bench_function("playerdata", |b| {
        in_rounds(b, players, |rounds| {
            bed.borrow_mut().save_all(rounds, in_flight)
        });
    });
}

fn memory(criterion: &mut Criterion) {
    const PLAYERS: u64 = 256;
    let runtime = harness::runtime();
    for (form, bodies) in documents::forms() {
        let bed = LazyCell::new(|| {
            let backend = Arc::new(MemoryBackend::new());
            RefCell::new(Bed::new(&runtime, backend, PLAYERS, &bodies))
        });
        let entries = LazyCell::new(|| Entries::new(PLAYERS, &bodies));
        for in_flight in IN_FLIGHT {
            let mut group = group_in_flight(criterion, &format!("save/memory/{form}"), in_flight);
            playerdata(&mut group, &bed, PLAYERS, in_flight);
            group.bench_function("limit: put in a sharded map", |b| {
                in_rounds(b, PLAYERS, |rounds| {
                    runtime.block_on(entries.access_all(Access::Put, rounds, in_flight))
                });
            });
            group.finish();
        }
    }
}

fn sqlite(criterion: &mut Criterion) {
    // Far more than are in flight.
    const PLAYERS: u64 = 2_048;
    let runtime = harness::runtime();
    for (form, bodies) in documents::forms() {
        let folder = tempfile::tempdir().expect("the disk has room");
        let bed = LazyCell::new(|| {
            let backend = sqlite_backend(&runtime, &folder.path().join("ours.db"));
            RefCell::new(Bed::new(&runtime, backend, PLAYERS, &bodies))
        });
        let table = LazyCell::new(|| {
            let table = Table::create(&folder.path().join("by hand.db"), PLAYERS);
            RefCell::new(table.expect("the file is new"))
        });
        for in_flight in IN_FLIGHT {
            let mut group = group_in_flight(criterion, &format!("save/SQLite/{form}"), in_flight);
            playerdata(&mut group, &bed, PLAYERS, in_flight);
            let name = format!("limit: by hand, {in_flight} updates a transaction");
            group.bench_function(name, |b| {
                in_rounds(b, PLAYERS, |rounds| {
                    let saved = table.borrow_mut().save_all(&bodies, rounds, in_flight);
                    saved.expect("the disk has room")
                });
            });
            group.finish();
        }
    }
}

fn redis(criterion: &mut Criterion) {
    const PLAYERS: u64 = 1_024;
    let runtime = harness::runtime();
    // Without a log the server is fastest, and what the client adds shows most.
    let server = match runtime.block_on(Redis::start(Log::Off)) {
        Ok(server) => server,
        Err(why) => return harness::leave_out("save/Redis", &why),
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
            values.expect("the server was there a moment ago")
        });
        for in_flight in IN_FLIGHT {
            let mut group = group_in_flight(criterion, &format!("save/Redis/{form}"), in_flight);
            playerdata(&mut group, &bed, PLAYERS, in_flight);
            for (name, write) in [
                ("limit: SET", Write::Plain),
                ("limit: script that checks and sets", Write::Checked),
            ] {
                group.bench_function(name, |b| {
                    in_rounds(b, PLAYERS, |rounds| {
                        runtime.block_on(values.write_all(write, &bodies, rounds, in_flight))
                    });
                });
            }
            group.finish();
        }
    }
}

#[cfg(not(feature = "dynamodb"))]
fn dynamodb(_: &mut Criterion) {
    harness::leave_out("save/DynamoDB", &harness::NO_DYNAMODB);
}

#[cfg(feature = "dynamodb")]
fn dynamodb(criterion: &mut Criterion) {
    const PLAYERS: u64 = 256;
    let runtime = harness::runtime();
    for (form, bodies) in documents::forms() {
        let table = runtime.block_on(DynamoDb::create());
        let bed =
            LazyCell::new(|| RefCell::new(Bed::new(&runtime, table.backend(), PLAYERS, &bodies)));
        let items = LazyCell::new(|| {
            LazyCell::force(&bed); // its items are put again
            runtime.block_on(Items::of(&table))
        });
        for in_flight in IN_FLIGHT {
            let mut group = group_in_flight(criterion, &format!("save/DynamoDB/{form}"), in_flight);
            playerdata(&mut group, &bed, PLAYERS, in_flight);
            group.bench_function("limit: PutItem", |b| {
                in_rounds(b, PLAYERS, |rounds| {
                    runtime.block_on(items.put_all(rounds, in_flight))
                });
            });
            group.finish();
        }
        drop(items);
        drop(bed);
        runtime.block_on(table.remove());
    }
}
