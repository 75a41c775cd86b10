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

    /// How long each of a number of things took.
    #[must_use]
    pub fn nanos_each(self, things: u64) -> f64 {
        nanos_each(self.elapsed(), things)
    }
}

/// How many nanoseconds each of this many things took.
#[must_use]
pub fn nanos_each(took: Duration, things: u64) -> f64 {
    took.as_nanos() as f64 / things as f64
}

/// Measures several things by turns: what disturbs the machine for a while
/// disturbs all of them. Each is done once before it counts, and each round
/// begins with another. Returns what each said in each round.
pub fn by_turns<const N: usize>(
    rounds: usize,
    mut things: [&mut dyn FnMut() -> f64; N],
) -> [Vec<f64>; N] {
    for thing in &mut things {
        thing();
    }
    let mut figures = [const { Vec::new() }; N];
    for round in 0..rounds {
        for turn in 0..N {
            let at = (round + turn) % N;
            figures[at].push(things[at]());
        }
    }
    figures
}
