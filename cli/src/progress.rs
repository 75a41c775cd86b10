//! How far a long piece of work is, and how it ended.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::{Exit, copy::Arrival, desk::Desk, failure::Failure};

/// A count at a terminal; nothing where nobody looks.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn begin(what: &str) -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {pos} {msg}, {per_sec}, {elapsed}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        Self(bar)
    }

    pub(crate) fn one_more(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// What happened to the players.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    written: u64,
    there: u64,
    newer: u64,
    held: u64,
    damaged: u64,
    /// Whether it was interrupted before the last.
    stopped: bool,
}

impl Tally {
    /// With one more player.
    pub(crate) fn with(mut self, arrival: Arrival) -> Self {
        match arrival {
            Arrival::Written => self.written += 1,
            Arrival::There => self.there += 1,
            Arrival::Newer => self.newer += 1,
            Arrival::Held => self.held += 1,
            Arrival::Damaged => self.damaged += 1,
        }
        self
    }

    pub(crate) fn stopped(mut self, stopped: bool) -> Self {
        self.stopped = stopped;
        self
    }

    pub(crate) fn tell(self, desk: &Desk) -> Result<Exit, Failure> {
        let Self {
            written,
            there,
            newer,
            held,
            damaged,
            stopped,
        } = self;
        let json = json!({
            "written": written,
            "there_already": there,
            "newer": newer,
            "held": held,
            "damaged": damaged,
            "stopped": stopped,
        });
        let words = || {
            let again = match stopped {
                true => "; interrupted: run the command again to go on",
                false => "",
            };
            format!(
                "{written} players written, {there} already there, {newer} skipped because something \
                 newer is there, {held} skipped because they are held, {damaged} not whole because \
                 something can't be read{again}"
            )
        };
        desk.answer(|| json, words)?;
        let all = newer + held + damaged == 0 && !stopped;
        Ok(if all { Exit::Ended } else { Exit::No })
    }
}
