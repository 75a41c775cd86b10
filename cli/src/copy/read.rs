//! Reading a player.

use playerdata::{
    PlayerId, SlotName,
    backend::{Letter, Record},
};

use super::{Extent, PlayerCopy, RememberedLetter, SlotCopy, mail, trades};
use crate::{desk::Desk, failure::Failure};

/// How often a player is read again who changes meanwhile.
const ATTEMPTS: usize = 10;

/// How many letters are asked for at a time.
const LETTERS: usize = 100;

/// Reads a player, so that records and mailboxes fit together.
///
/// A letter goes from its mailbox into the record, and only then is it
/// discarded. So if the mailboxes are the same before and after the records
/// were read, they are those that the records belong to.
pub(crate) async fn read(
    desk: &Desk,
    player: &PlayerId,
    extent: &Extent,
) -> Result<PlayerCopy, Failure> {
    let mut known = mail::known(desk, player).await?;
    for _ in 0..ATTEMPTS {
        let mut slots = records(desk, player, extent).await?;
        for letter in &known {
            let slot = entry(&mut slots, &letter.slot);
            if !letter.waits {
                slot.remembered.push(RememberedLetter {
                    id: letter.id.clone(),
                    posting: letter.posting,
                    retention: letter.retention,
                });
            }
        }
        for slot in &mut slots {
            if known
                .iter()
                .any(|known| known.waits && known.slot == slot.slot)
            {
                slot.letters = letters(desk, player, &slot.slot).await?;
            }
        }
        let still_known = mail::known(desk, player).await?;
        if still_known == known {
            let verdicts = trades::verdicts(desk, player, &slots, extent.is_held).await?;
            let player = player.clone();
            return Ok(PlayerCopy {
                player,
                slots,
                verdicts,
            });
        }
        known = still_known;
    }
    Err(Failure::Restless(player.clone()))
}

async fn records(
    desk: &Desk,
    player: &PlayerId,
    extent: &Extent,
) -> Result<Vec<SlotCopy>, Failure> {
    let listed = desk.backend.list(player);
    let listed = desk.ask("list the slots", listed).await?;
    let mut slots = Vec::new();
    let names = listed.into_iter().map(|summary| summary.slot);
    for name in names.chain(extent.more_slots.iter().cloned()) {
        entry(&mut slots, &name);
    }
    for slot in &mut slots {
        let viewed = desk.backend.view(player, &slot.slot);
        slot.record = desk.ask("read the slot", viewed).await?;
        if extent.versions {
            slot.versions = versions(desk, player, &slot.slot).await?;
        }
    }
    Ok(slots)
}

/// That of a slot, which is empty at first.
fn entry<'a>(slots: &'a mut Vec<SlotCopy>, name: &SlotName) -> &'a mut SlotCopy {
    let at = slots.iter().position(|slot| slot.slot == *name);
    let at = at.unwrap_or_else(|| {
        slots.push(SlotCopy {
            slot: name.clone(),
            record: None,
            versions: Vec::new(),
            letters: Vec::new(),
            remembered: Vec::new(),
        });
        slots.len() - 1
    });
    &mut slots[at]
}

async fn versions(desk: &Desk, player: &PlayerId, slot: &SlotName) -> Result<Vec<Record>, Failure> {
    let mut versions = Vec::new();
    let listed = desk.backend.versions(player, slot);
    for summary in desk.ask("list the versions", listed).await?.iter().rev() {
        let kept = desk.backend.version(player, slot, summary.revision);
        versions.extend(desk.ask("read the version", kept).await?);
    }
    Ok(versions)
}

async fn letters(desk: &Desk, player: &PlayerId, slot: &SlotName) -> Result<Vec<Letter>, Failure> {
    let mut letters = Vec::new();
    let mut after = None;
    loop {
        let page = desk.backend.letters(player, slot, after, LETTERS);
        let page = desk.ask("read the mailbox", page).await?;
        let is_last = page.len() < LETTERS;
        after = page.last().map(|letter| letter.position);
        letters.extend(page.into_iter().map(|waiting| waiting.letter));
        if is_last {
            return Ok(letters);
        }
    }
}
