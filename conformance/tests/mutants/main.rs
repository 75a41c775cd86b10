//! The suite is tested too: with stores that are broken in one place each.
//!
//! A store in its plainest form passes all cases. Then every [`Flaw`] is put
//! into it in turn, and each case that is named with it has to fail.

mod flaws;
mod leases;
mod locks;
mod mail;
mod model;
mod mutant;
mod players;
mod slots;
mod sql;
mod steps;
mod store;
mod table;
mod trades;
mod versions;

use std::{sync::Arc, time::Duration};

use playerdata_conformance::Fixture;
use playerdata_core::{ManualClock, UnixMillis, backend::Backend};

use flaws::Flaw;
use mutant::Mutant;
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
        .outage(
            async_set(&store, true),
            async_set(&store, flaw == Some(Flaw::NeverReconnects)),
        )
        .kill({
            let store = store.clone();
            async move || clients(store.killed())
        })
        .reopen(async move || clients(store.restarted()))
        .build()
}

/// Makes a store unreachable, or reachable again.
fn async_set(store: &PlainStore, down: bool) -> impl Fn() -> std::future::Ready<()> + use<> {
    let store = store.clone();
    move || {
        store.state().down = down;
        std::future::ready(())
    }
}

mod without_a_flaw {
    use super::Fixture;

    async fn open() -> Fixture {
        super::fixture(None)
    }

    playerdata_conformance::suite!(open, durable, checked_base, outage, killed);
    playerdata_conformance::model!(open, checked_base);
}

/// All mutants, of every kind of store.
fn all_mutants() -> Vec<Mutant> {
    [
        flaws::mutants(),
        sql::flaws::mutants(),
        steps::flaws::mutants(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
