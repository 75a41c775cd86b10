//! Trades: both or neither, whatever crashes.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use playerdata_core::{
    Error, Event, Letter, OnConflict, Parcel, ParcelDocument, SessionManager, Slot, TradeOutcome,
};
use serde::{Deserialize, Serialize};
use support::*;

fn sword() -> Parcel {
    Parcel::new().item("Starter Sword", 1)
}

fn price() -> Parcel {
    Parcel::new().amount("Currency", 200)
}

/// Currency and swords.
fn wealth(slot: &Slot) -> (u64, u64) {
    (
        slot.get("Currency").unwrap(),
        slot.count_item("Starter Sword"),
    )
}

/// What both have once everything is at rest.
async fn at_rest(world: &World, manager: &SessionManager) -> [(u64, u64); 2] {
    let mut have = [(0, 0); 2];
    for _ in 0..3 {
        for (number, have) in [1, 2].into_iter().zip(&mut have) {
            let (session, slot) = steal(manager, number).await.unwrap();
            *have = wealth(&slot);
            slot.save().await.unwrap();
            pass_secs(1).await;
            session.end().await.unwrap();
        }
    }
    for number in [1, 2] {
        let stored = world.stored_whole(&player(number), "Slot1").await;
        for member in ["escrow", "acted", "outbox", "letters", "settling"] {
            assert!(stored["$playerdata"].get(member).is_none(), "{stored}");
        }
    }
    have
}

const BEFORE: [(u64, u64); 2] = [(500, 1), (500, 1)];
const AFTER: [(u64, u64); 2] = [(700, 0), (300, 2)];

#[tokio::test(start_paused = true)]
async fn p3_two_documents_trade_once() {
    let world = World::new();
    let manager = world.server("a").await;
    let (a, ann) = steal(&manager, 1).await.unwrap();
    let (b, bob) = steal(&manager, 2).await.unwrap();
    world.store.record_calls();
    let trade = async || manager.trade("t-1", (&ann, sword()), (&bob, price())).await;
    assert_eq!(trade().await.unwrap(), TradeOutcome::Traded);
    assert_eq!([wealth(&ann), wealth(&bob)], AFTER);
    let calls = [Op::Save, Op::Decide].map(|op| world.store.count(op));
    assert_eq!(calls, [2, 1]);
    assert_eq!(trade().await.unwrap(), TradeOutcome::AlreadyTraded);
    pass_secs(61).await;
    assert_eq!(world.store.count(Op::ForgetDecision), 2);
    a.end().await.unwrap();
    b.end().await.unwrap();
    assert_eq!(at_rest(&world, &manager).await, AFTER);
}

#[tokio::test(start_paused = true)]
async fn p4_whatever_crashes_at_whichever_step_both_have_traded_or_neither() {
    for applied in [false, true] {
        for first in [1, 2] {
            for step in 0.. {
                let world = World::new();
                let next = world.server("next").await;
                at_rest(&world, &next).await;
                let dying = World::on(world.memory.clone(), world.clock.clone());
                let victim = dying.server("victim").await;
                dying.store.inject(
                    When::any_about_players().nth(step + 1),
                    Fault::Crash { applied },
                );
                let script = async {
                    let (a, ann) = steal(&victim, 1).await?;
                    let (b, bob) = steal(&victim, 2).await?;
                    victim
                        .trade("t-1", (&ann, sword()), (&bob, price()))
                        .await?;
                    pass_secs(61).await;
                    a.end().await.map_err(|error| *error.cause)?;
                    b.end().await.map_err(|error| *error.cause)
                };
                let done = tokio::time::timeout(Duration::from_secs(300), script).await;
                // Whoever comes first asks for the verdict.
                drop(steal(&next, first).await.unwrap());
                let have = at_rest(&world, &next).await;
                let what = format!("step {step}, {applied}, {first}: {have:?}");
                assert!(have == BEFORE || have == AFTER, "{what}");
                if matches!(done, Ok(Ok(()))) {
                    assert_eq!(have, AFTER);
                    break;
                }
                // The game tries again, and it counts once.
                let (_a, ann) = steal(&next, 1).await.unwrap();
                let (_b, bob) = steal(&next, 2).await.unwrap();
                let again = next
                    .trade("t-1", (&ann, sword()), (&bob, price()))
                    .await
                    .unwrap();
                let expected = if have == AFTER {
                    TradeOutcome::AlreadyTraded
                } else {
                    TradeOutcome::Traded
                };
                assert_eq!(again, expected, "{what}");
                assert_eq!([wealth(&ann), wealth(&bob)], AFTER, "{what}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p3_p6_a_player_who_is_stolen_before_the_verdict_makes_it_an_abort_for_both() {
    for stolen in [1, 2] {
        let world = World::new();
        let (here, there) = (world.server("a").await, world.server("b").await);
        let (_a, ann) = steal(&here, 1).await.unwrap();
        let (_b, bob) = steal(&here, 2).await.unwrap();
        let slow = Fault::delay(Duration::from_secs(3));
        world.store.inject(When::decide().nth(1), slow);
        let trade = here.trade("t-1", (&ann, sword()), (&bob, price()));
        let theft = async {
            pass_secs(1).await;
            steal(&there, stolen).await.unwrap()
        };
        let (outcome, (_session, slot)) = tokio::join!(trade, theft);
        assert_eq!(outcome.unwrap(), TradeOutcome::Aborted);
        assert_eq!(wealth(&slot), (500, 1));
        let rest = if stolen == 1 { &bob } else { &ann };
        assert_eq!(wealth(rest), (500, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn p3_a_verdict_stands_for_a_session_that_was_stolen_after_it() {
    let world = World::new();
    let (here, there) = (world.server("a").await, world.server("b").await);
    let (_a, ann) = steal(&here, 1).await.unwrap();
    let (_b, bob) = steal(&here, 2).await.unwrap();
    let outcome = here.trade("t-1", (&ann, sword()), (&bob, price())).await;
    assert_eq!(outcome.unwrap(), TradeOutcome::Traded);
    // Neither has stored its part.
    let (_session, slot) = steal(&there, 1).await.unwrap();
    assert_eq!(wealth(&slot), AFTER[0]);
    let (_session, slot) = steal(&there, 2).await.unwrap();
    assert_eq!(wealth(&slot), AFTER[1]);
}

#[tokio::test(start_paused = true)]
async fn p3_a_trade_that_can_not_be_saved_is_none_and_one_that_can_not_be_decided_waits() {
    let world = World::new();
    let manager = world.server("a").await;
    let (_a, ann) = steal(&manager, 1).await.unwrap();
    let (_b, bob) = steal(&manager, 2).await.unwrap();
    let trade = async |key: &str| manager.trade(key, (&ann, sword()), (&bob, price())).await;
    world
        .store
        .inject(When::save().of(&player(2)), Fault::ErrorBefore);
    let failed = trade("t-1").await;
    assert!(matches!(failed, Err(Error::StoreUnavailable(_))));
    assert_eq!([wealth(&ann), wealth(&bob)], BEFORE);
    world.store.calm();
    world.store.inject(When::decide(), Fault::ErrorAfter);
    let mut events = manager.events();
    assert!(trade("t-1").await.is_err());
    assert_eq!(
        [wealth(&ann), wealth(&bob)],
        [(500, 0), (300, 1)],
        "in escrow"
    );
    let again = trade("t-1").await.unwrap_err();
    assert!(again.to_string().contains("under way"), "{again}");
    let once = ann.apply_once("t-1", |document| document.increment("Currency", 1));
    assert!(!once.unwrap().is_applied(), "the key is taken");
    wait_for(&mut events, |event| {
        matches!(event, Event::ErrandFailed { .. })
    })
    .await;
    world.store.calm();
    pass_secs(11).await;
    assert_eq!(
        [wealth(&ann), wealth(&bob)],
        AFTER,
        "the verdict had been written"
    );
}

#[tokio::test(start_paused = true)]
async fn p3_a_trade_that_is_stuck_ends_no_other() {
    let world = World::new();
    let manager = world.server("a").await;
    let (_a, ann) = steal(&manager, 1).await.unwrap();
    let (_b, bob) = steal(&manager, 2).await.unwrap();
    world.store.inject(When::decide(), Fault::ErrorAfter);
    let stuck = manager.trade("t-1", (&ann, sword()), (&bob, price()));
    assert!(stuck.await.is_err(), "nobody knows yet");
    world.store.calm();
    // Another one is under way when the first is looked after.
    pass_secs(3).await;
    let slow = Fault::delay(Duration::from_secs(4));
    world.store.inject(When::save(), slow);
    let bread = Parcel::new().item("Bread", 1);
    let coins = Parcel::new().amount("Currency", 10);
    let other = manager.trade("t-2", (&ann, bread), (&bob, coins));
    assert_eq!(other.await.unwrap(), TradeOutcome::Traded);
    world.store.calm();
    pass_secs(11).await;
    assert_eq!([wealth(&ann), wealth(&bob)], [(710, 0), (290, 2)]);
}

#[tokio::test(start_paused = true)]
async fn p5_p6_what_can_not_be_is_refused_before_the_trade_begins() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.max_item_quantity = 6).await;
    let other = world.server("b").await;
    let (_a, ann) = steal(&manager, 1).await.unwrap();
    let (_b, bob) = steal(&manager, 2).await.unwrap();
    let (_c, carl) = steal(&other, 3).await.unwrap();
    for slot in [&ann, &bob] {
        slot.save().await.unwrap();
    }
    let bread = || Parcel::new().item("Bread", 2);
    let much = || Parcel::new().amount("Currency", 501);
    for (first, second, why) in [
        ((&ann, sword()), (&ann, price()), "with itself"),
        (
            (&ann, sword()),
            (&carl, price()),
            "not open in this manager",
        ),
        ((&ann, bread()), (&bob, price()), "Bread"),
        ((&ann, sword()), (&bob, much()), "Currency"),
        ((&ann, Parcel::new()), (&bob, price()), "nothing"),
    ] {
        let refused = manager.trade("t-1", first, second).await.unwrap_err();
        assert!(matches!(refused, Error::Parcel { .. }));
        assert!(refused.to_string().contains(why), "{refused}");
        assert!(!ann.is_unsaved() && !bob.is_unsaved());
    }
    // Two slots of one player can.
    let session = manager.session(&player(1)).unwrap();
    let second = session.load_slot("Slot2").await.unwrap();
    let traded = manager
        .trade("t-1", (&ann, sword()), (&second, price()))
        .await;
    assert_eq!(traded.unwrap(), TradeOutcome::Traded);
    assert_eq!([wealth(&ann), wealth(&second)], AFTER);
}

#[tokio::test(start_paused = true)]
async fn p5_what_there_is_no_room_for_any_more_waits_in_the_gift_bank() {
    let world = World::new();
    let manager = world.server_with("a", |s| s.max_item_quantity = 6).await;
    let (_a, ann) = steal(&manager, 1).await.unwrap();
    let (_b, bob) = steal(&manager, 2).await.unwrap();
    let slow = Fault::delay(Duration::from_secs(3));
    world.store.inject(When::decide().nth(1), slow);
    let bread = Parcel::new().item("Bread", 1);
    let trade = manager.trade("t-1", (&ann, bread.clone()), (&bob, price()));
    let meanwhile = async {
        pass_secs(1).await;
        bob.add_item("Bread", 1).unwrap();
    };
    assert_eq!(
        tokio::join!(trade, meanwhile).0.unwrap(),
        TradeOutcome::Traded
    );
    assert_eq!(bob.count_item("Bread"), 6);
    let gift = bob.read(|document| document.gift_bank().ids().next().map(str::to_owned));
    bob.remove_item("Bread", 1).unwrap();
    assert_eq!(
        bob.claim_gift(&gift.unwrap()).unwrap().items().next(),
        Some(("Bread", 1))
    );
}

#[tokio::test(start_paused = true)]
async fn p3_e7_a_trade_whose_future_was_dropped_goes_on() {
    let world = World::new();
    let manager = world.server("a").await;
    let (_a, ann) = steal(&manager, 1).await.unwrap();
    let (_b, bob) = steal(&manager, 2).await.unwrap();
    let slow = Fault::delay(Duration::from_secs(1));
    world.store.inject(When::save(), slow);
    begin_and_drop(manager.trade("t-1", (&ann, sword()), (&bob, price()))).await;
    pass_secs(5).await;
    assert_eq!([wealth(&ann), wealth(&bob)], AFTER);
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Purse {
    gold: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("there is not so much gold")]
struct NoGold;

impl ParcelDocument for Purse {
    type Parcel = u64;
    type Error = NoGold;

    fn take_parcel(&mut self, gold: &u64) -> Result<u64, NoGold> {
        self.gold = self.gold.checked_sub(*gold).ok_or(NoGold)?;
        Ok(*gold)
    }

    fn put_parcel(&mut self, gold: &u64) -> Result<(), NoGold> {
        self.gold = self.gold.checked_add(*gold).ok_or(NoGold)?;
        Ok(())
    }

    fn keep_parcel(&mut self, _: &str, gold: u64) {
        self.gold = self.gold.saturating_add(gold);
    }
}

#[tokio::test(start_paused = true)]
async fn p1_p3_a_games_own_type_trades_parcels_of_its_own_kind() {
    let world = World::new();
    for (told, expected) in [(false, [10, 10]), (true, [5, 15])] {
        let typed = SessionManager::typed(world.store.clone(), |_| Purse { gold: 10 });
        let typed = if told { typed.parcels() } else { typed };
        let manager = typed.start().await.unwrap();
        let mut slots = Vec::new();
        for number in [1, 2] {
            let session = manager
                .start_session_with(number, OnConflict::Steal)
                .await
                .unwrap();
            slots.push(session.load_slot("Slot1").await.unwrap());
        }
        let traded = manager.trade("t-1", (&slots[0], 7), (&slots[1], 2)).await;
        assert_eq!(traded.is_ok(), told, "{traded:?}");
        let too_much = manager.trade("t-2", (&slots[0], 70), (&slots[1], 2)).await;
        assert!(too_much.is_err());
        let gold = [0, 1].map(|at| slots[at].read(|purse| purse.gold));
        assert_eq!(gold, expected);
    }
}

/// What the second document does when its parcel is really taken.
static INTERRUPT: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Chest {
    gold: u64,
}

impl ParcelDocument for Chest {
    type Parcel = u64;
    type Error = NoGold;

    fn take_parcel(&mut self, gold: &u64) -> Result<u64, NoGold> {
        // Rehearsed with the first, taken with the second.
        let interrupt = if *gold == 2 {
            INTERRUPT.lock().take()
        } else {
            None
        };
        if let Some(interrupt) = interrupt {
            if REHEARSED.swap(true, Ordering::AcqRel) {
                interrupt();
                return Err(NoGold);
            }
            *INTERRUPT.lock() = Some(interrupt);
        }
        self.gold = self.gold.checked_sub(*gold).ok_or(NoGold)?;
        Ok(*gold)
    }

    fn put_parcel(&mut self, gold: &u64) -> Result<(), NoGold> {
        self.gold = self.gold.checked_add(*gold).ok_or(NoGold)?;
        Ok(())
    }

    fn keep_parcel(&mut self, _: &str, gold: u64) {
        self.gold = self.gold.saturating_add(gold);
    }
}

static REHEARSED: AtomicBool = AtomicBool::new(false);

#[tokio::test(start_paused = true)]
async fn p3_a_parcel_that_cannot_go_back_at_once_goes_back_by_itself() {
    let world = World::new();
    let typed = SessionManager::typed(world.store.clone(), |_| Chest { gold: 10 });
    let manager = typed.parcels().start().await.unwrap();
    let mut slots = Vec::new();
    for number in [1, 2] {
        let session = manager.start_session(number).await.unwrap();
        slots.push(session.load_slot("Slot1").await.unwrap());
    }
    // While the second refuses, game code keeps the first for long.
    let (go_on, kept) = (Arc::new(AtomicBool::new(false)), slots[0].clone());
    let stop = Arc::clone(&go_on);
    *INTERRUPT.lock() = Some(Box::new(move || {
        let (begun, wait) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            kept.modify(|_| {
                begun.send(()).unwrap();
                while !stop.load(Ordering::Acquire) {
                    std::thread::yield_now();
                }
            })
        });
        wait.recv().unwrap();
    }));
    let traded = manager.trade("t-1", (&slots[0], 7), (&slots[1], 2)).await;
    assert!(matches!(traded, Err(Error::Parcel { .. })), "{traded:?}");
    assert_eq!(slots[0].read(|chest| chest.gold), 3, "in escrow");
    go_on.store(true, Ordering::Release);
    while slots[0].modify(|_| ()).is_err() {
        std::thread::yield_now();
    }
    pass_secs(11).await;
    assert_eq!(slots[0].read(|chest| chest.gold), 10);
}

/// Somebody crashes once the verdict is in the store, and has left a letter for
/// the first player.
async fn crashed_with_a_verdict(world: &World, next: &SessionManager) {
    let dying = World::on(world.memory.clone(), world.clock.clone());
    let victim = dying.server("victim").await;
    let (_a, ann) = steal(&victim, 1).await.unwrap();
    let (_b, bob) = steal(&victim, 2).await.unwrap();
    dying
        .store
        .inject(When::decide(), Fault::Crash { applied: true });
    let trading = victim.trade("t-1", (&ann, sword()), (&bob, price()));
    let traded = tokio::time::timeout(Duration::from_secs(300), trading).await;
    assert!(!matches!(traded, Ok(Ok(_))), "{traded:?}");
    let letter = Letter::new("gift", price()).unwrap();
    next.send(1_u64, "Slot1", letter).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn s2_p3_a_load_that_fails_after_it_ended_a_trade_leaves_nothing_that_is_saved() {
    let world = World::new();
    let next = world.server("next").await;
    crashed_with_a_verdict(&world, &next).await;
    let session = next.start_session_with(1_u64, OnConflict::Steal).await;
    let session = session.unwrap();
    world.store.inject(When::letters().nth(1), Fault::Rejected);
    session.load_slot("Slot1").await.unwrap_err();

    let slot = session.load_slot("Slot1").await.unwrap();
    world.store.record_calls();
    slot.increment("Currency", 1).unwrap();
    pass_secs(121).await;
    assert_eq!(world.store.count(Op::Open), 0, "nobody else opens the slot");
    assert_eq!(slot.get::<u64>("Currency").unwrap(), AFTER[0].0 + 1);
    let stored = world.stored(&player(1), "Slot1").await;
    assert_eq!(stored["Currency"], AFTER[0].0 + 1);
    session.end().await.unwrap();
    assert_eq!(at_rest(&world, &next).await[1], AFTER[1]);
}
