//! How a store in memory is set up.

use std::sync::Arc;

use playerdata_core::{Clock, SystemClock};

/// What can be chosen for a [`MemoryBackend`](crate::MemoryBackend).
///
/// ```
/// use std::sync::Arc;
///
/// use playerdata_core::ManualClock;
/// use playerdata_memory::{MemoryBackend, MemoryOptions};
///
/// let clock = Arc::new(ManualClock::default());
/// let options = MemoryOptions::default()
///     .clock(clock.clone())
///     .max_body_bytes(400 * 1024);
/// let backend = MemoryBackend::with_options(options);
/// # let _ = backend;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct MemoryOptions {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) max_body_bytes: usize,
}

impl Default for MemoryOptions {
    /// The operating system's clock, and bodies of up to 16 MiB.
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            max_body_bytes: 16 * 1024 * 1024,
        }
    }
}

impl MemoryOptions {
    /// The clock by which leases lapse.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The longest body of a record, in bytes.
    pub fn max_body_bytes(mut self, max_body_bytes: usize) -> Self {
        self.max_body_bytes = max_body_bytes;
        self
    }
}
