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
    call: String,
    answer: String,
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
        let mut lines = self.lines.lock();
        lines.steps += 1;
        let called = lines.steps;
        if lines.kept.len() == MAX_LINES {
            lines.kept.pop_front();
            lines.dropped += 1;
        }
        lines.kept.push_back(Line {
            called,
            answered: None,
            call,
            answer: String::new(),
        });
        Pending {
            history: self.clone(),
            called,
        }
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
            line.answer = answer;
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
            } = line;
            match answered {
                Some(answered) => writeln!(f, "  {called}-{answered} {call} -> {answer}")?,
                None => writeln!(f, "  {called}-? {call} -> no answer")?,
            }
        }
        Ok(())
    }
}
