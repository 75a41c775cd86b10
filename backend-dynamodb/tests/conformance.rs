//! The suite that every backend runs.

mod support;

use std::{
    future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use playerdata_conformance::Fixture;
use playerdata_core::backend::Backend;
use support::{
    Store,
    process::SlowProcess,
    wire::{Fault, Wire},
};

/// A network between the clients and the store that can be down: nobody takes
/// a connection then.
#[derive(Clone, Default)]
struct Network(Arc<AtomicBool>);

impl Network {
    /// A client in this network.
    fn client(&self, store: &Store) -> Arc<dyn Backend> {
        let (wire, down) = (Wire::new(), self.0.clone());
        wire.plan(move |_, _| match down.load(Ordering::SeqCst) {
            true => Fault::Refused,
            false => Fault::None,
        });
        Arc::new(store.backend_on(&wire))
    }

    /// Takes it down, or brings it back.
    fn set_down(&self, down: bool) -> future::Ready<()> {
        self.0.store(down, Ordering::SeqCst);
        future::ready(())
    }
}

async fn open() -> Fixture {
    let store = Arc::new(Store::open().await);
    let network = Network::default();
    let [one, other] = [(); 2].map(|()| network.client(&store));
    let (stopped, started) = (network.clone(), network.clone());
    let again = store.clone();
    Fixture::builder(one, other)
        .manual_clock(store.clock.clone())
        .reopen(move || async move { [(); 2].map(|()| network.client(&again)) })
        .process(SlowProcess::new(&store))
        .outage(
            move || stopped.set_down(true),
            move || started.set_down(false),
        )
        .keep(store)
        .build()
}

playerdata_conformance::suite!(open, durable, checked_base, stepwise, outage);
playerdata_conformance::model!(open, checked_base);
