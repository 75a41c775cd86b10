//! A backend whose saves are timed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use hdrhistogram::Histogram;
use parking_lot::Mutex;
use playerdata_core::{
    backend::{Backend, Body, Claim, Result, Stamp, WriteOutcome},
    forward_backend,
};

use crate::timing::Stopwatch;

/// Forwards everything, and keeps how long each save took.
#[derive(Debug)]
pub(super) struct Timed {
    backend: Arc<dyn Backend>,
    saves: Mutex<Histogram<u64>>,
    bytes: AtomicU64,
    failures: AtomicU64,
}

/// What there was since the last time.
#[derive(Debug)]
pub(super) struct Saves {
    /// Nanoseconds of each save that was applied.
    pub(super) nanos: Histogram<u64>,
    /// Bytes of their bodies.
    pub(super) bytes: u64,
    /// Saves that failed or were refused.
    pub(super) failures: u64,
}

/// From a nanosecond to a minute, with three digits.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds make sense")
}

impl Timed {
    pub(super) fn new(backend: Arc<dyn Backend>) -> Self {
        Self {
            backend,
            saves: Mutex::new(histogram()),
            bytes: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
    }

    /// What there was since the last time.
    pub(super) fn take(&self) -> Saves {
        Saves {
            nanos: std::mem::replace(&mut *self.saves.lock(), histogram()),
            bytes: self.bytes.swap(0, Ordering::Relaxed),
            failures: self.failures.swap(0, Ordering::Relaxed),
        }
    }

    fn note(&self, took: Duration, body: &Body, outcome: &Result<WriteOutcome>) {
        if matches!(outcome, Ok(WriteOutcome::Written { .. })) {
            let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            self.saves.lock().saturating_record(nanos);
            let bytes = body.bytes.len() as u64;
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        } else {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Backend for Timed {
    forward_backend!(backend:
        name, limits, hazards, renew_lease, drop_lease, lease_is_live, acquire,
        acquire_and_open, release, release_knowing, holder, notify, open, delete, view, list, erase, post, letters, discard, settle, known_letters,
        decide, forget_decision, keep_version, versions, version, players,
    );

    async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
        let watch = Stopwatch::start();
        let outcome = self.backend.save(claim, stamp, body).await;
        self.note(watch.elapsed(), body, &outcome);
        outcome
    }
}
