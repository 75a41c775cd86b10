//! How the benches use criterion, which is the same in all of them.

use std::time::Duration;

use criterion::{
    Bencher, BenchmarkGroup, Criterion, SamplingMode, Throughput, measurement::WallTime,
};
use tokio::runtime::{Builder, Runtime};

/// Runs the groups of a bench: about two seconds for each of its lines, unless
/// the command line asks for more.
pub fn run(groups: &[fn(&mut Criterion)]) {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1))
        .without_plots()
        .configure_from_args();
    for group in groups {
        group(&mut criterion);
    }
    criterion.final_summary();
}

/// A runtime as a game server has one.
///
/// # Panics
///
/// If the system has no room for it.
#[must_use]
pub fn runtime() -> Runtime {
    let runtime = Builder::new_multi_thread().enable_all().build();
    runtime.expect("the system has room for a runtime")
}

/// A group whose lines count single operations: each figure is the time of
/// one, however many are in flight, and how many a second that makes.
pub fn group<'c>(criterion: &'c mut Criterion, name: &str) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(1));
    group.sampling_mode(SamplingMode::Flat);
    group
}

/// Such a group for this many operations in flight: its name sorts as numbers
/// do.
pub fn group_in_flight<'c>(
    criterion: &'c mut Criterion,
    on: &str,
    in_flight: usize,
) -> BenchmarkGroup<'c, WallTime> {
    group(criterion, &format!("{on}/{in_flight:03} in flight"))
}

/// Measures operations that come in rounds of this many: as many whole rounds
/// as criterion's count of operations fills. `work` does the rounds, and
/// returns how many nanoseconds each operation took.
pub fn in_rounds(bencher: &mut Bencher<'_>, round: u64, mut work: impl FnMut(u64) -> f64) {
    bencher.iter_custom(|operations| {
        let nanos_each = work(operations.div_ceil(round));
        Duration::from_nanos((nanos_each * operations as f64) as u64)
    });
}

/// Says that a part of a bench is left out, and why.
pub fn leave_out(what: &str, why: &dyn std::fmt::Display) {
    eprintln!("{what}: left out: {why}");
}
