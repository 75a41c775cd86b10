//! A lock that is taken and a slot that is opened with it, in one call.
//!
//! A store may leave out the opening. Whoever called opens the slot then, and all
//! that is asked here has to be true all the same.

use std::time::Duration;

use futures::future::join_all;
use playerdata_core::backend::{Acquisition, Admission, KeepPolicy, Opened, Record, WriteOutcome};

use crate::{
    Fixture, Rule,
    driver::{RawSlot, World},
};

/// A player is taken and a slot opened: of one who was never seen, and of one who
/// was there before. The claim is alive, and what was acknowledged is found, to its
/// last write.
///
/// Proves [L1](Rule::L1), [S1](Rule::S1) and [S4](Rule::S4). A backend that fails it
/// shows a player who comes back something else than what was saved.
pub async fn a_free_player_is_acquired_and_the_slot_opened(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let (first, mut new) = a.enter(&player, &slot, None).await;
    let (opened, nothing) = (new.opened().clone(), Opened::default());
    fixture.expect_eq(Rule::S4, "nothing is stored yet", opened, nothing);
    let saved = new.save("saved").await;
    first.release().await;

    let (second, mut open) = b.enter(&player, &slot, None).await;
    let holder = a.client.holder(&player).await;
    let grown = second.fence() > first.fence();
    fixture.expect(Rule::L3, "the fence has grown", grown);
    fixture.expect_eq(Rule::L1, "the lock", holder, Some(second.lock()));
    expect_found(&fixture, &open, &saved);
    open.save("saved again").await;
    let stamp = open.delete().await;
    second.release().await;

    let (_, emptied) = a.enter(&player, &slot, None).await;
    let opened = emptied.opened();
    fixture.expect_eq(Rule::S4, "it was deleted", opened.record.clone(), None);
    let (last, written) = (opened.last_write, Some(stamp.write_id));
    fixture.expect_eq(Rule::S1, "the deletion is known", last, written);
}

fn expect_found(world: &World, open: &RawSlot, saved: &Record) {
    let opened = open.opened();
    let (found, revision) = (opened.record.clone(), opened.revision);
    world.expect_eq(Rule::S1, "what was saved", found, Some(saved.clone()));
    world.expect_eq(Rule::S3, "its revision", revision, saved.revision);
    let (last, written) = (opened.last_write, Some(saved.write_id));
    world.expect_eq(Rule::S1, "the last write", last, written);
}

/// Of a player who is held, nothing is opened: the holder's claims live on.
///
/// Proves [L1](Rule::L1). A backend that fails it takes a slot out of the hands of
/// a session that keeps the player.
pub async fn nothing_is_opened_of_a_player_who_is_held(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let (session, mut open) = a.enter(&player, &slot, None).await;
    open.save("before").await;
    for replacing in [None, Some(b.claimant().session)] {
        let other = b.claimant();
        let refused = b.client.acquire_and_open(&player, &other, replacing, &slot);
        let (refused, holder) = (refused.await, session.lock());
        fixture.expect_eq(Rule::L1, "it is held", refused, Admission::Held { holder });
        open.save("the holder goes on").await;
    }
}

/// Asked again, a session that has its lock opens nothing: the claims that it has
/// live on, the first one and a later one.
///
/// Proves [S2](Rule::S2) and [L1](Rule::L1). A backend that fails it lets a late copy
/// of a start end the claim that the player is playing under.
pub async fn asking_again_opens_nothing_and_kills_no_claim(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let (session, mut open) = a.enter(&player, &slot, None).await;
    let again = async |world: &World| {
        for client in [&a.client, &b.client] {
            let asked = client.acquire_and_open(&player, session.claimant(), None, &slot);
            let (fence, opened) = (session.fence(), None);
            let acquired = Admission::Acquired { fence, opened };
            world.expect_eq(Rule::L3, "the same lock", asked.await, acquired);
        }
    };
    again(&fixture).await;
    open.save("under the first claim").await;
    again(&fixture).await;
    let mut later = session.open(&slot).await;
    again(&fixture).await;
    later.save("under a later claim").await;
    again(&fixture).await;
    let late = open.try_save("under the first claim, late").await;
    fixture.expect_eq(Rule::S2, "it stays dead", late, WriteOutcome::Overtaken);
}

/// A late copy of a start gives a session that is over a second lock, and no claim
/// that it ever had: a save that was on its way all the time is refused.
///
/// Proves [L4](Rule::L4). A backend that fails it lets a write of the session before
/// land on what the next one has saved.
pub async fn a_late_copy_brings_no_claim_back(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let (old, mut first) = a.enter(&player, &slot, None).await;
    first.save("under the first claim").await;
    let mut later = old.open(&slot).await;
    later.save("under a later claim").await;
    let (new, mut open) = b.enter(&player, &slot, Some(old.id())).await;
    let newest = open.save("by the next session").await;
    new.release().await;

    let copy = a
        .client
        .acquire_and_open(&player, old.claimant(), None, &slot);
    let second = match copy.await.acquisition() {
        Acquisition::Acquired { fence } => fence > new.fence(),
        Acquisition::Held { .. } => false,
    };
    fixture.expect(Rule::L3, "a second lock, with another fence", second);
    for dead in [&first, &later] {
        for late in [dead.clone(), dead.on_base(open.base())] {
            let outcome = late.try_save("late").await;
            let written = matches!(outcome, WriteOutcome::Written { .. });
            fixture.expect(Rule::L4, "a late save is refused", !written);
        }
    }
    let found = a.client.view(&player, &slot).await;
    fixture.expect_eq(Rule::L4, "the next session's", found, Some(newest));
}

/// Who takes the lock of another, by name, finds what was acknowledged, and the
/// claims of the one who was replaced are dead.
///
/// Proves [L4](Rule::L4) and [S1](Rule::S1). A backend that fails it opens the slot
/// before the claims on it are withdrawn.
pub async fn a_named_holder_is_replaced_and_the_slot_opened(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let (old, mut frozen) = a.enter(&player, &slot, None).await;
    let acknowledged = frozen.save("acknowledged").await;
    let (new, mut open) = b.enter(&player, &slot, Some(old.id())).await;
    expect_found(&fixture, &open, &acknowledged);
    let holder = Some(new.lock());
    let (late, lost) = (frozen.try_save("late").await, WriteOutcome::Lost { holder });
    fixture.expect_eq(Rule::L4, "lost", late, lost);
    open.save("newer").await;
}

/// What was opened with a lock is closed with it, whether or not the release
/// knows of the claim.
///
/// Proves [L5](Rule::L5). A backend that fails it leaves a claim alive of a session
/// that is over.
pub async fn a_release_ends_what_was_opened_with_the_lock(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    for knows in [false, true] {
        let (session, mut open) = a.enter(&player, &slot, None).await;
        let saved = open.save(format!("{knows}")).await;
        if knows {
            let known = [(slot.clone(), open.claim().number)];
            let release = a.client.release_knowing(&player, session.id(), &known);
            release.await;
        } else {
            session.release().await;
        }
        let (late, lost) = (
            open.try_save("late").await,
            WriteOutcome::Lost { holder: None },
        );
        fixture.expect_eq(Rule::L5, "lost", late, lost);
        let (next, found) = b.enter(&player, &slot, None).await;
        expect_found(&fixture, &found, &saved);
        next.release().await;
    }
}

/// What is opened with a lock says whether letters wait, and how old the newest
/// version is, or nothing.
///
/// Proves [M3](Rule::M3) and [H1](Rule::H1). A backend that fails it leaves a letter
/// in the mailbox while its player plays, or keeps no versions.
pub async fn an_opening_with_the_lock_says_whether_letters_wait(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let (session, mut open) = a.enter(&player, &slot, None).await;
    fixture.expect(Rule::M3, "no mail", !open.opened().mail);
    open.save("to be kept").await;
    let policy = KeepPolicy {
        most: 3,
        min_age: Duration::ZERO,
    };
    a.client.keep_version(open.claim(), policy).await;
    session.release().await;
    let letter = fixture.letter("gift", "5");
    b.client.send(&player, &slot, &letter).await;
    let (session, open) = a.enter(&player, &slot, None).await;
    fixture.expect(Rule::M3, "a letter waits", open.opened().mail);
    let age = open.opened().version_age.unwrap_or_default();
    let young = age < Duration::from_hours(1);
    fixture.expect(Rule::H1, "the version was kept just now", young);
    let (id, posting) = (&letter.id, letter.posting);
    b.client.discard(&player, &slot, id, posting).await;
    session.release().await;
    let (_, open) = a.enter(&player, &slot, None).await;
    fixture.expect(Rule::M3, "none waits", !open.opened().mail);
}

/// Of many who ask at once, one gets the player, and the slot with it.
///
/// Proves [L1](Rule::L1). A backend that fails it reads before it writes.
pub async fn one_of_many_at_once_gets_the_player_and_the_slot(fixture: Fixture) {
    let servers = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    for _ in 0..20 {
        let asking = (0..8).map(|at| servers[at % 2].try_enter(&player, &slot, None));
        let got = join_all(asking).await;
        let got: Vec<_> = got.into_iter().flatten().collect();
        fixture.expect_eq(Rule::L1, "one gets the player", got.len(), 1);
        for (session, mut open) in got {
            open.save("by the one").await;
            session.release().await;
        }
    }
}
