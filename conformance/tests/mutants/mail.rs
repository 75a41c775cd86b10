//! Mailboxes of the plain store.

use std::collections::BTreeMap;

use playerdata_core::{
    LetterId, PlayerId, SlotName, UnixMillis, WriteId,
    backend::{
        KnownLetter, LETTER_MEMORY, Letter, LetterPosition, Lock, MAX_LETTERS, Posting, Retention,
        WaitingLetter,
    },
};

use crate::{
    flaws::Flaw,
    locks::Player,
    store::{PlainStore, State},
};

#[derive(Clone, Default)]
pub(crate) struct Mailbox {
    last: u64,
    pub(crate) waiting: Vec<WaitingLetter>,
    remembered: Vec<Remembered>,
    /// When each letter was posted, for a flaw.
    posted_at: BTreeMap<String, UnixMillis>,
}

/// A letter that was taken out.
#[derive(Clone)]
struct Remembered {
    id: String,
    posting: WriteId,
    /// When it may be forgotten; none before it is settled.
    until: Option<UnixMillis>,
}

/// What a post looks at.
struct Seen {
    holder: Option<Lock>,
    known: Option<WriteId>,
    count: usize,
    last: u64,
}

/// The most bytes that one answer has room for, with a flaw.
const ONE_MEGABYTE: usize = 1 << 20;

impl PlainStore {
    pub(crate) fn mailbox_key(&self, slot: &SlotName) -> String {
        if self.has(Flaw::MailboxPerPlayer) {
            return "all".to_owned();
        }
        self.folded(slot.as_str())
    }

    fn letter_key(&self, id: &LetterId) -> String {
        if self.has(Flaw::LetterIdsIgnoreCase) {
            return id.as_str().to_ascii_lowercase();
        }
        id.to_string()
    }

    fn mailbox<'a>(
        &self,
        state: &'a mut State,
        player: &PlayerId,
        slot: &SlotName,
    ) -> &'a mut Mailbox {
        let player = state.players.entry(self.key(player)).or_default();
        player.mailboxes.entry(self.mailbox_key(slot)).or_default()
    }

    pub(crate) async fn put(&self, player: &PlayerId, slot: &SlotName, new: &Letter) -> Posting {
        let earlier = match self.flaw {
            Some(
                Flaw::IdLookedForThenWritten
                | Flaw::LettersCountedThenWritten
                | Flaw::PositionReadThenWritten
                | Flaw::HolderReadThenPosted,
            ) => {
                let seen = self.look(&mut self.state(), player, slot, new);
                self.pause().await;
                Some(seen)
            }
            _ => None,
        };
        if self.has(Flaw::UnknownPlayerGetsNoMail)
            && !self.state().players.contains_key(&self.key(player))
        {
            return Posting::Posted { holder: None };
        }
        if self.has(Flaw::LetterFollowsItsId) {
            self.remember_first(player, slot, new).await;
        }
        let mut state = self.state();
        let mut seen = self.look(&mut state, player, slot, new);
        match (self.flaw, earlier) {
            (Some(Flaw::IdLookedForThenWritten), Some(earlier)) => seen.known = earlier.known,
            (Some(Flaw::LettersCountedThenWritten), Some(earlier)) => seen.count = earlier.count,
            (Some(Flaw::PositionReadThenWritten), Some(earlier)) => seen.last = earlier.last,
            (Some(Flaw::HolderReadThenPosted), Some(earlier)) => seen.holder = earlier.holder,
            _ => {}
        }
        self.post_at_once(&mut state, player, slot, new, seen)
    }

    /// A flaw: the id is known a moment before the letter is there.
    async fn remember_first(&self, player: &PlayerId, slot: &SlotName, new: &Letter) {
        let id = self.letter_key(&new.id);
        {
            let mut state = self.state();
            if self.look(&mut state, player, slot, new).known.is_some() {
                return;
            }
            let remembered = &mut self.mailbox(&mut state, player, slot).remembered;
            remembered.push(Remembered {
                id: id.clone(),
                posting: new.posting,
                until: None,
            });
        }
        self.pause().await;
        let mut state = self.state();
        let mailbox = self.mailbox(&mut state, player, slot);
        mailbox
            .remembered
            .retain(|known| (&known.id, known.posting) != (&id, new.posting));
    }

    fn look(&self, state: &mut State, player: &PlayerId, slot: &SlotName, new: &Letter) -> Seen {
        let now = UnixMillis::new(self.now());
        let id = self.letter_key(&new.id);
        let holder = state.players.get(&self.key(player));
        let mut holder = holder.and_then(|player| player.lock.clone());
        if self.has(Flaw::SenderIsToldOfNobody) {
            holder = None;
        }
        let mailbox = self.mailbox(state, player, slot);
        let mut waiting = mailbox.waiting.iter();
        let waiting = waiting.find(|waiting| self.letter_key(&waiting.letter.id) == id);
        let known = waiting.map(|waiting| waiting.letter.posting).or_else(|| {
            let mut remembered = mailbox.remembered.iter();
            let known = remembered
                .find(|known| known.id == id && known.until.is_none_or(|until| now < until))?;
            Some(known.posting)
        });
        let remembered = if self.has(Flaw::RememberedIdsTakeRoom) {
            mailbox.remembered.len()
        } else {
            0
        };
        Seen {
            holder,
            known: known.filter(|_| !self.has(Flaw::RepeatedPostDoubled)),
            count: mailbox.waiting.len() + remembered,
            last: match self.flaw {
                Some(Flaw::PositionsGivenAgain) => {
                    let last = mailbox.waiting.last();
                    last.map_or(0, |last| last.position.get())
                }
                _ => mailbox.last,
            },
        }
    }

    fn post_at_once(
        &self,
        state: &mut State,
        player: &PlayerId,
        slot: &SlotName,
        new: &Letter,
        seen: Seen,
    ) -> Posting {
        let holder = seen.holder;
        let full = seen.count >= MAX_LETTERS && !self.has(Flaw::MailboxUnbounded);
        if full && self.has(Flaw::FullBeforeKnown) {
            return Posting::Full;
        }
        let id = self.letter_key(&new.id);
        let mailbox = self.mailbox(state, player, slot);
        if let Some(mut posting) = seen.known {
            let mut waiting = mailbox.waiting.iter_mut();
            let first = waiting.find(|waiting| self.letter_key(&waiting.letter.id) == id);
            match (self.flaw, first) {
                (Some(Flaw::SecondContentCounts), Some(first)) => {
                    first.letter.content.clone_from(&new.content);
                }
                (Some(Flaw::ToldOfTheirOwnPosting), _) => posting = new.posting,
                _ => {}
            }
            return Posting::AlreadyPosted { posting, holder };
        }
        if full {
            if !self.has(Flaw::OldestLetterDropped) {
                return Posting::Full;
            }
            mailbox.waiting.remove(0);
        }
        mailbox.remembered.retain(|known| known.id != id);
        mailbox.last = mailbox.last.max(seen.last + 1);
        mailbox.posted_at.insert(id, UnixMillis::new(self.now()));
        mailbox.waiting.push(WaitingLetter {
            position: LetterPosition::new(seen.last + 1),
            letter: self.stored(new.clone()),
        });
        if let Some(player) = state.players.get_mut(&self.key(player)) {
            match self.flaw {
                Some(Flaw::PostKillsClaims) => player.withdraw_claims(usize::MAX),
                Some(Flaw::PostCountsAsWrite) => player.count_a_write(slot),
                _ => {}
            }
        }
        Posting::Posted { holder }
    }

    /// A letter as it is stored.
    fn stored(&self, mut letter: Letter) -> Letter {
        match self.flaw {
            Some(Flaw::LetterCutOff) => letter.content.truncate(8 * 1024),
            Some(Flaw::LetterCutAtZero) => {
                let zero = letter.content.iter().position(|byte| *byte == 0);
                let end = zero.unwrap_or(letter.content.len());
                letter.content.truncate(end);
            }
            Some(Flaw::LetterTimesSigned) => {
                letter.sent_at = self.stored_time(letter.sent_at, true);
            }
            Some(Flaw::SenderCutOff) if letter.sender.is_char_boundary(64) => {
                letter.sender.truncate(64);
            }
            _ => {}
        }
        letter
    }

    pub(crate) fn read_letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Vec<WaitingLetter> {
        let mut state = self.state();
        // To look makes nobody known.
        if !state.players.contains_key(&self.key(player)) {
            return Vec::new();
        }
        let mut letters = self.mailbox(&mut state, player, slot).waiting.clone();
        match self.flaw {
            Some(Flaw::LettersSortedById) => {
                letters.sort_by(|one, next| one.letter.id.as_str().cmp(next.letter.id.as_str()));
            }
            Some(Flaw::LettersSortedByTheirTime) => {
                letters.sort_by_key(|waiting| waiting.letter.sent_at);
            }
            _ => letters.sort_by_key(|waiting| waiting.position),
        }
        match (self.flaw, after) {
            (Some(Flaw::PagesCountLetters), Some(after)) => {
                letters.drain(..letters.len().min(after.get() as usize));
            }
            (Some(Flaw::PagesBeginAtThePosition), Some(after)) => {
                letters.retain(|waiting| waiting.position >= after);
            }
            (_, Some(after)) => letters.retain(|waiting| waiting.position > after),
            (_, None) => {}
        }
        letters.truncate(limit);
        if self.has(Flaw::LettersOfOneMegabyte) {
            let mut room = ONE_MEGABYTE;
            letters.retain(|waiting| {
                let fits = waiting.letter.content.len() <= room;
                room = room.saturating_sub(waiting.letter.content.len());
                fits
            });
        }
        if self.has(Flaw::LettersGoWhenRead) {
            let mailbox = self.mailbox(&mut state, player, slot);
            mailbox.waiting.retain(|waiting| !letters.contains(waiting));
        }
        letters
    }

    pub(crate) fn read_known(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Vec<KnownLetter> {
        let state = self.state();
        let known = state.players.get(&self.key(player)).into_iter();
        let mailboxes = known.flat_map(|player| &player.mailboxes);
        let known = mailboxes.flat_map(|(slot, mailbox)| mailbox.known(slot));
        let mut known: Vec<KnownLetter> = known.collect();
        match self.flaw {
            Some(Flaw::OnlyWaitingLettersKnown) => known.retain(|known| known.waits),
            Some(Flaw::OnlyDiscardedLettersKnown) => known.retain(|known| !known.waits),
            Some(Flaw::KnownLettersOfSlotsWithARecord) => {
                let player = state.players.get(&self.key(player));
                known.retain(|known| player.is_some_and(|player| player.has_record(&known.slot)));
            }
            Some(Flaw::KnownLettersAllTimed) => {
                for known in &mut known {
                    known.retention = Retention::Timed;
                }
            }
            _ => {}
        }
        known.sort_by(|a, b| (&a.slot, &a.id).cmp(&(&b.slot, &b.id)));
        let pages_by_id = self.has(Flaw::KnownLettersPagedById);
        known.retain(|known| match after {
            None => true,
            Some((_, id)) if pages_by_id => known.id > *id,
            Some(after) => (&known.slot, &known.id) > after,
        });
        known.truncate(limit);
        known
    }

    pub(crate) async fn take_out(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) {
        let now = UnixMillis::new(self.now());
        let known = self.state().players.contains_key(&self.key(player));
        if !known && !self.has(Flaw::NothingTakenOutIsRemembered) {
            return;
        }
        let read = if self.has(Flaw::MailboxReadThenWritten) {
            let read = self.mailbox(&mut self.state(), player, slot).clone();
            self.pause().await;
            Some(read)
        } else {
            None
        };
        let taken = {
            let mut state = self.state();
            let mailbox = self.mailbox(&mut state, player, slot);
            if let Some(read) = read {
                *mailbox = read;
            }
            self.take_at_once(mailbox, id, posting, now)
        };
        let Some(remembered) = taken else { return };
        if self.has(Flaw::LetterGoesThenRemembered) {
            self.pause().await;
        }
        let mut state = self.state();
        let mailbox = self.mailbox(&mut state, player, slot);
        if !self.has(Flaw::IdForgottenWithItsLetter) {
            mailbox.remembered.push(remembered);
        }
    }

    fn take_at_once(
        &self,
        mailbox: &mut Mailbox,
        id: &LetterId,
        posting: WriteId,
        now: UnixMillis,
    ) -> Option<Remembered> {
        let key = self.letter_key(id);
        let any = self.has(Flaw::LetterTakenOutByIdAlone);
        let found = mailbox.waiting.iter().position(|waiting| {
            let same = any || waiting.letter.posting == posting;
            self.letter_key(&waiting.letter.id) == key && same
        });
        let until = Some(now.saturating_add(LETTER_MEMORY));
        let Some(at) = found else {
            let remembered = Remembered {
                id: key,
                posting,
                until,
            };
            return self
                .has(Flaw::NothingTakenOutIsRemembered)
                .then_some(remembered);
        };
        let letter = mailbox.waiting.remove(at).letter;
        let posted_at = mailbox.posted_at.get(&key).copied().unwrap_or(now);
        let from_posting = posted_at.saturating_add(LETTER_MEMORY);
        Some(Remembered {
            id: key,
            posting: letter.posting,
            until: match (self.flaw, letter.retention) {
                (Some(Flaw::RememberedForADay), _) => {
                    Some(now.saturating_add(std::time::Duration::from_secs(24 * 60 * 60)))
                }
                (Some(Flaw::RememberedFromItsPosting), Retention::Timed) => Some(from_posting),
                (Some(Flaw::UnsettledForgottenInTime), _) | (_, Retention::Timed) => until,
                _ => None,
            },
        })
    }

    pub(crate) fn settle_letter(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) {
        let mut state = self.state();
        if !state.players.contains_key(&self.key(player)) {
            return;
        }
        let now = UnixMillis::new(self.now());
        let any = self.has(Flaw::SettledByIdAlone);
        let key = self.letter_key(id);
        let mailbox = self.mailbox(&mut state, player, slot);
        for waiting in &mut mailbox.waiting {
            let same = self.letter_key(&waiting.letter.id) == key;
            if same && (any || waiting.letter.posting == posting) {
                waiting.letter.retention = Retention::Timed;
            }
        }
        if self.has(Flaw::SettledLetterGoes) {
            mailbox.waiting.retain(|waiting| {
                self.letter_key(&waiting.letter.id) != key || waiting.letter.posting != posting
            });
        }
        if self.has(Flaw::ForgottenWhenSettled) {
            mailbox.remembered.retain(|known| known.id != key);
        }
        for known in &mut mailbox.remembered {
            if known.id == key && (any || known.posting == posting) {
                known.until = Some(now.saturating_add(LETTER_MEMORY));
            }
        }
    }

    /// A flaw: an erasure lists the letters, and removes them a moment later.
    pub(crate) async fn list_mail_first(&self, key: &str) -> Option<Vec<WriteId>> {
        if !self.has(Flaw::MailListedThenErased) {
            return None;
        }
        let listed = {
            let state = self.state();
            let mailboxes = state.players.get(key).into_iter();
            let mailboxes = mailboxes.flat_map(|player| player.mailboxes.values());
            let waiting = mailboxes.flat_map(|mailbox| &mailbox.waiting);
            waiting.map(|waiting| waiting.letter.posting).collect()
        };
        self.pause().await;
        Some(listed)
    }

    /// What an erasure does to a player's mail; of those that were listed with
    /// a flaw, what came since is remembered as if it had been taken out.
    pub(crate) fn erase_mail(&self, player: &mut Player, listed: Option<&[WriteId]>) {
        match self.flaw {
            Some(Flaw::ErasureLeavesMail) => return,
            Some(Flaw::ErasureLeavesIds) => {
                for mailbox in player.mailboxes.values_mut() {
                    mailbox.waiting.clear();
                }
                return;
            }
            _ => {}
        }
        let Some(listed) = listed else {
            player.mailboxes.clear();
            return;
        };
        for mailbox in player.mailboxes.values_mut() {
            mailbox.remembered.clear();
            let waiting = std::mem::take(&mut mailbox.waiting).into_iter();
            let since = waiting.filter(|waiting| !listed.contains(&waiting.letter.posting));
            mailbox.remembered = since
                .map(|waiting| Remembered {
                    id: self.letter_key(&waiting.letter.id),
                    posting: waiting.letter.posting,
                    until: None,
                })
                .collect();
        }
    }
}

impl Mailbox {
    fn known(&self, slot: &str) -> impl Iterator<Item = KnownLetter> {
        let slot = SlotName::new(slot).expect("a slot's name");
        let of = move |id: &str, posting, retention, waits| KnownLetter {
            slot: slot.clone(),
            id: LetterId::new(id).expect("a letter's id"),
            posting,
            retention,
            waits,
        };
        let remembered_of = of.clone();
        let waiting = self.waiting.iter().map(move |waiting| {
            let letter = &waiting.letter;
            of(letter.id.as_str(), letter.posting, letter.retention, true)
        });
        let remembered = self.remembered.iter().map(move |known| {
            let retention = match known.until {
                None => Retention::UntilSettled,
                Some(_) => Retention::Timed,
            };
            remembered_of(&known.id, known.posting, retention, false)
        });
        waiting.chain(remembered)
    }
}
