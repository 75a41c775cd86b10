//! Slots and players: many at once, deleted, and oddly named.

use futures::future::join_all;
use playerdata_core::{PlayerId, Session, SlotName};

use super::{expect_gold, expect_refused, expect_saves, save, save_gold, set_gold};
use crate::{
    Fixture, Rule,
    driver::{World, name},
};

/// The names of a player's slots.
async fn listed(world: &World, session: &Session) -> Vec<SlotName> {
    let slots = world.works(Rule::Views, "slots are listed", session.slots().await);
    slots.into_iter().map(|slot| slot.slot).collect()
}

/// Several slots of one player are open at once, each with its own document,
/// saved at the same time; the next game finds each as it was.
///
/// Proves [S9](Rule::S9) and [S1](Rule::S1). A backend that fails it saves one
/// character of a player over another.
pub async fn several_slots_are_open_at_once(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let player = fixture.player();
    let mut names = ["Slot1", "slot1", "Slot10", "-", "_", "0", "00"].to_vec();
    let session = a.join(&player).await;
    for round in 0..3_u64 {
        for (own, name) in (0_u64..).zip(&names) {
            let slot = a.load(&session, name).await;
            set_gold(&fixture, &slot, 10 * round + own);
        }
        let saved = session.save_all().await;
        let saved = fixture.works(Rule::S9, "all slots are saved", saved);
        let made: Vec<_> = saved.iter().map(|saved| saved.revision().get()).collect();
        fixture.expect_eq(Rule::S3, "revisions", made, vec![round + 1; names.len()]);
    }
    a.end(&session).await;
    let session = b.join(&player).await;
    for (own, name) in (0_u64..).zip(&names) {
        let slot = b.load(&session, name).await;
        expect_gold(&fixture, Rule::S9, name, &slot, 20 + own);
    }
    names.sort_unstable();
    let expected: Vec<SlotName> = names.into_iter().map(name).collect();
    let found = listed(&fixture, &session).await;
    fixture.expect_eq(Rule::Views, "the slots", found, expected);
}

/// A slot that was deleted starts over with the defaults, in this game and in
/// the next; the player's other slots stay.
///
/// Proves [S3](Rule::S3), [S4](Rule::S4) and [S9](Rule::S9). A backend that
/// fails it brings a deleted character back, or deletes the wrong one.
pub async fn a_deleted_slot_starts_over(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let player = fixture.player();
    let session = a.join(&player).await;
    let kept = a.load(&session, "Slot1").await;
    let slot = a.load(&session, "Slot2").await;
    save_gold(&fixture, &kept, 1).await;
    save_gold(&fixture, &slot, 2).await;
    let deleted = session.delete_slot("Slot2").await;
    fixture.works(Rule::S9, "a slot is deleted", deleted);
    let expected: Vec<SlotName> = vec![name("Slot1")];
    let found = listed(&fixture, &session).await;
    fixture.expect_eq(Rule::Views, "the slots", found, expected);
    let again = a.load(&session, "Slot2").await;
    expect_gold(&fixture, Rule::S4, "the defaults", &again, 500);
    expect_saves(&fixture, Rule::S3, &again, 3, 3).await;
    fixture.expect_eq(Rule::S3, "the other", save(&fixture, &kept).await, 2);
    let deleted = session.delete_slot("Slot2").await;
    fixture.works(Rule::S9, "a slot is deleted again", deleted);
    a.end(&session).await;
    let session = b.join(&player).await;
    let again = b.load(&session, "Slot2").await;
    expect_gold(&fixture, Rule::S4, "the defaults", &again, 500);
    let kept = b.load(&session, "Slot1").await;
    expect_gold(&fixture, Rule::S9, "the other slot", &kept, 1);
}

/// Each player has a session and a document of their own at the same time, and
/// the next game finds them.
async fn expect_players_apart(fixture: &Fixture, players: &[PlayerId]) {
    let [a, b] = fixture.games().await;
    let playing: Vec<_> = players.iter().map(|player| a.play(player)).collect();
    let held = join_all(playing).await;
    for (own, (_, slot)) in (0_u64..).zip(&held) {
        set_gold(fixture, slot, own);
    }
    let ends: Vec<_> = held.iter().map(|(session, _)| a.end(session)).collect();
    join_all(ends).await;
    let playing: Vec<_> = players.iter().map(|player| b.play(player)).collect();
    for (own, (_, slot)) in (0_u64..).zip(join_all(playing).await) {
        let what = format!("what player {:?} has", slot.player());
        expect_gold(fixture, Rule::Names, &what, &slot, own);
    }
}

/// Players whose ids look like numbers, patterns, paths or a store's own keys
/// play at the same time, each with their own data.
///
/// Proves [L1](Rule::L1) and the contract on names. A backend that fails it
/// gives one player's data to another.
pub async fn odd_player_ids_have_data_of_their_own(fixture: Fixture) {
    let odd = [
        "1", "01", "1.0", "1e0", "-1", "+1", "0x1", "null", "true", "NaN", "a", "A", "a%", "a_",
        "a*", "a?", "[a]", "'a'", "\"a\"", "player:1", "player#1", "player/1", "..", "lock",
        "lease",
    ];
    expect_players_apart(&fixture, &odd.map(name)).await;
}

/// Players whose ids are as long as they may be, and differ in the last byte,
/// have their own data.
///
/// Proves [L1](Rule::L1) and the contract on names. A backend that fails it
/// cuts ids off, and two players become one.
pub async fn long_player_ids_have_data_of_their_own(fixture: Fixture) {
    let stem = "x".repeat(PlayerId::MAX_BYTES - 1);
    let long = ["1", "2", "x", "X"].map(|end| name(&format!("{stem}{end}")));
    expect_players_apart(&fixture, &long).await;
}

/// The end of one player's session leaves those of the others alone.
///
/// Proves [L1](Rule::L1) and [L6](Rule::L6). A backend that fails it throws
/// everybody off a server when one player leaves.
pub async fn the_end_of_one_session_leaves_the_others(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let mut held = Vec::new();
    for player in (1..=3_u64).map(PlayerId::from) {
        held.push(a.play(&player).await);
    }
    let (first, _) = held.remove(0);
    a.end(&first).await;
    for (session, slot) in &held {
        expect_saves(&fixture, Rule::L6, slot, 7, 1).await;
        fixture.expect(Rule::L6, "the session goes on", session.is_active());
        expect_refused(&b, slot.player(), "a player who is held is refused").await;
    }
}
