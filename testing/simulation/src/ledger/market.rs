//! What is bought, sent and traded, wherever it is: in documents, on its way
//! from one to another, or in a mailbox.

use std::collections::{BTreeMap, BTreeSet};

use playerdata_core::{
    LetterId, PlayerId, SessionId, SlotName, TradeId, WriteId,
    backend::{Body, Claim, Letter, Party, Posting, Retention, Verdict},
};

use super::{
    State,
    goods::{Address, Beside, Estate, Goods, Side},
};
use crate::{Rule, holdings, shop::Place};

#[derive(Debug, Default)]
pub(super) struct Market {
    /// Players of whose goods nothing is ever deleted or rolled back.
    traders: BTreeSet<PlayerId>,
    /// What is stored of their slots.
    estates: BTreeMap<Place, Estate>,
    mailboxes: BTreeMap<Place, BTreeMap<LetterId, Mail>>,
    /// Letters that are or were in a stored document.
    taken: BTreeSet<Address>,
    /// Parcels that were stored in an outbox.
    in_outbox: BTreeSet<Address>,
    /// Parcels in escrow that were stored.
    in_escrow: BTreeSet<Side>,
    verdicts: BTreeMap<TradeId, Verdict>,
    /// What a server was told is stored.
    known: Known,
    /// What the writes of which no server was told have in them.
    untold: BTreeMap<WriteId, Beside>,
    /// The escrows that a session was given with a document.
    opened: BTreeMap<(SessionId, SlotName), Vec<TradeId>>,
    /// What each purchase brings.
    purchases: BTreeMap<String, Goods>,
    /// What there should be of everything.
    expected: Goods,
}

#[derive(Debug)]
struct Mail {
    posting: WriteId,
    goods: Goods,
    waits: bool,
}

#[derive(Debug, Default)]
struct Known {
    letters: BTreeSet<(LetterId, WriteId)>,
    outgoing: BTreeSet<Address>,
    escrows: BTreeSet<Side>,
}

impl Known {
    fn add(&mut self, beside: &Beside) {
        let letters = beside.letters.iter();
        self.letters
            .extend(letters.map(|(id, posting)| (id.clone(), *posting)));
        let outgoing = beside.outbox.iter();
        self.outgoing
            .extend(outgoing.map(|outgoing| outgoing.to.clone()));
        let escrows = beside.escrow.iter();
        self.escrows.extend(escrows.map(|escrow| escrow.side));
    }
}

impl Market {
    /// How much there is of everything, each thing counted once.
    fn total(&self) -> Goods {
        let mut total = Goods::default();
        for estate in self.estates.values() {
            total.add_all(&estate.goods);
            for escrow in &estate.beside.escrow {
                let has = match self.verdicts.get(&escrow.side.trade) {
                    Some(Verdict::Commit) => &escrow.get,
                    Some(Verdict::Abort) | None => &escrow.put,
                };
                total.add_all(&Goods::of_parcel(has));
            }
            for outgoing in &estate.beside.outbox {
                let was_posted = self.mail(&outgoing.to).is_some();
                if !was_posted && !self.taken.contains(&outgoing.to) {
                    total.add_all(&Goods::of_parcel(&outgoing.parcel));
                }
            }
        }
        for ((player, slot), mailbox) in &self.mailboxes {
            for (id, mail) in mailbox {
                if !self
                    .taken
                    .contains(&address(player, slot, id, mail.posting))
                {
                    total.add_all(&mail.goods);
                }
            }
        }
        total
    }

    /// A letter that was posted, whether it still waits or not.
    fn mail(&self, to: &Address) -> Option<&Mail> {
        let place = (to.player.clone(), to.slot.clone());
        let mail = self.mailboxes.get(&place)?.get(&to.id)?;
        (mail.posting == to.posting).then_some(mail)
    }

    fn is_stored_in_escrow(&self, side: Side) -> bool {
        let mut escrows = self.estates.values().flat_map(|it| &it.beside.escrow);
        escrows.any(|escrow| escrow.side == side)
    }
}

fn address(player: &PlayerId, slot: &SlotName, id: &LetterId, posting: WriteId) -> Address {
    Address {
        player: player.clone(),
        slot: slot.clone(),
        id: id.clone(),
        posting,
    }
}

/// The rules about what differs between two stored documents.
fn touched(before: &Beside, after: &Beside) -> Vec<Rule> {
    let gained = |kind: &str| {
        let mut keys = after.keys.keys();
        keys.any(|key| key.starts_with(kind) && !before.keys.contains_key(key))
    };
    let mut rules = vec![Rule::P4];
    if before.outbox != after.outbox || gained("transfer-") {
        rules.push(Rule::P2);
    }
    if before.escrow != after.escrow || before.acted != after.acted || gained("trade-") {
        rules.push(Rule::P3);
    }
    if before.letters != after.letters {
        rules.push(Rule::M2);
    }
    if gained(holdings::RECEIPT) {
        rules.push(Rule::X1);
    }
    rules
}

impl State {
    pub(crate) fn trades(&mut self, player: &PlayerId) {
        self.market.traders.insert(player.clone());
    }

    fn is_trader(&self, player: &PlayerId) -> bool {
        self.market.traders.contains(player)
    }

    /// A shop is about to ask for what a receipt is for.
    pub(crate) fn sells(&mut self, receipt: &str, gold: i64) {
        let mut goods = Goods::default();
        goods.add(holdings::GOLD, gold.into());
        goods.add(receipt, 1);
        self.market.purchases.insert(receipt.to_owned(), goods);
    }

    /// Everything is counted.
    fn count(&mut self, rules: &[Rule], what: &str) {
        let total = self.market.total();
        if total == self.market.expected {
            return;
        }
        let expected = self.market.expected.clone();
        for rule in rules {
            self.breaks(
                *rule,
                format_args!("after {what} there are {total}, should be {expected}"),
            );
        }
    }

    /// A document was stored over another one.
    pub(super) fn estate_stored(&mut self, claim: &Claim, write: WriteId, body: &Body) {
        if !self.is_trader(&claim.player) && !self.is_put_back(&claim.player) {
            return;
        }
        let Some(after) = Estate::of(body) else {
            return; // what can't be read is another rule's
        };
        let place = (claim.player.clone(), claim.slot.clone());
        self.check_receipts(&place, &after);
        if !self.is_trader(&claim.player) {
            return;
        }
        let before = self.market.estates.insert(place.clone(), after.clone());
        if before.is_none() {
            self.market.expected.add_all(&holdings::new_goods());
        }
        let before = before.unwrap_or_default().beside;
        let after = after.beside;
        self.market.untold.insert(write, after.clone());
        self.keys_changed(&place, &before, &after);
        self.letters_changed(&place, &before, &after);
        self.outbox_changed(&place, &before, &after);
        self.escrow_changed(&place, &before, &after);
        let (player, slot) = &place;
        let rules = touched(&before, &after);
        self.count(&rules, &format!("a save of {player}/{slot}"));
    }

    /// A change has its key, and a key its change.
    fn check_receipts(&mut self, (player, slot): &Place, estate: &Estate) {
        let is_receipt = |key: &&String| key.starts_with(holdings::RECEIPT);
        let keys: Vec<_> = estate.beside.keys.keys().filter(is_receipt).collect();
        let granted: Vec<_> = estate.goods.beginning_with(holdings::RECEIPT).collect();
        let once = granted.iter().all(|(_, times)| *times == 1)
            && granted
                .iter()
                .map(|(receipt, _)| *receipt)
                .eq(keys.iter().map(|key| &***key));
        let (keys, granted) = (format!("{keys:?}"), format!("{granted:?}"));
        self.unless(
            once,
            Rule::X1,
            format_args!("{player}/{slot} was granted {granted} and has the keys {keys}"),
        );
    }

    fn keys_changed(&mut self, (player, slot): &Place, before: &Beside, after: &Beside) {
        for key in after.keys.keys() {
            if let Some(goods) = self.market.purchases.get(key)
                && !before.keys.contains_key(key)
            {
                self.market.expected.add_all(goods);
            }
        }
        for key in before.keys.keys() {
            self.unless(
                after.keys.contains_key(key),
                Rule::X2,
                format_args!("{player}/{slot} has forgotten {key}"),
            );
        }
    }

    fn letters_changed(&mut self, (player, slot): &Place, before: &Beside, after: &Beside) {
        for (id, posting) in &after.letters {
            if before.letters.get(id) == Some(posting) {
                continue;
            }
            let letter = address(player, slot, id, *posting);
            let was_posted = self.market.mail(&letter).is_some();
            let first = self.market.taken.insert(letter);
            self.unless(
                was_posted && first,
                Rule::M2,
                format_args!("{player}/{slot} took in {id}; posted: {was_posted}, first: {first}"),
            );
        }
        for (id, posting) in &before.letters {
            let letter = address(player, slot, id, *posting);
            let waits = self.market.mail(&letter).is_some_and(|mail| mail.waits);
            self.unless(
                after.letters.get(id) == Some(posting) || !waits,
                Rule::M2,
                format_args!("{player}/{slot} forgot {id}, which is still in the mailbox"),
            );
        }
    }

    fn outbox_changed(&mut self, (player, slot): &Place, before: &Beside, after: &Beside) {
        let outgoing = after.outbox.iter().map(|outgoing| outgoing.to.clone());
        self.market.in_outbox.extend(outgoing);
        for outgoing in &before.outbox {
            let to = &outgoing.to;
            let was_posted = self.market.mail(to).is_some();
            self.unless(
                after.outbox.contains(outgoing) || was_posted,
                Rule::P2,
                format_args!("{player}/{slot} forgot {}, which was never sent", to.id),
            );
        }
    }

    fn escrow_changed(&mut self, (player, slot): &Place, before: &Beside, after: &Beside) {
        let escrows = after.escrow.iter().map(|escrow| escrow.side);
        self.market.in_escrow.extend(escrows);
        for escrow in &before.escrow {
            if after.escrow.contains(escrow) {
                continue;
            }
            let side = escrow.side;
            // A trade that never got beyond one document is taken back as if
            // the verdict were known.
            let begun = self.market.in_escrow.contains(&side.other());
            let decided = self.market.verdicts.contains_key(&side.trade);
            self.unless(
                decided || !begun,
                Rule::P3,
                format_args!(
                    "{player}/{slot} left the undecided trade {}",
                    Short(side.trade)
                ),
            );
        }
    }

    /// A letter got to a mailbox.
    pub(crate) fn posted(
        &mut self,
        player: &PlayerId,
        slot: &SlotName,
        letter: &Letter,
        outcome: &Posting,
    ) {
        let (id, told) = (&letter.id, told_of_posting(outcome));
        self.history
            .add(format_args!("post {id} to {player}/{slot} -> {told}"));
        if !self.is_trader(player) {
            return;
        }
        let to = address(player, slot, id, letter.posting);
        let place = (player.clone(), slot.clone());
        let mailbox = self.market.mailboxes.entry(place).or_default();
        let known = mailbox.get(id).map(|mail| mail.posting);
        match outcome {
            Posting::Posted { .. } => {
                self.unless(
                    known.is_none(),
                    Rule::M1,
                    format_args!("{player}/{slot} got {id} once more"),
                );
                self.arrived(to, letter);
            }
            Posting::AlreadyPosted { posting, .. } => self.unless(
                known == Some(*posting),
                Rule::M1,
                format_args!("{player}/{slot} is said to have {id}, and has not"),
            ),
            Posting::Full => {}
        }
    }

    fn arrived(&mut self, to: Address, letter: &Letter) {
        let content = serde_json::from_slice(&letter.content).unwrap_or_default();
        let goods = Goods::of_parcel(&content);
        let rules = match letter.retention {
            Retention::Timed => {
                self.market.expected.add_all(&goods);
                [Rule::P4, Rule::M2]
            }
            _ => {
                self.unless(
                    self.market.in_outbox.contains(&to),
                    Rule::P2,
                    format_args!("{} was sent before it was in a stored outbox", to.id),
                );
                [Rule::P4, Rule::P2]
            }
        };
        let mail = Mail {
            posting: to.posting,
            goods,
            waits: true,
        };
        let place = (to.player, to.slot);
        let mailbox = self.market.mailboxes.entry(place).or_default();
        mailbox.insert(to.id, mail);
        self.count(&rules, "a letter came");
    }

    pub(crate) fn discarded(
        &mut self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) {
        self.history
            .add(format_args!("discard {id} of {player}/{slot}"));
        let letter = address(player, slot, id, posting);
        let taken = self.market.taken.contains(&letter);
        let place = (player.clone(), slot.clone());
        let mailbox = self.market.mailboxes.entry(place).or_default();
        let mail = mailbox.get_mut(id).filter(|mail| mail.posting == posting);
        let Some(mail) = mail else { return };
        mail.waits = false;
        self.unless(
            taken,
            Rule::M2,
            format_args!("{id} was discarded before {player}/{slot} was stored with it"),
        );
    }

    pub(crate) fn settled(
        &mut self,
        player: &PlayerId,
        slot: &SlotName,
        id: &LetterId,
        posting: WriteId,
    ) {
        self.history
            .add(format_args!("settle {id} of {player}/{slot}"));
        let letter = address(player, slot, id, posting);
        let mut outboxes = self
            .market
            .estates
            .values()
            .flat_map(|it| &it.beside.outbox);
        let is_in_outbox = outboxes.any(|outgoing| outgoing.to == letter);
        self.unless(
            !is_in_outbox,
            Rule::P2,
            format_args!("{id} was settled while it was in a stored outbox"),
        );
    }

    pub(crate) fn decided(&mut self, trade: TradeId, wanted: Verdict, stands: Verdict) {
        let name = Short(trade);
        self.history.add(format_args!(
            "decide trade {name}, {wanted:?} -> {stands:?}"
        ));
        let both = [true, false].map(|first| Side { trade, first });
        let stored = both.map(|side| self.market.in_escrow.contains(&side));
        let first = *self.market.verdicts.entry(trade).or_insert(stands);
        self.unless(
            first == stands,
            Rule::P3,
            format_args!("trade {name} was decided {first:?}, and then {stands:?}"),
        );
        self.unless(
            stands == Verdict::Abort || stored == [true, true],
            Rule::P3,
            format_args!("trade {name} was made before both documents were stored"),
        );
        self.count(&[Rule::P4, Rule::P3], "a verdict");
    }

    pub(crate) fn forgotten(&mut self, trade: TradeId, party: Party) {
        let name = Short(trade);
        self.history
            .add(format_args!("forget trade {name} by {party:?}"));
        let waits = self.market.is_stored_in_escrow(Side::of(trade, party));
        self.unless(
            !waits,
            Rule::P3,
            format_args!("trade {name} was forgotten while {party:?} is stored in it"),
        );
    }

    /// A server asks for what needs something to be stored that it was told of.
    pub(crate) fn asks_to_post(&mut self, player: &PlayerId, slot: &SlotName, letter: &Letter) {
        let to = address(player, slot, &letter.id, letter.posting);
        let ours = self.is_trader(player) && letter.retention != Retention::Timed;
        self.unless(
            !ours || self.market.known.outgoing.contains(&to),
            Rule::P2,
            format_args!("{} is sent, of which no save is acknowledged", letter.id),
        );
    }

    pub(crate) fn asks_to_discard(&mut self, player: &PlayerId, id: &LetterId, posting: WriteId) {
        let known = self.market.known.letters.contains(&(id.clone(), posting));
        self.unless(
            !self.is_trader(player) || known,
            Rule::M2,
            format_args!("{id} is discarded, of which no save is acknowledged"),
        );
    }

    pub(crate) fn asks_to_decide(&mut self, trade: TradeId, wanted: Verdict) {
        let both = [true, false].map(|first| Side { trade, first });
        let known = both
            .iter()
            .all(|side| self.market.known.escrows.contains(side));
        // One that is decided is not made by anybody who asks for that.
        let decided = self.market.verdicts.contains_key(&trade);
        self.unless(
            wanted == Verdict::Abort || known || decided,
            Rule::P3,
            format_args!(
                "trade {} is to be made, of which no two saves are acknowledged",
                Short(trade)
            ),
        );
    }

    /// A server was told that a write was applied.
    pub(super) fn estate_acknowledged(&mut self, write: WriteId) {
        if let Some(beside) = self.market.untold.remove(&write) {
            self.market.known.add(&beside);
        }
    }

    /// A server was told what a slot holds.
    pub(super) fn estate_opened(&mut self, claim: &Claim, body: Option<&Body>) {
        if !self.is_trader(&claim.player) {
            return;
        }
        let beside = body.and_then(Estate::of).unwrap_or_default().beside;
        self.market.known.add(&beside);
        let trades = beside.escrow.iter().map(|escrow| escrow.side.trade);
        let key = (claim.session, claim.slot.clone());
        self.market.opened.insert(key, trades.collect());
    }

    /// The letters that wait for a slot and are in no stored document.
    pub(crate) fn waiting_letters(&self, player: &PlayerId, slot: &SlotName) -> Vec<LetterId> {
        let place = (player.clone(), slot.clone());
        let mail = self.market.mailboxes.get(&place).into_iter().flatten();
        let waiting = mail.filter(|(id, mail)| {
            let letter = address(player, slot, id, mail.posting);
            mail.waits && !self.market.taken.contains(&letter)
        });
        waiting.map(|(id, _)| id.clone()).collect()
    }

    /// Game code was given a document that has these letters in its gift bank;
    /// `waited` are those that did before it was loaded.
    pub(crate) fn loaded_with_mail(
        &mut self,
        session: SessionId,
        (player, slot): (&PlayerId, &SlotName),
        waited: &[LetterId],
        has: impl Fn(&LetterId) -> bool,
    ) {
        let still = self.waiting_letters(player, slot);
        for id in waited.iter().filter(|id| still.contains(id)) {
            self.unless(
                has(id),
                Rule::M3,
                format_args!("{player}/{slot} was loaded without {id}"),
            );
        }
        let key = (session, slot.clone());
        for trade in self.market.opened.get(&key).cloned().unwrap_or_default() {
            self.unless(
                self.market.verdicts.contains_key(&trade),
                Rule::P3,
                format_args!(
                    "{player}/{slot} was loaded in the undecided trade {}",
                    Short(trade)
                ),
            );
        }
    }

    /// A shop was told that a purchase is granted, and stored.
    pub(crate) fn granted(&mut self, player: &PlayerId, slot: &SlotName, receipt: &str) {
        self.history
            .add(format_args!("TOLD {player}/{slot}: {receipt} is granted"));
        if self.is_trader(player) {
            self.has_key(player, slot, receipt, "was told granted");
        }
    }

    pub(crate) fn has_key(&mut self, player: &PlayerId, slot: &SlotName, key: &str, why: &str) {
        let place = (player.clone(), slot.clone());
        let estate = self.market.estates.get(&place);
        let has = estate.is_some_and(|estate| estate.beside.keys.contains_key(key));
        self.unless(
            has,
            Rule::X1,
            format_args!("{player}/{slot} does not have {key}, which {why}"),
        );
    }

    /// A sender was told that a letter is in the mailbox.
    pub(crate) fn told_sent(&mut self, player: &PlayerId, slot: &SlotName, id: &LetterId) {
        self.history
            .add(format_args!("TOLD {id} was sent to {player}/{slot}"));
        let place = (player.clone(), slot.clone());
        let mailbox = self.market.mailboxes.get(&place);
        let posted = mailbox.is_some_and(|mailbox| mailbox.contains_key(id));
        self.unless(
            posted,
            Rule::M1,
            format_args!("{player}/{slot} never got {id}, of which its sender was told"),
        );
    }

    /// Whether nothing is on its way any more.
    pub(crate) fn is_at_rest(&self) -> bool {
        let mut estates = self.market.estates.values();
        let mut mail = self.market.mailboxes.values().flat_map(BTreeMap::values);
        estates.all(|estate| estate.beside.is_at_rest()) && !mail.any(|mail| mail.waits)
    }

    /// The last count.
    pub(crate) fn check_rest(&mut self) {
        let estates = self.market.estates.iter();
        let restless = estates.filter(|(_, estate)| !estate.beside.is_at_rest());
        let restless: Vec<_> = restless.map(|(place, it)| (place, &it.beside)).collect();
        let what = format!("something is on its way for ever: {restless:?}");
        self.unless(self.is_at_rest(), Rule::Recovered, format_args!("{what}"));
        self.count(&[Rule::P4], "everything came to rest");
        let total = self.market.total();
        self.history.add(format_args!("COUNTED {total}"));
        let mut counted = Goods::default();
        for estate in self.market.estates.values() {
            counted.add_all(&estate.goods);
        }
        self.unless(
            counted == total,
            Rule::P4,
            format_args!("the documents have {counted}, there are {total}"),
        );
        for (receipt, times) in counted.beginning_with(holdings::RECEIPT) {
            self.unless(
                times == 1,
                Rule::X1,
                format_args!("{receipt} was granted {times} times"),
            );
        }
        for (letter, times) in counted.beginning_with(holdings::LETTER) {
            self.unless(
                times == 1,
                Rule::M2,
                format_args!("{letter} was applied {times} times"),
            );
        }
    }
}

fn told_of_posting(outcome: &Posting) -> &'static str {
    match outcome {
        Posting::Posted { .. } => "posted",
        Posting::AlreadyPosted { .. } => "already posted",
        Posting::Full => "full",
    }
}

/// A trade in few characters: the process that made it, and its number there.
struct Short(TradeId);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bits = self.0.as_uuid().as_u128();
        write!(f, "t{}.{}", bits >> 96, bits & 0xffff_ffff)
    }
}
