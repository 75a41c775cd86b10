//! Timing: ours and the limit by turns, so that what disturbs the machine
//! disturbs both.

use std::time::Duration;

/// The median of some figures.
///
/// # Panics
///
/// If there are none.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    assert!(!figures.is_empty(), "a median needs figures");
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// A clock for measuring: the operating system's, paused runtimes or not.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts it.
    #[must_use]
    #[allow(clippy::disallowed_methods)] // measuring is what real time is for
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since then.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// How long each of so many things took.
    #[must_use]
    pub fn nanos_each(self, things: u64) -> f64 {
        nanos_each(self.elapsed(), things)
    }
}

/// How many nanoseconds each of so many things took.
#[must_use]
pub fn nanos_each(took: Duration, things: u64) -> f64 {
    took.as_nanos() as f64 / things as f64
}
