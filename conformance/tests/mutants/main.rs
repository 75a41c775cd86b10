//! The suite is tested too: with stores that are broken in one place each.
//!
//! A store in its plainest form passes all cases. Then every [`Flaw`] is put
//! into it in turn, and each case that is named with it has to fail.

mod flaws;
mod leases;
mod locks;
mod model;
mod slots;
mod store;
mod table;

use std::{panic, sync::Arc, time::Duration};

use playerdata_conformance::{Case, Fixture, all_cases};
use playerdata_core::{ManualClock, UnixMillis, backend::Backend};

use flaws::{Flaw, MUTANTS};
use store::PlainStore;

/// How long a case waits for what may never come from a broken store.
const MUTANT_PATIENCE: Duration = Duration::from_secs(2);

fn fixture(flaw: Option<Flaw>) -> Fixture {
    let clock = Arc::new(ManualClock::starting_at(UnixMillis::new(1_000_000)));
    let store = PlainStore::new(clock.clone(), flaw);
    let clients =
        |store: PlainStore| -> [Arc<dyn Backend>; 2] { [Arc::new(store.clone()), Arc::new(store)] };
    let [one, other] = clients(store.clone());
    let fixture = Fixture::builder(one, other);
    let fixture = match flaw {
        None => fixture,
        Some(_) => fixture.patience(MUTANT_PATIENCE),
    };
    fixture
        .manual_clock(clock)
        .reopen(async move || clients(store.restarted()))
        .build()
}

mod without_a_flaw {
    use super::Fixture;

    async fn open() -> Fixture {
        super::fixture(None)
    }

    playerdata_conformance::suite!(open, durable, checked_base);
    playerdata_conformance::model!(open, checked_base);
}

/// How often a case may be run until it notices: a race can be won by luck,
/// on a machine that is busy with other things.
const ATTEMPTS: usize = 5;

/// Requires that every case that is named with the flaw fails because of it.
fn expect_caught(flaw: Flaw) {
    let mutant = MUTANTS.iter().find(|mutant| mutant.flaw == flaw);
    let mutant = mutant.expect("every flaw is in the table");
    for name in mutant.caught_by {
        let case = all_cases().find(|case| case.to_string() == *name);
        let case = case.unwrap_or_else(|| panic!("there is no case {name}"));
        let message = (0..ATTEMPTS).find_map(|_| failure(case, flaw));
        let message = message.unwrap_or_else(|| panic!("{name} does not notice {flaw:?}"));
        assert!(
            message.contains("broken: "),
            "{name} fails with {flaw:?}, but not by judging: {message}"
        );
    }
}

/// The message of a case on a store with a flaw, if it fails.
fn failure(case: &Case, flaw: Flaw) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a test may start threads");
    let result = runtime.block_on(async {
        let case = tokio::spawn(case.run(fixture(Some(flaw))));
        tokio::time::timeout(Duration::from_secs(60), case).await
    });
    let error = result.expect("a case with a flaw ends in time").err()?;
    let panic = match error.try_into_panic() {
        Ok(panic) => panic,
        Err(error) => panic!("nobody cancels the task: {error}"),
    };
    match panic.downcast::<String>() {
        Ok(message) => Some(*message),
        Err(other) => panic::resume_unwind(other),
    }
}
