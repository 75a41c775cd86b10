//! Mailboxes and verdicts of the store of several steps: each is an item that
//! is changed in one step.

use playerdata_core::{
    LetterId, PlayerId, SlotName, TradeId, UnixMillis, WriteId,
    backend::{
        KnownLetter, LETTER_MEMORY, Letter, LetterPosition, MAX_LETTERS, Party, Posting, Retention,
        VERDICT_MEMORY, Verdict, WaitingLetter,
    },
};

use crate::{
    Deed, Flaw, SteppingStore,
    table::{Items, MailboxItem, Remembered, TradeItem},
};

impl SteppingStore {
    fn now(&self) -> UnixMillis {
        self.clock().now()
    }

    pub(crate) async fn put(&self, player: &PlayerId, slot: &SlotName, new: &Letter) -> Posting {
        let key = (player.clone(), slot.clone());
        let look = |items: &Items| items.mailboxes.get(&key)?.posting_of(&new.id, self.now());
        let seen = if self.has(Flaw::PostLooksThenWrites) {
            Some(self.table().step(|items| look(items)).await)
        } else {
            None
        };
        let posted = self.table().step(|items| {
            if let Some(posting) = seen.unwrap_or_else(|| look(items)) {
                return Some(Some(posting));
            }
            let made_in = items.players.get(player).map_or(0, |item| {
                // What is put in while the player is being erased stays.
                item.erasures + u64::from(item.erasing.is_some())
            });
            let mailbox = items.mailboxes.entry(key.clone());
            let mailbox = mailbox.or_insert_with(|| MailboxItem::new(made_in));
            if !mailbox.put(new) {
                return None;
            }
            items.tell(Deed::Posted {
                player: player.clone(),
                slot: slot.clone(),
                letter: new.clone(),
            });
            Some(None)
        });
        let Some(known) = posted.await else {
            return Posting::Full;
        };
        // Whoever takes the player after the step before finds the letter.
        let holder = self.read_player(player).await.lock;
        match known {
            None => Posting::Posted { holder },
            Some(posting) => Posting::AlreadyPosted { posting, holder },
        }
    }

    pub(crate) async fn read_letters(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        after: Option<LetterPosition>,
        limit: usize,
    ) -> Vec<WaitingLetter> {
        let key = (player.clone(), slot.clone());
        let read = self.table().step(|items| {
            let mailbox = items.mailboxes.get(&key).into_iter();
            let waiting = mailbox.flat_map(|mailbox| &mailbox.waiting);
            let rest = waiting.filter(|one| after.is_none_or(|after| one.position > after));
            rest.take(limit).cloned().collect()
        });
        read.await
    }

    pub(crate) async fn read_known(
        &self,
        player: &PlayerId,
        after: Option<(&SlotName, &LetterId)>,
        limit: usize,
    ) -> Vec<KnownLetter> {
        let read = self.table().step(|items| {
            let own = items.mailboxes.iter();
            let own = own.filter(|((owner, _), _)| owner == player);
            own.flat_map(|((_, slot), mailbox)| mailbox.known(slot))
                .collect::<Vec<_>>()
        });
        let mut known = read.await;
        known.retain(|known| after.is_none_or(|after| (&known.slot, &known.id) > after));
        known.sort_unstable_by(|a, b| (&a.slot, &a.id).cmp(&(&b.slot, &b.id)));
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
        let key = (player.clone(), slot.clone());
        let seen = if self.has(Flaw::DiscardLooksThenRemoves) {
            let look = self.table().step(|items| {
                let mailbox = items.mailboxes.get(&key)?;
                mailbox.posting_of(id, self.now())
            });
            Some(look.await == Some(posting))
        } else {
            None
        };
        let taken = self.table().step(|items| {
            if let Some(mailbox) = items.mailboxes.get_mut(&key) {
                mailbox.take(id, posting, seen, self.now());
            }
        });
        taken.await;
    }

    pub(crate) async fn settle_letter(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) {
        let key = (player.clone(), slot.clone());
        let settled = self.table().step(|items| {
            if let Some(mailbox) = items.mailboxes.get_mut(&key) {
                mailbox.settle(id, posting, self.now());
            }
        });
        settled.await;
    }

    pub(crate) async fn judge(&self, trade: TradeId, wanted: Verdict) -> Verdict {
        let key = *trade.as_uuid();
        let seen = if self.has(Flaw::VerdictLooksThenWrites) {
            let look = self.table().step(|items| items.trades.get(&key).cloned());
            Some(look.await)
        } else {
            None
        };
        let decided = self.table().step(|items| {
            let now = self.now();
            let stands = seen.unwrap_or_else(|| items.trades.get(&key).cloned());
            let stands = stands.filter(|item| item.until.is_none_or(|until| now < until));
            let item = stands.unwrap_or(TradeItem {
                verdict: wanted,
                forgotten: Vec::new(),
                until: None,
            });
            let verdict = item.verdict;
            items.trades.insert(key, item);
            verdict
        });
        decided.await
    }

    pub(crate) async fn forget(&self, trade: TradeId, party: Party) {
        let forgotten = self.table().step(|items| {
            let Some(item) = items.trades.get_mut(trade.as_uuid()) else {
                return;
            };
            if !item.forgotten.contains(&party) {
                item.forgotten.push(party);
            }
            if item.forgotten.contains(&party.other()) {
                item.until = Some(self.now().saturating_add(VERDICT_MEMORY));
            }
        });
        forgotten.await;
    }

    /// A step of an erasure: removes the mailboxes of a player that were made
    /// before this many erasures were over.
    pub(crate) async fn remove_mail(&self, player: &PlayerId, erasures: u64) {
        let any = self.has(Flaw::ErasureRemovesAnyMail);
        let empties = self.has(Flaw::ErasureEmptiesAnyMailbox);
        let listed = self.table().step(|items| {
            let own = items.mailboxes.keys().filter(|(owner, _)| owner == player);
            own.cloned().collect::<Vec<_>>()
        });
        for key in listed.await {
            let removed = self.table().step(|items| {
                if let Some(mailbox) = items.mailboxes.get_mut(&key)
                    && empties
                {
                    mailbox.waiting.clear();
                }
                let made_in = items.mailboxes.get(&key).map(|mailbox| mailbox.made_in);
                if made_in.is_some_and(|made_in| made_in <= erasures || any) {
                    items.mailboxes.remove(&key);
                }
            });
            removed.await;
        }
    }
}

impl MailboxItem {
    fn new(made_in: u64) -> Self {
        Self {
            made_in,
            last: 0,
            waiting: Vec::new(),
            remembered: Vec::new(),
        }
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
        let waiting = self.waiting.iter().map(move |waiting| {
            let letter = &waiting.letter;
            of(&letter.id, letter.posting, letter.retention, true)
        });
        let remembered = self.remembered.iter().map(move |known| {
            let retention = match known.until {
                None => Retention::UntilSettled,
                Some(_) => Retention::Timed,
            };
            of(&known.id, known.posting, retention, false)
        });
        waiting.chain(remembered)
    }

    /// The posting of the letter of that id which waits or is remembered.
    fn posting_of(&self, id: &LetterId, now: UnixMillis) -> Option<WriteId> {
        let mut waiting = self.waiting.iter();
        if let Some(waiting) = waiting.find(|waiting| waiting.letter.id == *id) {
            return Some(waiting.letter.posting);
        }
        let mut remembered = self.remembered.iter();
        let counts = |known: &&Remembered| known.until.is_none_or(|until| now < until);
        let known = remembered.find(|known| known.id == *id && counts(known));
        known.map(|known| known.posting)
    }

    /// Whether there was room.
    fn put(&mut self, new: &Letter) -> bool {
        if self.waiting.len() >= MAX_LETTERS {
            return false;
        }
        self.remembered.retain(|known| known.id != new.id);
        self.last += 1;
        self.waiting.push(WaitingLetter {
            position: LetterPosition::new(self.last),
            letter: new.clone(),
        });
        true
    }

    /// With what was seen before, for a flaw, the posting is not compared.
    fn take(&mut self, id: &LetterId, posting: WriteId, seen: Option<bool>, now: UnixMillis) {
        let found = self.waiting.iter().position(|waiting| {
            let same = seen.unwrap_or(waiting.letter.posting == posting);
            waiting.letter.id == *id && same
        });
        let Some(at) = found else { return };
        let letter = self.waiting.remove(at).letter;
        self.remembered.push(Remembered {
            id: letter.id,
            posting: letter.posting,
            until: match letter.retention {
                Retention::UntilSettled => None,
                _ => Some(now.saturating_add(LETTER_MEMORY)),
            },
        });
    }

    fn settle(&mut self, id: &LetterId, posting: WriteId, now: UnixMillis) {
        for waiting in &mut self.waiting {
            if waiting.letter.id == *id && waiting.letter.posting == posting {
                waiting.letter.retention = Retention::Timed;
            }
        }
        for known in &mut self.remembered {
            if known.id == *id && known.posting == posting {
                known.until = Some(now.saturating_add(LETTER_MEMORY));
            }
        }
    }
}
