//! How long each group takes for a store in memory:
//! `cargo run -p playerdata-conformance --example times`.

use std::sync::Arc;

use playerdata_conformance::{Fixture, times};
use playerdata_core::ManualClock;
use playerdata_memory::MemoryBackend;

async fn open() -> Fixture {
    let clock = Arc::new(ManualClock::default());
    let backend = MemoryBackend::with_clock(clock.clone());
    Fixture::builder(Arc::new(backend.clone()), Arc::new(backend))
        .manual_clock(clock)
        .build()
}

fn main() {
    print!("{}", times(open, &["checked_base"]));
}
