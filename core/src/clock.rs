//! Where time and fresh ids come from: both are injected, so that tests and
//! simulations can set them.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

/// A point in time: milliseconds since 1970-01-01 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixMillis(u64);

impl UnixMillis {
    /// Wraps a number of milliseconds.
    #[must_use]
    pub const fn new(millis: u64) -> Self {
        Self(millis)
    }

    /// The number of milliseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The time `by` later; the end of time if that is later still.
    #[must_use]
    pub fn saturating_add(self, by: Duration) -> Self {
        let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(by_ms))
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// Gives the time of day.
///
/// A clock that is wrong costs at most an early or a late take-over.
/// Waiting is not its business: that is `tokio::time`'s, which a test
/// can pause.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> UnixMillis;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place where the raw clock is read
    fn now(&self) -> UnixMillis {
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        UnixMillis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }
}

/// Makes ids that nobody has made before.
pub trait IdSource: fmt::Debug + Send + Sync + 'static {
    /// A fresh GUID of version 4.
    fn next_id(&self) -> Uuid;
}

/// Ids from the operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    #[allow(clippy::disallowed_methods)] // the one place where a raw id is made
    fn next_id(&self) -> Uuid {
        Uuid::new_v4()
    }
}

/// Spreads pauses, so that many who wait do not come at the same time. It
/// begins with an id: the same ids give the same pauses.
#[derive(Debug)]
pub(crate) struct Jitter(AtomicU64);

impl Jitter {
    pub(crate) fn new(ids: &dyn IdSource) -> Self {
        let (high, low) = ids.next_id().as_u64_pair();
        Self(AtomicU64::new(high.rotate_left(32) ^ low))
    }

    /// What a generator may begin with, another one each time.
    pub(crate) fn seed(&self) -> u64 {
        // Odd, so that it takes 2^64 seeds until one comes again.
        self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
    }

    /// The pause, longer by up to a quarter.
    pub(crate) fn lengthen(&self, pause: Duration) -> Duration {
        let part = fastrand::Rng::with_seed(self.seed()).f64() / 4.0;
        pause.mul_f64(1.0 + part)
    }
}

/// A clock that stands still until it is set, for tests and
/// simulations.
///
/// ```
/// use std::time::Duration;
///
/// use playerdata_core::{Clock, ManualClock, UnixMillis};
///
/// let clock = ManualClock::starting_at(UnixMillis::new(5_000));
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(clock.now(), UnixMillis::new(6_000));
/// ```
#[derive(Debug, Default)]
pub struct ManualClock {
    millis: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `time`.
    #[must_use]
    pub const fn starting_at(time: UnixMillis) -> Self {
        Self {
            millis: AtomicU64::new(time.0),
        }
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, time: UnixMillis) {
        self.millis.store(time.0, Ordering::SeqCst);
    }

    /// Moves the clock forward; not beyond the end of time.
    pub fn advance(&self, by: Duration) {
        self.millis
            .update(Ordering::SeqCst, Ordering::SeqCst, |millis| {
                UnixMillis(millis).saturating_add(by).0
            });
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.millis.load(Ordering::SeqCst))
    }
}

/// Ids that are the same in every run: 1, 2, 3 and so on, after a prefix that
/// distinguishes one source from another. For tests and simulations only.
#[derive(Debug, Default)]
pub struct SequentialIds {
    prefix: u32,
    last: AtomicU64,
}

impl SequentialIds {
    /// A source of its own; ids of sources with different prefixes differ.
    #[must_use]
    pub const fn with_prefix(prefix: u32) -> Self {
        Self {
            prefix,
            last: AtomicU64::new(0),
        }
    }
}

impl IdSource for SequentialIds {
    fn next_id(&self) -> Uuid {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let bits = u128::from(self.prefix) << 96 | u128::from(number);
        Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_goes_where_it_is_set_and_stops_at_the_end_of_time() {
        let clock = ManualClock::starting_at(UnixMillis::new(9));
        clock.set(UnixMillis::new(4));
        clock.advance(Duration::from_millis(2));
        assert_eq!(clock.now(), UnixMillis::new(6));
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), UnixMillis::new(u64::MAX));
    }

    #[test]
    fn e6_pauses_are_lengthened_by_up_to_a_quarter_and_repeat_with_the_ids() {
        let pauses = |prefix| -> Vec<_> {
            let jitter = Jitter::new(&SequentialIds::with_prefix(prefix));
            (0..200)
                .map(|_| jitter.lengthen(Duration::from_millis(400)).as_millis())
                .collect()
        };
        assert_eq!(pauses(1), pauses(1));
        assert_ne!(pauses(1), pauses(2));
        let (least, most) = (pauses(1).into_iter().min(), pauses(1).into_iter().max());
        assert!((Some(400)..Some(405)).contains(&least), "{least:?}");
        assert!((Some(495)..=Some(500)).contains(&most), "{most:?}");
    }

    #[test]
    fn sequential_ids_are_v4_differ_and_repeat_in_the_next_run() {
        let ids = |prefix| {
            let source = SequentialIds::with_prefix(prefix);
            [source.next_id(), source.next_id()]
        };
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1)[0], ids(1)[1]);
        assert_ne!(ids(1)[0], ids(2)[0]);
        assert_eq!(ids(1)[0].get_version_num(), 4);
    }
}
