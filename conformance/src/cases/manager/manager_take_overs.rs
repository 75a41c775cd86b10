//! Servers that crash, restart, or have a wrong clock, and who takes their
//! players over.

use std::sync::Arc;

use playerdata_core::{Error, Event, Incarnation, ManualClock, OnConflict, PlayerId, UnixMillis};
use playerdata_faults::{Fault, When};

use super::{
    expect_gold, expect_holder, expect_refused, expect_saves, expect_stored, save, save_gold,
    set_gold,
};
use crate::{Fixture, Rule, driver::Game};

/// A game on the first client whose lease can lapse within the case.
async fn mortal(fixture: &Fixture) -> Game {
    let [client, _] = fixture.clients();
    client.game("server-a").mortal(fixture).start().await
}

/// A game on the second client.
async fn other(fixture: &Fixture) -> Game {
    let [_, client] = fixture.clients();
    client.game("server-b").start().await
}

/// Waits until a game is told that it is superseded, and gives by whom.
async fn told_superseded(game: &mut Game) -> Incarnation {
    game.told(Rule::L7, "that it is superseded", |event| match event {
        Event::Superseded { by } => Some(by),
        _ => None,
    })
    .await
}

/// The players of a crashed server are refused until its lease has lapsed, and
/// then go to who asks for them, with everything that was saved.
///
/// Proves [L2](Rule::L2), [L3](Rule::L3) and [S1](Rule::S1). A backend that
/// fails it keeps the players of a crashed server out for ever, or gives away
/// those of one that is well.
pub async fn a_crashed_servers_players_wait_for_its_lease(fixture: Fixture) {
    let (a, b) = (mortal(&fixture).await, other(&fixture).await);
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 1).await;
    set_gold(&fixture, &slot, 2);
    expect_refused(&b, &player, "its lease is live").await;
    a.crash().let_lapse(&fixture).await;
    let (next, next_slot) = b.play(&player).await;
    let grown = next.fence() > session.fence();
    fixture.expect(Rule::L3, "the fence has grown", grown);
    expect_gold(&fixture, Rule::S1, "what was saved", &next_slot, 1);
    fixture.expect_eq(Rule::S3, "a save", save(&fixture, &next_slot).await, 2);
}

/// A game that waits for the hand-over of a player gets them as soon as the
/// lease of the holder, which has crashed, lapses.
///
/// Proves [L2](Rule::L2). A backend that fails it keeps players waiting for a
/// server that is gone.
pub async fn who_waits_for_a_crashed_server_gets_the_player(fixture: Fixture) {
    let (a, b) = (mortal(&fixture).await, other(&fixture).await);
    let player = fixture.player();
    let (_session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 7).await;
    let crashed = a.crash();
    let waiting = b.take_over(&player);
    let (session, ()) = futures::future::join(waiting, crashed.let_lapse(&fixture)).await;
    let slot = b.load(&session, "Slot1").await;
    expect_gold(&fixture, Rule::S1, "what was saved", &slot, 7);
}

/// A server that crashed and is started again under its name has its players
/// back at once, and so has everybody else.
///
/// Proves [L2](Rule::L2) and [L7](Rule::L7). A backend that fails it keeps all
/// players of a server waiting after every restart.
pub async fn a_restarted_server_has_its_players_back_at_once(fixture: Fixture) {
    let [client_a, client_b] = fixture.clients();
    let a = client_a.game("server-a").start().await;
    let players = [1_u64, 2].map(PlayerId::from);
    let mut before = Vec::new();
    for player in &players {
        let (session, slot) = a.play(player).await;
        save_gold(&fixture, &slot, 7).await;
        before.push(session);
    }
    let former = a.server().clone();
    let _crashed = a.crash();
    let again = client_b.game("server-a").start().await;
    let later = again.server().incarnation > former.incarnation;
    fixture.expect(Rule::L7, "a later incarnation", later);
    let another = client_a.game("server-c").start().await;
    for ((game, player), before) in [&again, &another].into_iter().zip(&players).zip(&before) {
        let (session, slot) = game.play(player).await;
        expect_gold(&fixture, Rule::S1, "what was saved", &slot, 7);
        let grown = session.fence() > before.fence();
        fixture.expect(Rule::L3, "the fence has grown", grown);
    }
}

/// A server whose name another one has taken is told, and starts no sessions.
/// Those that it has go on until somebody takes their players.
///
/// Proves [L7](Rule::L7), [L9](Rule::L9) and [L4](Rule::L4). A backend that
/// fails it lets two servers go by one name, each with the other's players.
pub async fn a_superseded_server_is_told_and_starts_nothing(fixture: Fixture) {
    let [client_a, client_b] = fixture.clients();
    let mut a = client_a.game("server-a").start().await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    set_gold(&fixture, &slot, 7);
    let again = client_b.game("server-a").start().await;
    let by = told_superseded(&mut a).await;
    let later = again.server().incarnation;
    fixture.expect_eq(Rule::L7, "by whom", by, later);
    let refused = a.start_session(2_u64).await;
    fixture.refused(Rule::L7, "it starts no sessions", refused, |error| {
        matches!(error, Error::Superseded { .. }).then_some(())
    });
    let refused = slot.set("Currency", 8);
    fixture.refused(Rule::L7, "it takes no changes", refused, |error| {
        matches!(error, Error::Superseded { .. }).then_some(())
    });
    fixture.expect_eq(Rule::L9, "its save", save(&fixture, &slot).await, 1);
    let (next, next_slot) = again.play(&player).await;
    expect_gold(&fixture, Rule::S1, "what it saved", &next_slot, 7);
    let taker = fixture.lost("it saves no more", slot.save().await);
    expect_holder(&fixture, Rule::E2, taker.as_ref(), &again, &next);
    fixture.expect(Rule::E2, "its session is closed", session.is_lost());
}

/// A server whose lease lapsed while it could not renew it has lost nothing as
/// long as nobody took its players: they are saved, and safe again once it has
/// renewed.
///
/// Proves [L9](Rule::L9) and [L2](Rule::L2). A backend that fails it loses what
/// players did on a server that was cut off for a minute.
pub async fn a_lapsed_lease_that_nobody_used_costs_nothing(fixture: Fixture) {
    let (mut a, b) = (mortal(&fixture).await, other(&fixture).await);
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    a.inject(When::renew_lease(), Fault::ErrorBefore);
    a.told(Rule::E3, "that its lease is at risk", |event| {
        matches!(event, Event::LeaseAtRisk { .. }).then_some(())
    })
    .await;
    a.let_lapse(&fixture).await;
    save_gold(&fixture, &slot, 7).await;
    fixture.expect(Rule::L9, "the session goes on", session.is_active());
    a.calm();
    let [_, client] = fixture.clients();
    fixture
        .until(Rule::L2, "the lease is live again", || async {
            client.lease_is_live(a.server()).await
        })
        .await;
    expect_refused(&b, &player, "its players are its own").await;
    expect_saves(&fixture, Rule::S3, &slot, 8, 2).await;
}

/// Servers whose clocks are years apart take over from each other, and what
/// each of them saved is there.
///
/// Proves [L10](Rule::L10). A backend that fails it lets the server whose clock
/// is fast win for ever: what all others save is dropped.
pub async fn wrong_clocks_cost_no_save(fixture: Fixture) {
    let clients = fixture.clients();
    let player = fixture.player();
    let end_of_year_9999 = 253_402_300_799_999;
    let times = [1_700_000_000_000, end_of_year_9999, 1, 1_800_000_000_000];
    for (number, time) in (0_u64..).zip(times) {
        let client = &clients[usize::from(number % 2 == 1)];
        let clock = ManualClock::starting_at(UnixMillis::new(time));
        let game = client
            .game(&format!("server-{number}"))
            .clock(Arc::new(clock))
            .start()
            .await;
        let steal = OnConflict::Steal;
        let session = game.join_with(&player, steal).await;
        let slot = game.load(&session, "Slot1").await;
        if number > 0 {
            expect_gold(
                &fixture,
                Rule::L10,
                "what the last one saved",
                &slot,
                number,
            );
        }
        expect_saves(&fixture, Rule::S3, &slot, number + 1, number + 1).await;
        expect_stored(client, Rule::L10, &slot, number + 1, number + 1).await;
        let _crashed = game.crash();
    }
}

/// A server that is started again with a clock that has gone back is the later
/// one all the same: it has its players back, and its former self is
/// superseded.
///
/// Proves [L7](Rule::L7) and [L10](Rule::L10). A backend that fails it lets the
/// server that was there first win for ever, and its successor never come up.
pub async fn a_clock_that_went_back_supersedes_all_the_same(fixture: Fixture) {
    let clients = fixture.clients();
    let player = fixture.player();
    let times = [1_800_000_000_000, 1_700_000_000_000, 1];
    let mut before: Option<Game> = None;
    for (number, time) in (1_u64..).zip(times) {
        let client = &clients[usize::from(number % 2 == 0)];
        let clock = Arc::new(ManualClock::starting_at(UnixMillis::new(time)));
        let game = client.game("server-a").clock(clock).start().await;
        let (_session, slot) = game.play(&player).await;
        expect_saves(&fixture, Rule::S3, &slot, number, number).await;
        if let Some(former) = &mut before {
            let later = game.server().incarnation > former.server().incarnation;
            fixture.expect(Rule::L7, "it is the later one", later);
            told_superseded(former).await;
        }
        before = Some(game);
    }
}
