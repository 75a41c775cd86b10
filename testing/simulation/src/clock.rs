//! Clocks that go wrong, and ids that say who made them.

use std::{
    sync::atomic::{AtomicI64, AtomicU32, Ordering},
    time::Duration,
};

use playerdata_core::{Clock, IdSource, UnixMillis};
use tokio::time::Instant;
use uuid::{Builder, Uuid};

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

/// The ids of one process: its number, something of the run's seed, and their
/// own number. What the process draws by lot begins with one of them.
#[derive(Debug)]
pub(crate) struct ProcessIds {
    process: u32,
    seed: u32,
    last: AtomicU32,
}

impl ProcessIds {
    pub(crate) fn new(process: u32, seed: u32) -> Self {
        Self {
            process,
            seed,
            last: AtomicU32::new(0),
        }
    }
}

impl IdSource for ProcessIds {
    fn next_id(&self) -> Uuid {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let bits =
            u128::from(self.process) << 96 | u128::from(self.seed) << 32 | u128::from(number);
        Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}
