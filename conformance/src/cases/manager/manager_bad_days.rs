//! Games that fight over a player while much of what they ask the store goes
//! wrong.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures::future::join_all;
use playerdata_core::{Error, OnConflict, PlayerId, Session};
use playerdata_faults::Odds;

use super::{GOLD, expect_gold, save_gold};
use crate::{Fixture, Rule, driver::Game};

/// Three calls in ten fail, of which one was not applied for certain, and some
/// of the others take a while. None hangs: a case has no time for that.
fn bad_day() -> Odds {
    let mut odds = Odds::none();
    odds.error_before = 0.1;
    odds.error_in_doubt = 0.1;
    odds.error_after = 0.1;
    odds.delay = 0.2;
    odds.longest_delay = Duration::from_millis(20);
    odds
}

/// Takes the player and counts up what they have, until something goes wrong
/// that ends it.
async fn visit(
    game: &Game,
    player: &PlayerId,
    on_conflict: OnConflict,
    acknowledged: &AtomicU64,
) -> Result<Session, Error> {
    let known = acknowledged.load(Ordering::SeqCst);
    let session = game.start_session_with(player.clone(), on_conflict).await?;
    let slot = session.load_slot("Slot1").await?;
    let mut gold = slot.get::<u64>(GOLD)?;
    let what = format!("{gold} is what a save acknowledged before, {known}, or more");
    game.world().expect(Rule::S1, &what, gold >= known);
    for _ in 0..3 {
        gold += 1;
        slot.set(GOLD, gold)?;
        slot.save().await?;
        acknowledged.fetch_max(gold, Ordering::SeqCst);
    }
    Ok(session)
}

/// Visits again and again, by theft and by hand-over in turn, whatever comes
/// of it.
async fn visits(game: &Game, player: &PlayerId, acknowledged: &AtomicU64) {
    let within = Duration::from_millis(200);
    for number in 0..8 {
        let on_conflict = match number % 2 {
            0 => OnConflict::Steal,
            _ => OnConflict::HandOver { within },
        };
        if let Ok(session) = visit(game, player, on_conflict, acknowledged).await {
            // What can't be ended is stolen, or ends later.
            let _ = session.end().await;
        }
    }
}

/// On a day when nearly every third call fails, with or without an effect,
/// games steal a player from each other or ask for them, and count up what they
/// have: whoever loads the player finds what was acknowledged before, and when
/// the day is over, everything is well.
///
/// Proves [S1](Rule::S1), [S2](Rule::S2), [L1](Rule::L1) and [L4](Rule::L4). A
/// backend that fails it is right as long as the network is.
pub async fn what_was_acknowledged_survives_a_bad_day(fixture: Fixture) {
    let clients = fixture.clients();
    let mut games = Vec::new();
    for number in 0..3 {
        let client = &clients[number % 2];
        let game = client.game(&format!("server-{number}")).start().await;
        game.try_luck(bad_day(), number as u64);
        games.push(game);
    }
    let player = fixture.player();
    let acknowledged = AtomicU64::new(0);
    let visits: Vec<_> = games
        .iter()
        .map(|game| visits(game, &player, &acknowledged))
        .collect();
    join_all(visits).await;
    games.iter().for_each(Game::calm);
    let last = acknowledged.load(Ordering::SeqCst);
    fixture.expect(Rule::S1, "something was acknowledged", last > 500);
    let session = games[0].join_with(&player, OnConflict::Steal).await;
    let slot = games[0].load(&session, "Slot1").await;
    let gold = fixture.works(Rule::S1, "a look", slot.get::<u64>(GOLD));
    let what = format!("{gold} is what was acknowledged last, {last}, or more");
    fixture.expect(Rule::S1, &what, gold >= last);
    save_gold(&fixture, &slot, gold + 1).await;
    games[0].end(&session).await;
    let (_session, slot) = games[1].play(&player).await;
    expect_gold(&fixture, Rule::S1, "what was saved last", &slot, gold + 1);
}
