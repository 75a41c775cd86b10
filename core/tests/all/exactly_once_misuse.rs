//! What game code may do that it should not, in the middle of what happens
//! exactly once: nothing is made, nothing is lost, and nothing waits for ever.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::Duration,
};

use playerdata_core::{
    Busy, DocumentError, Error, Event, Letter, LetterError, ManualClock, OnConflict, Parcel,
    ParcelDocument, Session, SessionManager, Settings, Slot, SlotName, TradeId, TradeOutcome,
    Transferred, UnixMillis,
    backend::{Backend, MAX_LETTERS, VERDICT_MEMORY, Verdict},
};
use playerdata_memory::MemoryBackend;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use support::*;

fn sword() -> Parcel {
    Parcel::new().item("Starter Sword", 1)
}

fn price() -> Parcel {
    Parcel::new().amount("Currency", 200)
}

async fn open(manager: &SessionManager, player: u64) -> (Session, Slot) {
    let session = manager
        .start_session_with(player, OnConflict::Steal)
        .await
        .unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    (session, slot)
}

/// Currency and swords, gifts that wait included.
fn wealth(slot: &Slot) -> (u64, u64) {
    slot.read(|document| {
        let mut document = document.clone();
        let gifts: Vec<_> = document.gift_bank().ids().map(str::to_owned).collect();
        for gift in gifts {
            document.claim_gift(&gift).unwrap();
        }
        let currency = document.get("Currency").unwrap();
        (currency, document.inventory().count("Starter Sword"))
    })
}

/// What all of these players have once everything is at rest.
async fn at_rest<const N: usize>(world: &World, manager: &SessionManager) -> [(u64, u64); N] {
    let mut have = [(0, 0); N];
    for _ in 0..3 {
        for (number, have) in (1..).zip(&mut have) {
            let (session, slot) = open(manager, number).await;
            *have = wealth(&slot);
            slot.save().await.unwrap();
            pass_secs(1).await;
            session.end().await.unwrap();
        }
    }
    for number in 1..=N as u64 {
        let stored = world.stored_whole(&player(number), "Slot1").await;
        for member in ["escrow", "acted", "outbox", "letters", "settling"] {
            assert!(stored["$playerdata"].get(member).is_none(), "{stored}");
        }
    }
    have
}

const BEFORE: [(u64, u64); 2] = [(500, 1), (500, 1)];
const AFTER: [(u64, u64); 2] = [(700, 0), (300, 2)];

async fn waiting(world: &World, number: u64) -> usize {
    let (store, slot) = (&world.memory, SlotName::new("Slot1").unwrap());
    let letters = store
        .letters(&player(number), &slot, None, MAX_LETTERS)
        .await;
    letters.unwrap().len()
}

/// The trade that a stored document is in.
async fn trade_in(world: &World, number: u64) -> TradeId {
    let stored = world.stored_whole(&player(number), "Slot1").await;
    let trade = &stored["$playerdata"]["escrow"][0]["side"]["trade"];
    trade.as_str().unwrap().parse().unwrap()
}

/// Whether the store forgets the verdict on a trade, in time. No manager may be
/// running.
async fn is_forgotten(world: &World, trade: TradeId) -> bool {
    let store = &world.memory;
    let stands = store.decide(trade, Verdict::Abort).await.unwrap();
    let other = match stands {
        Verdict::Commit => Verdict::Abort,
        Verdict::Abort => Verdict::Commit,
    };
    pass(VERDICT_MEMORY + Duration::from_secs(1)).await;
    for number in 0..2_100_u128 {
        let tidies = TradeId::from_uuid(uuid::Uuid::from_u128(number));
        store.decide(tidies, Verdict::Commit).await.unwrap();
    }
    store.decide(trade, other).await.unwrap() == other
}

async fn stop(managers: impl IntoIterator<Item = SessionManager>) {
    for manager in managers {
        manager.shutdown(Duration::from_secs(60)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn p3_a_verdict_that_only_one_party_ever_needed_is_forgotten() {
    let world = World::new();
    let (here, there) = (world.server("a").await, world.server("b").await);
    let ((a, ann), (_b, bob)) = (open(&here, 1).await, open(&here, 2).await);
    // The second save never happens: its session is lost.
    world
        .store
        .inject(When::save().of(&player(2)), Fault::HangBefore);
    let trade = here.trade("t-1", (&ann, sword()), (&bob, price()));
    let theft = async {
        pass_secs(1).await;
        let trade = trade_in(&world, 1).await;
        let (session, slot) = open(&there, 2).await;
        assert_eq!(wealth(&slot), BEFORE[1]);
        (trade, session, slot)
    };
    let (outcome, (trade, _session, _slot)) = tokio::join!(trade, theft);
    assert!(matches!(
        outcome,
        Err(Error::SessionLost { .. } | Error::StoreUnavailable(_))
    ));
    world.store.calm();
    assert_eq!(wealth(&ann), BEFORE[0]);
    a.end().await.unwrap();
    assert_eq!(at_rest(&world, &there).await, BEFORE);
    stop([here, there]).await;
    assert!(is_forgotten(&world, trade).await);
}

/// The server sleeps between the saves and the verdict, for longer than an
/// abort is remembered.
#[tokio::test(start_paused = true)]
async fn p3_a_trade_that_slept_too_long_is_aborted() {
    let world = World::new();
    let clock = Arc::new(ManualClock::starting_at(UnixMillis::new(1_000_000)));
    let builder = world.builder("a").clock(clock.clone());
    let manager = builder.start().await.unwrap();
    let ((_a, ann), (_b, bob)) = (open(&manager, 1).await, open(&manager, 2).await);
    world.store.inject(
        When::save(),
        Fault::Delay {
            request: Duration::ZERO,
            answer: Duration::from_secs(2),
        },
    );
    let trade = manager.trade("t-1", (&ann, sword()), (&bob, price()));
    let sleep = async {
        pass_secs(1).await;
        clock.advance(VERDICT_MEMORY);
    };
    let (outcome, ()) = tokio::join!(trade, sleep);
    assert_eq!(outcome.unwrap(), TradeOutcome::Aborted);
    assert_eq!([wealth(&ann), wealth(&bob)], BEFORE);
}

#[tokio::test(start_paused = true)]
async fn p3_a_slot_that_is_deleted_in_the_middle_of_a_trade_ends_it_for_both() {
    let world = World::new();
    let manager = world.server("a").await;
    let ((a, ann), (b, bob)) = (open(&manager, 1).await, open(&manager, 2).await);
    world
        .store
        .inject(When::decide().nth(1), Fault::delay(Duration::from_secs(3)));
    let trade = manager.trade("t-1", (&ann, sword()), (&bob, price()));
    let deletion = async {
        pass_secs(1).await;
        let trade = trade_in(&world, 1).await;
        a.delete_slot("Slot1").await.unwrap();
        trade
    };
    let (outcome, trade) = tokio::join!(trade, deletion);
    assert_eq!(outcome.unwrap(), TradeOutcome::Aborted);
    assert_eq!(wealth(&bob), BEFORE[1]);
    let again = a.load_slot("Slot1").await.unwrap();
    assert_eq!(wealth(&again), BEFORE[0], "it starts over");
    a.end().await.unwrap();
    b.end().await.unwrap();
    stop([manager]).await;
    assert!(is_forgotten(&world, trade).await);
}

/// Both have traded, and one document goes before it is saved: by a deletion, an
/// erasure, or a return to an earlier version.
#[tokio::test(start_paused = true)]
async fn p3_a_verdict_is_forgotten_also_for_a_document_that_is_gone() {
    for way in ["deleted", "erased", "restored"] {
        let world = World::new();
        let manager = world.server("a").await;
        let ((a, ann), (_b, bob)) = (open(&manager, 1).await, open(&manager, 2).await);
        ann.save().await.unwrap();
        let version = ann.keep_version().await.unwrap().unwrap();
        world
            .store
            .inject(When::decide().nth(1), Fault::delay(Duration::from_secs(3)));
        let trade = manager.trade("t-1", (&ann, sword()), (&bob, price()));
        let look = async {
            pass_secs(1).await;
            trade_in(&world, 1).await
        };
        let (outcome, trade) = tokio::join!(trade, look);
        assert_eq!(outcome.unwrap(), TradeOutcome::Traded);
        let next = world.server("b").await;
        match way {
            "deleted" => a.delete_slot("Slot1").await.unwrap(),
            "erased" => {
                a.abandon().await.unwrap();
                next.erase(&player(1)).await.unwrap();
            }
            _ => {
                a.abandon().await.unwrap();
                let slot = SlotName::new("Slot1").unwrap();
                let restored = next
                    .restore(&player(1), &slot, version, <_>::default())
                    .await;
                assert!(!restored.unwrap().left_out);
            }
        }
        pass_secs(61).await;
        let [first, second] = at_rest(&world, &next).await;
        assert_eq!((first, second), (BEFORE[0], AFTER[1]), "{way}");
        stop([manager, next]).await;
        assert!(is_forgotten(&world, trade).await, "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn p2_p4_a_slot_whose_outbox_is_not_empty_is_deleted_once_that_is_sent() {
    let world = World::new();
    let manager = world.server("a").await;
    let (a, ann) = open(&manager, 1).await;
    world
        .store
        .inject(When::calls_of(Op::Post), Fault::ErrorBefore);
    let sent = ann.transfer("t-1", sword(), 2, "Slot1").await.unwrap();
    assert_eq!(sent, Transferred::Waiting);
    let deleted = a.delete_slot("Slot1").await;
    assert!(
        matches!(deleted, Err(Error::StoreUnavailable(_))),
        "{deleted:?}"
    );
    world.store.calm();
    for number in 0..MAX_LETTERS {
        let letter = Letter::new(number.to_string(), json!(1)).unwrap();
        manager.send(2, "Slot1", letter).await.unwrap();
    }
    let deleted = a.delete_slot("Slot1").await;
    assert!(
        matches!(&deleted, Err(Error::Letter { source, .. }) if matches!(**source, LetterError::MailboxFull)),
        "{deleted:?}"
    );
    ann.save().await.unwrap();
    let (b, bob) = open(&manager, 2).await;
    bob.modify(|document| *document.gift_bank_mut() = <_>::default())
        .unwrap();
    bob.save().await.unwrap();
    pass_secs(1).await;
    a.delete_slot("Slot1").await.unwrap();
    pass_secs(40).await;
    assert_eq!(wealth(&bob), (500, 2));
    b.end().await.unwrap();
    assert_eq!(waiting(&world, 2).await, 0);
}

#[tokio::test(start_paused = true)]
async fn m2_a_letter_that_a_deleted_document_had_does_not_come_again() {
    let world = World::new();
    let manager = world.server("a").await;
    let (a, ann) = open(&manager, 1).await;
    world
        .store
        .inject(When::calls_of(Op::Discard), Fault::ErrorBefore);
    let letter = Letter::new("l-1", sword()).unwrap();
    manager.send(1, "Slot1", letter).await.unwrap();
    pass_ms(1).await;
    assert_eq!(wealth(&ann), (500, 2));
    ann.save().await.unwrap();
    world.store.calm();
    a.delete_slot("Slot1").await.unwrap();
    let slot = a.load_slot("Slot1").await.unwrap();
    assert_eq!(wealth(&slot), (500, 1));
}

#[tokio::test(start_paused = true)]
async fn p2_p4_a_parcel_that_is_stuck_outlives_a_return_to_a_version_and_its_senders_erasure() {
    for erased in [false, true] {
        let world = World::new();
        let manager = world.server("a").await;
        let (a, ann) = open(&manager, 1).await;
        world
            .store
            .inject(When::calls_of(Op::Post), Fault::ErrorBefore);
        let sent = ann.transfer("t-1", sword(), 2, "Slot1").await.unwrap();
        assert_eq!(sent, Transferred::Waiting);
        let version = ann.keep_version().await.unwrap().unwrap();
        a.end().await.unwrap();
        world.store.calm();
        let slot = SlotName::new("Slot1").unwrap();
        if erased {
            manager.erase(&player(1)).await.unwrap();
            assert_eq!(at_rest(&world, &manager).await, [(500, 1), (500, 2)]);
            continue;
        }
        let ann = player(1);
        let restore = async || {
            let restored = manager.restore(&ann, &slot, version, <_>::default());
            restored.await.unwrap().left_out
        };
        assert!(!restore().await, "it is still to be sent");
        assert_eq!(at_rest(&world, &manager).await, [(500, 0), (500, 2)]);
        assert!(restore().await, "it was sent since");
        assert_eq!(at_rest(&world, &manager).await, [(500, 0), (500, 2)]);
    }
}

/// What a [`Trap`] does when it is given something.
static MODE: AtomicU8 = AtomicU8::new(0);

/// A document that breaks the rules of its trait, when it is told to.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Trap {
    gold: u64,
    kept: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("there is not so much gold")]
struct NoGold;

impl ParcelDocument for Trap {
    type Parcel = u64;
    type Error = NoGold;

    fn take_parcel(&mut self, gold: &u64) -> Result<u64, NoGold> {
        self.gold = self.gold.checked_sub(*gold).ok_or(NoGold)?;
        Ok(*gold)
    }

    fn put_parcel(&mut self, gold: &u64) -> Result<(), NoGold> {
        self.gold += gold;
        match MODE.load(Ordering::Acquire) {
            0 => Ok(()),
            1 => Err(NoGold), // and something is left of it
            _ => panic!("on purpose"),
        }
    }

    fn keep_parcel(&mut self, _: &str, gold: u64) {
        self.kept += gold;
        assert!(MODE.load(Ordering::Acquire) < 3, "on purpose");
    }
}

async fn traps(world: &World) -> SessionManager<Trap> {
    let typed = SessionManager::typed(world.store.clone(), |_| Trap { gold: 10, kept: 0 });
    let typed = typed.clock(world.clock.clone()).parcels();
    typed.start().await.unwrap()
}

async fn two_traps(manager: &SessionManager<Trap>) -> [(Session<Trap>, Slot<Trap>); 2] {
    let mut both = Vec::new();
    for number in [1, 2] {
        let steal = OnConflict::Steal;
        let session = manager.start_session_with(number, steal).await.unwrap();
        let slot = session.load_slot("Slot1").await.unwrap();
        both.push((session, slot));
    }
    both.try_into().ok().unwrap()
}

#[tokio::test(start_paused = true)]
async fn p4_a_parcel_that_fails_or_panics_half_way_is_neither_doubled_nor_lost() {
    let all = |slots: &[(Session<Trap>, Slot<Trap>); 2]| {
        let of = |slot: &Slot<Trap>| slot.read(|trap| (trap.gold, trap.kept));
        [of(&slots[0].1), of(&slots[1].1)]
    };
    for mode in 1..=3 {
        let world = World::new();
        let manager = traps(&world).await;
        let slots = two_traps(&manager).await;
        let mut events = manager.events();
        world
            .store
            .inject(When::decide().nth(1), Fault::delay(Duration::from_secs(3)));
        let trade = manager.trade("t-1", (&slots[0].1, 7), (&slots[1].1, 2));
        let trap = async {
            pass_secs(1).await;
            MODE.store(mode, Ordering::Release);
        };
        let (outcome, ()) = tokio::join!(trade, trap);
        assert_eq!(outcome.unwrap(), TradeOutcome::Traded);
        let kept = [(3, 2), (8, 7)];
        if mode < 3 {
            assert_eq!(all(&slots), kept, "{mode}");
        } else {
            assert_eq!(all(&slots), [(3, 0), (8, 0)], "in escrow");
            let stuck = |event: &Event| matches!(event, Event::ErrandFailed { .. });
            wait_for(&mut events, stuck).await;
            // It keeps nobody from playing on.
            let next = traps(&world).await;
            let slots = two_traps(&next).await;
            assert_eq!(all(&slots), [(3, 0), (8, 0)], "still in escrow");
            MODE.store(0, Ordering::Release);
            pass_secs(30).await;
            assert_eq!(all(&slots), [(5, 0), (15, 0)]);
        }
        MODE.store(0, Ordering::Release);
    }
}

/// Parcels that would not come back from the store as they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Odd {
    Fine(u64),
    NotANumber(f64),
    Deep(serde_json::Value),
    #[serde(skip_deserializing)]
    OneWay,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Taker {
    given: u64,
}

impl ParcelDocument for Taker {
    type Parcel = Odd;
    type Error = NoGold;

    fn take_parcel(&mut self, odd: &Odd) -> Result<Odd, NoGold> {
        self.given += 1;
        Ok(odd.clone())
    }

    fn put_parcel(&mut self, _: &Odd) -> Result<(), NoGold> {
        Ok(())
    }

    fn keep_parcel(&mut self, _: &str, _: Odd) {}
}

#[tokio::test(start_paused = true)]
async fn p4_s11_a_parcel_that_would_not_come_back_is_not_taken() {
    let world = World::new();
    let typed = SessionManager::typed(world.store.clone(), |_| Taker::default());
    let manager = typed.parcels().start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let other = session.load_slot("Slot2").await.unwrap();
    let deep = (0..120).fold(json!(1), |inner, _| json!([inner]));
    for odd in [Odd::NotANumber(f64::NAN), Odd::Deep(deep), Odd::OneWay] {
        let sent = slot.transfer("t-1", odd.clone(), 2, "Slot1").await;
        assert!(matches!(sent, Err(Error::Parcel { .. })), "{sent:?}");
        let traded = manager
            .trade("t-1", (&slot, odd), (&other, Odd::Fine(1)))
            .await;
        assert!(matches!(traded, Err(Error::Parcel { .. })), "{traded:?}");
        assert_eq!(slot.read(|taker| taker.given), 0);
    }
    let sent = slot
        .transfer("t-1", Odd::Fine(1), 2, "Slot1")
        .await
        .unwrap();
    assert_eq!(sent, Transferred::Sent);
}

/// What somebody may send, and nobody can claim.
fn odd_gifts() -> [Value; 15] {
    [
        json!({"Items": [{"Name": "Bread", "Quantity": 0}]}),
        json!({"Items": [{"Name": "Bread", "Quantity": -1}]}),
        json!({"Items": [{"Name": "Bread", "Quantity": 1.5}]}),
        json!({"Items": [{"Name": "Bread", "Quantity": u64::MAX}]}),
        json!({"Items": [{"Name": "Bread", "ItemType": "Weapon", "Quantity": 1}]}),
        json!({"Items": [{"Name": "Cake", "Quantity": 1, "$playerdata": {"v": 9}}], "Amounts": {"$playerdata": 1}}),
        json!({"Amounts": {"Currency": -5}}),
        json!({"Amounts": {"Currency": null}}),
        json!({"Amounts": {"Currency": "5"}}),
        json!({"Amounts": {"Most": 1}}),
        json!({"Amounts": {"GiftBank": 1}}),
        json!({"Amounts": {"Rate": 1}}),
        json!({"Amounts": {"Currency": 5}, "Extra": 1}),
        json!({"$playerdata": {"v": 4}}),
        json!(null),
    ]
}

#[tokio::test(start_paused = true)]
async fn p1_p4_what_is_no_parcel_is_refused_and_waits_where_it_is() {
    let world = World::new();
    let settings = |settings: &mut Settings| settings.allow_new_attributes = true;
    let manager = world.server_with("a", settings).await;
    let (a, ann) = open(&manager, 1).await;
    ann.set("Rate", 1e17).unwrap();
    ann.set("Cents", 10.25).unwrap();
    ann.set("Most", u64::MAX).unwrap();
    let before = ann.snapshot();
    let odd = [
        Parcel::new(),
        Parcel::new().item("Bread", 0),
        Parcel::new().item("Bread", u64::MAX),
        Parcel::new().item("Bread", 1).item("Bread", 1),
        Parcel::new().item("", 1),
        Parcel::new().amount("Currency", 0),
        Parcel::new().amount("Currency", -5),
        Parcel::new().amount("Currency", u64::MAX),
        Parcel::new().amount("Nothing", 1),
        Parcel::new().amount("$playerdata", 1),
        Parcel::new().amount("Inventory", 1),
        // So large a number does not feel it: it would be made out of nothing.
        Parcel::new().amount("Rate", 1),
    ];
    for (number, parcel) in odd.into_iter().enumerate() {
        let sent = ann
            .transfer(format!("t-{number}"), parcel, 2, "Slot1")
            .await;
        assert!(
            matches!(sent, Err(Error::Parcel { .. })),
            "{number}: {sent:?}"
        );
    }
    assert_eq!(before, ann.snapshot());
    for (number, content) in odd_gifts().into_iter().enumerate() {
        let id = format!("g-{number}");
        let letter = Letter::new(id.clone(), content).unwrap();
        manager.send(1, "Slot1", letter).await.unwrap();
        pass_ms(1).await;
        let claimed = ann.claim_gift(&id);
        assert!(
            matches!(claimed, Err(Error::Document { .. })),
            "{number}: {claimed:?}"
        );
    }
    // What is worth something comes through.
    let cents = Parcel::new().amount("Cents", serde_json::Number::from_f64(0.1).unwrap());
    assert_eq!(
        ann.transfer("fine", cents, 2, "Slot1").await.unwrap(),
        Transferred::Sent
    );
    assert_eq!(ann.read(|document| document.gift_bank().len()), 15);
    a.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn p4_a_deeply_nested_item_that_could_not_wait_in_a_gift_bank_is_not_taken() {
    let world = World::new();
    let manager = world.server("a").await;
    let ((_a, ann), (_b, bob)) = (open(&manager, 1).await, open(&manager, 2).await);
    let deep = (0..99).fold(json!(1), |inner, _| json!([inner]));
    ann.edit_item("Starter Sword", "Runes", deep).unwrap();
    ann.save().await.unwrap();
    let traded = manager.trade("t-1", (&ann, sword()), (&bob, price())).await;
    assert!(matches!(traded, Err(Error::Parcel { .. })), "{traded:?}");
    let sent = ann.transfer("t-2", sword(), 2, "Slot1").await;
    assert!(matches!(sent, Err(Error::Parcel { .. })), "{sent:?}");
    assert_eq!([wealth(&ann), wealth(&bob)], BEFORE);
    ann.save().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn p2_a_transfer_to_the_slot_itself_comes_back_as_a_gift() {
    let world = World::new();
    let manager = world.server("a").await;
    let (a, ann) = open(&manager, 1).await;
    let sent = ann.transfer("t-1", sword(), 1, "Slot1").await.unwrap();
    assert_eq!(sent, Transferred::Sent);
    pass_ms(1).await;
    assert_eq!(ann.count_item("Starter Sword"), 0);
    assert_eq!(wealth(&ann), BEFORE[0]);
    a.end().await.unwrap();
    assert_eq!(at_rest(&world, &manager).await, [BEFORE[0]]);
}

#[tokio::test(start_paused = true)]
async fn p3_p4_trades_at_once_on_the_same_slots_spend_nothing_twice() {
    let world = World::new();
    let manager = world.server("a").await;
    let ((a, ann), (b, bob)) = (open(&manager, 1).await, open(&manager, 2).await);
    let trade = async |key: &str, first, second| {
        let trade = manager.trade(key, (&ann, first), (&bob, second)).await;
        trade.map_err(|error| error.to_string())
    };
    let bread = || Parcel::new().item("Bread", 1);
    let (one, same, other, back) = tokio::join!(
        trade("t-1", sword(), price()),
        trade("t-1", sword(), price()),
        trade("t-2", sword(), bread()),
        manager.trade("t-3", (&bob, sword()), (&ann, price())),
    );
    let outcomes = [one, same, other];
    let traded = outcomes
        .iter()
        .filter(|it| **it == Ok(TradeOutcome::Traded));
    assert_eq!(traded.count(), 1, "there is one sword: {outcomes:?}");
    assert_eq!(back.unwrap(), TradeOutcome::Traded);
    a.end().await.unwrap();
    b.end().await.unwrap();
    let [first, second] = at_rest(&world, &manager).await;
    assert_eq!((first.0 + second.0, first.1 + second.1), (1_000, 2));
}

#[tokio::test(start_paused = true)]
async fn p4_a_party_that_ends_shuts_down_or_is_dropped_in_the_middle_of_a_trade_loses_nothing() {
    for way in ["end", "shutdown", "abandon", "drop"] {
        for op in [Op::Save, Op::Decide] {
            for who in [0, 1] {
                let world = World::new();
                let (manager, next) = (world.server("a").await, world.server("b").await);
                let both = [open(&manager, 1).await, open(&manager, 2).await];
                world
                    .store
                    .inject(When::calls_of(op), Fault::delay(Duration::from_secs(2)));
                let outcome = trade_and_leave(&manager, both, way, who).await;
                pass_secs(30).await;
                world.store.calm();
                let have = at_rest(&world, &next).await;
                let what = format!("{way} {op:?} {who}: {outcome:?} {have:?}");
                assert!(have == BEFORE || have == AFTER, "{what}");
                if matches!(outcome, Some(Ok(TradeOutcome::Traded))) {
                    assert_eq!(have, AFTER, "{what}");
                }
            }
        }
    }
}

async fn trade_and_leave(
    manager: &SessionManager,
    both: [(Session, Slot); 2],
    way: &str,
    who: usize,
) -> Option<Result<TradeOutcome, Error>> {
    let [(_, ann), (_, bob)] = &both;
    let trade = manager.trade("t-1", (ann, sword()), (bob, price()));
    if way == "drop" {
        begin_and_drop(trade).await;
        return None;
    }
    let leave = async {
        pass_secs(1).await;
        let session = &both[who].0;
        match way {
            "end" => session.end().await.map_err(|error| *error.cause).unwrap(),
            "abandon" => session.abandon().await.unwrap(),
            _ => drop(manager.shutdown(Duration::from_secs(60)).await),
        }
    };
    let (outcome, ()) = tokio::join!(trade, leave);
    Some(outcome)
}

/// From within a closure that changes a slot, or a handler of letters, each of
/// these is done, or refused at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a9_calls_from_within_are_refused_or_done_and_nothing_waits_for_ever() {
    let store = Arc::new(MemoryBackend::new());
    let handled = Arc::new(AtomicUsize::new(0));
    let manager_of_handler: Arc<std::sync::OnceLock<SessionManager>> = Arc::default();
    let (handled_in, manager_in) = (handled.clone(), manager_of_handler.clone());
    let builder = SessionManager::builder(store).on_letter(move |_, document, letter| {
        let manager = manager_in.get().unwrap();
        let run = tokio::runtime::Handle::current();
        if letter.id().as_str() == "first" {
            let reply = Letter::new("second", json!(1))?;
            run.block_on(manager.send(1, "Slot1", reply))?;
            let session = manager.session(&1.into()).unwrap();
            let slot = run.block_on(session.load_slot("Slot1"))?;
            let other = run.block_on(session.load_slot("Slot2"))?;
            let busy = slot.apply_once("k", |_| Ok::<_, DocumentError>(()));
            assert!(matches!(
                busy,
                Err(Error::SlotBusy {
                    busy: Busy::Reentrant,
                    ..
                })
            ));
            let busy = run.block_on(slot.transfer("t", sword(), 2, "Slot1"));
            assert!(matches!(busy, Err(Error::SlotBusy { .. })), "{busy:?}");
            let busy = run.block_on(manager.trade("t", (&slot, sword()), (&other, price())));
            assert!(matches!(busy, Err(Error::SlotBusy { .. })), "{busy:?}");
            run.block_on(other.transfer("t", sword(), 2, "Slot1"))?;
        }
        document.increment("Currency", 1)?;
        handled_in.fetch_add(1, Ordering::AcqRel);
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    });
    let manager = builder.start().await.unwrap();
    manager_of_handler.set(manager.clone()).unwrap();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let mut events = manager.events();
    let first = Letter::new("first", json!(1)).unwrap();
    manager.send(1, "Slot1", first).await.unwrap();
    for _ in 0..2 {
        wait_for(&mut events, |event| {
            matches!(event, Event::LetterDelivered { .. })
        })
        .await;
    }
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 502);
    assert_eq!(handled.load(Ordering::Acquire), 2);
    // Within a closure of the game's.
    let within = slot.clone();
    let nested =
        slot.modify(|_| within.apply_once("k", |document| document.increment("Currency", 1)));
    assert!(matches!(
        nested.unwrap(),
        Err(Error::SlotBusy {
            busy: Busy::Reentrant,
            ..
        })
    ));
    session.end().await.unwrap();
}
