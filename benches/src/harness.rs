//! How the benches use criterion, which is the same in all of them.

use std::{env, time::Duration};

use criterion::{
    Bencher, BenchmarkGroup, Criterion, SamplingMode, Throughput, measurement::WallTime,
};
use tokio::runtime::{Builder, Runtime};

/// Lines whose names begin alike: how they do, and what measures them.
pub type Group = (&'static str, fn(&mut Criterion));

/// Why there are no figures of DynamoDB.
pub const NO_DYNAMODB: &str = "built without the feature `dynamodb`";

/// Runs groups: about two seconds for each of their lines, unless the command
/// line asks for more. If one of its words is how names of lines begin, only
/// the groups that have such lines; `save/` or `save/SQLite/A`, for example.
pub fn run(groups: &[Group]) {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1))
        .without_plots()
        .configure_from_args();
    let words: Vec<String> = env::args().skip(1).collect();
    for (_, measure) in asked_for(groups, &words) {
        measure(&mut criterion);
    }
    criterion.final_summary();
}

/// The groups that the words of a command line ask for; all, if they name none.
fn asked_for<'g>(groups: &'g [Group], words: &[String]) -> Vec<&'g Group> {
    let is_named = |(begins, _): &&Group| {
        let mut words = words.iter().filter(|word| word.contains('/'));
        words.any(|word| word.starts_with(begins) || begins.starts_with(&**word))
    };
    let named: Vec<_> = groups.iter().filter(is_named).collect();
    if named.is_empty() {
        return groups.iter().collect();
    }
    named
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

/// A runtime whose time is virtual: what is measured is work, not waiting.
///
/// # Panics
///
/// If the system has no room for it.
#[must_use]
pub fn paused_runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build();
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

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: [Group; 3] = [
        ("save/memory", |_| ()),
        ("save/SQLite", |_| ()),
        ("load/SQLite", |_| ()),
    ];

    fn asked_for(words: &[&str]) -> Vec<&'static str> {
        let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
        let groups = super::asked_for(&GROUPS, &words);
        groups.into_iter().map(|(begins, _)| *begins).collect()
    }

    #[test]
    fn only_the_groups_that_a_word_names_are_begun() {
        assert_eq!(
            asked_for(&["--bench", "save/"]),
            ["save/memory", "save/SQLite"]
        );
        assert_eq!(asked_for(&["save/SQLite/A", "--bench"]), ["save/SQLite"]);
        // It may be part of any name.
        assert_eq!(asked_for(&["--bench", "256 in flight"]).len(), 3);
        assert_eq!(asked_for(&["--bench"]).len(), 3);
    }
}
