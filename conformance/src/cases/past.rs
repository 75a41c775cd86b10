//! Answers about what has been: to claims of locks that are gone, to writes
//! that were made, and about who holds a player since when.

use playerdata_core::{
    UnixMillis,
    backend::{Acquisition, Lock, Opening, WriteOutcome},
};

use crate::{
    Fixture, Rule,
    driver::{body, name},
};

/// A session was released and has the lock again, under a greater fence: what
/// it still asks for under the former one is lost, and it is told of the lock
/// that it has.
///
/// Proves [L4](Rule::L4). A backend that fails it compares sessions and not
/// fences: an opening that was under way when the session was ended and asked
/// again makes a claim that its manager knows nothing of.
pub async fn a_claim_of_an_earlier_lock_opens_nothing(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let first = a.join(&player).await;
    let mut stale = first.open(&slot).await;
    stale.save("first").await;
    let late = first.next_claim(&slot);
    first.release().await;
    // As when a request is sent again that was applied before.
    let again = b.client.acquire(&player, first.claimant(), None).await;
    let Acquisition::Acquired { fence } = again else {
        fixture.fail(Rule::L1, "a player who is free can be had again");
    };
    let lock = Lock {
        fence,
        ..first.lock()
    };
    fixture.expect(Rule::L3, "a greater fence", fence > first.fence());
    for client in fixture.clients() {
        for claim in [&late, stale.claim()] {
            let opening = client.open(claim).await;
            let holder = Some(lock.clone());
            let lost = Opening::Lost { holder };
            fixture.expect_eq(Rule::L4, "under the former fence", opening, lost);
        }
    }
    let mut claim = late;
    claim.fence = fence;
    let mut open = first.open_as(claim).await;
    open.save("under the lock that it has").await;
}

/// A write was applied. It is sent again when its claim is dead: released,
/// replaced, or by an opening of the same session. It is refused like any
/// other, and changes nothing.
///
/// Proves [L4](Rule::L4) and [L5](Rule::L5). A backend that fails it knows the
/// write by its id alone, and tells a session that lost its player that all is
/// well.
pub async fn a_repeated_write_under_a_dead_claim_is_refused(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    for (number, way) in ["released", "replaced", "opened again"]
        .into_iter()
        .enumerate()
    {
        let player = (number as u64).into();
        let old = a.join(&player).await;
        let mut open = old.open(&slot).await;
        let (stamp, written) = (open.stamp(), body("written"));
        let record = open.save_as(&stamp, &written).await;
        let expected = match way {
            "released" => {
                old.release().await;
                WriteOutcome::Lost { holder: None }
            }
            "replaced" => {
                let holder = Some(b.take_over(&player, old.id()).await.lock());
                WriteOutcome::Lost { holder }
            }
            _ => {
                old.open(&slot).await;
                WriteOutcome::Overtaken
            }
        };
        for client in fixture.clients() {
            let repeated = client.save(open.claim(), &stamp, &written).await;
            fixture.expect_eq(Rule::L4, way, repeated, expected.clone());
        }
        let seen = b.client.view(&player, &slot).await;
        fixture.expect_eq(Rule::L4, "as it was", seen, Some(record));
    }
}

/// A session that holds its player asks again, with another time: the lock
/// stays as it is, its time and its fence included.
///
/// Proves the contract on repeats. A backend that fails it writes the lock
/// again, and an operator sees a session that has only just begun.
pub async fn acquiring_again_keeps_the_lock_as_it_is(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let session = a.join(&player).await;
    let mut again = session.claimant().clone();
    for replacing in [None, Some(session.id()), Some(b.claimant().session)] {
        again.at = UnixMillis::new(again.at.get() + 1_000);
        let fence = session.fence();
        let acquired = b.client.acquire(&player, &again, replacing).await;
        let same = Acquisition::Acquired { fence };
        fixture.expect_eq(Rule::Repeats, "the same lock", acquired, same);
        let holder = a.client.holder(&player).await;
        fixture.expect_eq(Rule::Repeats, "as it was", holder, Some(session.lock()));
    }
}

/// A lock names the session, the server with its incarnation, and the time of
/// who took it last: also when that is the same server, started again.
///
/// Proves [L2](Rule::L2). A backend that fails it leaves something of the
/// former lock in it: the player's server looks dead, and they are taken from
/// it.
pub async fn a_lock_tells_who_took_it_and_when(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let mut last = a.join(&player).await;
    for start in 0..3 {
        let mut server = b.clone();
        server.id = fixture.started("server-a");
        let taken = server.take_over(&player, last.id()).await;
        for client in fixture.clients() {
            let holder = client.holder(&player).await;
            let what = format!("the lock after {} starts", start + 1);
            fixture.expect_eq(Rule::L2, &what, holder, Some(taken.lock()));
        }
        last = taken;
    }
    last.release().await;
    let next = a.join(&player).await;
    let holder = b.client.holder(&player).await;
    fixture.expect_eq(Rule::L2, "after a release", holder, Some(next.lock()));
}

/// A session is named to be replaced on a player whom nobody ever had, and on
/// one who was erased: the player is free, and can be had.
///
/// Proves [L2](Rule::L2). A backend that fails it looks for the lock to
/// replace, and finding none leaves a player waiting who is free.
pub async fn replacing_somebody_on_a_new_player_takes_them(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let nobody = b.claimant().session;
    let first = a.take_over(&player, nobody).await;
    let holder = b.client.holder(&player).await;
    fixture.expect_eq(Rule::L2, "a new player", holder, Some(first.lock()));
    first.open(&fixture.slot()).await.save("data").await;
    first.release().await;
    b.client.erase(&player).await;
    let second = b.take_over(&player, first.id()).await;
    let holder = a.client.holder(&player).await;
    fixture.expect_eq(Rule::L2, "an erased player", holder, Some(second.lock()));
}

/// A claim whose lock is gone is lost, whatever its number is: less than that
/// of the new session's claim, the same, or greater.
///
/// Proves [L4](Rule::L4). A backend that fails it looks at the number before
/// the lock, and tells a session that it was overtaken by itself, when it has
/// lost its player: it opens the slot again and again.
pub async fn a_lost_claim_is_lost_whatever_its_number_is(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let old = a.join(&player).await;
    let open = old.open_as(old.claim(&slot, 5)).await;
    let new = b.take_over(&player, old.id()).await;
    let mut current = new.open_as(new.claim(&slot, 5)).await;
    for number in [1, 4, 5, 6, 1_000] {
        let holder = Some(new.lock());
        let claim = old.claim(&slot, number);
        let opening = a.client.open(&claim).await;
        let lost = Opening::Lost {
            holder: holder.clone(),
        };
        fixture.expect_eq(Rule::L4, "an opening", opening, lost);
        let saved = a.client.save(&claim, &open.stamp(), &body("late")).await;
        fixture.expect_eq(Rule::L4, "a save", saved, WriteOutcome::Lost { holder });
    }
    current.save("the holder goes on").await;
}

/// A claim with the number of a live one, but of another session, is dead:
/// also of a session that has the lock of another player.
///
/// Proves [L4](Rule::L4). A backend that fails it compares the numbers of
/// claims and not their sessions.
pub async fn a_claim_with_a_live_ones_number_is_dead(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let elsewhere = a.join(&name("player-2")).await;
    let old = a.join(&player).await;
    let mut open = old.open_as(old.claim(&slot, 1)).await;
    open.save("old").await;
    let new = b.take_over(&player, old.id()).await;
    let mut current = new.open_as(new.claim(&slot, 1)).await;
    let mut forged = elsewhere.claim(&slot, 1);
    forged.player = player.clone();
    for dead in [open.claim(), &forged] {
        let saved = a.client.save(dead, &current.stamp(), &body("late")).await;
        let holder = Some(new.lock());
        fixture.expect_eq(Rule::L4, "late", saved, WriteOutcome::Lost { holder });
    }
    let saved = current.save("the holder's").await;
    let seen = a.client.view(&player, &slot).await;
    fixture.expect_eq(Rule::L4, "the holder's", seen, Some(saved));
}
