//! The mailboxes of a player's slots. They are in the player's file, except for
//! what the letters say: sixteen megabytes would be written again with every
//! change.

use playerdata_core::{
    LetterId, SlotName, UnixMillis, WriteId,
    backend::{
        KnownLetter, LETTER_MEMORY, Letter, LetterPosition, MAX_LETTERS, Posting, Retention,
        WaitingLetter,
    },
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::player::Player;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Mailbox {
    /// The position of the last letter of all.
    last: u64,
    waiting: Vec<Waiting>,
    remembered: Vec<Remembered>,
}

/// A letter that waits.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) position: u64,
    id: LetterId,
    posting: WriteId,
    sender: String,
    sent_at: UnixMillis,
    /// Whether its sender may post it again, however late.
    unsettled: bool,
    /// The name of the file with its content.
    pub(crate) content: Uuid,
}

/// A letter that was taken out.
#[derive(Serialize, Deserialize)]
struct Remembered {
    id: LetterId,
    posting: WriteId,
    /// When it may be forgotten; none before it is settled.
    until: Option<UnixMillis>,
}

impl Player {
    pub(crate) fn post(
        &mut self,
        slot: &SlotName,
        letter: &Letter,
        content: Uuid,
        now: UnixMillis,
    ) -> Posting {
        let holder = self.lock.clone();
        let mailbox = self.mailboxes.entry(slot.clone()).or_default();
        mailbox.tidy(now);
        if let Some(posting) = mailbox.posting_of(&letter.id) {
            return Posting::AlreadyPosted { posting, holder };
        }
        if mailbox.waiting.len() >= MAX_LETTERS {
            return Posting::Full;
        }
        mailbox.last += 1;
        mailbox.waiting.push(Waiting {
            position: mailbox.last,
            id: letter.id.clone(),
            posting: letter.posting,
            sender: letter.sender.clone(),
            sent_at: letter.sent_at,
            unsettled: letter.retention == Retention::UntilSettled,
            content,
        });
        Posting::Posted { holder }
    }

    /// The letters that wait behind a position, without their content.
    pub(crate) fn waiting(
        &self,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Vec<Waiting> {
        let after = after.map_or(0, LetterPosition::get);
        let mailbox = self.mailboxes.get(slot).into_iter();
        let waiting = mailbox.flat_map(|mailbox| &mailbox.waiting);
        let rest = waiting.filter(|waiting| waiting.position > after);
        rest.take(limit).cloned().collect()
    }

    /// What the mailboxes know of letters behind a slot and an id.
    pub(crate) fn known_letters(
        &self,
        after: Option<&(SlotName, LetterId)>,
        limit: usize,
    ) -> Vec<KnownLetter> {
        let mailboxes = self.mailboxes.iter();
        let known = mailboxes.flat_map(|(slot, mailbox)| mailbox.known(slot));
        let after = after.map(|(slot, id)| (slot, id));
        let mut known: Vec<_> = known
            .filter(|known| after.is_none_or(|after| (&known.slot, &known.id) > after))
            .collect();
        known.sort_by(|a, b| (&a.slot, &a.id).cmp(&(&b.slot, &b.id)));
        known.truncate(limit);
        known
    }

    /// Takes a letter out; gives the name of the file with its content.
    pub(crate) fn discard(
        &mut self,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
        now: UnixMillis,
    ) -> Option<Uuid> {
        let mailbox = self.mailboxes.get_mut(slot)?;
        let same = |waiting: &Waiting| waiting.id == *id && waiting.posting == posting;
        let at = mailbox.waiting.iter().position(same)?;
        let letter = mailbox.waiting.remove(at);
        let until = now.saturating_add(LETTER_MEMORY);
        mailbox.remembered.push(Remembered {
            id: letter.id,
            posting,
            until: (!letter.unsettled).then_some(until),
        });
        Some(letter.content)
    }

    pub(crate) fn settle(
        &mut self,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
        now: UnixMillis,
    ) {
        let Some(mailbox) = self.mailboxes.get_mut(slot) else {
            return;
        };
        for waiting in &mut mailbox.waiting {
            if waiting.id == *id && waiting.posting == posting {
                waiting.unsettled = false;
            }
        }
        for known in &mut mailbox.remembered {
            if known.id == *id && known.posting == posting {
                known.until = Some(now.saturating_add(LETTER_MEMORY));
            }
        }
    }

    /// Takes all mail away; gives the names of the files with its content.
    pub(crate) fn erase_mail(&mut self) -> Vec<Uuid> {
        let mailboxes = std::mem::take(&mut self.mailboxes).into_values();
        let letters = mailboxes.flat_map(|mailbox| mailbox.waiting);
        letters.map(|letter| letter.content).collect()
    }

    pub(crate) fn has_mail(&self) -> bool {
        let mut mailboxes = self.mailboxes.values();
        mailboxes.any(|mailbox| !mailbox.waiting.is_empty())
    }
}

impl Mailbox {
    fn tidy(&mut self, now: UnixMillis) {
        self.remembered
            .retain(|known| known.until.is_none_or(|until| now < until));
    }

    /// The posting of the letter of that id which waits or is remembered.
    fn posting_of(&self, id: &LetterId) -> Option<WriteId> {
        let waiting = self
            .waiting
            .iter()
            .map(|letter| (&letter.id, letter.posting));
        let remembered = self.remembered.iter();
        let remembered = remembered.map(|letter| (&letter.id, letter.posting));
        let mut known = waiting.chain(remembered);
        Some(known.find(|(known, _)| *known == id)?.1)
    }

    fn known(&self, slot: &SlotName) -> impl Iterator<Item = KnownLetter> {
        let of = |id: &LetterId, posting, unsettled, waits| KnownLetter {
            slot: slot.clone(),
            id: id.clone(),
            posting,
            retention: retention(unsettled),
            waits,
        };
        let waiting = self.waiting.iter();
        let waiting =
            waiting.map(move |letter| of(&letter.id, letter.posting, letter.unsettled, true));
        let remembered = self.remembered.iter();
        let remembered =
            remembered.map(move |known| of(&known.id, known.posting, known.until.is_none(), false));
        waiting.chain(remembered)
    }
}

impl Waiting {
    /// The whole letter.
    pub(crate) fn with(self, content: Vec<u8>) -> WaitingLetter {
        WaitingLetter {
            position: LetterPosition::new(self.position),
            letter: Letter {
                id: self.id,
                posting: self.posting,
                sender: self.sender,
                sent_at: self.sent_at,
                retention: retention(self.unsettled),
                content: content.into(),
            },
        }
    }
}

fn retention(unsettled: bool) -> Retention {
    if unsettled {
        Retention::UntilSettled
    } else {
        Retention::Timed
    }
}
