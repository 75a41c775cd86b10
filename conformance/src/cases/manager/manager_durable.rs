//! Group `durable`: games that are started again together with their store.

use playerdata_core::{OnConflict, PlayerId};

use super::{expect_gold, expect_refused, save, save_gold, set_gold};
use crate::{Fixture, Rule};

/// After games and store have gone down together, everything that was
/// acknowledged is there: a restarted server has its players back at once, and
/// those of one that stays away are still its own.
///
/// Proves [S1](Rule::S1), [L2](Rule::L2) and [L3](Rule::L3). A backend that
/// fails it loses an evening of play to a power cut, or gives players to
/// whoever comes up first.
pub async fn games_and_store_start_again(fixture: Fixture) {
    let players = [1_u64, 2].map(PlayerId::from);
    let fence = {
        let [a, b] = fixture.games().await;
        let (session, slot) = a.play(&players[0]).await;
        save_gold(&fixture, &slot, 6).await;
        save_gold(&fixture, &slot, 7).await;
        set_gold(&fixture, &slot, 8);
        let (_away, slot) = b.play(&players[1]).await;
        save_gold(&fixture, &slot, 9).await;
        let (_crashed, _away) = (a.crash(), b.crash());
        session.fence()
    };
    let fixture = fixture.reopen().await;
    let [_, client] = fixture.clients();
    let again = client.game("server-a").start().await;
    let (session, slot) = again.play(&players[0]).await;
    let grown = session.fence() > fence;
    fixture.expect(Rule::L3, "the fence has grown", grown);
    expect_gold(&fixture, Rule::S1, "what was saved", &slot, 7);
    fixture.expect_eq(Rule::S3, "the next save", save(&fixture, &slot).await, 3);
    expect_refused(&again, &players[1], "a player whose server may come back").await;
    let stolen = again.join_with(&players[1], OnConflict::Steal).await;
    let slot = again.load(&stolen, "Slot1").await;
    expect_gold(&fixture, Rule::S1, "what was saved", &slot, 9);
}
