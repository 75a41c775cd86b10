//! Ends of sessions: asked for, dropped, in a shutdown, and with the store
//! failing.

use futures::future::join_all;
use playerdata_core::{EndReason, Error, Event, PlayerId};
use playerdata_faults::{Fault, When};

use super::{
    expect_free, expect_gold, expect_held_by, expect_holder, expect_refused, expect_saves,
    expect_stored, save, save_gold, set_gold,
};
use crate::{Fixture, Rule};

/// The end of a session saves what is unsaved and frees the player, for
/// everybody and at once.
///
/// Proves [E1](Rule::E1) and [L6](Rule::L6). A backend that fails it keeps a
/// player out who changes servers, or loses what they did last.
pub async fn an_end_saves_and_frees_the_player(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [_, client] = fixture.clients();
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    set_gold(&fixture, &slot, 7);
    a.end(&session).await;
    expect_free(&client, Rule::E1, &player).await;
    a.end(&session).await; // which does nothing
    let (next, slot) = b.play(&player).await;
    expect_gold(&fixture, Rule::E1, "what it had", &slot, 7);
    a.end(&session).await;
    expect_held_by(&client, Rule::L6, &player, b.server()).await;
    fixture.expect_eq(Rule::S3, "a save", save(&fixture, &slot).await, 2);
    b.end(&next).await;
}

/// A session whose last save fails gives its document back and keeps the
/// player, until it is ended again.
///
/// Proves [E1](Rule::E1) and [E3](Rule::E3). A backend that fails it loses what
/// a player did during an outage, and gives them away without it.
pub async fn a_last_save_that_fails_keeps_the_player(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [_, client] = fixture.clients();
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 1).await;
    set_gold(&fixture, &slot, 7);
    a.inject(When::save(), Fault::ErrorInDoubt);
    let ended = session.end().await;
    let gold = fixture.refused(Rule::E1, "the document is given back", ended, |error| {
        let down = matches!(*error.cause, Error::StoreUnavailable(_));
        let unsaved = error.unsaved.first().filter(|_| down)?;
        unsaved.document.get::<u64>("Currency").ok()
    });
    fixture.expect_eq(Rule::E1, "what is unsaved", gold, 7);
    fixture.expect(Rule::E1, "the session goes on", session.is_active());
    let holder = expect_refused(&b, &player, "it keeps the player").await;
    expect_holder(&fixture, Rule::E1, Some(&holder), &a, &session);
    a.calm();
    a.end(&session).await;
    expect_stored(&client, Rule::E1, &slot, 7, 2).await;
    expect_free(&client, Rule::E1, &player).await;
}

/// A release whose answer was lost, and which is tried again after the player
/// has gone on to another server, does that one no harm.
///
/// Proves [L6](Rule::L6) and [E1](Rule::E1). A backend that fails it frees a
/// player who is being played, and others join in.
pub async fn a_release_that_is_tried_again_frees_nobody_else(fixture: Fixture) {
    let [mut a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 1).await;
    a.inject(When::release(), Fault::ErrorAfter);
    let ended = session.end().await;
    fixture.refused(Rule::E1, "nothing is unsaved", ended, |error| {
        error.unsaved.is_empty().then_some(())
    });
    let (_next, next_slot) = b.play(&player).await;
    a.calm();
    a.told(Rule::E1, "that the session ended", |event| {
        matches!(event, Event::SessionEnded { .. }).then_some(())
    })
    .await;
    expect_held_by(&client, Rule::L6, &player, b.server()).await;
    expect_saves(&fixture, Rule::L6, &next_slot, 2, 2).await;
}

/// A session that is dropped is saved and released in the background.
///
/// Proves [E5](Rule::E5). A backend that fails it keeps a player out whose game
/// forgot them, or loses what they did.
pub async fn a_dropped_session_is_saved_and_released(fixture: Fixture) {
    let [mut a, b] = fixture.games().await;
    let [_, client] = fixture.clients();
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    set_gold(&fixture, &slot, 7);
    drop((session, slot));
    a.told(Rule::E5, "that the session ended", |event| match event {
        Event::SessionEnded {
            reason: EndReason::Dropped,
            ..
        } => Some(()),
        _ => None,
    })
    .await;
    expect_free(&client, Rule::E5, &player).await;
    let (_session, slot) = b.play(&player).await;
    expect_gold(&fixture, Rule::E5, "what it had", &slot, 7);
}

/// A shutdown saves and releases everybody and leaves no lease, so that nobody
/// has to wait; another server with the name can be started.
///
/// Proves [E4](Rule::E4). A backend that fails it makes every update of a game
/// cost its players a minute, or what they did last.
pub async fn a_shutdown_saves_and_frees_everybody(fixture: Fixture) {
    const PLAYERS: u64 = 12;

    let [a, b] = fixture.games().await;
    let [_, client] = fixture.clients();
    let players: Vec<_> = (1..=PLAYERS).map(PlayerId::from).collect();
    let playing: Vec<_> = players.iter().map(|player| a.play(player)).collect();
    let held = join_all(playing).await;
    for (gold, (_, slot)) in (1..).zip(&held) {
        set_gold(&fixture, slot, gold);
    }
    let server = a.server().clone();
    let report = a.shutdown(fixture.patience()).await;
    let complete = report.is_complete();
    fixture.expect(
        Rule::E4,
        &format!("a shutdown is complete: {report:?}"),
        complete,
    );
    let ended = u64::try_from(report.ended).unwrap_or_default();
    fixture.expect_eq(Rule::E4, "sessions ended", ended, PLAYERS);
    let live = client.lease_is_live(&server).await;
    fixture.expect(Rule::E4, "no lease is left", !live);
    for (gold, player) in (1..).zip(&players) {
        expect_free(&client, Rule::E4, player).await;
        let (_session, slot) = b.play(player).await;
        expect_gold(&fixture, Rule::E4, "what they had", &slot, gold);
    }
    let [client, _] = fixture.clients();
    let again = client.game("server-a").start().await;
    again.play(&PlayerId::from(0)).await;
}

/// During an outage every call says that the store is down and nothing is
/// taken for lost; when it is over, the session saves what it has.
///
/// Proves [E3](Rule::E3). A backend that fails it throws everybody out, or
/// loses what they did, when it could not be reached for a moment.
pub async fn an_outage_loses_no_session_and_no_change(fixture: Fixture) {
    let [mut a, b] = fixture.games().await;
    let [_, client] = fixture.clients();
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 1).await;
    a.inject(When::any(), Fault::ErrorInDoubt);
    set_gold(&fixture, &slot, 7);
    fixture.unavailable("a save", slot.save().await);
    fixture.unavailable("a load", session.load_slot("Slot2").await);
    fixture.unavailable("a start", a.start_session(2_u64).await);
    fixture.unavailable("a look", a.holder(&player).await);
    fixture.expect(Rule::E3, "the session goes on", session.is_active());
    a.calm();
    fixture.expect_eq(Rule::E3, "a save", save(&fixture, &slot).await, 2);
    expect_stored(&client, Rule::E3, &slot, 7, 2).await;
    expect_refused(&b, &player, "it has the player").await;
    let lost = a
        .told_so_far()
        .into_iter()
        .find(|event| matches!(event, Event::SessionLost { .. }));
    let what = format!("nothing is reported as lost: {lost:?}");
    fixture.expect(Rule::E3, &what, lost.is_none());
}

/// A server that is cut off while it shuts down keeps to its deadline, and says
/// what it could not save; its players are where they were.
///
/// Proves [E4](Rule::E4) and [L5](Rule::L5). A backend that fails it lets a
/// server free players whose last saves never came.
pub async fn a_shutdown_without_the_store_frees_nobody(fixture: Fixture) {
    let [client_a, client_b] = fixture.clients();
    let a = client_a.game("server-a").mortal(&fixture).start().await;
    let b = client_b.game("server-b").start().await;
    let player = fixture.player();
    let (_session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 1).await;
    set_gold(&fixture, &slot, 2);
    let server = a.server().clone();
    let expiry = a.settings().lock_expiry;
    a.inject(When::any(), Fault::ErrorBefore);
    let report = a.shutdown(fixture.patience()).await;
    let unsaved: Vec<_> = report
        .failed
        .iter()
        .flat_map(|failed| &failed.unsaved)
        .collect();
    fixture.expect_eq(Rule::E4, "unsaved documents", unsaved.len(), 1);
    expect_held_by(&client_b, Rule::E4, &player, &server).await;
    fixture.let_lapse(&server, expiry).await;
    let (_session, slot) = b.play(&player).await;
    expect_gold(&fixture, Rule::S1, "what was saved", &slot, 1);
}
