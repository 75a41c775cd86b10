//! The suite that every backend runs: on a file with two handles, as two
//! processes have it, and in memory.

use std::sync::Arc;

use playerdata_conformance::Fixture;
use playerdata_core::{ManualClock, backend::Backend};
use playerdata_sqlite::SqliteOptions;

/// Two handles on one file, with nothing in common but the file and the clock.
mod file {
    use super::*;

    fn two_handles(options: &SqliteOptions) -> [Arc<dyn Backend>; 2] {
        [(), ()].map(|()| {
            let backend = options.clone().open();
            Arc::new(backend.expect("the folder is there")) as Arc<dyn Backend>
        })
    }

    async fn open() -> Fixture {
        let folder = tempfile::tempdir().expect("the disk has room");
        let clock = Arc::new(ManualClock::default());
        let options = SqliteOptions::new(folder.path().join("playerdata.db")).clock(clock.clone());
        let [one, other] = two_handles(&options);
        Fixture::builder(one, other)
            .manual_clock(clock)
            .keep(folder)
            .reopen(|| async move { two_handles(&options) })
            .build()
    }

    playerdata_conformance::suite!(open, durable, checked_base);
    playerdata_conformance::model!(open, checked_base);
}

/// Two clones of one handle: a database in memory has no other clients.
mod memory {
    use super::*;

    async fn open() -> Fixture {
        let clock = Arc::new(ManualClock::default());
        let backend = SqliteOptions::in_memory().clock(clock.clone()).open();
        let backend = backend.expect("there is memory");
        Fixture::builder(Arc::new(backend.clone()), Arc::new(backend))
            .manual_clock(clock)
            .build()
    }

    playerdata_conformance::suite!(open, checked_base);
    playerdata_conformance::model!(open, checked_base);
}
