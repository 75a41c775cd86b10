//! What players do with each other: they buy, send, give and trade.

use std::time::Duration;

use fastrand::Rng;
use playerdata_core::{DocumentError, Error, Letter, Once, Parcel, PlayerId, Slot};
use playerdata_faults::{Fault, When};
use tokio::time::timeout;

use super::{SLOTS, Visit};
use crate::{
    holdings::{self, GEM, GOLD},
    keeper::{self, Unmade},
    shop::Place,
    world::slot_name,
};

/// Slots that traders use.
pub(crate) const STALLS: usize = 2;

impl Visit {
    pub(super) async fn deal(&mut self) {
        match self.rng.u8(0..100) {
            0..12 => self.change(),
            12..27 => self.buy().await,
            27..39 => self.write_a_letter().await,
            39..55 => self.give_away(true).await,
            55..75 => self.trade().await,
            75..83 => self.claim(),
            83..90 => self.save().await,
            90..94 => self.open_a_stall().await,
            94..97 => self.keep_version().await,
            _ => self.save_all().await,
        }
    }

    /// What those do whose documents are put back.
    pub(super) async fn live_again(&mut self) {
        match self.rng.u8(0..100) {
            0..30 => self.change(),
            30..50 => self.buy().await,
            50..58 => self.give_away(false).await,
            58..64 => self.keep_what_is_on_its_way().await,
            64..80 => self.save().await,
            80..94 => self.keep_version().await,
            _ => self.open_a_stall().await,
        }
    }

    async fn open_a_stall(&mut self) {
        let slot = SLOTS[self.rng.usize(0..STALLS)];
        // What is wrong with it has been told.
        let _ = self.load(slot).await;
    }

    /// A shop asks for a purchase to be granted, and mostly waits for it.
    async fn buy(&mut self) {
        let Some(slot) = self.any_slot() else { return };
        let author = self.author(slot.name());
        let place = place_of(&slot);
        let (receipt, gold) = self.world.shop.receipt(&place, &mut self.rng);
        let (ledger, rng) = (&self.world.ledger, &mut self.rng);
        ledger.step(|state| state.sells(&receipt, gold));
        let once = slot.apply_once(&*receipt, |document| {
            keeper::change(document, &author, ledger, rng)?;
            document.increment(GOLD, gold)?;
            let items = document.inventory_mut();
            items.add(&receipt, 1).map_err(DocumentError::from)?;
            Ok::<_, Unmade>(())
        });
        let how = match &once {
            Ok(Once::Applied(())) => "applied",
            Ok(_) => "applied before",
            Err(_) => "not applied",
        };
        ledger.note(format_args!("{author} BUYS {receipt}: {how}"));
        if once.is_err() {
            return self.note_unmade(once.map(|_| ()));
        }
        if self.rng.u8(0..4) > 0 && self.save_slot(&slot).await {
            self.world.shop.is_done(&receipt);
            let ledger = &self.world.ledger;
            ledger.step(|state| state.granted(slot.player(), slot.name(), &receipt));
        }
    }

    async fn write_a_letter(&mut self) {
        let Some(manager) = self.process.manager() else {
            return;
        };
        let (player, slot) = self.somebody(true);
        let id = self.world.shop.name(
            holdings::LETTER,
            &(player.clone(), slot.clone()),
            &mut self.rng,
        );
        // Of one that is sent again, the first content counts.
        let parcel = Parcel::new()
            .item(&*id, 1)
            .amount(GOLD, self.rng.u64(1..=30));
        let letter = Letter::new(&*id, parcel).expect("the simulation's ids are valid");
        let letter_id = letter.id().clone();
        let sending = manager.send(player.clone(), slot.clone(), letter);
        match patiently(&mut self.rng, sending).await {
            Some(Ok(sent)) => {
                let ledger = &self.world.ledger;
                ledger.note(format_args!("{id} is {sent:?}"));
                ledger.step(|state| state.told_sent(&player, &slot, &letter_id));
            }
            Some(Err(error)) => self.told("not sent", &error),
            None => self.note_given_up("a letter"),
        }
    }

    /// Gives something to somebody else.
    async fn give_away(&mut self, to_a_trader: bool) {
        let Some(slot) = self.any_slot() else { return };
        let key = self
            .world
            .shop
            .name("transfer-", &place_of(&slot), &mut self.rng);
        let (player, name) = self.somebody(to_a_trader);
        let parcel = something(&mut self.rng);
        let author = self.author(slot.name());
        let ledger = self.world.ledger.clone();
        ledger.note(format_args!("{author} GIVES {key} to {player}/{name}"));
        let giving = slot.transfer(&*key, parcel, player, name);
        match patiently(&mut self.rng, giving).await {
            Some(Ok(given)) => ledger.note(format_args!("TOLD {author}: {key} is {given:?}")),
            Some(Err(error)) => self.told("not given", &error),
            None => self.note_given_up("a transfer"),
        }
    }

    /// Gives something to somebody whose mailbox this server can't reach for
    /// now. So it is in the outbox, of a version too.
    async fn keep_what_is_on_its_way(&mut self) {
        for player in &self.world.put_back {
            let posts = When::post().of(player);
            self.process.inject(posts, Fault::ErrorBefore);
        }
        self.give_away(false).await;
        self.keep_version().await;
    }

    /// Trades with somebody who is here too, or between slots of one's own.
    async fn trade(&mut self) {
        let Some(slot) = self.any_slot() else { return };
        let Some(manager) = self.process.manager() else {
            return;
        };
        let others = self.process.stalls(&slot);
        if others.is_empty() {
            return;
        }
        let (player, name) = others[self.rng.usize(0..others.len())].clone();
        let Some(session) = manager.session(&player) else {
            return;
        };
        // It is open.
        let Ok(other) = session.load_slot(name).await else {
            return;
        };
        drop(session);
        let key = self
            .world
            .shop
            .name("trade-", &place_of(&slot), &mut self.rng);
        let (gives, gets) = (something(&mut self.rng), something(&mut self.rng));
        if self.rng.u8(0..4) == 0 {
            // Long enough for somebody else to get a player, and to ask first.
            let late = Duration::from_millis(self.rng.u64(500..=30_000));
            self.process.inject(When::decide(), Fault::delay(late));
        }
        let author = self.author(slot.name());
        let ledger = self.world.ledger.clone();
        let with = place_of(&other);
        ledger.note(format_args!(
            "{author} TRADES {key} with {}/{}",
            with.0, with.1
        ));
        let trading = manager.trade(&*key, (&slot, gives), (&other, gets));
        match patiently(&mut self.rng, trading).await {
            Some(Ok(outcome)) => ledger.note(format_args!("TOLD {author}: {key} is {outcome:?}")),
            Some(Err(error)) => self.told("not traded", &error),
            None => self.note_given_up("a trade"),
        }
    }

    /// Takes a gift out of the gift bank.
    fn claim(&mut self) {
        let Some(slot) = self.any_slot() else { return };
        let gift = slot.read(|document| document.gift_bank().ids().next().map(str::to_owned));
        let Some(gift) = gift else { return };
        let author = self.author(slot.name());
        let ledger = &self.world.ledger;
        ledger.note(format_args!("{author} CLAIMS {gift}"));
        if let Err(error) = slot.claim_gift(&gift) {
            self.told("not claimed", &error);
        }
    }

    async fn keep_version(&mut self) {
        let Some(slot) = self.any_slot() else { return };
        match slot.keep_version().await {
            Ok(kept) => {
                let author = self.author(slot.name());
                let ledger = &self.world.ledger;
                ledger.note(format_args!("TOLD {author}: version {kept:?} is kept"));
            }
            Err(error) => self.told("no version kept", &error),
        }
    }

    /// A slot to send something to.
    fn somebody(&mut self, a_trader: bool) -> Place {
        let players = match a_trader {
            true => &self.world.traders,
            false => &self.world.put_back,
        };
        let player = players[self.rng.usize(0..players.len())].clone();
        let slot = SLOTS[self.rng.usize(0..STALLS)];
        (player, slot_name(slot))
    }

    fn note_given_up(&self, what: &str) {
        let player: &PlayerId = self.session.player();
        let ledger = &self.world.ledger;
        ledger.note(format_args!("{player} does not wait for {what}"));
    }
}

fn place_of(slot: &Slot) -> Place {
    (slot.player().clone(), slot.name().clone())
}

fn something(rng: &mut Rng) -> Parcel {
    match rng.u8(0..3) {
        0 => Parcel::new().item(GEM, 1),
        1 => Parcel::new().amount(GOLD, rng.u64(1..=40)),
        _ => Parcel::new().item(GEM, 1).amount(GOLD, rng.u64(1..=20)),
    }
}

/// Waits for something to be done, now and then not to the end.
async fn patiently<T>(
    rng: &mut Rng,
    doing: impl Future<Output = Result<T, Error>>,
) -> Option<Result<T, Error>> {
    let patience = Duration::from_millis(rng.u64(0..=2_000));
    if rng.u8(0..6) > 0 {
        return Some(doing.await);
    }
    timeout(patience, doing).await.ok()
}
