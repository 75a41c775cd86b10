//! A store whose operations take several steps, and what can be wrong with it
//! when one of them falls asleep in between.

pub(crate) mod flaws;
mod locks;
mod slots;
mod store;
mod table;

use std::sync::Arc;

use playerdata_conformance::Fixture;
use playerdata_core::{ManualClock, UnixMillis};

use self::{flaws::Flaw, store::SteppingStore, table::SlowProcess};
use crate::MUTANT_PATIENCE;

fn fixture(flaw: Option<Flaw>) -> Fixture {
    let clock = Arc::new(ManualClock::starting_at(UnixMillis::new(1_000_000)));
    let store = SteppingStore::new(clock.clone(), flaw);
    let slow = SlowProcess::new(&store, flaw);
    let other = store.another_process(flaw);
    let fixture = Fixture::builder(Arc::new(store), Arc::new(other));
    let fixture = match flaw {
        None => fixture,
        Some(_) => fixture.patience(MUTANT_PATIENCE),
    };
    fixture.manual_clock(clock).process(slow).build()
}

mod without_a_flaw {
    use super::Fixture;

    async fn open() -> Fixture {
        super::fixture(None)
    }

    playerdata_conformance::suite!(open, checked_base, stepwise);
    playerdata_conformance::model!(open, checked_base);
}
