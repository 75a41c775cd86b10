//! How the history words claims and outcomes.

use playerdata_core::backend::{Claim, Opening, WriteOutcome};

use crate::history::Short;

/// A claim in few characters.
pub(super) struct Name<'a>(pub(super) &'a Claim);

impl std::fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Claim {
            player,
            session,
            fence: _,
            slot,
            number,
        } = self.0;
        write!(f, "{player}/{slot} by {} claim {number}", Short(*session))
    }
}

pub(super) fn told(outcome: &Opening) -> String {
    match outcome {
        Opening::Opened(opened) => {
            let last = opened
                .last_write
                .map_or("nothing".to_owned(), |id| Short(id).to_string());
            format!("revision {}, last {last}", opened.revision)
        }
        Opening::Lost { holder } => {
            format!(
                "lost to {}",
                Short(holder.as_ref().map(|lock| lock.session))
            )
        }
        Opening::Overtaken => "overtaken".to_owned(),
    }
}

pub(super) fn told_of_write(outcome: &WriteOutcome) -> String {
    match outcome {
        WriteOutcome::Written { revision } => format!("revision {revision}"),
        WriteOutcome::Lost { holder } => {
            format!(
                "lost to {}",
                Short(holder.as_ref().map(|lock| lock.session))
            )
        }
        WriteOutcome::Overtaken => "overtaken".to_owned(),
    }
}
