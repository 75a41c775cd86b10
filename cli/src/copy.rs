//! All that is stored of one player, taken from a store and put into another.

use futures::{Stream, TryStreamExt as _, stream};
use playerdata::{
    PlayerId, Revision, SlotName,
    backend::{Encoding, Letter, Posting, Record, WaitingLetter},
};

use crate::{
    command::mail,
    desk::Desk,
    failure::Failure,
    hold::{Hold, Presence},
    output,
    record::same_content,
};

/// How many players are asked for at a time.
pub(crate) const PAGE: usize = 1_000;

/// All that is stored of one player.
#[derive(Debug)]
pub(crate) struct PlayerCopy {
    pub(crate) player: PlayerId,
    pub(crate) slots: Vec<SlotCopy>,
    /// What could not be read, and is not among it: texts for people.
    pub(crate) left_out: Vec<String>,
}

/// All that is stored of one slot.
#[derive(Debug)]
pub(crate) struct SlotCopy {
    pub(crate) slot: SlotName,
    pub(crate) record: Option<Record>,
    /// Oldest first.
    pub(crate) versions: Vec<Record>,
    /// In order of arrival.
    pub(crate) letters: Vec<Letter>,
}

/// What is copied beside the slots that hold something.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extent {
    pub(crate) versions: bool,
    /// Slots whose mail is looked for although they hold nothing.
    pub(crate) more_slots: Vec<SlotName>,
}

/// What became of a player at the other store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Something was written.
    Written,
    /// All of it was there.
    There,
    /// Something newer is there, and stays.
    Newer,
    /// Nothing was written: the player is held.
    Held,
    /// Something of the player can't be read, and is not there.
    Damaged,
}

/// All players, a page at a time.
pub(crate) fn players(desk: &Desk) -> impl Stream<Item = Result<PlayerId, Failure>> + '_ {
    let pages = stream::try_unfold(Some(None), async move |after| {
        let Some(after) = after else {
            return Ok::<_, Failure>(None);
        };
        let page = desk.backend.players(Option::as_ref(&after), PAGE);
        let page = desk.ask("list the players", page).await?;
        let players = stream::iter(page.players.into_iter().map(Ok));
        Ok(Some((players, page.next.map(Some))))
    });
    pages.try_flatten()
}

/// Reads a player.
pub(crate) async fn read(
    desk: &Desk,
    player: &PlayerId,
    extent: &Extent,
) -> Result<PlayerCopy, Failure> {
    let listed = desk
        .ask("list the slots", desk.backend.list(player))
        .await?;
    let mut names: Vec<_> = listed.into_iter().map(|summary| summary.slot).collect();
    for slot in &extent.more_slots {
        if !names.contains(slot) {
            names.push(slot.clone());
        }
    }
    let mut copy = PlayerCopy {
        player: player.clone(),
        slots: Vec::new(),
        left_out: Vec::new(),
    };
    for slot in names {
        let viewed = desk.backend.view(player, &slot);
        let record = desk.ask("read the slot", viewed).await;
        let record = copy.or_left_out(&slot, record)?;
        let versions = versions(desk, &mut copy, &slot, extent).await?;
        let letters = mail::letters(desk, player, &slot).await;
        let letters = copy.or_left_out(&slot, letters)?;
        let letters = copy.readable(&slot, letters);
        copy.slots.push(SlotCopy {
            slot,
            record,
            versions,
            letters,
        });
    }
    Ok(copy)
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

/// What of a copy has no place at another store: nobody knows how it is to be
/// read.
pub(crate) fn unwritable(copy: &PlayerCopy) -> impl Iterator<Item = String> + '_ {
    let slots = copy.slots.iter();
    slots
        .filter(|slot| slot.record.as_ref().is_some_and(is_unknown))
        .map(|slot| format!("{}: what is stored there can't be read", slot.slot))
}

fn is_unknown(record: &Record) -> bool {
    record.body.encoding == Encoding::Unknown
}

/// Writes a player: what is there already is left, so that a copy that was
/// broken off can be made again from the beginning.
pub(crate) async fn write(
    desk: &Desk,
    presence: &Presence,
    copy: &PlayerCopy,
    replace_newer: bool,
) -> Result<Arrival, Failure> {
    let missing = missing(desk, copy, replace_newer).await?;
    let mut arrival = match missing.newer {
        true => Arrival::Newer,
        false => Arrival::There,
    };
    if !missing.slots.is_empty() {
        let mut hold = Hold::take(desk, presence, &copy.player, false).await?;
        let written = write_slots(&mut hold, &missing.slots, replace_newer).await;
        hold.release().await?;
        arrival = match (arrival, written?) {
            (_, Arrival::Newer) | (Arrival::Newer, _) => Arrival::Newer,
            (Arrival::There, written) => written,
            (written, _) => written,
        };
    }
    for slot in &copy.slots {
        for letter in &slot.letters {
            let posted = desk.backend.post(&copy.player, &slot.slot, letter);
            match desk.ask("send a letter", posted).await? {
                Posting::Posted { .. } if arrival == Arrival::There => arrival = Arrival::Written,
                Posting::Posted { .. } | Posting::AlreadyPosted { .. } => {}
                Posting::Full => return Err(Failure::Full(copy.player.clone(), slot.slot.clone())),
            }
        }
    }
    Ok(arrival)
}

/// What is not at the other store yet.
struct Missing<'a> {
    slots: Vec<&'a SlotCopy>,
    /// Whether there is something newer.
    newer: bool,
}

async fn missing<'a>(
    desk: &Desk,
    copy: &'a PlayerCopy,
    replace_newer: bool,
) -> Result<Missing<'a>, Failure> {
    let mut slots = Vec::new();
    let mut newer = false;
    for slot in &copy.slots {
        let record = slot.record.as_ref();
        let Some(record) = record.filter(|record| !is_unknown(record)) else {
            continue;
        };
        let viewed = desk.backend.view(&copy.player, &slot.slot);
        let there = desk.ask("read the slot", viewed).await?;
        match stands(record, there.as_ref()) {
            Standing::Same => {}
            Standing::Newer if !replace_newer => newer = true,
            Standing::Newer | Standing::Older => slots.push(slot),
        }
    }
    Ok(Missing { slots, newer })
}

/// How what is there compares with what is to be written.
enum Standing {
    Same,
    Newer,
    Older,
}

fn stands(record: &Record, there: Option<&Record>) -> Standing {
    match there {
        None => Standing::Older,
        Some(there) if same_content(&record.body, &there.body) => Standing::Same,
        Some(there) if there.saved_at > record.saved_at => Standing::Newer,
        Some(_) => Standing::Older,
    }
}

async fn write_slots(
    hold: &mut Hold<'_>,
    slots: &[&SlotCopy],
    replace_newer: bool,
) -> Result<Arrival, Failure> {
    let mut arrival = Arrival::There;
    for slot in slots {
        let Some(record) = &slot.record else {
            continue;
        };
        let opened = hold.open(&slot.slot).await?;
        // It may have been written since it was looked at.
        match stands(record, opened.record.as_ref()) {
            Standing::Same => continue,
            Standing::Newer if !replace_newer => {
                arrival = Arrival::Newer;
                continue;
            }
            Standing::Newer | Standing::Older => {}
        }
        let mut base = opened.revision;
        if base == Revision::default() {
            base = write_versions(hold, slot, base).await?;
        }
        hold.save(&slot.slot, base, record.saved_at, &record.body)
            .await?;
        if arrival == Arrival::There {
            arrival = Arrival::Written;
        }
    }
    Ok(arrival)
}

/// Writes the versions of a slot that has none, each as a revision of its own.
async fn write_versions(
    hold: &mut Hold<'_>,
    slot: &SlotCopy,
    mut base: Revision,
) -> Result<Revision, Failure> {
    let most = u32::try_from(slot.versions.len()).unwrap_or(u32::MAX);
    for version in slot.versions.iter().filter(|it| !is_unknown(it)) {
        base = hold
            .save(&slot.slot, base, version.saved_at, &version.body)
            .await?;
        hold.keep(&slot.slot, most).await?;
    }
    Ok(base)
}

/// Whether all of a copy is there.
pub(crate) async fn is_there(desk: &Desk, copy: &PlayerCopy) -> Result<bool, Failure> {
    Ok(missing(desk, copy, true).await?.slots.is_empty())
}
