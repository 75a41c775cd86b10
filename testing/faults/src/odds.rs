//! Faults at random.

use std::time::Duration;

use fastrand::Rng;

use crate::Fault;

/// How likely each fault is for one call, and how long it lasts at most.
///
/// Probabilities are from 0 (never) to 1 (always); a call has one fault at the
/// most. Lies are not among them.
///
/// ```
/// use playerdata_faults::Odds;
///
/// let mut odds = Odds::none();
/// odds.error_after = 0.05;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Odds {
    /// Of [`Fault::Delay`].
    pub delay: f64,
    /// The longest delay on each way.
    pub longest_delay: Duration,
    /// Of [`Fault::ErrorBefore`].
    pub error_before: f64,
    /// Of [`Fault::ErrorInDoubt`].
    pub error_in_doubt: f64,
    /// Of [`Fault::ErrorAfter`].
    pub error_after: f64,
    /// Of [`Fault::HangBefore`].
    pub hang_before: f64,
    /// Of [`Fault::HangAfter`].
    pub hang_after: f64,
    /// Of [`Fault::HangThenApply`].
    pub hang_then_apply: f64,
    /// Of [`Fault::Duplicate`].
    pub duplicate: f64,
    /// How late a duplicate, or what hangs, is applied at the latest.
    pub latest: Duration,
    /// That the server is partitioned from the store, from this call on.
    pub partition: f64,
    /// The longest partition.
    pub longest_partition: Duration,
    /// That the server is paused, from this call on.
    pub pause: f64,
    /// The longest pause.
    pub longest_pause: Duration,
}

/// What the odds came up with for one call.
pub(crate) enum Draw {
    Nothing,
    Fault(Fault),
    Partition(Duration),
    Pause(Duration),
}

impl Odds {
    /// No faults, and durations for when they are switched on.
    #[must_use]
    pub fn none() -> Self {
        Self {
            delay: 0.0,
            longest_delay: Duration::from_millis(500),
            error_before: 0.0,
            error_in_doubt: 0.0,
            error_after: 0.0,
            hang_before: 0.0,
            hang_after: 0.0,
            hang_then_apply: 0.0,
            duplicate: 0.0,
            latest: Duration::from_secs(60),
            partition: 0.0,
            longest_partition: Duration::from_secs(30),
            pause: 0.0,
            longest_pause: Duration::from_secs(30),
        }
    }

    /// A network on a bad day: about one call in twelve has a fault.
    #[must_use]
    pub fn bad_day() -> Self {
        Self {
            delay: 0.05,
            error_before: 0.005,
            error_in_doubt: 0.005,
            error_after: 0.005,
            hang_before: 0.002,
            hang_after: 0.002,
            hang_then_apply: 0.002,
            duplicate: 0.01,
            partition: 0.000_5,
            pause: 0.000_5,
            ..Self::none()
        }
    }

    /// Nearly every second call has a fault, and one in seven is not
    /// acknowledged.
    #[must_use]
    pub fn disaster() -> Self {
        Self {
            delay: 0.2,
            error_before: 0.03,
            error_in_doubt: 0.02,
            error_after: 0.04,
            hang_before: 0.015,
            hang_after: 0.02,
            hang_then_apply: 0.02,
            duplicate: 0.08,
            partition: 0.002,
            pause: 0.002,
            ..Self::none()
        }
    }

    pub(crate) fn draw(&self, rng: &mut Rng) -> Draw {
        let mut point = rng.f64();
        let mut hit = |odds: f64| {
            let hit = point < odds;
            point -= odds;
            hit
        };
        if hit(self.delay) {
            Draw::Fault(Fault::Delay {
                request: up_to(self.longest_delay, rng),
                answer: up_to(self.longest_delay, rng),
            })
        } else if hit(self.error_before) {
            Draw::Fault(Fault::ErrorBefore)
        } else if hit(self.error_in_doubt) {
            Draw::Fault(Fault::ErrorInDoubt)
        } else if hit(self.error_after) {
            Draw::Fault(Fault::ErrorAfter)
        } else if hit(self.hang_before) {
            Draw::Fault(Fault::HangBefore)
        } else if hit(self.hang_after) {
            Draw::Fault(Fault::HangAfter)
        } else if hit(self.hang_then_apply) {
            let after = up_to(self.latest, rng);
            Draw::Fault(Fault::HangThenApply { after })
        } else if hit(self.duplicate) {
            let after = up_to(self.latest, rng);
            Draw::Fault(Fault::Duplicate { after })
        } else if hit(self.partition) {
            Draw::Partition(up_to(self.longest_partition, rng))
        } else if hit(self.pause) {
            Draw::Pause(up_to(self.longest_pause, rng))
        } else {
            Draw::Nothing
        }
    }
}

impl Default for Odds {
    /// [`Odds::none`].
    fn default() -> Self {
        Self::none()
    }
}

/// A duration of whole milliseconds, short ones as likely as long ones: the
/// order of magnitude is drawn first.
fn up_to(longest: Duration, rng: &mut Rng) -> Duration {
    let longest = longest.mul_f64(0.5_f64.powi(rng.i32(0..8)));
    let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(rng.u64(0..=millis))
}
