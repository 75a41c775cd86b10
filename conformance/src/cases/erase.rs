//! Erasing a player.

use playerdata_core::{
    SlotName,
    backend::{Erasure, Opened},
};

use crate::{Fixture, Rule, driver::name};

/// Nothing of an erased player is left to see or to open: the next session
/// finds every slot as if it had never been written.
///
/// Proves the contract on erasure. A backend that fails it keeps what a player
/// has the right to have deleted.
pub async fn an_erased_player_has_nothing(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let [saved, deleted, opened] = ["saved", "deleted", "opened"].map(name::<SlotName>);
    let session = a.join(&player).await;
    session.open(&saved).await.save("data").await;
    let mut open = session.open(&deleted).await;
    open.save("data").await;
    open.delete().await;
    session.open(&opened).await;
    session.release().await;
    let erased = b.client.erase(&player).await;
    fixture.expect_eq(Rule::Erasure, "nobody holds them", erased, Erasure::Erased);
    for client in fixture.clients() {
        let listed = client.list(&player).await;
        fixture.expect_eq(Rule::Erasure, "no slots", listed, Vec::new());
        let seen = client.view(&player, &saved).await;
        fixture.expect_eq(Rule::Erasure, "no record", seen, None);
    }
    let next = b.join(&player).await;
    for slot in [&saved, &deleted, &opened] {
        let mut open = next.open(slot).await;
        let empty = Opened::default();
        fixture.expect_eq(Rule::Erasure, "as if never written", open.opened(), &empty);
        open.save("a new life").await;
    }
}

/// A player whom somebody holds is not erased, and the session goes on.
///
/// Proves the contract on erasure. A backend that fails it pulls the data away
/// under a session, whose next save brings half of it back.
pub async fn a_held_player_is_not_erased(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    let saved = open.save("data").await;
    for client in fixture.clients() {
        let refused = client.erase(&player).await;
        let holder = session.lock();
        fixture.expect_eq(Rule::Erasure, "held", refused, Erasure::Locked { holder });
    }
    let seen = b.client.view(&player, &slot).await;
    fixture.expect_eq(Rule::Erasure, "all there", seen, Some(saved));
    let holder = b.client.holder(&player).await;
    fixture.expect_eq(Rule::Erasure, "and held", holder, Some(session.lock()));
    open.save("the session goes on").await;
}

/// Erasing again, or erasing somebody unknown, finds nothing to remove.
///
/// Proves the contract on repeats. A backend that fails it reports an error for
/// an erasure whose first answer was lost.
pub async fn erasing_again_finds_nothing(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let player = fixture.player();
    let unknown = a.client.erase(&player).await;
    fixture.expect_eq(Rule::Erasure, "unknown", unknown, Erasure::Erased);
    let session = a.join(&player).await;
    session.open(&fixture.slot()).await.save("data").await;
    session.release().await;
    for client in fixture.clients() {
        for _ in 0..2 {
            let erased = client.erase(&player).await;
            fixture.expect_eq(Rule::Repeats, "again", erased, Erasure::Erased);
        }
    }
    let holder = a.client.holder(&player).await;
    fixture.expect_eq(Rule::Erasure, "nobody holds them", holder, None);
}

/// All of 150 slots are erased.
///
/// Proves the contract on erasure. A backend that fails it erases as much as
/// fits in one transaction, and says that it has erased all.
pub async fn all_of_many_slots_are_erased(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let slots: Vec<SlotName> = (0..150).map(|n| name(&format!("Slot{n}"))).collect();
    let session = a.join(&player).await;
    for slot in &slots {
        session.open(slot).await.save("data").await;
    }
    session.release().await;
    b.client.erase(&player).await;
    let listed = a.client.list(&player).await;
    fixture.expect_eq(Rule::Erasure, "no slots", listed, Vec::new());
    for slot in slots.iter().step_by(10) {
        let seen = a.client.view(&player, slot).await;
        fixture.expect_eq(Rule::Erasure, "no record", seen, None);
    }
}

/// Other players keep what they have, however alike their ids are.
///
/// Proves the contract on erasure. A backend that fails it erases everybody
/// whose id begins like that of the one who asked.
pub async fn other_players_are_not_erased(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    let others = [
        "1", "11", "111", "1:", "1/1", "1*", "*", "%", "?", "[1]", "_1", "1_",
    ];
    let mut kept = Vec::new();
    for player in others {
        let session = a.join(&name(player)).await;
        kept.push(session.open(&slot).await.save(player).await);
        session.release().await;
    }
    for gone in ["1", "%", "*", "?"] {
        b.client.erase(&name(gone)).await;
    }
    for (player, saved) in others.into_iter().zip(kept) {
        let seen = a.client.view(&name(player), &slot).await;
        let erased = ["1", "%", "*", "?"].contains(&player);
        let expected = (!erased).then_some(saved);
        fixture.expect_eq(Rule::Erasure, player, seen, expected);
    }
}
