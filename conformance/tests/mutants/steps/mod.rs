//! A store whose operations take several steps, and what can be wrong with it
//! when one of them falls asleep in between.

pub(crate) mod flaws;
mod process;

use std::sync::Arc;

use playerdata_conformance::Fixture;
use playerdata_core::{ManualClock, UnixMillis, backend::Limits};
use playerdata_stepping::{Flaw, OpenGate, SteppingStore};

use self::process::SlowProcess;
use crate::{MUTANT_PATIENCE, store::MAX_BODY_BYTES};

fn fixture(flaw: Option<Flaw>) -> Fixture {
    let clock = Arc::new(ManualClock::starting_at(UnixMillis::new(1_000_000)));
    let store = SteppingStore::new(clock.clone(), Limits::new(MAX_BODY_BYTES), flaw);
    let slow = SlowProcess::new(&store);
    let other = store.another_process(Arc::new(OpenGate));
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
