//! Cases at the level of the session manager: a `SessionManager` on each
//! client, and what a game sees of it.
//!
//! What the manager does by itself is proven by tests of its own, on a store
//! in memory. These cases prove that it can rely on the store: what a real one
//! does to a game that crashes, freezes, or gets no answer.

pub mod manager_bad_days;
pub mod manager_documents;
pub mod manager_durable;
pub mod manager_ends;
pub mod manager_frozen;
pub mod manager_loads;
pub mod manager_locks;
pub mod manager_mail;
pub mod manager_operators;
pub mod manager_saves;
pub mod manager_schedule;
pub mod manager_slots;
pub mod manager_starts;
pub mod manager_take_overs;
pub mod manager_trades;
pub mod manager_transfers;

use std::time::Duration;

use playerdata_core::{
    GameDocument, OnConflict, PlayerId, Revision, ServerId, Session, SessionId, Slot, backend::Lock,
};
use playerdata_faults::Fault;
use serde_json::Value;

use crate::{
    Rule,
    driver::{Client, Game, World},
};

/// The attribute that cases change.
const GOLD: &str = "Currency";

/// Gives a player so much gold, in the game's memory.
#[track_caller]
fn set_gold(world: &World, slot: &Slot, gold: u64) {
    world.works(Rule::E2, "an open slot takes changes", slot.set(GOLD, gold));
}

/// Requires that a player has so much gold, as the game sees it.
#[track_caller]
fn expect_gold(world: &World, rule: Rule, what: &str, slot: &Slot, gold: u64) {
    let found = world.works(rule, what, slot.get::<u64>(GOLD));
    world.expect_eq(rule, what, found, gold);
}

/// Requires that these are in a player's gift bank, and nothing else.
#[track_caller]
fn expect_gifts(world: &World, rule: Rule, slot: &Slot, expected: &[&str]) {
    let found: Vec<_> =
        slot.read(|document| document.gift_bank().ids().map(str::to_owned).collect());
    let expected: Vec<_> = expected.iter().copied().map(str::to_owned).collect();
    world.expect_eq(rule, "the gift bank", found, expected);
}

/// Requires that a player has so much gold in the store, at this revision.
async fn expect_stored(client: &Client, rule: Rule, slot: &Slot, gold: u64, revision: u64) {
    let world = client.world();
    let record = client.view(slot.player(), slot.name()).await;
    let found = record.map(|record| {
        let json: Value = serde_json::from_slice(&record.body.bytes).unwrap_or_default();
        (json[GOLD].clone(), record.revision)
    });
    let expected = Some((Value::from(gold), Revision::new(revision)));
    world.expect_eq(rule, "the gold that is stored", found, expected);
}

/// What a request does that others overtake: a case that is slower than this
/// proves less, and fails no store.
const SLOWLY: Fault = Fault::Delay {
    request: Duration::from_millis(400),
    answer: Duration::ZERO,
};

/// Waits until a player has so much gold in the store.
async fn until_stored(client: &Client, rule: Rule, player: &PlayerId, gold: u64) {
    let (world, slot) = (client.world(), client.world().slot());
    let what = format!("player {player} has {gold} in the store");
    world
        .until(rule, &what, async || {
            let record = client.view(player, &slot).await;
            let json = record.map(|record| serde_json::from_slice::<Value>(&record.body.bytes));
            json.is_some_and(|json| json.is_ok_and(|json| json[GOLD] == gold))
        })
        .await;
}

/// Saves a slot, which has to work, and gives the revision that it made.
async fn save<D: GameDocument>(world: &World, slot: &Slot<D>) -> u64 {
    let saved = world.works(Rule::S1, "a save works", slot.save().await);
    saved.revision().get()
}

/// Gives a player so much gold, and saves it.
async fn save_gold(world: &World, slot: &Slot, gold: u64) -> u64 {
    set_gold(world, slot, gold);
    save(world, slot).await
}

/// Gives a player so much gold and saves it, which has to make this revision.
async fn expect_saves(world: &World, rule: Rule, slot: &Slot, gold: u64, revision: u64) {
    let made = save_gold(world, slot, gold).await;
    world.expect_eq(rule, "the revision that a save makes", made, revision);
}

/// Requires that a game can't have a player, and gives the lock of who has.
async fn expect_refused(game: &Game, player: &PlayerId, what: &str) -> Lock {
    let refused = game
        .start_session_with(player.clone(), OnConflict::Fail)
        .await;
    game.world().held(what, refused)
}

/// Requires that a lock is that of a session.
#[track_caller]
fn expect_holder<D: GameDocument>(
    world: &World,
    rule: Rule,
    lock: Option<&Lock>,
    game: &Game<D>,
    session: &Session<D>,
) {
    let found = lock.map(|lock| (lock.session, lock.server.clone(), lock.fence));
    let expected = (session.id(), game.server().clone(), session.fence());
    world.expect_eq(rule, "who has the player", found, Some(expected));
}

/// Waits until a game is told that a session is lost, and gives who has the
/// player.
async fn told_lost(game: &mut Game, lost: SessionId) -> Option<Lock> {
    use playerdata_core::Event::SessionLost;

    let what = "that its session is lost";
    game.told(Rule::E2, what, |event| match event {
        SessionLost {
            session, holder, ..
        } if session == lost => Some(holder),
        _ => None,
    })
    .await
}

/// Requires that nobody has the player.
async fn expect_free(client: &Client, rule: Rule, player: &PlayerId) {
    let holder = client.holder(player).await;
    client.world().expect_eq(rule, "the holder", holder, None);
}

/// Requires that a server has the player.
async fn expect_held_by(client: &Client, rule: Rule, player: &PlayerId, server: &ServerId) {
    let holder = client.holder(player).await.map(|lock| lock.server);
    let expected = Some(server.clone());
    client
        .world()
        .expect_eq(rule, "the holder", holder, expected);
}
