//! Processes that are frozen in the middle of an operation.

use std::{fmt, sync::Arc};

use playerdata_core::backend::Backend;

/// A client of the store in a process of its own, which can be frozen between
/// two steps of an operation, and wakes up when others went on.
///
/// A step is what the store carries out at once: a request, a transaction, a
/// script. A store whose operations take several of them implements this in
/// its tests, around whatever sends its requests, and hands it to
/// [`FixtureBuilder::process`](crate::FixtureBuilder::process) for the group
/// `stepwise`. The process works on the namespace of the fixture's clients,
/// and shares nothing else with them.
///
/// ```
/// use std::sync::Arc;
///
/// use playerdata_conformance::Process;
/// use playerdata_core::backend::Backend;
/// use tokio::sync::watch;
///
/// /// Asked before each request of the process.
/// #[derive(Debug)]
/// struct Gate(watch::Sender<Steps>);
///
/// #[derive(Debug, Default)]
/// struct Steps {
///     /// How many more go through; none if all do.
///     left: Option<usize>,
///     frozen: bool,
/// }
///
/// impl Gate {
///     async fn pass(&self) {
///         self.0.send_modify(|steps| match &mut steps.left {
///             None => {}
///             Some(0) => steps.frozen = true,
///             Some(left) => *left -= 1,
///         });
///         // An error means that the gate is gone, and the test with it.
///         let _ = self.0.subscribe().wait_for(|steps| !steps.frozen).await;
///     }
/// }
///
/// #[derive(Debug)]
/// struct SlowProcess {
///     backend: Arc<dyn Backend>, // passes the gate before each request
///     gate: Arc<Gate>,
/// }
///
/// impl Process for SlowProcess {
///     fn backend(&self) -> Arc<dyn Backend> {
///         self.backend.clone()
///     }
///
///     fn freeze_after(&self, steps: usize) {
///         self.gate.0.send_modify(|gate| gate.left = Some(steps));
///     }
///
///     fn is_frozen(&self) -> bool {
///         self.gate.0.borrow().frozen
///     }
///
///     fn wake(&self) {
///         self.gate.0.send_replace(Steps::default());
///     }
/// }
/// ```
pub trait Process: fmt::Debug + Send + Sync + 'static {
    /// The client in this process.
    fn backend(&self) -> Arc<dyn Backend>;

    /// Lets through this many steps from now on, and freezes the process when
    /// it is about to take the next one.
    fn freeze_after(&self, steps: usize);

    /// Whether the process stands still before a step.
    fn is_frozen(&self) -> bool;

    /// Lets the process go on, and forgets what
    /// [`freeze_after`](Self::freeze_after) was told.
    fn wake(&self);
}
