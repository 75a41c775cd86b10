//! What an autosave cycle costs, beside the original's: a deep copy of every
//! document and a comparison with the previous copy, saving nothing.
//!
//! `cargo bench -p playerdata-benches -- autosave/`
//!
//! A figure is the time of one cycle over all sessions. Those with changes
//! contain the saves to memory. The million sessions take 8 GB, and are
//! measured only if `PLAYERDATA_BENCH_MILLION` is set.

use std::{
    cell::{LazyCell, RefCell},
    env,
    sync::Arc,
    time::Duration,
};

use criterion::{Criterion, SamplingMode};
use playerdata_benches::{
    documents::Standard,
    harness::{self, Group},
    original,
    sessions::Crowd,
    timing::Stopwatch,
};
use playerdata_memory::MemoryBackend;

/// The variable that asks for the largest group.
const MILLION: &str = "PLAYERDATA_BENCH_MILLION";

/// Idle cycles that are let pass at a time.
const AT_A_TIME: u64 = 10_000;

/// What is measured, by how its names begin.
pub(crate) const GROUPS: &[Group] = &[("autosave/A", small), ("autosave/B", large)];

fn small(criterion: &mut Criterion) {
    for sessions in [1_000, 10_000, 100_000] {
        cycle(criterion, Standard::A, sessions);
    }
    if env::var_os(MILLION).is_some() {
        cycle(criterion, Standard::A, 1_000_000);
    } else {
        harness::leave_out(
            "autosave/A/1000000 sessions",
            &format!("{MILLION} is not set"),
        );
    }
}

fn large(criterion: &mut Criterion) {
    cycle(criterion, Standard::B, 1_000);
}

/// One group for each share of changed documents, all on the same sessions.
fn cycle(criterion: &mut Criterion, standard: Standard, sessions: u64) {
    let crowd = LazyCell::new(|| {
        let backend = Arc::new(MemoryBackend::new());
        RefCell::new(Crowd::gather(backend, sessions, standard))
    });
    let players = LazyCell::new(|| {
        let json = standard.document().to_json();
        let players = (0..sessions).map(|_| original::Player::new(json.clone()));
        RefCell::new(players.collect::<Vec<_>>())
    });
    for (share, every) in [("00 %", None), ("01 %", Some(100)), ("10 %", Some(10))] {
        let document = standard.name();
        let name = format!("autosave/{document}/{sessions:07} sessions/{share} changed");
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat);
        group.bench_function("playerdata", |b| {
            let mut crowd = crowd.borrow_mut();
            b.iter_custom(|cycles| match every {
                Some(every) => busy(&mut crowd, every, cycles),
                None => idle(&mut crowd, cycles),
            });
        });
        group.bench_function("original: copy and compare", |b| {
            let mut players = players.borrow_mut();
            b.iter_custom(|cycles| by_comparison(&mut players, every, cycles));
        });
        group.finish();
    }
}

/// This many cycles in which nothing changed.
fn idle(crowd: &mut Crowd, cycles: u64) -> Duration {
    let (mut nanos, mut left) = (0.0, cycles);
    while left > 0 {
        let now = left.min(AT_A_TIME);
        nanos += crowd.cycles(now as u32) * now as f64;
        left -= now;
    }
    Duration::from_nanos(nanos as u64)
}

/// This many cycles, with every `every`-th document changed before each.
fn busy(crowd: &mut Crowd, every: usize, cycles: u64) -> Duration {
    let mut nanos = 0.0;
    for _ in 0..cycles {
        crowd.change_every(every);
        nanos += crowd.cycle();
    }
    assert_eq!(crowd.unsaved(), 0, "a cycle saves what changed");
    Duration::from_nanos(nanos as u64)
}

/// The same the original's way.
fn by_comparison(players: &mut [original::Player], every: Option<usize>, cycles: u64) -> Duration {
    let mut took = Duration::ZERO;
    for _ in 0..cycles {
        let changed = every.map_or(0, |every| original::change_every(players, every));
        let watch = Stopwatch::start();
        let found = original::cycle(players);
        took += watch.elapsed();
        assert_eq!(found, changed, "a comparison finds what changed");
    }
    took
}
