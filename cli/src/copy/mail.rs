//! What mailboxes know, and what one has to learn from another.

use bytes::Bytes;
use playerdata::{
    Clock as _, LetterId, PlayerId, SlotName, SystemClock, WriteId,
    backend::{KnownLetter, Letter, Posting, Retention},
};

use super::{RememberedLetter, SlotCopy};
use crate::{desk::Desk, failure::Failure};

/// How many are asked for at a time.
const PAGE: usize = 1_000;

/// What a letter says that is put into a mailbox only to be remembered there.
const NOTHING: Bytes = Bytes::from_static(b"null");

/// All letters that the mailboxes of a player know.
pub(super) async fn known(desk: &Desk, player: &PlayerId) -> Result<Vec<KnownLetter>, Failure> {
    let mut known: Vec<KnownLetter> = Vec::new();
    loop {
        let after = known.last().map(|last| (&last.slot, &last.id));
        let page = desk.backend.known_letters(player, after, PAGE);
        let page = desk.ask("list the letters", page).await?;
        let is_last = page.len() < PAGE;
        known.extend(page);
        if is_last {
            return Ok(known);
        }
    }
}

/// Something that a mailbox has to do to know what another one knows.
pub(super) enum Lesson<'a> {
    /// Take a letter in.
    Take(&'a Letter),
    /// Refuse the id of a letter from now on.
    Remember(&'a RememberedLetter),
    /// Give up a letter that was taken in at the other store.
    Discard(&'a LetterId, WriteId),
    /// Remember it for a time only: its sender will not post it again.
    Settle(&'a LetterId, WriteId),
}

/// What the mailbox of a slot has to do, by what the mailboxes of the player
/// know. `is_newer` says that the slot holds something newer, which has not
/// taken in what the copy has: then letters may only be added.
pub(super) fn lessons<'a>(
    slot: &'a SlotCopy,
    known: &[KnownLetter],
    is_newer: bool,
) -> Vec<Lesson<'a>> {
    let known_as = |id: &LetterId| {
        let at = known.binary_search_by(|known| (&known.slot, &known.id).cmp(&(&slot.slot, id)));
        at.ok().map(|at| &known[at])
    };
    let mut lessons = Vec::new();
    for remembered in slot.remembered.iter().filter(|_| !is_newer) {
        let RememberedLetter {
            id,
            posting,
            retention,
        } = remembered;
        match known_as(id) {
            None => lessons.push(Lesson::Remember(remembered)),
            Some(known) if known.posting == *posting => {
                if known.waits {
                    lessons.push(Lesson::Discard(id, *posting));
                }
                lessons.extend(settled(known, id, *retention));
            }
            // Another letter had the id first.
            Some(_) => {}
        }
    }
    for letter in &slot.letters {
        match known_as(&letter.id) {
            None => lessons.push(Lesson::Take(letter)),
            Some(known) if known.posting == letter.posting => {
                lessons.extend(settled(known, &letter.id, letter.retention));
            }
            Some(_) => {}
        }
    }
    lessons
}

/// Whether it has to be settled to be as long remembered as the other one.
fn settled<'a>(known: &KnownLetter, id: &'a LetterId, retention: Retention) -> Option<Lesson<'a>> {
    let is_unsettled = known.retention == Retention::UntilSettled;
    (is_unsettled && retention == Retention::Timed).then_some(Lesson::Settle(id, known.posting))
}

/// Has a mailbox do it. Doing it again changes nothing.
pub(super) async fn teach(
    desk: &Desk,
    player: &PlayerId,
    slot: &SlotName,
    lesson: &Lesson<'_>,
) -> Result<(), Failure> {
    match lesson {
        Lesson::Take(letter) => post(desk, player, slot, letter).await,
        Lesson::Remember(RememberedLetter {
            id,
            posting,
            retention,
        }) => {
            let letter = Letter {
                id: id.clone(),
                posting: *posting,
                sender: String::new(),
                sent_at: SystemClock.now(),
                retention: *retention,
                content: NOTHING,
            };
            post(desk, player, slot, &letter).await?;
            discard(desk, player, slot, id, *posting).await
        }
        Lesson::Discard(id, posting) => discard(desk, player, slot, id, *posting).await,
        Lesson::Settle(id, posting) => {
            let settled = desk.backend.settle(player, slot, id, *posting);
            desk.ask("settle a letter", settled).await
        }
    }
}

async fn post(
    desk: &Desk,
    player: &PlayerId,
    slot: &SlotName,
    letter: &Letter,
) -> Result<(), Failure> {
    let posted = desk.backend.post(player, slot, letter);
    match desk.ask("send a letter", posted).await? {
        Posting::Posted { .. } | Posting::AlreadyPosted { .. } => Ok(()),
        Posting::Full => Err(Failure::Full(player.clone(), slot.clone())),
    }
}

async fn discard(
    desk: &Desk,
    player: &PlayerId,
    slot: &SlotName,
    id: &LetterId,
    posting: WriteId,
) -> Result<(), Failure> {
    let discarded = desk.backend.discard(player, slot, id, posting);
    desk.ask("discard a letter", discarded).await
}
