//! Letters between games: in the document once, whatever crashes.

use playerdata_core::{Letter, OnConflict, PlayerId, Sent, Slot};
use playerdata_faults::{Fault, Operation, When};
use serde_json::json;

use super::{SLOWLY, expect_gifts, save};
use crate::{
    Fixture, Rule,
    driver::{Client, Game, World},
};

/// Sends the letter of all cases, and requires to be told this.
async fn send(game: &Game, player: &PlayerId, expected: Sent) {
    let world = game.world();
    let letter = world.works(Rule::M1, "a letter", Letter::new("l-1", json!({"Gold": 1})));
    let sent = game.send(player.clone(), "Slot1", letter).await;
    let sent = world.works(Rule::M1, "a letter is sent", sent);
    world.expect_eq(Rule::M1, "what its sender is told", sent, expected);
}

/// Takes the letter of all cases out of the gift bank, where it is alone.
#[track_caller]
fn take(world: &World, slot: &Slot) {
    expect_gifts(world, Rule::M3, slot, &["l-1"]);
    let gift = world.works(Rule::M3, "a gift is taken", slot.take_gift("l-1"));
    world.expect_eq(Rule::M3, "what was sent", gift, json!({"Gold": 1}));
}

/// Requires that the letter of all cases neither waits nor comes again.
async fn expect_done_with(client: &Client, game: &Game, player: &PlayerId) {
    let world = client.world();
    let name = world.slot();
    // It is taken out in the background.
    world
        .until(Rule::M2, "no letter waits", async || {
            client.waiting(player, &name).await.is_empty()
        })
        .await;
    send(game, player, Sent::AlreadySent).await;
    let session = game.join_with(player, OnConflict::Steal).await;
    let slot = game.load(&session, "Slot1").await;
    expect_gifts(world, Rule::M2, &slot, &[]);
    game.end(&session).await;
}

/// A letter to somebody who never played is in the gift bank at their first
/// load, once, however often it is sent.
///
/// Proves [M1](Rule::M1), [M2](Rule::M2) and [M3](Rule::M3). A backend that
/// fails it loses presents, or gives them twice.
pub async fn a_letter_to_somebody_offline_is_in_the_next_load_once(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let player = fixture.player();
    send(&a, &player, Sent::Posted).await;
    send(&b, &player, Sent::AlreadySent).await;
    let (session, slot) = b.play(&player).await;
    take(&fixture, &slot);
    b.end(&session).await;
    expect_done_with(&client, &a, &player).await;
}

/// A letter to somebody who plays on another server arrives while they play.
///
/// Proves [M3](Rule::M3). A backend that fails it lets a present wait until its
/// player happens to leave and come back.
pub async fn a_letter_reaches_somebody_who_plays_elsewhere(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let player = fixture.player();
    let (session, slot) = b.play(&player).await;
    send(&a, &player, Sent::Posted).await;
    fixture
        .until(Rule::M3, "the letter arrives", async || {
            slot.read(|document| document.gift_bank().ids().next().is_some())
        })
        .await;
    take(&fixture, &slot);
    b.end(&session).await;
    expect_done_with(&client, &a, &player).await;
}

/// A letter whose sender got no answer at first is one letter.
///
/// Proves [M1](Rule::M1). A backend that fails it gives a present twice when an
/// answer was lost.
pub async fn a_letter_whose_answer_was_lost_is_one_letter(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let player = fixture.player();
    a.inject(When::calls_of(Operation::Post).nth(1), Fault::ErrorAfter);
    send(&a, &player, Sent::Posted).await;
    let waiting = client.waiting_ids(&player, &fixture.slot()).await;
    let one = vec!["l-1".to_owned()];
    fixture.expect_eq(Rule::M1, "the letters that wait", waiting, one);
    let (session, slot) = b.play(&player).await;
    take(&fixture, &slot);
    b.end(&session).await;
    expect_done_with(&client, &a, &player).await;
}

/// A server that crashes with a letter in a document that it never saved takes
/// nothing along.
///
/// Proves [M2](Rule::M2) and [M3](Rule::M3). A backend that fails it loses a
/// present in a crash.
pub async fn a_crash_before_the_save_loses_no_letter(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let player = fixture.player();
    send(&b, &player, Sent::Posted).await;
    let (_session, slot) = a.play(&player).await;
    take(&fixture, &slot);
    let _crashed = a.crash();
    let session = b.join_with(&player, OnConflict::Steal).await;
    let slot = b.load(&session, "Slot1").await;
    take(&fixture, &slot);
    b.end(&session).await;
    expect_done_with(&client, &b, &player).await;
}

/// Of two servers that have a letter in the document, the one that has the
/// player keeps it, and the other one can't save.
///
/// Proves [M2](Rule::M2) and [L4](Rule::L4). A backend that fails it loses a
/// present to a theft, or gives it to both.
pub async fn a_theft_before_the_save_loses_and_doubles_no_letter(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let player = fixture.player();
    send(&b, &player, Sent::Posted).await;
    let (_robbed, late) = a.play(&player).await;
    take(&fixture, &late);
    let session = b.join_with(&player, OnConflict::Steal).await;
    let slot = b.load(&session, "Slot1").await;
    fixture.lost("the save of who was robbed", late.save().await);
    take(&fixture, &slot);
    b.end(&session).await;
    expect_done_with(&client, &b, &player).await;
}

/// A letter that is in a stored document, and that a crash left in the mailbox,
/// does not come again.
///
/// Proves [M2](Rule::M2). A backend that fails it gives a present twice when a
/// server crashes at the wrong moment.
pub async fn a_crash_before_the_discard_doubles_no_letter(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let player = fixture.player();
    send(&b, &player, Sent::Posted).await;
    a.inject(When::calls_of(Operation::Discard), Fault::ErrorBefore);
    let (_session, slot) = a.play(&player).await;
    take(&fixture, &slot);
    save(&fixture, &slot).await;
    let _crashed = a.crash();
    let session = b.join_with(&player, OnConflict::Steal).await;
    let slot = b.load(&session, "Slot1").await;
    expect_gifts(&fixture, Rule::M2, &slot, &[]);
    save(&fixture, &slot).await;
    b.end(&session).await;
    expect_done_with(&client, &b, &player).await;
}

/// A letter that is in a stored document when its player is stolen does not come
/// again, and the robbed server, which takes it out of the mailbox late, does no
/// harm.
///
/// Proves M2. A backend that fails it gives a present twice when a player
/// changes servers at the wrong moment.
pub async fn a_theft_before_the_discard_doubles_no_letter(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let player = fixture.player();
    send(&b, &player, Sent::Posted).await;
    a.inject(When::calls_of(Operation::Discard), SLOWLY);
    let (_robbed, late) = a.play(&player).await;
    take(&fixture, &late);
    save(&fixture, &late).await;
    let session = b.join_with(&player, OnConflict::Steal).await;
    let slot = b.load(&session, "Slot1").await;
    expect_gifts(&fixture, Rule::M2, &slot, &[]);
    save(&fixture, &slot).await;
    b.end(&session).await;
    expect_done_with(&client, &b, &player).await;
}
