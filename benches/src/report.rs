//! A row of the summary, and how rows are shown.

use std::fmt::Write as _;

use serde::Serialize;

/// One measurement beside its limit.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// What it was compared with.
    pub against: String,
    /// Ours, with its unit.
    pub ours: String,
    /// The limit, with its unit.
    pub limit: String,
    /// How ours relates to the limit; larger is better.
    pub ratio: f64,
    /// What the ratio is meant to be at least.
    pub aim: f64,
}

impl Row {
    /// Whether the aim is met.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.ratio >= self.aim
    }
}

/// The rows as a table in Markdown.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| what | ours | limit | against | ratio | aim | |\n\
         | --- | ---: | ---: | --- | ---: | ---: | --- |\n",
    );
    for row in rows {
        let Row {
            what,
            against,
            ours,
            limit,
            ratio,
            aim,
        } = row;
        let met = if row.is_met() { "met" } else { "**missed**" };
        let (ratio, aim) = (figure(*ratio), figure(*aim));
        writeln!(
            text,
            "| {what} | {ours} | {limit} | {against} | {ratio} | {aim} | {met} |"
        )
        .expect("a String takes everything");
    }
    text
}

/// A ratio with as many digits as say something.
#[must_use]
pub fn figure(ratio: f64) -> String {
    if ratio >= 100.0 {
        format!("{ratio:.0}")
    } else {
        format!("{ratio:.2}")
    }
}

/// A time with a unit that suits it.
#[must_use]
pub fn nanos(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.1} µs", n / 1e3),
        n if n < 1e9 => format!("{:.1} ms", n / 1e6),
        n => format!("{:.1} s", n / 1e9),
    }
}
