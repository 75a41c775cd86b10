//! Servers that were frozen or slow, and whose calls arrive after their players
//! were taken.

use std::time::Duration;

use playerdata_core::{Error, OnConflict, Saved, Slot};
use playerdata_faults::{Fault, When};
use tokio::task::JoinHandle;

use super::{
    expect_gold, expect_held_by, expect_holder, expect_saves, expect_stored, save_gold, set_gold,
    told_lost,
};
use crate::{
    Fixture, Rule,
    driver::{Game, World, joined},
};

/// Freezes a game that is about to save so much gold; gives the save.
fn save_frozen(
    world: &World,
    game: &Game,
    slot: &Slot,
    gold: u64,
) -> JoinHandle<Result<Saved, Error>> {
    game.freeze();
    set_gold(world, slot, gold);
    let slot = slot.clone();
    tokio::spawn(async move { slot.save().await })
}

/// A server that was frozen while its lease lapsed wakes up after somebody
/// took its player: the saves that it had sent are refused, its session is
/// closed, and it is told who has the player.
///
/// Proves [L4](Rule::L4) and [E2](Rule::E2). A backend that fails it writes
/// what a server that was stopped for a minute remembers over what has happened
/// since.
pub async fn the_saves_of_a_frozen_server_are_refused(fixture: Fixture) {
    let [client_a, client_b] = fixture.clients();
    let mut a = client_a.game("server-a").mortal(&fixture).start().await;
    let b = client_b.game("server-b").start().await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 1).await;
    let late = save_frozen(&fixture, &a, &slot, 2);
    a.let_lapse(&fixture).await;
    let next = b.join(&player).await; // who has opened nothing yet
    a.thaw();
    let late = joined(late.await);
    fixture.expect(Rule::L4, "a late save is refused", late.is_err());
    let taker = told_lost(&mut a, session.id()).await;
    expect_holder(&fixture, Rule::E2, taker.as_ref(), &b, &next);
    fixture.lost("no further save is taken", slot.save().await);
    let next_slot = b.load(&next, "Slot1").await;
    expect_gold(&fixture, Rule::L4, "what was saved in time", &next_slot, 1);
    expect_saves(&fixture, Rule::S3, &next_slot, 3, 2).await;
    let [client, _] = fixture.clients();
    expect_stored(&client, Rule::L4, &slot, 3, 2).await;
}

/// The saves of a frozen server are refused also when who took its player has
/// gone again: without a lock there is no permission.
///
/// Proves [L5](Rule::L5). A backend that fails it takes the lack of a lock for
/// the right to write, and an old state comes back after a player has left.
pub async fn a_frozen_server_has_lost_a_player_who_has_gone(fixture: Fixture) {
    let [mut a, b] = fixture.games().await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 1).await;
    let late = save_frozen(&fixture, &a, &slot, 2);
    b.inject(When::notify(), Fault::ErrorBefore); // it has to find out by itself
    let thief = b.join_with(&player, OnConflict::Steal).await;
    b.end(&thief).await;
    a.thaw();
    let late = joined(late.await);
    let holder = fixture.lost("a late save is refused", late);
    fixture.expect_eq(Rule::L5, "who has the player", holder, None);
    told_lost(&mut a, session.id()).await;
    let [client, _] = fixture.clients();
    expect_stored(&client, Rule::L5, &slot, 1, 1).await;
}

/// A deletion that a slow server had sent is refused if it arrives after
/// somebody took its player: the slot is as the taker found it.
///
/// Proves [L4](Rule::L4) and [E2](Rule::E2). A backend that fails it lets a
/// server that was stopped for a minute delete what is being played elsewhere.
pub async fn a_deletion_that_arrives_after_a_theft_is_refused(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 7).await;
    let (request, answer) = (Duration::from_millis(200), Duration::ZERO);
    a.inject(When::delete(), Fault::Delay { request, answer });
    b.inject(When::notify(), Fault::ErrorBefore); // it has to find out by itself
    let late = tokio::spawn(async move { session.delete_slot("Slot1").await });
    // A slot is opened to be deleted as it is to be loaded.
    fixture
        .until(Rule::Fixture, "the deletion is on its way", || async {
            fixture.history().answered("a.open(") == 2
        })
        .await;
    let thief = b.join_with(&player, OnConflict::Steal).await;
    let found = b.load(&thief, "Slot1").await;
    let late = joined(late.await);
    let started_over = found.revision().get() == 2;
    if started_over {
        // A thief who was that slow came after the deletion.
        fixture.works(Rule::L4, "a deletion in time", late);
    } else {
        // While it is being taken, a player has no holder to be named.
        let holder = fixture.lost("a late deletion is refused", late);
        if holder.is_some() {
            expect_holder(&fixture, Rule::E2, holder.as_ref(), &b, &thief);
        }
        expect_gold(&fixture, Rule::L4, "what was saved", &found, 7);
    }
    expect_saves(
        &fixture,
        Rule::S3,
        &found,
        8,
        if started_over { 3 } else { 2 },
    )
    .await;
}

/// A release that a frozen server had sent frees nobody after somebody took its
/// player.
///
/// Proves [L6](Rule::L6). A backend that fails it frees a player who is being
/// played, and a third server joins in.
pub async fn the_release_of_a_frozen_server_frees_nobody(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [_, client] = fixture.clients();
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 1).await;
    a.freeze();
    let late = tokio::spawn(async move { session.end().await });
    let thief = b.join_with(&player, OnConflict::Steal).await;
    let thiefs_slot = b.load(&thief, "Slot1").await;
    a.thaw();
    // All was saved, so it is over; or it has heard of the theft before.
    if let Err(error) = joined(late.await) {
        let lost = matches!(*error.cause, Error::SessionLost { .. });
        fixture.expect(Rule::E1, &format!("an end is an end: {error}"), lost);
    }
    expect_held_by(&client, Rule::L6, &player, b.server()).await;
    expect_saves(&fixture, Rule::L6, &thiefs_slot, 2, 2).await;
}
