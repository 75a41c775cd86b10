//! How long the cases take, by group and by subject.

use std::{collections::BTreeMap, fmt, time::Duration};

use tokio::time::Instant;

use crate::{Fixture, all_cases, suite};

/// How long each subject took, one case after the other.
///
/// It prints as a table, with a line for each group at its end.
#[derive(Clone, Debug)]
pub struct Times {
    groups: BTreeMap<&'static str, Vec<(&'static str, usize, Duration)>>,
}

/// Runs all cases for every store, and those of the groups named, on fixtures
/// of their own, and measures them. The opening of a fixture counts.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use playerdata_conformance::Fixture;
/// # use playerdata_memory::MemoryBackend;
/// # async fn open() -> Fixture {
/// #   let backend = MemoryBackend::new();
/// #   Fixture::builder(Arc::new(backend.clone()), Arc::new(backend)).build()
/// # }
/// println!("{}", playerdata_conformance::times(open, &["checked_base"]));
/// ```
///
/// # Panics
///
/// If a case fails.
#[must_use]
pub fn times<Opening>(open: impl Fn() -> Opening, groups: &[&str]) -> Times
where
    Opening: Future<Output = Fixture>,
{
    let mut times = Times {
        groups: BTreeMap::new(),
    };
    for case in all_cases() {
        let group = case.group.unwrap_or("every store");
        if case.group.is_some() && !groups.contains(&group) {
            continue;
        }
        let start = Instant::now();
        suite::run(&open, |fixture| case.run(fixture));
        let took = start.elapsed();
        let subjects = times.groups.entry(group).or_default();
        match subjects.last_mut() {
            Some((subject, cases, sum)) if *subject == case.subject => {
                *cases += 1;
                *sum += took;
            }
            _ => subjects.push((case.subject, 1, took)),
        }
    }
    times
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (group, subjects) in &self.groups {
            let mut all = (0, Duration::ZERO);
            for (subject, cases, took) in subjects {
                writeln!(
                    f,
                    "{subject:>20} {cases:>4} cases {:>8.2} s",
                    took.as_secs_f64()
                )?;
                all = (all.0 + cases, all.1 + *took);
            }
            let (cases, took) = (all.0, all.1.as_secs_f64());
            writeln!(f, "group {group}: {cases} cases in {took:.2} s")?;
        }
        Ok(())
    }
}
