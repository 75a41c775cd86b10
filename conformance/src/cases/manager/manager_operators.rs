//! What an operator does on a bad day, while games are running.

use playerdata_core::{Error, Revision, backend::Release};
use serde_json::Value;

use super::{
    expect_free, expect_gold, expect_held_by, expect_saves, expect_stored, save_gold, set_gold,
    told_lost,
};
use crate::{Fixture, Rule};

/// An operator sees who holds a player, which slots there are and what is in
/// them, and disturbs nobody by looking.
///
/// Proves the contract on views. A backend that fails it hides the player whom
/// an operator looks for, or kills the session of one who was looked at.
pub async fn an_operator_sees_a_player_and_disturbs_nobody(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    for revision in 1..=3_u64 {
        save_gold(&fixture, &slot, revision).await;
        set_gold(&fixture, &slot, 99); // in the game's memory only
        let holder = fixture.works(Rule::Views, "a look", b.holder(&player).await);
        super::expect_holder(&fixture, Rule::Views, holder.as_ref(), &a, &session);
        let Some(lock) = holder else {
            fixture.fail(Rule::Views, "a player who is held has a lock");
        };
        let live = fixture.works(Rule::Views, "a look", b.is_live(&lock).await);
        fixture.expect(Rule::Views, "its server is live", live);
        let listed = fixture.works(Rule::Views, "a list", b.list(&player).await);
        let listed: Vec<_> = listed.into_iter().map(|slot| slot.revision).collect();
        let expected = vec![Revision::new(revision)];
        fixture.expect_eq(Rule::Views, "the slots", listed, expected);
        let viewed = b.view(&player, slot.name()).await;
        let Some(record) = fixture.works(Rule::Views, "a view", viewed) else {
            fixture.fail(Rule::Views, "a record is seen while its slot is open");
        };
        let json = b.decode(&player, slot.name(), &record);
        let json: Value = fixture.works(Rule::Views, "it can be decoded", json);
        let gold = json["Currency"].as_u64();
        fixture.expect_eq(Rule::Views, "what was saved", gold, Some(revision));
    }
    fixture.expect(Rule::Views, "the session goes on", session.is_active());
}

/// A player whom an operator has freed is lost to the game that had them: it
/// is told so, and nothing that it had not saved is written; everybody can
/// have the player.
///
/// Proves [L5](Rule::L5) and [E2](Rule::E2). A backend that fails it lets a
/// game that hangs write over what a freed player has done since.
pub async fn a_freed_player_is_lost_to_the_game_that_had_them(fixture: Fixture) {
    let [mut a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    save_gold(&fixture, &slot, 1).await;
    set_gold(&fixture, &slot, 2);
    let Some(lock) = client.holder(&player).await else {
        fixture.fail(Rule::L1, "a player who is held has a lock");
    };
    // At once, before it hears of it.
    let freed = b.force_release(&player, &lock).await;
    let freed = fixture.works(Rule::L5, "a player is freed", freed);
    fixture.expect_eq(Rule::L5, "freed", freed, Release::Released);
    fixture.lost("its save is refused", slot.save().await);
    expect_free(&client, Rule::L5, &player).await;
    expect_stored(&client, Rule::L5, &slot, 1, 1).await;
    told_lost(&mut a, session.id()).await;
    let (_next, next_slot) = b.play(&player).await;
    expect_gold(&fixture, Rule::S1, "what was saved", &next_slot, 1);
}

/// To free a player from a lock that was looked at earlier spares whoever has
/// the player by now.
///
/// Proves [L6](Rule::L6). A backend that fails it throws out the wrong one.
pub async fn freeing_spares_a_later_session(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let [client, _] = fixture.clients();
    let player = fixture.player();
    let (former, _) = a.play(&player).await;
    let Some(seen) = client.holder(&player).await else {
        fixture.fail(Rule::L1, "a player who is held has a lock");
    };
    a.end(&former).await;
    let (_session, slot) = b.play(&player).await;
    let freed = fixture.works(
        Rule::L6,
        "a late call",
        a.force_release(&player, &seen).await,
    );
    fixture.expect_eq(Rule::L6, "freed", freed, Release::NotHeld);
    expect_held_by(&client, Rule::L6, &player, b.server()).await;
    expect_saves(&fixture, Rule::L6, &slot, 7, 2).await;
}

/// A player can't be erased while somebody has them. Once erased, they are new
/// to every game; only the fence goes on.
///
/// Proves [L3](Rule::L3), [S4](Rule::S4) and the contract on erasures. A
/// backend that fails it erases a player in the middle of a game, or only half
/// of one.
pub async fn an_erased_player_is_a_new_one(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let player = fixture.player();
    let (session, slot) = a.play(&player).await;
    let second = a.load(&session, "Slot2").await;
    save_gold(&fixture, &slot, 1).await;
    save_gold(&fixture, &second, 2).await;
    let refused = b.erase(&player).await;
    fixture.refused(Rule::Erasure, "not while held", refused, |error| {
        matches!(error, Error::PlayerHeld { .. }).then_some(())
    });
    expect_saves(&fixture, Rule::Erasure, &slot, 3, 2).await;
    a.end(&session).await;
    fixture.works(Rule::Erasure, "a player is erased", b.erase(&player).await);
    let next = b.join(&player).await;
    let grown = next.fence() > session.fence();
    fixture.expect(Rule::L3, "the fence has grown", grown);
    for name in ["Slot1", "Slot2"] {
        let slot = b.load(&next, name).await;
        expect_gold(&fixture, Rule::S4, "the defaults", &slot, 500);
        fixture.expect_eq(Rule::Erasure, "its revision", slot.revision().get(), 0);
    }
}
