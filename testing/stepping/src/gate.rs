//! What a process passes before each step.

use std::fmt;

use async_trait::async_trait;

/// Lets the steps of one process through, when it wants to.
#[async_trait]
pub trait Gate: fmt::Debug + Send + Sync + 'static {
    /// Returns when the next step may be taken. An operation whose process
    /// died is one for which this never returns.
    async fn pass(&self);
}

/// A gate that is always open.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenGate;

#[async_trait]
impl Gate for OpenGate {
    async fn pass(&self) {}
}
