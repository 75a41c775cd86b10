//! What a run has shown.

use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::report::{Unit, amount, thousands};

/// Percentiles of how long something took, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latencies {
    /// Half of all took no longer.
    pub p50: u64,
    /// 99 % took no longer.
    pub p99: u64,
    /// 99.9 % took no longer.
    pub p999: u64,
    /// The longest.
    pub max: u64,
}

impl Latencies {
    /// Those of a histogram of nanoseconds.
    #[must_use]
    pub fn of(nanos: &Histogram<u64>) -> Self {
        Self {
            p50: nanos.value_at_quantile(0.5),
            p99: nanos.value_at_quantile(0.99),
            p999: nanos.value_at_quantile(0.999),
            max: nanos.max(),
        }
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, p999, max] = [self.p50, self.p99, self.p999, self.max]
            .map(|nanos| amount(nanos as f64, Unit::Nanos));
        write!(f, "{p50}, {p99}, {p999}, {max}")
    }
}

/// A run, from the first session's start to the last one's end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The store.
    pub store: String,
    /// How many sessions there were.
    pub sessions: u64,
    /// Of which standard document.
    pub document: String,
    /// How long the game was played and measured.
    pub seconds: f64,
    /// Sessions started, each with its slot loaded, a second.
    pub starts_per_second: f64,
    /// Sessions ended, saved and released, a second.
    pub ends_per_second: f64,
    /// Sessions that did not end properly.
    pub not_ended: u64,
    /// Saves that were acknowledged, a second.
    pub saves_per_second: f64,
    /// Bytes of a body.
    pub bytes_per_save: f64,
    /// Saves that failed, or were refused.
    pub failed_saves: u64,
    /// From handing a save to the store to its acknowledgement.
    pub save: Latencies,
    /// How often game code called `set`.
    pub sets: u64,
    /// How often it was refused.
    pub refused_sets: u64,
    /// How long `set` held game code up.
    pub set: Latencies,
    /// How long empty loops of 2 µs took beside that.
    pub empty: Latencies,
    /// Processors that this process kept busy, game included.
    pub processors: f64,
    /// Memory of this process at the end, documents included.
    pub resident_bytes: u64,
    /// The most that it ever had.
    pub peak_bytes: u64,
    /// Processors that the store's own server kept busy.
    pub server_processors: Option<f64>,
    /// Memory of the store's own server.
    pub server_bytes: Option<f64>,
}

impl Report {
    /// The report as a table in Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        let count = |figure: f64| thousands(figure);
        let bytes = |figure: f64| amount(figure, Unit::Bytes);
        let mut lines = vec![
            (
                "sessions started, slot loaded, each second",
                count(self.starts_per_second),
            ),
            ("saves each second", count(self.saves_per_second)),
            ("bytes a save", bytes(self.bytes_per_save)),
            (
                "latency of a save: p50, p99, p99.9, longest",
                self.save.to_string(),
            ),
            ("saves failed", count(self.failed_saves as f64)),
            (
                "calls of `set` by game code each second",
                count(self.sets as f64 / self.seconds),
            ),
            (
                "what `set` takes meanwhile: p50, p99, p99.9, longest",
                self.set.to_string(),
            ),
            (
                "what an empty loop of 2 µs takes beside it",
                self.empty.to_string(),
            ),
            ("calls of `set` refused", count(self.refused_sets as f64)),
            (
                "processors busy, game included",
                format!("{:.2}", self.processors),
            ),
            ("memory at the end", bytes(self.resident_bytes as f64)),
            ("memory at its peak", bytes(self.peak_bytes as f64)),
        ];
        if let Some(processors) = self.server_processors {
            lines.push((
                "processors that the server keeps busy",
                format!("{processors:.2}"),
            ));
        }
        if let Some(memory) = self.server_bytes {
            lines.push(("memory of the server", bytes(memory)));
        }
        lines.push((
            "sessions ended, saved and released, each second",
            count(self.ends_per_second),
        ));
        lines.push(("sessions not ended", count(self.not_ended as f64)));
        let mut table = format!(
            "| {}, {} sessions of {}, {:.0} s | |\n| --- | ---: |\n",
            self.store,
            thousands(self.sessions as f64),
            self.document,
            self.seconds
        );
        for (what, figure) in lines {
            table += &format!("| {what} | {figure} |\n");
        }
        table
    }
}
