//! Ours and the limits are measured by turns in the same store: neither may
//! undo what the other wrote.

#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::sync::Arc;

use playerdata_benches::{
    bed::Bed,
    documents::Standard,
    harness,
    limit::{
        dynamodb::Items,
        dynamodb_lock,
        redis::{Values, Write},
        redis_lock,
        sqlite::Table,
    },
    lobby::{Lobby, Visit},
    store::{
        dynamodb::DynamoDb,
        redis::{Log, Redis},
    },
};
use playerdata_core::backend::Body;
use playerdata_memory::MemoryBackend;

const PLAYERS: u64 = 5;

fn bodies() -> Arc<Vec<Body>> {
    Arc::new(Standard::A.bodies(3, false))
}

#[test]
fn slots_are_saved_again_after_they_were_opened_again() {
    let runtime = harness::runtime();
    let backend = Arc::new(MemoryBackend::new());
    let mut bed = Bed::new(&runtime, backend, PLAYERS, &bodies());
    for _ in 0..2 {
        bed.save_all(2, 3);
        bed.open_all(2, 3);
    }
}

#[test]
fn players_come_and_leave_again_and_again() {
    let runtime = harness::runtime();
    let lobby = Lobby::new(
        &runtime,
        Arc::new(MemoryBackend::new()),
        PLAYERS,
        Standard::B,
    );
    for visit in [Visit::Idle, Visit::Load, Visit::Idle] {
        lobby.visit_all(visit, 2, 3);
    }
}

#[test]
fn what_is_done_by_hand_on_sqlite_can_be_done_by_turns() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = Table::create(&folder.path().join("by hand.db"), PLAYERS).unwrap();
    for _ in 0..2 {
        table.save_all(&bodies(), 2, 3).unwrap();
        table.claim_all(2, 3).unwrap();
        table.read_all(2).unwrap();
        table.lock_all(2, 3).unwrap();
    }
}

#[test]
fn the_limits_on_redis_leave_open_slots_alone() {
    let runtime = harness::runtime();
    let store = runtime.block_on(Redis::start(Log::Off)).unwrap();
    let backend = runtime.block_on(store.backend("ours"));
    let mut bed = Bed::new(&runtime, backend, PLAYERS, &bodies());
    let values = runtime.block_on(Values::beside(&store.url(), "ours"));
    let values = values.unwrap();
    let locks = runtime.block_on(redis_lock::Locks::new(&store.url(), PLAYERS));
    let locks = locks.unwrap();
    for write in [Write::Plain, Write::Checked] {
        runtime.block_on(values.write_all(write, &bodies(), 2, 3));
        runtime.block_on(values.read_all(2, 3));
        runtime.block_on(locks.lock_all(2, 3));
        bed.save_all(2, 3);
        bed.open_all(2, 3);
    }
}

#[test]
fn the_limits_on_dynamodb_leave_open_slots_alone() {
    let runtime = harness::runtime();
    let store = runtime.block_on(DynamoDb::create());
    let mut bed = Bed::new(&runtime, store.backend(), PLAYERS, &bodies());
    let items = runtime.block_on(Items::of(&store));
    let locks = dynamodb_lock::Locks::new(&store, PLAYERS);
    for _ in 0..2 {
        runtime.block_on(items.put_all(2, 3));
        runtime.block_on(items.get_all(2, 3));
        runtime.block_on(locks.lock_all(2, 3));
        bed.save_all(2, 3);
        bed.open_all(2, 3);
    }
    drop(bed);
    runtime.block_on(store.remove());
}
