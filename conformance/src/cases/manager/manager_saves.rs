//! Saves, with and without an answer.

use std::time::Duration;

use playerdata_core::Saved;
use playerdata_faults::{Fault, When};
use serde_json::to_value;

use super::{expect_gold, expect_saves, expect_stored, save, save_gold};
use crate::{Fixture, Rule};

/// What a game saves is what the next game loads, to the last field; each save
/// makes the next revision.
///
/// Proves [S1](Rule::S1) and [S3](Rule::S3). A backend that fails it
/// acknowledges saves that it has not made.
pub async fn a_save_is_what_the_next_game_loads(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let player = fixture.player();
    let mut revision = 0;
    for (game, next) in [(&a, &b), (&b, &a), (&a, &b)] {
        let (session, slot) = game.play(&player).await;
        for _ in 0..3 {
            revision += 1;
            expect_saves(&fixture, Rule::S3, &slot, revision * 1_000_001, revision).await;
        }
        let saved = to_value(&*slot.snapshot()).ok();
        game.end(&session).await;
        let (session, slot) = next.play(&player).await;
        let loaded = to_value(&*slot.snapshot()).ok();
        fixture.expect_eq(Rule::S1, "the document", loaded, saved);
        let found = slot.revision().get();
        fixture.expect_eq(Rule::S3, "its revision", found, revision);
        next.end(&session).await;
    }
}

/// A save that was applied though its answer was lost is recognised when the
/// slot is opened again, and not made twice.
///
/// Proves [S2](Rule::S2) and [S3](Rule::S3). A backend that fails it leaves a
/// server in the dark about what it has saved.
pub async fn a_save_whose_answer_was_lost_is_recognised(fixture: Fixture) {
    let [a, _] = fixture.games().await;
    let (_session, slot) = a.play(&fixture.player()).await;
    let [_, client] = fixture.clients();
    for revision in 1..=3_u64 {
        a.inject(When::save().nth(1), Fault::ErrorAfter);
        expect_saves(&fixture, Rule::S2, &slot, revision, revision).await;
        expect_stored(&client, Rule::S2, &slot, revision, revision).await;
    }
}

/// A save that may have been applied, but was not, is made after the slot was
/// opened again.
///
/// Proves [S2](Rule::S2) and [S3](Rule::S3). A backend that fails it loses a
/// save whose server took it for made, or counts one that was not.
pub async fn a_save_that_was_not_applied_is_made_after_all(fixture: Fixture) {
    let [a, _] = fixture.games().await;
    let (_session, slot) = a.play(&fixture.player()).await;
    let [_, client] = fixture.clients();
    for revision in 1..=3_u64 {
        a.inject(When::save().nth(1), Fault::ErrorInDoubt);
        expect_saves(&fixture, Rule::S2, &slot, revision, revision).await;
        expect_stored(&client, Rule::S2, &slot, revision, revision).await;
    }
}

/// A session whose answers are lost again and again goes on for as long as it
/// likes, and what it saved is there.
///
/// Proves [S2](Rule::S2). A backend that fails it turns a player away after a
/// dozen hiccups of the network.
pub async fn a_slot_outlives_many_lost_answers(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let (session, slot) = a.play(&fixture.player()).await;
    for revision in 1..=24_u64 {
        let applied = revision % 2 == 0;
        let fault = if applied {
            Fault::ErrorAfter
        } else {
            Fault::ErrorInDoubt
        };
        a.inject(When::save().nth(1), fault);
        expect_saves(&fixture, Rule::S2, &slot, revision, revision).await;
    }
    a.end(&session).await;
    let (_session, slot) = b.play(&fixture.player()).await;
    expect_gold(&fixture, Rule::S1, "what was saved last", &slot, 24);
}

/// A save that was given up, and arrives long after the slot was opened again
/// and saved again, changes nothing.
///
/// Proves [S2](Rule::S2) and [L4](Rule::L4). A backend that fails it lets a
/// player's old state come back minutes later.
pub async fn a_save_that_arrives_late_lands_on_nothing_newer(fixture: Fixture) {
    let [client_a, client_b] = fixture.clients();
    let given_up = Duration::from_secs(1);
    let setup = client_a.game("server-a");
    let a = setup
        .settings(|settings| settings.operation_timeout = given_up)
        .start()
        .await;
    let (_session, slot) = a.play(&fixture.player()).await;
    save_gold(&fixture, &slot, 1).await;
    let after = given_up * 5 / 2;
    a.inject(When::save().nth(1), Fault::HangThenApply { after });
    save_gold(&fixture, &slot, 2).await;
    let newest = save_gold(&fixture, &slot, 3).await;
    // Four have come to the store then: the one that hung, too.
    fixture
        .until(Rule::Fixture, "the late save has arrived", || async {
            fixture.history().answered("a.save(") == 4
        })
        .await;
    expect_stored(&client_b, Rule::S2, &slot, 3, newest).await;
    expect_saves(&fixture, Rule::S3, &slot, 4, newest + 1).await;
}

/// A new player who changes nothing is stored when the session ends, and one
/// who comes back and changes nothing is not written again, unless the game
/// asks for it.
///
/// Proves [S10](Rule::S10) and [S3](Rule::S3). A backend that fails it has
/// other ideas than its server of how often a slot was written.
pub async fn a_new_player_is_stored_unchanged(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    let found = slot.revision().get();
    fixture.expect_eq(Rule::S10, "nothing is stored yet", found, 0);
    a.end(&session).await;
    let [client, _] = fixture.clients();
    expect_stored(&client, Rule::S10, &slot, 500, 1).await;
    let (session, slot) = b.play(&player).await;
    b.end(&session).await;
    expect_stored(&client, Rule::S3, &slot, 500, 1).await;
    let (_session, slot) = a.play(&player).await;
    let saved = fixture.works(Rule::S1, "a save works", slot.save().await);
    let written = matches!(saved, Saved::Written { .. });
    fixture.expect(Rule::S3, "a save that is asked for is made", written);
    fixture.expect_eq(Rule::S3, "a save", save(&fixture, &slot).await, 3);
}
