//! Parcels from one player to another: nothing made, nothing lost.

use playerdata_core::{OnConflict, Parcel, PlayerId, Slot, Transferred};
use playerdata_faults::{Fault, Operation, When};

use super::{GOLD, SLOWLY, expect_gold, save, save_gold, until_stored};
use crate::{
    Fixture, Rule,
    driver::{Game, World},
};

/// The sender has this much, and sends a part of it.
const BEFORE: u64 = 300;
const SENT: u64 = 100;

/// Sends the parcel of all cases, and requires to be told this.
async fn transfer(world: &World, slot: &Slot, to: &PlayerId, expected: Transferred) {
    let parcel = Parcel::new().amount(GOLD, SENT);
    let sent = slot.transfer("t-1", parcel, to.clone(), "Slot1").await;
    let sent = world.works(Rule::P2, "a parcel is sent", sent);
    world.expect_eq(Rule::P2, "what its sender is told", sent, expected);
}

/// Whoever sends, with their gold stored, and whoever the parcel is for.
fn players() -> [PlayerId; 2] {
    [1_u64, 2].map(PlayerId::from)
}

/// Claims all that is in a player's gift bank.
#[track_caller]
fn claim_all(world: &World, slot: &Slot) {
    let ids: Vec<_> = slot.read(|document| document.gift_bank().ids().map(str::to_owned).collect());
    for id in ids {
        world.works(Rule::P2, "a parcel is claimed", slot.claim_gift(&id));
    }
}

/// Requires that the parcel has been moved once when all is at rest. The
/// other player had `had` before.
async fn expect_moved_once(game: &Game, had: u64) {
    let world = game.world();
    for _ in 0..2 {
        for (player, gold) in players().iter().zip([BEFORE - SENT, had + SENT]) {
            let session = game.join_with(player, OnConflict::Steal).await;
            let slot = game.load(&session, "Slot1").await;
            claim_all(world, &slot);
            expect_gold(world, Rule::P2, "what they have", &slot, gold);
            save(world, &slot).await;
            game.end(&session).await;
        }
    }
}

/// What a player has to begin with.
async fn at_first(game: &Game) -> u64 {
    let (session, slot) = game.play(&PlayerId::from(3)).await;
    let gold = slot.get::<u64>(GOLD);
    let gold = game.world().works(Rule::S10, "what a new player has", gold);
    game.end(&session).await;
    gold
}

/// A parcel to somebody who never played is theirs when they come, once.
///
/// Proves [P2](Rule::P2) and [M1](Rule::M1). A backend that fails it makes
/// money, or loses it, when players give each other some.
pub async fn a_parcel_to_somebody_offline_is_moved_once(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [from, to] = players();
    let had = at_first(&b).await;
    let (session, slot) = a.play(&from).await;
    save_gold(&fixture, &slot, BEFORE).await;
    transfer(&fixture, &slot, &to, Transferred::Sent).await;
    transfer(&fixture, &slot, &to, Transferred::AlreadyTransferred).await;
    a.end(&session).await;
    expect_moved_once(&b, had).await;
}

/// A parcel to somebody who plays on another server arrives while they play.
///
/// Proves [P2](Rule::P2) and [M3](Rule::M3). A backend that fails it lets what
/// was given wait until its new owner happens to leave and come back.
pub async fn a_parcel_reaches_somebody_who_plays_elsewhere(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [from, to] = players();
    let had = at_first(&b).await;
    let (session, slot) = a.play(&from).await;
    save_gold(&fixture, &slot, BEFORE).await;
    let (_session, theirs) = b.play(&to).await;
    transfer(&fixture, &slot, &to, Transferred::Sent).await;
    fixture
        .until(Rule::M3, "the parcel arrives", async || {
            theirs.read(|document| document.gift_bank().ids().next().is_some())
        })
        .await;
    claim_all(&fixture, &theirs);
    expect_gold(&fixture, Rule::P2, "what they have", &theirs, had + SENT);
    save(&fixture, &theirs).await;
    a.end(&session).await;
    expect_moved_once(&b, had).await;
}

/// A parcel that left its document, and could not be sent before its server
/// crashed, is sent by whoever loads the sender next.
///
/// Proves [P2](Rule::P2) and [S1](Rule::S1). A backend that fails it loses what
/// was given in a crash.
pub async fn the_next_load_sends_what_a_crash_left(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [from, to] = players();
    let had = at_first(&b).await;
    let (_session, slot) = a.play(&from).await;
    save_gold(&fixture, &slot, BEFORE).await;
    a.inject(When::calls_of(Operation::Post), Fault::ErrorBefore);
    transfer(&fixture, &slot, &to, Transferred::Waiting).await;
    let _crashed = a.crash();
    expect_sent_by_the_next_load(&fixture, &b, &from, &to).await;
    expect_moved_once(&b, had).await;
}

/// A parcel that was sent by a server that crashed before it knew is sent again
/// by the next load, and counts once.
///
/// Proves [P2](Rule::P2) and [M1](Rule::M1). A backend that fails it makes
/// money out of a crash.
pub async fn a_parcel_that_is_sent_again_after_a_crash_counts_once(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [from, to] = players();
    let had = at_first(&b).await;
    let (_session, slot) = a.play(&from).await;
    save_gold(&fixture, &slot, BEFORE).await;
    a.inject(When::calls_of(Operation::Post), Fault::ErrorAfter);
    transfer(&fixture, &slot, &to, Transferred::Waiting).await;
    let _crashed = a.crash();
    expect_sent_by_the_next_load(&fixture, &b, &from, &to).await;
    expect_moved_once(&b, had).await;
}

/// A parcel that is on its way when its sender is stolen is sent by the thief,
/// who does not know; it counts once, also if the robbed server's own request
/// arrives when the parcel was received long ago.
///
/// Proves P2, M1 and M2. A backend that fails it makes money out of a player who
/// changes servers.
pub async fn a_parcel_that_is_sent_again_after_a_theft_counts_once(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let [from, to] = players();
    let had = at_first(&b).await;
    let (_robbed, slot) = a.play(&from).await;
    save_gold(&fixture, &slot, BEFORE).await;
    a.inject(When::calls_of(Operation::Post), SLOWLY);
    let parcel = Parcel::new().amount(GOLD, SENT);
    let sent = slot.transfer("t-1", parcel, to.clone(), "Slot1");
    let theft = async {
        until_stored(&client, Rule::P2, &from, BEFORE - SENT).await;
        expect_moved_once(&b, had).await;
    };
    // What the robbed server is told is all the same.
    let _ = tokio::join!(sent, theft);
    expect_moved_once(&b, had).await;
}

/// Loads the sender, and requires that one letter waits for the other then.
async fn expect_sent_by_the_next_load(
    fixture: &Fixture,
    game: &Game,
    from: &PlayerId,
    to: &PlayerId,
) {
    let [client, _] = fixture.clients();
    let session = game.join_with(from, OnConflict::Steal).await;
    let slot = game.load(&session, "Slot1").await;
    let rest = BEFORE - SENT;
    expect_gold(fixture, Rule::S1, "what the sender has left", &slot, rest);
    let name = fixture.slot();
    fixture
        .until(Rule::P2, "the parcel is sent", async || {
            !client.waiting(to, &name).await.is_empty()
        })
        .await;
    game.end(&session).await;
    let waiting = client.waiting(to, &name).await.len();
    fixture.expect_eq(Rule::P2, "the parcels that wait", waiting, 1);
}
