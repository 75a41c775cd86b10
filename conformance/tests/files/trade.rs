//! What is kept of a trade: the verdict, and who needs it no more.

use playerdata_core::{
    UnixMillis,
    backend::{Party, VERDICT_MEMORY, Verdict},
};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Trade {
    /// Whether it is to be committed; none before that is decided.
    commits: Option<bool>,
    first_is_done: bool,
    second_is_done: bool,
    /// When it may be forgotten: once both are done, and if it is an abort.
    until: Option<UnixMillis>,
}

impl Trade {
    pub(crate) fn decide(&mut self, verdict: Verdict, now: UnixMillis) -> Verdict {
        if self.until.is_some_and(|until| until <= now) {
            *self = Self::default();
        }
        if self.commits.is_none() && verdict == Verdict::Abort {
            self.until = Some(now.saturating_add(VERDICT_MEMORY));
        }
        let commits = *self.commits.get_or_insert(verdict == Verdict::Commit);
        if commits {
            Verdict::Commit
        } else {
            Verdict::Abort
        }
    }

    pub(crate) fn forget(&mut self, party: Party, now: UnixMillis) {
        if self.commits.is_none() {
            return;
        }
        match party {
            Party::First => self.first_is_done = true,
            Party::Second => self.second_is_done = true,
        }
        if self.first_is_done && self.second_is_done {
            self.until = Some(now.saturating_add(VERDICT_MEMORY));
        }
    }
}
