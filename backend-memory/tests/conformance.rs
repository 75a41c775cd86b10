//! The suite that every backend runs.

use std::sync::Arc;

use playerdata_conformance::Fixture;
use playerdata_core::ManualClock;
use playerdata_memory::MemoryBackend;

async fn open() -> Fixture {
    let clock = Arc::new(ManualClock::default());
    let backend = MemoryBackend::with_clock(clock.clone());
    Fixture::builder(Arc::new(backend.clone()), Arc::new(backend))
        .manual_clock(clock)
        .build()
}

playerdata_conformance::suite!(open, checked_base);
playerdata_conformance::model!(open, checked_base);
