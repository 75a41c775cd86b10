//! Saves beside what else a developer would reach for.
//!
//! `cargo run --release --manifest-path benches/comparisons/Cargo.toml --
//! --bench`
//!
//! A figure is the time of one change of a document and its save, encoding
//! included, with a given number of players saved at a time.
//! `docs/comparisons.md` says what each of the others does not check.
#![forbid(unsafe_code)]

mod embedded;
mod object;
mod ours;
mod redlock;
mod saver;
mod tower;

use std::sync::Arc;

use criterion::Criterion;
use playerdata_benches::{
    documents::Standard,
    harness,
    store::{
        redis::{Log, Redis},
        sqlite::backend as sqlite_backend,
    },
};
use playerdata_memory::MemoryBackend;

use saver::{Line, compare};

/// What ours checks with every save, wherever it goes.
const OURS: &str = "playerdata: lock and revision checked";

fn main() {
    harness::run(&[
        ("comparison/memory", memory),
        ("comparison/disk", disk),
        ("comparison/Redis", redis),
    ]);
}

fn memory(criterion: &mut Criterion) {
    let runtime = harness::runtime();
    for standard in Standard::BOTH {
        let on = format!("memory/{}", standard.name());
        let ours = || runtime.block_on(ours::savers(Arc::new(MemoryBackend::new()), standard));
        let objects = || runtime.block_on(object::in_memory(standard));
        let lines = [
            Line::new(OURS, &ours),
            Line::new("object_store: etag checked, no lock", &objects),
        ];
        compare(criterion, &runtime, &on, &lines);
    }
}

fn disk(criterion: &mut Criterion) {
    let runtime = harness::runtime();
    for standard in Standard::BOTH {
        let folder = tempfile::tempdir().expect("the disk has room");
        let path = |name| folder.path().join(name);
        let on = format!("disk/{}", standard.name());
        let ours = || {
            let backend = sqlite_backend(&runtime, &path("ours.db"));
            runtime.block_on(ours::savers(backend, standard))
        };
        let tower = || runtime.block_on(tower::on_sqlite(&path("tower.db"), standard));
        let redb = || embedded::savers(&path("redb"), standard);
        let files = || runtime.block_on(object::in_files(folder.path(), standard));
        let lines = [
            Line::new(OURS, &ours),
            Line::new("tower-sessions on SQLite: nothing checked", &tower),
            Line::new("redb: revision checked, no lock, one process", &redb),
            Line::new("object_store on files: nothing checked", &files),
        ];
        compare(criterion, &runtime, &on, &lines);
    }
}

fn redis(criterion: &mut Criterion) {
    let runtime = harness::runtime();
    let server = match runtime.block_on(Redis::start(Log::Off)) {
        Ok(server) => server,
        Err(why) => return harness::leave_out("comparison/Redis", &why),
    };
    for standard in Standard::BOTH {
        let on = format!("Redis/{}", standard.name());
        let url = server.url();
        let namespace = format!("ours-{}", standard.name());
        let ours = || {
            let backend = runtime.block_on(server.backend(&namespace));
            runtime.block_on(ours::savers(backend, standard))
        };
        let tower = || runtime.block_on(tower::on_redis(&url, standard));
        let locked = || runtime.block_on(redlock::savers(&url, standard));
        let lines = [
            Line::new(OURS, &ours),
            Line::new("tower-sessions on Redis: only that the key exists", &tower),
            Line::new(
                "SET NX PX, SET, script: lock not checked by the SET",
                &locked,
            ),
        ];
        compare(criterion, &runtime, &on, &lines);
    }
}
