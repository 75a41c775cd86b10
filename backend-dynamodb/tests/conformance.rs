//! The suite that every backend runs.

mod support;

use std::sync::Arc;

use playerdata_conformance::Fixture;
use support::Store;

async fn open() -> Fixture {
    let store = Arc::new(Store::open().await);
    let client = || -> Arc<dyn playerdata_core::backend::Backend> { Arc::new(store.backend()) };
    let again = store.clone();
    Fixture::builder(client(), client())
        .manual_clock(store.clock.clone())
        .reopen(move || async move {
            [
                Arc::new(again.backend()) as _,
                Arc::new(again.backend()) as _,
            ]
        })
        .keep(store)
        .build()
}

playerdata_conformance::suite!(open, durable, checked_base);
playerdata_conformance::model!(open, checked_base);
