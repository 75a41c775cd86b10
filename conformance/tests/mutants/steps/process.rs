//! The gate at which a process is frozen.

use std::sync::Arc;

use async_trait::async_trait;
use playerdata_conformance::Process;
use playerdata_core::backend::Backend;
use playerdata_stepping::{Gate, SteppingStore};
use tokio::sync::watch;

/// A process that can be frozen.
#[derive(Debug)]
pub(crate) struct SlowProcess {
    store: SteppingStore,
    gate: Arc<FreezingGate>,
}

impl SlowProcess {
    pub(crate) fn new(store: &SteppingStore) -> Self {
        let gate = Arc::new(FreezingGate::default());
        Self {
            store: store.another_process(gate.clone()),
            gate,
        }
    }
}

impl Process for SlowProcess {
    fn backend(&self) -> Arc<dyn Backend> {
        Arc::new(self.store.clone())
    }

    fn freeze_after(&self, steps: usize) {
        self.gate.0.send_modify(|gate| gate.left = Some(steps));
    }

    fn is_frozen(&self) -> bool {
        self.gate.0.borrow().frozen
    }

    fn wake(&self) {
        self.gate.0.send_replace(Steps::default());
    }
}

#[derive(Debug, Default)]
struct FreezingGate(watch::Sender<Steps>);

#[derive(Debug, Default)]
struct Steps {
    /// How many more go through; none if all do.
    left: Option<usize>,
    frozen: bool,
}

#[async_trait]
impl Gate for FreezingGate {
    async fn pass(&self) {
        self.0.send_if_modified(|steps| match &mut steps.left {
            None => false,
            Some(0) => {
                steps.frozen = true;
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
        });
        let mut awake = self.0.subscribe();
        let awake = awake.wait_for(|steps| !steps.frozen).await;
        awake.expect("the gate outlives who passes it");
    }
}
