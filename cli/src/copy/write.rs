//! Writing a player: what is there already is left, so that a copy that was
//! broken off can be made again from the beginning.

use playerdata::{
    Revision, SessionManager,
    backend::{Opened, Record},
};
use serde_json::Value;

use super::{
    Arrival, PlayerCopy, SlotCopy,
    mail::{self, Lesson},
    trades,
};
use crate::{desk::Desk, failure::Failure, hold::Hold, record::same_content};

/// Writes a player, whom nobody plays meanwhile.
///
/// The record comes before the mail, and all of it under one lock: what a
/// record has taken in must not be taken out of its envelope before the
/// mailbox has it.
pub(crate) async fn write(
    desk: &Desk,
    server: &SessionManager<Value>,
    copy: &PlayerCopy,
    replace_newer: bool,
) -> Result<Arrival, Failure> {
    let missing = missing(desk, copy, replace_newer).await?;
    let mut done = Done {
        is_newer: missing.is_newer,
        is_written: false,
    };
    if !missing.slots.is_empty() {
        let mut hold = Hold::take(desk, server, &copy.player).await?;
        let written = write_held(&mut hold, copy, &missing.slots, replace_newer, &mut done).await;
        hold.release().await?;
        written?;
    }
    Ok(match done {
        Done { is_newer: true, .. } => Arrival::Newer,
        Done { is_written, .. } if is_written => Arrival::Written,
        Done { .. } => Arrival::There,
    })
}

/// What was found, and done.
struct Done {
    /// Something newer is there, and stays.
    is_newer: bool,
    is_written: bool,
}

/// Whether all of a copy is there.
pub(crate) async fn is_there(desk: &Desk, copy: &PlayerCopy) -> Result<bool, Failure> {
    Ok(missing(desk, copy, true).await?.slots.is_empty())
}

/// What is not at the other store yet.
struct Missing<'a> {
    slots: Vec<MissingSlot<'a>>,
    /// Whether there is something newer that stays.
    is_newer: bool,
}

struct MissingSlot<'a> {
    copy: &'a SlotCopy,
    lessons: Vec<Lesson<'a>>,
}

async fn missing<'a>(
    desk: &Desk,
    copy: &'a PlayerCopy,
    replace_newer: bool,
) -> Result<Missing<'a>, Failure> {
    let known = mail::known(desk, &copy.player).await?;
    let mut missing = Missing {
        slots: Vec::new(),
        is_newer: false,
    };
    for copy_of in &copy.slots {
        let viewed = desk.backend.view(&copy.player, &copy_of.slot);
        let there = desk.ask("read the slot", viewed).await?;
        let standing = stands(copy_of, there.as_ref(), replace_newer);
        missing.is_newer |= standing == Standing::Newer && copy_of.writable().is_some();
        let lessons = mail::lessons(copy_of, &known, standing == Standing::Newer);
        let lacks_versions =
            standing == Standing::Same && lacks_versions(desk, copy, copy_of).await?;
        if standing == Standing::Older || lacks_versions || !lessons.is_empty() {
            missing.slots.push(MissingSlot {
                copy: copy_of,
                lessons,
            });
        }
    }
    Ok(missing)
}

/// Whether the versions of a slot that holds nothing are still to be written.
async fn lacks_versions(desk: &Desk, copy: &PlayerCopy, slot: &SlotCopy) -> Result<bool, Failure> {
    let wanted = slot.writable_versions().count();
    if slot.writable().is_some() || wanted == 0 {
        return Ok(false);
    }
    let versions = desk.backend.versions(&copy.player, &slot.slot);
    let there = desk.ask("list the versions", versions).await?;
    Ok(there.len() < wanted)
}

/// How what is there compares with what is to be written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Same,
    /// It stays.
    Newer,
    /// It is gone over.
    Older,
}

fn stands(slot: &SlotCopy, there: Option<&Record>, replace_newer: bool) -> Standing {
    match (slot.writable(), there) {
        (None, None) => Standing::Same,
        (None, Some(there)) if is_version(slot, there) => Standing::Older,
        (None, Some(_)) => Standing::Newer,
        (Some(_), None) => Standing::Older,
        (Some(record), Some(there)) if same_content(&record.body, &there.body) => Standing::Same,
        (Some(record), Some(there)) if there.saved_at > record.saved_at && !replace_newer => {
            Standing::Newer
        }
        (Some(_), Some(_)) => Standing::Older,
    }
}

/// Whether a copy of a slot that holds nothing was broken off when it had
/// written this version.
fn is_version(slot: &SlotCopy, there: &Record) -> bool {
    slot.writable_versions().any(|version| {
        version.saved_at == there.saved_at && same_content(&version.body, &there.body)
    })
}

async fn write_held(
    hold: &mut Hold<'_>,
    copy: &PlayerCopy,
    slots: &[MissingSlot<'_>],
    replace_newer: bool,
    done: &mut Done,
) -> Result<(), Failure> {
    trades::write(hold.desk, &copy.player, &copy.verdicts).await?;
    for MissingSlot {
        copy: slot,
        lessons,
    } in slots
    {
        let standing = write_slot(hold, slot, replace_newer).await?;
        done.is_written |= standing == Standing::Older;
        done.is_newer |= standing == Standing::Newer && slot.writable().is_some();
        for lesson in lessons {
            // What is newer has not taken in what the copy has.
            if standing != Standing::Newer || matches!(lesson, Lesson::Take(_)) {
                mail::teach(hold.desk, &copy.player, &slot.slot, lesson).await?;
                done.is_written = true;
            }
        }
    }
    Ok(())
}

/// Writes the record of a slot, and its versions before, if what is there is
/// older; returns how that stood.
async fn write_slot(
    hold: &mut Hold<'_>,
    slot: &SlotCopy,
    replace_newer: bool,
) -> Result<Standing, Failure> {
    if slot.writable().is_none() && slot.writable_versions().next().is_none() {
        // Only mail: what the slot holds does not matter, but that it is newer.
        let viewed = hold.desk.backend.view(&hold.player, &slot.slot);
        let there = hold.desk.ask("read the slot", viewed).await?;
        return Ok(stands(slot, there.as_ref(), replace_newer));
    }
    let opened = hold.open(&slot.slot).await?;
    // It may have been written since it was looked at.
    let standing = stands(slot, opened.record.as_ref(), replace_newer);
    if standing == Standing::Newer || standing == Standing::Same && slot.writable().is_some() {
        return Ok(standing);
    }
    let base = write_versions(hold, slot, &opened).await?;
    match slot.writable() {
        Some(record) => {
            let (at, body) = (record.saved_at, &record.body);
            hold.save(&slot.slot, base, at, body).await?
        }
        None => hold.delete(&slot.slot, base).await?,
    };
    Ok(Standing::Older)
}

/// Writes the versions that are later than what is there, each as a revision
/// of its own.
async fn write_versions(
    hold: &mut Hold<'_>,
    slot: &SlotCopy,
    opened: &Opened,
) -> Result<Revision, Failure> {
    let mut base = opened.revision;
    let count = slot.writable_versions().count();
    if count == 0 {
        return Ok(base);
    }
    let kept = hold.desk.backend.versions(&hold.player, &slot.slot);
    let kept = hold.desk.ask("list the versions", kept).await?;
    let most = u32::try_from(kept.len() + count).unwrap_or(u32::MAX);
    for version in slot.writable_versions() {
        match &opened.record {
            Some(there) if there.saved_at > version.saved_at => continue,
            // A copy was broken off before it was kept.
            Some(there) if same_content(&there.body, &version.body) => {}
            _ => {
                let (at, body) = (version.saved_at, &version.body);
                base = hold.save(&slot.slot, base, at, body).await?;
            }
        }
        hold.keep(&slot.slot, most).await?;
    }
    Ok(base)
}
