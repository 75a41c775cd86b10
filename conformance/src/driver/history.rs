//! What was called and answered, for the message of a failed case.

use std::{collections::VecDeque, fmt, sync::Arc};

use parking_lot::Mutex;

/// The most lines kept: enough to follow a case, and bounded for one that
/// runs wild.
const MAX_LINES: usize = 300;

/// The calls of both clients with their answers, in the order of the calls.
#[derive(Clone, Debug, Default)]
pub struct History {
    lines: Arc<Mutex<Lines>>,
}

#[derive(Debug, Default)]
struct Lines {
    /// How many steps were counted: each call and each answer is one.
    steps: u64,
    kept: VecDeque<Line>,
    dropped: u64,
}

#[derive(Debug)]
struct Line {
    called: u64,
    answered: Option<u64>,
    /// Whether nobody waits for its answer any more.
    given_up: bool,
    call: String,
    /// None for a note.
    answer: Option<String>,
}

/// A call that waits for its answer.
#[derive(Debug)]
pub(crate) struct Pending {
    history: History,
    called: u64,
}

impl History {
    /// Notes a call.
    pub(crate) fn call(&self, call: String) -> Pending {
        let called = self.lines.lock().add(call, Some("no answer".to_owned()));
        Pending {
            history: self.clone(),
            called,
        }
    }

    /// How many calls that begin like this were answered, of those kept.
    #[must_use]
    pub fn answered(&self, call: &str) -> usize {
        let lines = self.lines.lock();
        let answered = lines.kept.iter().filter(|line| line.answered.is_some());
        answered.filter(|line| line.call.starts_with(call)).count()
    }

    /// Whether a call with this in it waits for its answer.
    #[must_use]
    pub fn is_waiting(&self, call: &str) -> bool {
        let lines = self.lines.lock();
        lines.kept.iter().any(|line| {
            let waits = line.answer.is_some() && line.answered.is_none() && !line.given_up;
            waits && line.call.contains(call)
        })
    }

    /// Notes something that is not a call of the store.
    pub(crate) fn note(&self, what: String) {
        self.lines.lock().add(what, None);
    }
}

impl Lines {
    fn add(&mut self, call: String, answer: Option<String>) -> u64 {
        self.steps += 1;
        if self.kept.len() == MAX_LINES {
            self.kept.pop_front();
            self.dropped += 1;
        }
        self.kept.push_back(Line {
            called: self.steps,
            answered: None,
            given_up: false,
            call,
            answer,
        });
        self.steps
    }
}

impl Pending {
    /// Notes the answer of a call.
    pub(crate) fn answer(self, answer: String) {
        let mut lines = self.history.lines.lock();
        lines.steps += 1;
        let answered = lines.steps;
        let line = lines
            .kept
            .iter_mut()
            .rfind(|line| line.called == self.called);
        if let Some(line) = line {
            line.answered = Some(answered);
            line.answer = Some(answer);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut lines = self.history.lines.lock();
        let mut own = lines.kept.iter_mut().rev();
        if let Some(line) = own.find(|line| line.called == self.called) {
            line.given_up = true;
        }
    }
}

impl fmt::Display for History {
    /// A line per call. `3-5` took effect between the third and fifth step, so
    /// calls whose steps overlap were made at the same time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines.lock();
        if lines.dropped > 0 {
            writeln!(f, "  ({} earlier calls)", lines.dropped)?;
        }
        for line in &lines.kept {
            let Line {
                called,
                answered,
                call,
                answer,
                ..
            } = line;
            match (answered, answer) {
                (_, None) => writeln!(f, "  {called} {call}")?,
                (Some(answered), Some(answer)) => {
                    writeln!(f, "  {called}-{answered} {call} -> {answer}")?;
                }
                (None, Some(answer)) => writeln!(f, "  {called}-? {call} -> {answer}")?,
            }
        }
        Ok(())
    }
}
