//! Clocks that go wrong.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use playerdata_core::{Clock, UnixMillis};
use tokio::time::Instant;

/// The time of day at which every run begins.
const BEGINNING: i64 = 1_700_000_000_000;

/// A clock on virtual time that can run fast, run slow, and jump.
#[derive(Debug)]
pub(crate) struct DriftingClock {
    began_at: Instant,
    /// How far it is off, in milliseconds.
    offset: AtomicI64,
    /// How much it gains in a million milliseconds.
    drift_ppm: AtomicI64,
}

impl DriftingClock {
    pub(crate) fn new() -> Self {
        Self {
            began_at: Instant::now(),
            offset: AtomicI64::new(0),
            drift_ppm: AtomicI64::new(0),
        }
    }

    /// Moves the clock, forward or back.
    pub(crate) fn jump(&self, millis: i64) {
        self.offset.fetch_add(millis, Ordering::Relaxed);
    }

    /// Lets it gain, or lose, from now on.
    pub(crate) fn set_drift(&self, ppm: i64) {
        let before = self.millis();
        self.drift_ppm.store(ppm, Ordering::Relaxed);
        self.jump(before - self.millis());
    }

    fn millis(&self) -> i64 {
        let elapsed: Duration = self.began_at.elapsed();
        let elapsed = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        let gained = elapsed * self.drift_ppm.load(Ordering::Relaxed) / 1_000_000;
        BEGINNING + elapsed + gained + self.offset.load(Ordering::Relaxed)
    }
}

impl Clock for DriftingClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(u64::try_from(self.millis()).unwrap_or(0))
    }
}
