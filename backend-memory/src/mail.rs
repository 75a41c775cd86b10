//! The mailboxes of a player's slots.

use std::collections::HashMap;

use playerdata_core::{
    LetterId, PlayerId, SlotName, UnixMillis, WriteId,
    backend::{
        KnownLetter, LETTER_MEMORY, Letter, LetterPosition, MAX_LETTERS, Posting, Retention,
        WaitingLetter,
    },
};

use crate::player::Players;

/// A player's mailboxes: few, and mostly none.
#[derive(Default)]
pub(crate) struct Mailboxes(Vec<(SlotName, Mailbox)>);

/// The letters that wait for one slot, and the ids it remembers.
#[derive(Default)]
struct Mailbox {
    last_position: u64,
    waiting: Vec<WaitingLetter>,
    remembered: HashMap<LetterId, Remembered>,
    /// The number of remembered ids from which on it is worth looking for ones
    /// that can be forgotten.
    tidy_from: usize,
}

/// What is known of a letter that was discarded.
struct Remembered {
    posting: WriteId,
    /// When it may be forgotten; none before it is settled.
    until: Option<UnixMillis>,
}

/// With fewer remembered ids than this, tidying is not worth the while.
const TIDY_FROM: usize = 64;

impl Players {
    pub(crate) fn post(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        letter: &Letter,
        now: UnixMillis,
    ) -> Posting {
        self.with_known(player, |player| {
            let holder = player.lock.clone();
            let mailbox = player.mailboxes.known(slot);
            if let Some(posting) = mailbox.posting_of(&letter.id, now) {
                return Posting::AlreadyPosted { posting, holder };
            }
            if mailbox.waiting.len() >= MAX_LETTERS {
                return Posting::Full;
            }
            mailbox.put(letter.clone());
            Posting::Posted { holder }
        })
    }

    pub(crate) fn letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Vec<WaitingLetter> {
        self.with(player, |player| {
            let mailbox = player.and_then(|player| player.mailboxes.get_mut(slot));
            let waiting = mailbox.into_iter().flat_map(|mailbox| &mailbox.waiting);
            waiting
                .filter(|waiting| after.is_none_or(|after| waiting.position > after))
                .take(limit)
                .cloned()
                .collect()
        })
    }

    pub(crate) fn known_letters(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Vec<KnownLetter> {
        let mut known: Vec<KnownLetter> = self.with(player, |player| {
            let mailboxes = player.iter().flat_map(|player| &player.mailboxes.0);
            let known = mailboxes.flat_map(|(slot, mailbox)| mailbox.known(slot));
            known
                .filter(|known| after.is_none_or(|after| (&known.slot, &known.id) > after))
                .collect()
        });
        known.sort_unstable_by(|a, b| (&a.slot, &a.id).cmp(&(&b.slot, &b.id)));
        known.truncate(limit);
        known
    }

    pub(crate) fn discard(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
        now: UnixMillis,
    ) {
        self.with(player, |player| {
            if let Some(mailbox) = player.and_then(|player| player.mailboxes.get_mut(slot)) {
                mailbox.discard(id, posting, now);
            }
        });
    }

    pub(crate) fn settle(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
        now: UnixMillis,
    ) {
        self.with(player, |player| {
            if let Some(mailbox) = player.and_then(|player| player.mailboxes.get_mut(slot)) {
                mailbox.settle(id, posting, now);
            }
        });
    }
}

impl Mailboxes {
    pub(crate) fn has_letter(&self) -> bool {
        self.0
            .iter()
            .any(|(_, mailbox)| !mailbox.waiting.is_empty())
    }

    pub(crate) fn has_letter_for(&self, slot: &SlotName) -> bool {
        let mut mailboxes = self.0.iter();
        mailboxes.any(|(known, mailbox)| known == slot && !mailbox.waiting.is_empty())
    }

    fn get_mut(&mut self, slot: &SlotName) -> Option<&mut Mailbox> {
        let found = self.0.iter_mut().find(|(known, _)| known == slot)?;
        Some(&mut found.1)
    }

    /// The mailbox of a slot, which is known from then on.
    fn known(&mut self, slot: &SlotName) -> &mut Mailbox {
        let at = self.0.iter().position(|(known, _)| known == slot);
        let at = at.unwrap_or_else(|| {
            self.0.push((slot.clone(), Mailbox::default()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }
}

impl Mailbox {
    /// The posting of the letter of that id which waits or is remembered.
    fn posting_of(&self, id: &LetterId, now: UnixMillis) -> Option<WriteId> {
        if let Some(waiting) = self.waiting.iter().find(|waiting| waiting.letter.id == *id) {
            return Some(waiting.letter.posting);
        }
        let remembered = self.remembered.get(id)?;
        let counts = remembered.until.is_none_or(|until| now < until);
        counts.then_some(remembered.posting)
    }

    /// What is known of letters, in no order.
    fn known(&self, slot: &SlotName) -> impl Iterator<Item = KnownLetter> {
        let of = |id: &LetterId, posting, retention, waits| KnownLetter {
            slot: slot.clone(),
            id: id.clone(),
            posting,
            retention,
            waits,
        };
        let waiting = self.waiting.iter();
        let waiting = waiting.map(move |WaitingLetter { letter, .. }| {
            of(&letter.id, letter.posting, letter.retention, true)
        });
        let remembered = self.remembered.iter().map(move |(id, remembered)| {
            let retention = match remembered.until {
                None => Retention::UntilSettled,
                Some(_) => Retention::Timed,
            };
            of(id, remembered.posting, retention, false)
        });
        waiting.chain(remembered)
    }

    fn put(&mut self, letter: Letter) {
        self.remembered.remove(&letter.id); // its time is over
        self.last_position += 1;
        self.waiting.push(WaitingLetter {
            position: LetterPosition::new(self.last_position),
            letter,
        });
    }

    fn discard(&mut self, id: &LetterId, posting: WriteId, now: UnixMillis) {
        let found = self
            .waiting
            .iter()
            .position(|waiting| waiting.letter.id == *id && waiting.letter.posting == posting);
        let Some(at) = found else { return };
        let letter = self.waiting.remove(at).letter;
        let until = match letter.retention {
            Retention::UntilSettled => None,
            _ => Some(now.saturating_add(LETTER_MEMORY)),
        };
        self.tidy(now);
        self.remembered
            .insert(letter.id, Remembered { posting, until });
    }

    fn settle(&mut self, id: &LetterId, posting: WriteId, now: UnixMillis) {
        let waiting = self
            .waiting
            .iter_mut()
            .find(|waiting| waiting.letter.id == *id);
        if let Some(waiting) = waiting.filter(|waiting| waiting.letter.posting == posting) {
            // Remembered from its discard on, which is later.
            waiting.letter.retention = Retention::Timed;
        } else if let Some(remembered) = self.remembered.get_mut(id)
            && remembered.posting == posting
        {
            remembered.until = Some(now.saturating_add(LETTER_MEMORY));
        }
    }

    /// Forgets the ids whose time is over. Running whenever they have doubled,
    /// it costs each letter little.
    fn tidy(&mut self, now: UnixMillis) {
        if self.remembered.len() >= self.tidy_from.max(TIDY_FROM) {
            self.remembered
                .retain(|_, remembered| remembered.until.is_none_or(|until| now < until));
            self.tidy_from = self.remembered.len() * 2;
        }
    }
}
