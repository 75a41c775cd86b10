//! A store in SQL, with many connections to one file, and what can be wrong
//! with its statements: a condition that is missing, or two statements where
//! there has to be a transaction.

mod columns;
mod database;
pub(crate) mod flaws;
mod leases;
mod locks;
mod mail;
mod slots;
mod statements;
mod store;
mod versions;

use std::sync::Arc;

use playerdata_conformance::Fixture;
use playerdata_core::{ManualClock, UnixMillis, backend::Backend};

use self::{database::Database, flaws::Flaw, store::SqlStore};
use crate::MUTANT_PATIENCE;

fn fixture(flaw: Option<Flaw>) -> Fixture {
    let clock = Arc::new(ManualClock::starting_at(UnixMillis::new(1_000_000)));
    let database = Database::create(flaw);
    let clients = {
        let (database, clock) = (database.clone(), clock.clone());
        move || -> [Arc<dyn Backend>; 2] {
            [(); 2].map(|()| Arc::new(SqlStore::new(database.another(), clock.clone())) as _)
        }
    };
    let [one, other] = clients();
    let fixture = Fixture::builder(one, other);
    let fixture = match flaw {
        None => fixture,
        Some(_) => fixture.patience(MUTANT_PATIENCE),
    };
    fixture
        .manual_clock(clock)
        .keep(database)
        .reopen(async move || clients())
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
