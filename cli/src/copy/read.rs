//! Reading a player.

use playerdata::{
    PlayerId, SlotName,
    backend::{KnownLetter, Letter, Record, WaitingLetter},
};

use super::{Extent, PlayerCopy, RememberedLetter, SlotCopy, mail as boxes, trades};
use crate::{command::mail, desk::Desk, failure::Failure, output};

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
        let mut copy = records(desk, player, extent).await?;
        match &known {
            Ok(known) => copy.remember(known),
            Err(damage) => copy
                .left_out
                .push(format!("the memory of mailboxes: {damage}")),
        }
        letters(desk, &mut copy, known.as_deref().ok()).await?;
        let still_known = self::known(desk, player).await?;
        if still_known == known {
            copy.verdicts = trades::verdicts(desk, player, &copy.slots, extent.is_held).await?;
            return Ok(copy);
        }
        known = still_known;
    }
    Err(Failure::Restless(player.clone()))
}

/// What the mailboxes know, or why that can't be read.
async fn known(
    desk: &Desk,
    player: &PlayerId,
) -> Result<Result<Vec<KnownLetter>, String>, Failure> {
    match boxes::known(desk, player).await {
        Err(failure) if failure.is_damage() => Ok(Err(output::chain(&failure))),
        known => known.map(Ok),
    }
}

async fn records(desk: &Desk, player: &PlayerId, extent: &Extent) -> Result<PlayerCopy, Failure> {
    let listed = desk.backend.list(player);
    let listed = desk.ask("list the slots", listed).await?;
    let mut copy = PlayerCopy {
        player: player.clone(),
        slots: Vec::new(),
        verdicts: Vec::new(),
        left_out: Vec::new(),
    };
    let names = listed.into_iter().map(|summary| summary.slot);
    for name in names.chain(extent.more_slots.iter().cloned()) {
        let viewed = desk.backend.view(player, &name);
        let viewed = desk.ask("read the slot", viewed).await;
        let record = copy.or_left_out(&name, viewed)?;
        let versions = versions(desk, &mut copy, &name, extent).await?;
        let slot = copy.slot(&name);
        slot.record = record;
        slot.versions = versions;
    }
    Ok(copy)
}

async fn versions(
    desk: &Desk,
    copy: &mut PlayerCopy,
    slot: &SlotName,
    extent: &Extent,
) -> Result<Vec<Record>, Failure> {
    let mut versions = Vec::new();
    if extent.versions {
        let listed = desk.backend.versions(&copy.player, slot);
        let listed = desk.ask("list the versions", listed).await;
        for summary in copy.or_left_out(slot, listed)?.iter().rev() {
            let kept = desk.backend.version(&copy.player, slot, summary.revision);
            let kept = desk.ask("read the version", kept).await;
            versions.extend(copy.or_left_out(slot, kept)?);
        }
    }
    Ok(versions)
}

/// Reads the letters that wait; those of every slot, if it is not known where
/// there are some.
async fn letters(
    desk: &Desk,
    copy: &mut PlayerCopy,
    known: Option<&[KnownLetter]>,
) -> Result<(), Failure> {
    for at in 0..copy.slots.len() {
        let name = copy.slots[at].slot.clone();
        let waits = |known: &KnownLetter| known.waits && known.slot == name;
        if known.is_none_or(|known| known.iter().any(waits)) {
            let letters = mail::letters(desk, &copy.player, &name).await;
            let letters = copy.or_left_out(&name, letters)?;
            copy.slots[at].letters = copy.readable(&name, letters);
        }
    }
    Ok(())
}

impl PlayerCopy {
    /// That of a slot, which is empty at first.
    fn slot(&mut self, name: &SlotName) -> &mut SlotCopy {
        let at = self.slots.iter().position(|slot| slot.slot == *name);
        let at = at.unwrap_or_else(|| {
            self.slots.push(SlotCopy {
                slot: name.clone(),
                record: None,
                versions: Vec::new(),
                letters: Vec::new(),
                remembered: Vec::new(),
            });
            self.slots.len() - 1
        });
        &mut self.slots[at]
    }

    /// Notes the letters that are refused, and the slots where some wait.
    fn remember(&mut self, known: &[KnownLetter]) {
        for letter in known {
            let slot = self.slot(&letter.slot);
            if !letter.waits {
                slot.remembered.push(RememberedLetter {
                    id: letter.id.clone(),
                    posting: letter.posting,
                    retention: letter.retention,
                });
            }
        }
    }

    /// What was read; nothing if it is damaged, which is noted.
    fn or_left_out<T: Default>(
        &mut self,
        slot: &SlotName,
        read: Result<T, Failure>,
    ) -> Result<T, Failure> {
        read.or_else(|failure| match failure.is_damage() {
            true => {
                let why = output::chain(&failure);
                self.left_out.push(format!("{slot}: {why}"));
                Ok(T::default())
            }
            false => Err(failure),
        })
    }

    /// The letters that are JSON. The others are noted.
    fn readable(&mut self, slot: &SlotName, letters: Vec<WaitingLetter>) -> Vec<Letter> {
        let letters = letters.into_iter().map(|waiting| waiting.letter);
        let (readable, others): (Vec<_>, Vec<_>) = letters.partition(mail::is_readable);
        let others = others.iter();
        let others = others.map(|letter| format!("{slot}: letter {} is not JSON", letter.id));
        self.left_out.extend(others);
        readable
    }
}
