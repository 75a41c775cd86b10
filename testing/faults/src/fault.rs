//! What can be done to a call.

use std::time::Duration;

use crate::Call;

/// What happens to one call.
///
/// "Answered" means to the caller. A caller that hangs gets no answer: it
/// has to give up by itself, as the manager does after `operation_timeout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Applied and acknowledged, slowly. A caller that gives up meanwhile
    /// does not keep a request from being applied.
    Delay {
        /// From the call until it is applied.
        request: Duration,
        /// From there until the caller has the answer.
        answer: Duration,
    },
    /// Not applied; answered with an error that says so.
    ErrorBefore,
    /// Not applied; answered with an error that says that trying again is useless.
    Rejected,
    /// Not applied; answered with an error that leaves open whether it was.
    ErrorInDoubt,
    /// Applied; answered with an error that leaves open whether it was.
    ErrorAfter,
    /// Not applied, and no answer ever.
    HangBefore,
    /// Applied, but no answer ever.
    HangAfter,
    /// No answer ever; applied so much later, when the caller may long be
    /// gone.
    HangThenApply {
        /// From the call until it is applied.
        after: Duration,
    },
    /// Applied and acknowledged, and then applied again, with nobody to answer.
    Duplicate {
        /// From the first time to the second.
        after: Duration,
    },
    /// **Not applied, but acknowledged.** No working store does this: it is
    /// for proving that a checker notices. Calls whose answer can't be made
    /// up (reads, `acquire`, `open`) are passed on as they are.
    Lie,
    /// The server dies during this call: it hears nothing of it, nor of any
    /// call after it, as after
    /// [`FaultyBackend::cut`](crate::FaultyBackend::cut).
    Crash {
        /// Whether the call is still applied.
        applied: bool,
    },
    /// Not applied: the call panics, as in a backend that has a bug.
    Panic,
}

impl Fault {
    /// A request that takes this long, and whose answer comes at once.
    #[must_use]
    pub const fn delay(request: Duration) -> Self {
        Self::Delay {
            request,
            answer: Duration::ZERO,
        }
    }
}

/// A fault that was injected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Injected {
    /// The call it was done to.
    pub call: Call,
    /// What was done.
    pub fault: Fault,
}
