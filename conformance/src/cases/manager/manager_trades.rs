//! Trades between two players of a server, both or neither; and changes that
//! count once.

use playerdata_core::{
    DocumentError, Error, OnConflict, Parcel, PlayerId, Session, Slot, TradeOutcome,
};
use playerdata_faults::{Fault, Operation, When};

use super::{GOLD, SLOWLY, expect_gold, save, save_gold, until_stored};
use crate::{
    Fixture, Rule,
    driver::{Client, Game, World},
};

/// Two players on one server, with 100 and 200 stored.
async fn two_players(game: &Game) -> [(Session, Slot); 2] {
    let [one, other] = players();
    let both = [game.play(&one).await, game.play(&other).await];
    for ((_, slot), gold) in both.iter().zip(BEFORE) {
        save_gold(game.world(), slot, gold).await;
    }
    both
}

const BEFORE: [u64; 2] = [100, 200];
const AFTER: [u64; 2] = [150, 150];

fn players() -> [PlayerId; 2] {
    [1_u64, 2].map(PlayerId::from)
}

/// The trade of all cases: 10 for 60.
async fn trade(game: &Game, both: &[(Session, Slot); 2]) -> Result<TradeOutcome, Error> {
    let [(_, one), (_, other)] = both;
    let [ten, sixty] = [10, 60].map(|gold| Parcel::new().amount(GOLD, gold));
    game.trade("t-1", (one, ten), (other, sixty)).await
}

/// The same, which has to work, and to end so.
async fn expect_trade(game: &Game, both: &[(Session, Slot); 2], expected: TradeOutcome) {
    let world = game.world();
    let outcome = world.works(Rule::P3, "a trade is made", trade(game, both).await);
    world.expect_eq(Rule::P3, "what it comes to", outcome, expected);
}

/// Takes both players, and requires that they have this.
async fn expect_both(game: &Game, gold: [u64; 2]) -> [(Session, Slot); 2] {
    let [one, other] = players();
    let both = [steal(game, &one).await, steal(game, &other).await];
    for ((_, slot), gold) in both.iter().zip(gold) {
        expect_gold(game.world(), Rule::P3, "what they have", slot, gold);
    }
    both
}

async fn steal(game: &Game, player: &PlayerId) -> (Session, Slot) {
    let session = game.join_with(player, OnConflict::Steal).await;
    let slot = game.load(&session, "Slot1").await;
    (session, slot)
}

async fn end_both(game: &Game, both: [(Session, Slot); 2]) {
    for (session, slot) in both {
        save(game.world(), &slot).await;
        game.end(&session).await;
    }
}

/// Two players trade once, however often the game asks, and have what they
/// traded on the next server.
///
/// Proves [P3](Rule::P3) and [S1](Rule::S1). A backend that fails it takes a
/// player's goods for nothing.
pub async fn two_players_of_a_server_trade_once(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let both = two_players(&a).await;
    expect_trade(&a, &both, TradeOutcome::Traded).await;
    expect_trade(&a, &both, TradeOutcome::AlreadyTraded).await;
    end_both(&a, both).await;
    expect_both(&b, AFTER).await;
}

/// A trade whose server crashed after the verdict was written has been made,
/// for both.
///
/// Proves [P3](Rule::P3). A backend that fails it lets one player have both
/// sides of a trade.
pub async fn a_crash_after_the_verdict_leaves_a_trade(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let both = two_players(&a).await;
    a.inject(When::calls_of(Operation::Decide), Fault::ErrorAfter);
    fixture.unavailable("a trade without an answer", trade(&a, &both).await);
    let _crashed = a.crash();
    let both = expect_both(&b, AFTER).await;
    expect_trade(&b, &both, TradeOutcome::AlreadyTraded).await;
    end_both(&b, both).await;
    expect_both(&b, AFTER).await;
}

/// A trade whose server crashed before there was a verdict was none, for both;
/// they can make it again.
///
/// Proves [P3](Rule::P3). A backend that fails it leaves players without what
/// they offered.
pub async fn a_crash_before_the_verdict_leaves_no_trade(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let both = two_players(&a).await;
    a.inject(When::calls_of(Operation::Decide), Fault::ErrorBefore);
    fixture.unavailable("a trade without a verdict", trade(&a, &both).await);
    let _crashed = a.crash();
    let both = expect_both(&b, BEFORE).await;
    expect_trade(&b, &both, TradeOutcome::Traded).await;
    end_both(&b, both).await;
    expect_both(&b, AFTER).await;
}

/// Trades, and has one of the players stolen when both have been saved with what
/// they give, or when the first has. Requires that both servers agree on what
/// it comes to, and gives that.
async fn steal_in_a_trade(a: &Game, b: &Game, client: &Client, when: When) -> bool {
    let world = a.world();
    let both = two_players(a).await;
    let [one, other] = players();
    a.inject(when, SLOWLY);
    let theft = async {
        until_stored(client, Rule::P3, &one, BEFORE[0] - 10).await;
        steal(b, &other).await
    };
    let (outcome, stolen) = tokio::join!(trade(a, &both), theft);
    let traded = matches!(outcome, Ok(TradeOutcome::Traded));
    let [(session, slot), _] = both;
    save(world, &slot).await;
    a.end(&session).await;
    save(world, &stolen.1).await;
    b.end(&stolen.0).await;
    expect_both(b, if traded { AFTER } else { BEFORE }).await;
    traded
}

/// A player who is stolen while a trade is being saved is in no trade: neither
/// are they on the thief's server, nor is the other one on the robbed one.
///
/// Proves P3 and L4. A backend that fails it lets a theft take one side of a
/// trade.
pub async fn a_theft_while_a_trade_is_saved_leaves_no_trade(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let [_, other] = players();
    let during = When::calls_of(Operation::Save).of(&other);
    steal_in_a_trade(&a, &b, &client, during).await;
}

/// A player who is stolen before there is a verdict is in no trade: the verdict
/// that the robbed server asks for comes too late, and the other one has back
/// what they gave.
///
/// Proves P3. A backend that fails it lets one player have both sides of a trade
/// when the other changes servers.
pub async fn a_theft_before_the_verdict_ends_the_trade_for_both(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let during = When::calls_of(Operation::Decide).nth(1);
    let traded = steal_in_a_trade(&a, &b, &client, during).await;
    if !traded {
        let [one, other] = players();
        let both = [b.play(&one).await, b.play(&other).await];
        expect_trade(&b, &both, TradeOutcome::Traded).await;
    }
}

/// Players who are stolen after the verdict, before their part of the trade is
/// stored, have traded; what the robbed server saves is refused.
///
/// Proves P3 and L4. A backend that fails it takes a trade back for one of the
/// players.
pub async fn a_theft_after_the_verdict_leaves_a_trade(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let both = two_players(&a).await;
    expect_trade(&a, &both, TradeOutcome::Traded).await;
    let stolen = expect_both(&b, AFTER).await;
    for (_, slot) in &both {
        fixture.lost("the save of who was robbed", slot.save().await);
    }
    expect_trade(&b, &stolen, TradeOutcome::AlreadyTraded).await;
    end_both(&b, stolen).await;
    expect_both(&b, AFTER).await;
}

/// Pays 5, once.
fn pay_once(world: &World, slot: &Slot) -> bool {
    let paid = slot.apply_once("receipt-1", |document| {
        document.increment(GOLD, 5)?;
        Ok::<_, DocumentError>(())
    });
    world
        .works(Rule::S1, "a change is made once", paid)
        .is_applied()
}

/// A change that was made once is not made again by another server, also after
/// a crash of the one that made and saved it.
///
/// Proves [S1](Rule::S1). A backend that fails it grants a purchase twice.
pub async fn a_change_made_once_is_made_on_one_server_only(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let player = fixture.player();
    let (_session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 7).await;
    fixture.expect(Rule::S1, "it is made", pay_once(&fixture, &slot));
    save(&fixture, &slot).await;
    let _crashed = a.crash();
    let (session, slot) = steal(&b, &player).await;
    let again = pay_once(&fixture, &slot);
    fixture.expect(Rule::S1, "it is not made again", !again);
    expect_gold(&fixture, Rule::S1, "what they have", &slot, 12);
    b.end(&session).await;
}
