//! Figures for a monitoring system, through the facade `metrics` if the
//! feature of that name is on; nothing otherwise.
//!
//! `docs/monitoring.md` says what each figure means and what is normal; a test
//! holds it, and the dashboard beside it, to the names here.

use std::time::Duration;

/// A figure that a process reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name, as the recorder sees it.
    pub name: &'static str,
    /// Whether it is a `counter`, a `gauge` or a `histogram`.
    pub kind: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it counts, with its unit.
    pub meaning: &'static str,
}

const fn metric(
    name: &'static str,
    kind: &'static str,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric {
        name,
        kind,
        labels,
        meaning,
    }
}

/// Every figure that a process with the feature `metrics` reports.
pub const METRICS: [Metric; 12] = [
    STORE_CALL,
    SAVES,
    SAVED_BYTES,
    SAVE_FAILURES,
    DOUBTS,
    QUEUE,
    SESSIONS,
    SESSIONS_STARTED,
    SESSIONS_ENDED,
    SESSIONS_LOST,
    LEASE_AGE,
    NOTICES,
];

const STORE_CALL: Metric = metric(
    "playerdata_store_call_seconds",
    "histogram",
    &["operation", "outcome"],
    "how long the store took to answer one call; the outcome is `ok`, `unavailable`, `rejected`, `corrupt` or `too_large`",
);
const SAVES: Metric = metric(
    "playerdata_saves_total",
    "counter",
    &["reason"],
    "slots written and acknowledged; the reason is `autosave`, `forced`, `requested`, `last` or `put_back`",
);
const SAVED_BYTES: Metric = metric(
    "playerdata_saved_bytes_total",
    "counter",
    &[],
    "bytes of the bodies written, as stored",
);
const SAVE_FAILURES: Metric = metric(
    "playerdata_save_failures_total",
    "counter",
    &[],
    "attempts to write a slot that failed; the change is kept and tried again",
);
const DOUBTS: Metric = metric(
    "playerdata_doubts_total",
    "counter",
    &[],
    "writes whose answer was lost, so that the slot has to be opened again",
);
const QUEUE: Metric = metric(
    "playerdata_autosave_queue",
    "gauge",
    &[],
    "slots that are due and wait for a save to begin",
);
const SESSIONS: Metric = metric(
    "playerdata_sessions",
    "gauge",
    &[],
    "sessions that this process holds or is about to",
);
const SESSIONS_STARTED: Metric = metric(
    "playerdata_sessions_started_total",
    "counter",
    &[],
    "sessions that got their player's lock",
);
const SESSIONS_ENDED: Metric = metric(
    "playerdata_sessions_ended_total",
    "counter",
    &[],
    "sessions that were saved and released",
);
const SESSIONS_LOST: Metric = metric(
    "playerdata_sessions_lost_total",
    "counter",
    &[],
    "sessions whose lock was found to be another's, or gone",
);
const LEASE_AGE: Metric = metric(
    "playerdata_lease_age_seconds",
    "gauge",
    &[],
    "how long ago the lease was renewed, as of the last heartbeat; at `lock_expiry` it has lapsed",
);
const NOTICES: Metric = metric(
    "playerdata_notices_total",
    "counter",
    &[],
    "notices from other servers that a heartbeat brought",
);

/// Whether anything is reported: what only figures need is not measured otherwise.
pub(crate) const ENABLED: bool = cfg!(feature = "metrics");

/// What a call to the store came to.
pub(crate) fn store_call(operation: &'static str, outcome: &'static str, took: Duration) {
    record(
        STORE_CALL,
        took.as_secs_f64(),
        &[("operation", operation), ("outcome", outcome)],
    );
}

/// A save is over and acknowledged.
pub(crate) fn saved(reason: &'static str) {
    count(SAVES, 1, &[("reason", reason)]);
}

/// A body was written; its size is in bytes.
pub(crate) fn written(bytes: usize) {
    count(SAVED_BYTES, bytes as u64, &[]);
}

pub(crate) fn save_failed() {
    count(SAVE_FAILURES, 1, &[]);
}

pub(crate) fn write_in_doubt() {
    count(DOUBTS, 1, &[]);
}

pub(crate) fn autosave_queue(slots: usize) {
    set(QUEUE, slots as f64);
}

pub(crate) fn session_started(sessions: usize) {
    count(SESSIONS_STARTED, 1, &[]);
    set(SESSIONS, sessions as f64);
}

/// A session is over, lost or ended; `sessions` are left.
pub(crate) fn session_over(lost: bool, sessions: usize) {
    let metric = if lost { SESSIONS_LOST } else { SESSIONS_ENDED };
    count(metric, 1, &[]);
    set(SESSIONS, sessions as f64);
}

/// A heartbeat is over: how old the lease is, and how many notices came.
pub(crate) fn heartbeat(lease_age: Duration, notices: usize) {
    set(LEASE_AGE, lease_age.as_secs_f64());
    count(NOTICES, notices as u64, &[]);
}

/// A label's name and its value.
type Label = (&'static str, &'static str);

#[cfg(feature = "metrics")]
fn record(metric: Metric, value: f64, labels: &[Label]) {
    metrics::histogram!(metric.name, labels).record(value);
}

#[cfg(feature = "metrics")]
fn count(metric: Metric, by: u64, labels: &[Label]) {
    metrics::counter!(metric.name, labels).increment(by);
}

#[cfg(feature = "metrics")]
fn set(metric: Metric, value: f64) {
    metrics::gauge!(metric.name).set(value);
}

#[cfg(not(feature = "metrics"))]
fn record(_: Metric, _: f64, _: &[Label]) {}

#[cfg(not(feature = "metrics"))]
fn count(_: Metric, _: u64, _: &[Label]) {}

#[cfg(not(feature = "metrics"))]
fn set(_: Metric, _: f64) {}
