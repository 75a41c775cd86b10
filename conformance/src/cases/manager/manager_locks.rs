//! Several games that want one player.

use std::collections::BTreeSet;

use futures::future::join_all;
use playerdata_core::{EndReason, Error, Event, Fence, OnConflict, PlayerId, Session};
use playerdata_faults::{Fault, When};

use super::{
    expect_gold, expect_holder, expect_refused, expect_saves, expect_stored, save, save_gold,
    set_gold, told_lost,
};
use crate::{Fixture, Rule, driver::Game};

/// Games on both clients in turn.
async fn games(fixture: &Fixture, count: usize) -> Vec<Game> {
    let clients = fixture.clients();
    let starts: Vec<_> = (0..count)
        .map(|number| {
            let server = format!("server-{number}");
            clients[number % 2].game(&server).start()
        })
        .collect();
    join_all(starts).await
}

/// Of games that start a session of one player at the same time, exactly one
/// gets the player, and the others are told which.
///
/// Proves [L1](Rule::L1). A backend that fails it lets two servers play one
/// player, whose items are then doubled.
pub async fn one_of_many_starts_at_once_gets_the_player(fixture: Fixture) {
    let games = games(&fixture, 6).await;
    let mut sessions = Vec::new();
    for player in (1..=5_u64).map(PlayerId::from) {
        let starts: Vec<_> = games
            .iter()
            .map(|game| game.start_session_with(player.clone(), OnConflict::Fail))
            .collect();
        let (won, refused): (Vec<_>, Vec<_>) =
            join_all(starts).await.into_iter().partition(Result::is_ok);
        fixture.expect_eq(Rule::L1, "how many got the player", won.len(), 1);
        let winner = won.into_iter().flatten().next();
        for refused in refused {
            let holder = fixture.held("the others are told that somebody has it", refused);
            let named = Some(holder.session);
            let winner = winner.as_ref().map(Session::id);
            fixture.expect_eq(Rule::L1, "who that is", named, winner);
        }
        sessions.extend(winner);
    }
}

/// A player who is held is refused to others, who are told by whom; the holder
/// notices nothing and saves on.
///
/// Proves [L2](Rule::L2) and [L6](Rule::L6). A backend that fails it throws
/// players off a server that is well.
pub async fn a_held_player_is_refused_and_its_holder_plays_on(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    for gold in 1..=3 {
        let holder = expect_refused(&b, &player, "a player who is held is refused").await;
        expect_holder(&fixture, Rule::L2, Some(&holder), &a, &session);
        save_gold(&fixture, &slot, gold).await;
    }
    fixture.expect(Rule::L2, "the session goes on", session.is_active());
    a.end(&session).await;
    let (_session, slot) = b.play(&player).await;
    expect_gold(&fixture, Rule::S1, "what it saved last", &slot, 3);
}

/// A game that asks for a player gets them from the one that has them, with
/// all that was not saved yet. Both are told what happened.
///
/// Proves [L2](Rule::L2) and [E1](Rule::E1). A backend that fails it keeps
/// players waiting at every teleport, or loses what they did just before.
pub async fn a_hand_over_brings_what_was_not_saved_yet(fixture: Fixture) {
    let [mut a, b] = fixture.games().await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 1).await;
    set_gold(&fixture, &slot, 2);
    let next = b.take_over(&player).await;
    fixture.expect(
        Rule::L3,
        "the fence has grown",
        next.fence() > session.fence(),
    );
    let next_slot = b.load(&next, "Slot1").await;
    expect_gold(&fixture, Rule::E1, "what it had", &next_slot, 2);
    let refused = slot.set("Currency", 3);
    fixture.refused(Rule::E1, "it takes no changes", refused, |error| {
        matches!(error, Error::SessionEnded { .. }).then_some(())
    });
    let (mut asked, mut ended) = (false, false);
    a.told(Rule::E1, "who asked, and that it is done", |event| {
        match event {
            Event::HandOverRequested { by, .. } => asked |= by == *b.server(),
            Event::SessionEnded { reason, .. } => ended |= reason == EndReason::HandOver,
            _ => {}
        }
        (asked && ended).then_some(())
    })
    .await;
}

/// Gets a player again and again and adds to what they have, as often as told;
/// gives the fences.
async fn visits(game: &Game, player: &PlayerId, count: u64) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut added = 0;
    while added < count {
        let session = game.take_over(player).await;
        fences.push(session.fence());
        // It may be asked for the player before it has done anything.
        if let Ok(slot) = session.load_slot("Slot1").await {
            added += u64::from(slot.increment("Currency", 1).is_ok());
        }
        game.end(&session).await;
    }
    fences
}

/// Games pass one player around, each adding to a counter as often as it gets
/// them: the counter counts right, and no fence comes twice.
///
/// Proves [L1](Rule::L1), [L3](Rule::L3) and [S1](Rule::S1). A backend that
/// fails it loses what a player did on one of two servers.
pub async fn a_player_passed_around_counts_right(fixture: Fixture) {
    const VISITS: u64 = 3;

    let games = games(&fixture, 3).await;
    let player = fixture.player();
    let visits: Vec<_> = games
        .iter()
        .map(|game| visits(game, &player, VISITS))
        .collect();
    let fences: Vec<_> = join_all(visits).await.into_iter().flatten().collect();
    let distinct: BTreeSet<_> = fences.iter().collect();
    fixture.expect_eq(Rule::L3, "distinct fences", distinct.len(), fences.len());
    let (_session, slot) = games[0].play(&player).await;
    let all = 500 + VISITS * games.len() as u64;
    expect_gold(&fixture, Rule::L1, "everything counted", &slot, all);
}

/// A thief gets a player at once. The former holder's game is told who it
/// was; its slots take no changes and save nothing any more, and what was not
/// saved is given back to it.
///
/// Proves [L4](Rule::L4) and [E2](Rule::E2). A backend that fails it leaves
/// players on a server that can't save them.
pub async fn the_victim_of_a_theft_is_told_who_the_thief_is(fixture: Fixture) {
    let [mut a, b] = fixture.games().await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 1).await;
    set_gold(&fixture, &slot, 2);
    let stolen = b.join_with(&player, OnConflict::Steal).await;
    let thief = told_lost(&mut a, session.id()).await;
    expect_holder(&fixture, Rule::E2, thief.as_ref(), &b, &stolen);
    fixture.lost("a lost slot takes no changes", slot.set("Currency", 3));
    fixture.lost("a lost slot saves nothing", slot.save().await);
    let ended = session.end().await;
    let gold = fixture.refused(Rule::E2, "what is unsaved is given back", ended, |error| {
        let unsaved = error.unsaved.first()?;
        unsaved.document.get::<u64>("Currency").ok()
    });
    fixture.expect_eq(Rule::E2, "what was unsaved", gold, 2);
    let stolen_slot = b.load(&stolen, "Slot1").await;
    expect_gold(&fixture, Rule::S1, "what was saved", &stolen_slot, 1);
    fixture.expect_eq(
        Rule::S3,
        "its revision",
        save(&fixture, &stolen_slot).await,
        2,
    );
}

/// The victim of a thief who could not tell it finds out at its next save,
/// from the store: nothing of it is written, also before the thief has opened
/// a slot.
///
/// Proves [L4](Rule::L4) and [E2](Rule::E2). A backend that fails it writes an
/// old state over a newer one, and nobody notices.
pub async fn a_victim_that_is_not_told_finds_out_when_it_saves(fixture: Fixture) {
    let [mut a, b] = fixture.games().await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 1).await;
    b.inject(When::notify(), Fault::ErrorBefore);
    let stolen = b.join_with(&player, OnConflict::Steal).await;
    fixture.expect(Rule::E2, "nobody has told it", session.is_active());
    set_gold(&fixture, &slot, 2);
    let thief = fixture.lost("its save is refused", slot.save().await);
    expect_holder(&fixture, Rule::E2, thief.as_ref(), &b, &stolen);
    told_lost(&mut a, session.id()).await;
    let [_, client] = fixture.clients();
    expect_stored(&client, Rule::L4, &slot, 1, 1).await;
}

/// A session that a game starts while it has one of that player already ends
/// the former one properly first.
///
/// Proves [L1](Rule::L1), [L3](Rule::L3) and [E1](Rule::E1). A backend that
/// fails it takes a server's second session of a player for its first.
pub async fn a_session_started_again_ends_the_former_one(fixture: Fixture) {
    let [a, _] = fixture.games().await;
    let player = fixture.player();
    let (former, slot) = a.play(&player).await;
    set_gold(&fixture, &slot, 7);
    let (session, slot) = a.play(&player).await;
    fixture.expect(Rule::L1, "the former one is over", !former.is_active());
    fixture.expect(
        Rule::L3,
        "the fence has grown",
        session.fence() > former.fence(),
    );
    expect_gold(&fixture, Rule::E1, "what the former one had", &slot, 7);
    drop(former); // which ends nothing
    expect_saves(&fixture, Rule::S3, &slot, 8, 2).await;
}
