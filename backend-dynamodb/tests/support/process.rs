//! A process that can be frozen before each of its calls.

use std::{sync::Arc, time::Duration};

use playerdata_conformance::Process;
use playerdata_core::backend::Backend;
use playerdata_dynamodb::DynamoDbBackend;
use tokio::sync::watch;

use super::{Store, wire::Wire};

/// How many more calls of a wire go through.
#[derive(Debug, Default)]
pub struct Gate(watch::Sender<Steps>);

#[derive(Debug, Default)]
struct Steps {
    /// None if all do.
    left: Option<usize>,
    frozen: bool,
}

impl Gate {
    /// Returns when a call may go on its way.
    pub async fn pass(&self) {
        self.0.send_modify(|steps| match &mut steps.left {
            None => {}
            Some(0) => steps.frozen = true,
            Some(left) => *left -= 1,
        });
        // An error means that the gate is gone, and the test with it.
        let _ = self.0.subscribe().wait_for(|steps| !steps.frozen).await;
    }
}

/// A client whose process stands still on command, with the calls
/// that it was about to send.
#[derive(Debug)]
pub struct SlowProcess {
    backend: Arc<DynamoDbBackend>,
    wire: Wire,
}

impl SlowProcess {
    pub fn new(store: &Store) -> Self {
        let wire = Wire::new();
        // Its timers stand still with it: it gives up no attempt because it
        // was frozen.
        let options = store.options().attempt_timeout(Duration::from_secs(600));
        let backend = DynamoDbBackend::from_config(store.config(&wire).build(), options);
        Self {
            backend: Arc::new(backend.unwrap()),
            wire,
        }
    }

    fn steps(&self) -> &watch::Sender<Steps> {
        &self.wire.gate().0
    }
}

impl Process for SlowProcess {
    fn backend(&self) -> Arc<dyn Backend> {
        self.backend.clone()
    }

    fn freeze_after(&self, steps: usize) {
        self.steps().send_modify(|gate| gate.left = Some(steps));
    }

    fn is_frozen(&self) -> bool {
        self.steps().borrow().frozen
    }

    fn wake(&self) {
        self.steps().send_replace(Steps::default());
    }
}
