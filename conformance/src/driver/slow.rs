//! A process that is frozen in the middle of an operation.

use std::sync::Arc;

use playerdata_core::backend::Result;
use tokio::task::JoinHandle;

use super::{Client, parallel::joined};
use crate::{Process, Rule};

/// More steps than an operation on a few slots takes.
const MAX_STEPS: usize = 100;

/// The process of a fixture that can be frozen, with its client.
#[derive(Clone, Debug)]
pub(crate) struct SlowClient {
    pub(crate) client: Client,
    process: Arc<dyn Process>,
}

/// An operation in the middle of which its process stands still.
#[must_use]
pub(crate) struct Frozen<T> {
    slow: SlowClient,
    call: JoinHandle<Result<T>>,
}

impl SlowClient {
    pub(crate) fn new(client: Client, process: Arc<dyn Process>) -> Self {
        Self { client, process }
    }

    /// Starts an operation of this process and freezes it after this many
    /// steps; none if the operation takes no more than these.
    pub(crate) async fn freeze<T: Send + 'static>(
        &self,
        steps: usize,
        call: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Option<Frozen<T>> {
        let world = self.client.world();
        let few = "an operation on a few slots takes at most a hundred steps";
        world.expect(Rule::Fixture, few, steps <= MAX_STEPS);
        self.process.freeze_after(steps);
        let call = tokio::spawn(call);
        let what = "an operation ends, or is frozen before its next step";
        world
            .until(Rule::Fixture, what, || async {
                self.process.is_frozen() || call.is_finished()
            })
            .await;
        if self.process.is_frozen() {
            world
                .history()
                .note(format!("(the process c is frozen after {steps} steps)"));
            return Some(Frozen {
                slow: self.clone(),
                call,
            });
        }
        self.process.wake();
        let answer = joined(call.await);
        let works = "an operation that nobody disturbs works";
        world.works(Rule::S4, works, answer);
        world.expect(
            Rule::Fixture,
            "the fixture's process can be frozen before its first step",
            steps > 0,
        );
        None
    }
}

impl<T> Frozen<T> {
    /// Lets it go on to its end. What it is told is its own affair: that it
    /// was too late, that the store failed, or what was true when it was
    /// frozen.
    pub(crate) async fn wake(self) -> Result<T> {
        let world = self.slow.client.world().clone();
        world.history().note("(the process c wakes up)".to_owned());
        self.slow.process.wake();
        match tokio::time::timeout(world.patience(), self.call).await {
            Ok(call) => joined(call),
            Err(_) => world.fail(Rule::Atomic, "an operation that goes on comes to its end"),
        }
    }
}
