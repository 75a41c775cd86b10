//! What a process reports to its monitoring, with the feature `metrics`.
#![allow(clippy::unwrap_used)] // what a test can't go on without

mod support;

use std::collections::{BTreeMap, BTreeSet};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use playerdata_core::{METRICS, OnConflict};
use support::*;

/// The sum of each figure over its labels; of a histogram, how often it was told.
fn sums(recorder: &metrics_util::debugging::Snapshotter) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    for (key, _, _, value) in recorder.snapshot().into_vec() {
        let name = key.key().name().to_owned();
        *sums.entry(name).or_default() += match value {
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(value) => value.into_inner(),
            DebugValue::Histogram(values) => values.len() as f64,
        };
    }
    sums
}

#[tokio::test(start_paused = true)]
async fn every_figure_is_told_when_what_it_counts_happens() {
    let recorder = DebuggingRecorder::new();
    let figures = recorder.snapshotter();
    // Of this thread, which is the only one of the test's runtime.
    let _guard = metrics::set_default_local_recorder(&recorder);
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let session = a.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    world.store.inject(When::save().nth(1), Fault::ErrorInDoubt);
    slot.set("Currency", 1).unwrap();
    slot.save().await.unwrap();
    let stolen = b.start_session_with(1, OnConflict::Steal).await.unwrap();
    pass_secs(60).await; // a notice is drained, and both autosaves have run
    stolen.end().await.unwrap();

    let sums = sums(&figures);
    let told: BTreeSet<_> = sums.keys().map(String::as_str).collect();
    let known: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(told, known);
    for (name, expected) in [
        ("playerdata_sessions_started_total", 2.0),
        ("playerdata_sessions_ended_total", 1.0),
        ("playerdata_sessions_lost_total", 1.0),
        ("playerdata_sessions", 0.0),
        ("playerdata_save_failures_total", 1.0),
        ("playerdata_doubts_total", 1.0),
        ("playerdata_notices_total", 1.0),
        ("playerdata_autosave_queue", 0.0),
    ] {
        assert_eq!(sums[name], expected, "{name}");
    }
    assert!(sums["playerdata_saves_total"] >= 2.0);
    assert!(sums["playerdata_saved_bytes_total"] >= 600.0);
    assert!(sums["playerdata_store_call_seconds"] >= 10.0);
}
