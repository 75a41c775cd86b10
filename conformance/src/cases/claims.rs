//! Claims: opening a slot again under the same lock, and what of the earlier
//! claim can still arrive.

use playerdata_core::backend::{Opening, WriteOutcome};

use crate::{Fixture, Rule, driver::body};

/// The slot was opened again because the answer to a save was lost. The save
/// arrives only now: it is refused, and the record stays.
///
/// Proves [S2](Rule::S2). A backend that fails it lets a write in doubt land on
/// newer ones: the player loses what came after it.
pub async fn a_save_under_an_earlier_claim_is_overtaken(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut doubtful = session.open(&slot).await;
    doubtful.save("first").await;
    let mut open = session.open(&slot).await;
    for client in fixture.clients() {
        let late = doubtful.through(&client).try_save("late").await;
        fixture.expect_eq(Rule::S2, "the claim is dead", late, WriteOutcome::Overtaken);
    }
    let newest = open.save("second").await;
    let late = doubtful.try_save("late").await;
    fixture.expect_eq(Rule::S2, "the claim is dead", late, WriteOutcome::Overtaken);
    let seen = b.client.view(&player, &slot).await;
    fixture.expect_eq(Rule::S2, "nothing was changed", seen, Some(newest));
}

/// A deletion under an earlier claim is refused too.
///
/// Proves [S2](Rule::S2). A backend that fails it deletes a character that the
/// player has gone on with.
pub async fn a_deletion_under_an_earlier_claim_is_overtaken(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut doubtful = session.open(&slot).await;
    let kept = doubtful.save("kept").await;
    session.open(&slot).await;
    for client in fixture.clients() {
        let late = doubtful.through(&client).try_delete().await;
        fixture.expect_eq(Rule::S2, "the claim is dead", late, WriteOutcome::Overtaken);
        let seen = client.view(&player, &slot).await;
        fixture.expect_eq(Rule::S2, "the record is there", seen, Some(kept.clone()));
    }
}

/// A write that was applied although its answer was lost is recognised when
/// the slot is opened again: by its id, with all of its data, through the
/// other client too.
///
/// Proves [S2](Rule::S2) and [S1](Rule::S1). A backend that fails it makes the
/// server save again what is stored, or believe stored what is not.
pub async fn opening_again_shows_the_last_write(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    let saved = open.save("applied").await;
    let again = session.open(&slot).await;
    let found = again.opened();
    fixture.expect_eq(
        Rule::S2,
        "the write",
        found.last_write,
        Some(saved.write_id),
    );
    fixture.expect_eq(Rule::S2, "its revision", found.revision, saved.revision);
    fixture.expect_eq(Rule::S1, "its record", found.record.clone(), Some(saved));
    let deletion = session.open(&slot).await.delete().await;
    let again = session.through(&b.client).open(&slot).await;
    let found = again.opened();
    fixture.expect_eq(
        Rule::S2,
        "the deletion",
        found.last_write,
        Some(deletion.write_id),
    );
    fixture.expect_eq(Rule::S2, "no record", found.record.clone(), None);
}

/// Opening again under the same claim, as after a lost answer, gives the slot
/// as it is then, and the claim stays alive.
///
/// Proves the contract on repeats. A backend that fails it loses a slot to an
/// answer that got lost.
pub async fn opening_again_under_the_same_claim_keeps_it_alive(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let claim = session.next_claim(&slot);
    session.open_as(claim.clone()).await;
    let mut open = session.open_as(claim.clone()).await;
    let saved = open.save("first").await;
    let again = session.through(&b.client).open_as(claim).await;
    let found = again.opened().record.clone();
    fixture.expect_eq(Rule::Repeats, "the slot as it is then", found, Some(saved));
    open.save("second").await;
}

/// A late opening with a lower number than the claim that is alive changes
/// nothing.
///
/// Proves [S2](Rule::S2). A backend that fails it kills the claim under which
/// the player is being saved, or brings a doubtful one back to life.
pub async fn a_late_opening_is_overtaken(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let never_sent = session.next_claim(&slot);
    let mut earlier = session.open(&slot).await;
    earlier.save("first").await;
    let mut open = session.open(&slot).await;
    for client in fixture.clients() {
        for late in [earlier.claim(), &never_sent] {
            let outcome = client.open(late).await;
            fixture.expect_eq(Rule::S2, "it came late", outcome, Opening::Overtaken);
        }
    }
    let late = earlier.try_save("late").await;
    fixture.expect_eq(Rule::S2, "still dead", late, WriteOutcome::Overtaken);
    open.save("the live claim goes on").await;
}

/// Claim numbers are compared as numbers, with gaps between them.
///
/// Proves [S2](Rule::S2). A backend that fails it compares them as text, and a
/// slot that was opened ten times can't be opened any more.
pub async fn claim_numbers_are_compared_as_numbers(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut numbers = vec![1, 2, 9, 10, 11, 99, 100, 255, 256, 65_536, 4_294_967_296];
    for number in &numbers {
        let mut open = session.open_as(session.claim(&slot, *number)).await;
        open.save(format!("under claim {number}")).await;
    }
    numbers.pop();
    for number in numbers {
        let late = a.client.open(&session.claim(&slot, number)).await;
        fixture.expect_eq(Rule::S2, "it came late", late, Opening::Overtaken);
    }
}

/// A new session's claims count from 1, whatever number the last one reached.
///
/// Proves [L1](Rule::L1). A backend that fails it locks a player out of a slot
/// after a long session.
pub async fn a_new_session_counts_its_claims_from_1(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let long = session.open_as(session.claim(&slot, 70)).await;
    session.release().await;
    let next = b.join(&player).await;
    next.open_as(next.claim(&slot, 1)).await.save("next").await;
    let thief = a.take_over(&player, next.id()).await;
    thief
        .open_as(thief.claim(&slot, 1))
        .await
        .save("thief")
        .await;
    let late = long.try_save("late").await;
    let holder = Some(thief.lock());
    fixture.expect_eq(Rule::L4, "lost", late, WriteOutcome::Lost { holder });
}

/// Claims of one session on different slots have nothing to do with each
/// other, in whatever order their openings arrive.
///
/// Proves [S9](Rule::S9) as far as a store is concerned. A backend that fails
/// it lets a player have only one slot open at a time, or refuses openings that
/// were sent together.
pub async fn claims_on_different_slots_are_independent(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let [one, two, three] = ["one", "two", "three"].map(crate::driver::name);
    let session = a.join(&player).await;
    let mut first = session.open_as(session.claim(&one, 5)).await;
    let mut second = session.open_as(session.claim(&two, 7)).await;
    let other_way = session.through(&b.client);
    let mut third = other_way.open_as(session.claim(&three, 6)).await;
    first.save("one").await;
    second.save("two").await;
    third.save("three").await;
    first.save("one again").await;
    first.delete().await;
    second.save("two again").await;
    third.save("three again").await;
}

/// A session acquires its player again after it was released, which a late
/// repetition of its first request can do: its old claims stay dead.
///
/// Proves [L5](Rule::L5). A backend that fails it lets a claim come back to
/// life, and with it whatever is still on its way under it.
pub async fn a_claim_stays_dead_when_its_session_acquires_again(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut stale = session.open(&slot).await;
    stale.save("first").await;
    session.release().await;
    let between = b.join(&player).await;
    let kept = between.open(&slot).await.save("between").await;
    between.release().await;
    a.client.acquire(&player, session.claimant(), None).await;
    for client in fixture.clients() {
        let late = stale.through(&client).try_save("late").await;
        fixture.expect_eq(Rule::L5, "dead for ever", late, WriteOutcome::Overtaken);
        let seen = client.view(&player, &slot).await;
        fixture.expect_eq(Rule::L5, "nothing was changed", seen, Some(kept.clone()));
    }
}

/// The same without anybody in between, so that only the lock tells.
///
/// Proves [L5](Rule::L5). A backend that fails it keeps the claim in the slot
/// and looks at the session's id alone.
pub async fn a_claim_stays_dead_when_nobody_came_between(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut stale = session.open(&slot).await;
    let kept = stale.save("first").await;
    session.release().await;
    a.client.acquire(&player, session.claimant(), None).await;
    let late = stale.try_save("late").await;
    fixture.expect_eq(Rule::L5, "dead for ever", late, WriteOutcome::Overtaken);
    let late = stale.try_delete().await;
    fixture.expect_eq(Rule::L5, "dead for ever", late, WriteOutcome::Overtaken);
    let seen = a.client.view(&player, &slot).await;
    fixture.expect_eq(Rule::L5, "nothing was changed", seen, Some(kept));
}

/// A claim that was never opened writes nothing.
///
/// Proves [S2](Rule::S2). A backend that fails it writes without knowing what
/// it writes upon.
pub async fn a_claim_that_was_never_opened_writes_nothing(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let stamp = fixture.stamp(playerdata_core::Revision::default());
    for number in [1, 2] {
        let unopened = session.claim(&slot, number + 1);
        let saved = a.client.save(&unopened, &stamp, &body("unopened")).await;
        fixture.expect_eq(Rule::S2, "not alive", saved, WriteOutcome::Overtaken);
        let deleted = a.client.delete(&unopened, &stamp).await;
        fixture.expect_eq(Rule::S2, "not alive", deleted, WriteOutcome::Overtaken);
        let seen = a.client.view(&player, &slot).await;
        fixture.expect_eq(Rule::S2, "nothing was written", seen, None);
        // Again with a slot that is open, under a lower number.
        session.open_as(session.claim(&slot, number)).await;
    }
}

/// A claim writes its own slot of its own player only.
///
/// Proves [L1](Rule::L1). A backend that fails it lets one player's save land
/// in another's data.
pub async fn a_claim_is_good_for_its_own_slot_only(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let other_player = crate::driver::name("player-2");
    let other_slot = crate::driver::name("Slot2");
    let session = a.join(&player).await;
    let open = session.open(&slot).await;
    let mut wrong_slot = open.claim().clone();
    wrong_slot.slot = crate::driver::name("Slot2");
    let mut wrong_player = open.claim().clone();
    wrong_player.player = crate::driver::name("player-2");
    let next = a.join(&other_player).await;
    next.open(&slot).await;
    let saved = a.client.save(&wrong_slot, &open.stamp(), &body("?")).await;
    fixture.expect_eq(Rule::S2, "not opened", saved, WriteOutcome::Overtaken);
    let saved = a
        .client
        .save(&wrong_player, &open.stamp(), &body("?"))
        .await;
    let holder = Some(next.lock());
    fixture.expect_eq(Rule::L1, "not theirs", saved, WriteOutcome::Lost { holder });
    for (player, slot) in [(&player, &other_slot), (&other_player, &slot)] {
        let seen = a.client.view(player, slot).await;
        fixture.expect_eq(Rule::L1, "nothing was written", seen, None);
    }
}
