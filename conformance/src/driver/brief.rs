//! Calls and answers in a few words: ids cut short, bodies by their size.

use std::{
    error::Error,
    fmt::{Debug, Write as _},
};

use playerdata_core::{
    Incarnation, SessionId, WriteId,
    backend::{
        Acquisition, Admission, Body, Claim, Claimant, Keeping, KnownLetter, Lock, Opened, Opening,
        Posting, Record, Renewal, Stamp, VersionSummary, WaitingLetter, WriteOutcome,
    },
};
use uuid::Uuid;

/// The last digits of an id. The ids of a fixture count up, so these tell
/// them apart.
pub(crate) fn id(id: &Uuid) -> String {
    format!("#{:x}", id.as_u128() & 0xff_ffff)
}

/// The end of the time in it, which tells a server's starts apart; an
/// incarnation that is made up without one, by its last digits.
pub(crate) fn incarnation(incarnation: &Incarnation) -> String {
    let uuid = incarnation.as_uuid();
    if uuid.get_version_num() != 7 {
        return id(uuid);
    }
    format!("#{:x}", (uuid.as_u128() >> 80) & 0xff_ffff)
}

pub(crate) fn session(session: SessionId) -> String {
    format!("session {}", id(session.as_uuid()))
}

pub(crate) fn claimant(claimant: &Claimant) -> String {
    format!("{} of {}", session(claimant.session), claimant.server.name)
}

pub(crate) fn lock(lock: &Lock) -> String {
    format!(
        "{} of {}, fence {}",
        session(lock.session),
        lock.server.name,
        lock.fence
    )
}

pub(crate) fn holder(holder: Option<&Lock>) -> String {
    holder.map_or_else(|| "nobody".to_owned(), lock)
}

pub(crate) fn acquisition(acquisition: &Acquisition) -> String {
    match acquisition {
        Acquisition::Acquired { fence } => format!("acquired, fence {fence}"),
        Acquisition::Held { holder } => format!("held by {}", lock(holder)),
    }
}

/// Who acquires, and whom that replaces.
pub(crate) fn candidate(claimant: &Claimant, replacing: Option<SessionId>) -> String {
    let who = self::claimant(claimant);
    match replacing {
        None => who,
        Some(old) => format!("{who}, replacing {}", session(old)),
    }
}

pub(crate) fn admission(admission: &Admission) -> String {
    let acquired = acquisition(&admission.acquisition());
    match admission {
        Admission::Acquired {
            opened: Some(opened),
            ..
        } => format!("{acquired}; {}", self::opened(opened)),
        _ => acquired,
    }
}

pub(crate) fn claim(claim: &Claim) -> String {
    format!(
        "{}/{}, {}, claim {}",
        claim.player,
        claim.slot,
        session(claim.session),
        claim.number
    )
}

pub(crate) fn stamp(stamp: &Stamp) -> String {
    format!(
        "base {}, write {}",
        stamp.base,
        id(stamp.write_id.as_uuid())
    )
}

pub(crate) fn body(body: &Body) -> String {
    let start = &body.bytes[..body.bytes.len().min(24)];
    format!(
        "{} bytes {:?}",
        body.bytes.len(),
        start.escape_ascii().to_string()
    )
}

pub(crate) fn record(record: Option<&Record>) -> String {
    record.map_or_else(
        || "no record".to_owned(),
        |record| {
            format!(
                "revision {}, write {}, {}",
                record.revision,
                id(record.write_id.as_uuid()),
                body(&record.body)
            )
        },
    )
}

fn opened(opened: &Opened) -> String {
    let mail = if opened.mail { ", with mail" } else { "" };
    let found = record(opened.record.as_ref());
    format!("opened at revision {}{mail}: {found}", opened.revision)
}

pub(crate) fn opening(opening: &Opening) -> String {
    match opening {
        Opening::Opened(opened) => self::opened(opened),
        Opening::Lost { holder: by } => format!("lost to {}", holder(by.as_ref())),
        Opening::Overtaken => "overtaken".to_owned(),
    }
}

pub(crate) fn write_outcome(outcome: &WriteOutcome) -> String {
    match outcome {
        WriteOutcome::Written { revision } => format!("written as revision {revision}"),
        WriteOutcome::Lost { holder: by } => format!("lost to {}", holder(by.as_ref())),
        WriteOutcome::Overtaken => "overtaken".to_owned(),
    }
}

pub(crate) fn renewal(renewal: &Renewal) -> String {
    match renewal {
        Renewal::Renewed { notices } => format!("renewed, {} notices", notices.len()),
        Renewal::Superseded { by } => format!("superseded by {}", incarnation(by)),
    }
}

pub(crate) fn write(write: WriteId) -> String {
    id(write.as_uuid())
}

pub(crate) fn posting(outcome: &Posting) -> String {
    match outcome {
        Posting::Posted { holder: by } => format!("posted, held by {}", holder(by.as_ref())),
        Posting::AlreadyPosted {
            posting,
            holder: by,
        } => format!(
            "already posted as {}, held by {}",
            write(*posting),
            holder(by.as_ref())
        ),
        Posting::Full => "full".to_owned(),
    }
}

pub(crate) fn letters(letters: &[WaitingLetter]) -> String {
    let waiting = letters.iter().map(|waiting| waiting.letter.id.as_str());
    let mut ids: Vec<&str> = waiting.take(8).collect();
    if ids.len() < letters.len() {
        ids.push("…");
    }
    format!("{} letters: {}", letters.len(), ids.join(" "))
}

pub(crate) fn known(letters: &[KnownLetter]) -> String {
    let ids = letters.iter().take(8).map(|known| {
        let state = if known.waits { "waits" } else { "remembered" };
        format!("{}/{} {state}", known.slot, known.id)
    });
    let ids: Vec<String> = ids.collect();
    format!("{} known: {}", letters.len(), ids.join(", "))
}

pub(crate) fn keeping(outcome: &Keeping) -> String {
    match outcome {
        Keeping::Kept { revision } => format!("kept revision {revision}"),
        Keeping::Recent => "kept one recently".to_owned(),
        Keeping::Nothing => "nothing to keep".to_owned(),
        Keeping::Lost { holder: by } => format!("lost to {}", holder(by.as_ref())),
    }
}

pub(crate) fn versions(versions: &[VersionSummary]) -> String {
    let revisions: Vec<String> = versions
        .iter()
        .map(|version| version.revision.to_string())
        .collect();
    format!("versions {}", revisions.join(" "))
}

/// Any other value, cut to a bearable length.
pub(crate) fn value(value: &impl Debug) -> String {
    const MAX: usize = 1_500;
    let text = format!("{value:?}");
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

/// An error with all that it comes from.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a String can't fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use playerdata_core::backend::{BackendError, Effect, ErrorKind};

    use super::*;

    #[test]
    fn an_error_in_the_history_says_what_it_comes_from() {
        let source = std::io::Error::other("the cable is cut");
        let error = BackendError::new(ErrorKind::Unavailable, Effect::None, "no connection");
        let text = chain(&error.with_source(source));
        assert!(text.contains("no connection"), "{text}");
        assert!(text.ends_with(": the cable is cut"), "{text}");
    }
}
