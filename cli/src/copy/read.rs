//! Reading a player.

use playerdata::{
    PlayerId, SlotName,
    backend::{KnownLetter, Record},
};

use super::{Extent, PlayerCopy, RememberedLetter, SlotCopy, mail, trades};
use crate::{
    command::mail::{is_readable, letters},
    desk::Desk,
    failure::Failure,
    output::chain,
};

/// How often a player is read again who changes meanwhile.
const ATTEMPTS: usize = 10;

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
    let mut known = known(desk, player).await?;
    for _ in 0..ATTEMPTS {
        let mut copy = PlayerCopy {
            player: player.clone(),
            slots: Vec::new(),
            verdicts: Vec::new(),
            left_out: Vec::new(),
        };
        records(desk, &mut copy, extent).await?;
        mailboxes(desk, &mut copy, &known).await?;
        let still_known = self::known(desk, player).await?;
        if still_known == known {
            copy.verdicts = trades::verdicts(desk, player, &copy.slots, extent.is_held).await?;
            return Ok(copy);
        }
        known = still_known;
    }
    Err(Failure::Restless(player.clone()))
}

/// What the mailboxes of a player know, or why that can't be read.
type Known = Result<Vec<KnownLetter>, String>;

async fn known(desk: &Desk, player: &PlayerId) -> Result<Known, Failure> {
    match mail::known(desk, player).await {
        Err(failure) if failure.is_damage() => Ok(Err(chain(&failure))),
        known => known.map(Ok),
    }
}

impl PlayerCopy {
    /// What was read; nothing if it is damaged, which is noted.
    fn or_left_out<T: Default>(
        &mut self,
        slot: &SlotName,
        read: Result<T, Failure>,
    ) -> Result<T, Failure> {
        read.or_else(|failure| match failure.is_damage() {
            true => {
                self.left_out.push(format!("{slot}: {}", chain(&failure)));
                Ok(T::default())
            }
            false => Err(failure),
        })
    }
}

async fn records(desk: &Desk, copy: &mut PlayerCopy, extent: &Extent) -> Result<(), Failure> {
    let player = copy.player.clone();
    let listed = desk.backend.list(&player);
    let listed = desk.ask("list the slots", listed).await?;
    let names = listed.into_iter().map(|summary| summary.slot);
    for name in names.chain(extent.more_slots.iter().cloned()) {
        entry(&mut copy.slots, &name);
    }
    for at in 0..copy.slots.len() {
        let slot = copy.slots[at].slot.clone();
        let viewed = desk.backend.view(&player, &slot);
        let viewed = desk.ask("read the slot", viewed).await;
        copy.slots[at].record = copy.or_left_out(&slot, viewed)?;
        if extent.versions {
            copy.slots[at].versions = versions(desk, copy, &slot).await?;
        }
    }
    Ok(())
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

async fn versions(
    desk: &Desk,
    copy: &mut PlayerCopy,
    slot: &SlotName,
) -> Result<Vec<Record>, Failure> {
    let mut versions = Vec::new();
    let player = copy.player.clone();
    let listed = desk.backend.versions(&player, slot);
    let listed = desk.ask("list the versions", listed).await;
    for summary in copy.or_left_out(slot, listed)?.iter().rev() {
        let kept = desk.backend.version(&player, slot, summary.revision);
        let kept = desk.ask("read the version", kept).await;
        versions.extend(copy.or_left_out(slot, kept)?);
    }
    Ok(versions)
}

/// Reads the mail that is known of. If what is known can't be read, there may be
/// some in each slot.
async fn mailboxes(desk: &Desk, copy: &mut PlayerCopy, known: &Known) -> Result<(), Failure> {
    for letter in known.as_ref().map(Vec::as_slice).unwrap_or_default() {
        let slot = entry(&mut copy.slots, &letter.slot);
        if !letter.waits {
            slot.remembered.push(RememberedLetter {
                id: letter.id.clone(),
                posting: letter.posting,
                retention: letter.retention,
            });
        }
    }
    if let Err(why) = known {
        copy.left_out
            .push(format!("what its mailboxes know: {why}"));
    }
    let waits = |slot: &SlotName| match known {
        Ok(known) => known.iter().any(|known| known.waits && known.slot == *slot),
        Err(_) => true,
    };
    for at in 0..copy.slots.len() {
        let slot = copy.slots[at].slot.clone();
        if !waits(&slot) {
            continue;
        }
        let letters = letters(desk, &copy.player, &slot).await;
        let letters = copy.or_left_out(&slot, letters)?.into_iter();
        let letters = letters.map(|waiting| waiting.letter);
        let (readable, others): (Vec<_>, Vec<_>) = letters.partition(is_readable);
        let others = others.iter();
        let others = others.map(|letter| format!("{slot}: letter {} is not JSON", letter.id));
        copy.left_out.extend(others);
        copy.slots[at].letters = readable;
    }
    Ok(())
}
