//! Calls whose future is dropped: applied or not, as if the answer were lost,
//! and never half.

use std::{pin::pin, time::Duration};

use futures::future::select;
use playerdata_core::{
    PlayerId, SlotName, TradeId,
    backend::{Acquisition, Erasure, KeepPolicy, Keeping, Verdict, WriteOutcome},
};
use tokio::time::Instant;

use crate::{
    Fixture, Rule,
    driver::{body, name},
};

/// Moments at which to drop a call, from the first wait to after its end on
/// most stores.
fn moments() -> impl Iterator<Item = Duration> {
    (0..30_u64).map(|step| Duration::from_micros(step * step * 10))
}

/// Polls a call for that long and then drops it, unless it has ended.
async fn cut_off(after: Duration, call: impl Future) {
    let end = Instant::now() + after;
    // A timer tells milliseconds, which is too coarse here.
    let moment = async {
        while Instant::now() < end {
            tokio::task::yield_now().await;
        }
    };
    // Whether the call ended is what the caller is not supposed to know.
    let _ = select(pin!(call), pin!(moment)).await;
}

/// A save is dropped. When the slot is opened again, it is there with all of
/// its data, or not at all, and it lands at no later time.
///
/// Proves [S2](Rule::S2) and the contract on atomic steps. A backend that fails
/// it half-writes a record, or goes on with a write that nobody waits for.
pub async fn a_dropped_save_is_whole_or_absent(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let mut open = session.open(&slot).await;
    let mut last = open.save("first").await;
    for (number, moment) in moments().enumerate() {
        let (stamp, doubtful) = (open.stamp(), body(vec![number as u8; 30_000]));
        cut_off(moment, open.send(&stamp, &doubtful)).await;
        let again = session.open(&slot).await;
        let found = again.opened().record.clone();
        if again.opened().last_write == Some(stamp.write_id) {
            let found = found.map(|record| (record.revision, record.body));
            let whole = Some((stamp.base.next(), doubtful));
            fixture.expect_eq(Rule::S2, "applied, and whole", found, whole);
        } else {
            fixture.expect_eq(Rule::S2, "not applied", found, Some(last));
        }
        open = again;
        last = open.save(format!("number {number}")).await;
    }
    let seen = b.client.view(&player, &slot).await;
    fixture.expect_eq(Rule::S2, "nothing landed later", seen, Some(last));
}

/// An opening is dropped. The next one, under a greater number, works, and
/// what is sent under the dropped one's number is refused.
///
/// Proves [S2](Rule::S2). A backend that fails it loses a slot to a timeout.
pub async fn a_dropped_opening_is_no_hindrance(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    for moment in moments() {
        let dropped = session.next_claim(&slot);
        cut_off(moment, a.client.open(&dropped)).await;
        let mut open = session.open(&slot).await;
        let late = a.client.save(&dropped, &open.stamp(), &body("late")).await;
        fixture.expect_eq(Rule::S2, "dead", late, WriteOutcome::Overtaken);
        open.save("alive").await;
    }
}

/// A request for a player is dropped. Asked again it is granted, to the same
/// session; released, the player is free, if need be at the second attempt:
/// the first request may have been on its way.
///
/// Proves [L8](Rule::L8) as far as a store is concerned. A backend that fails
/// it leaves a lock behind that nobody can get rid of.
pub async fn a_dropped_acquire_can_be_asked_again(fixture: Fixture) {
    let [a, b] = fixture.servers();
    for (number, moment) in moments().enumerate() {
        let player: PlayerId = (number as u64).into();
        let claimant = a.claimant();
        cut_off(moment, a.client.acquire(&player, &claimant, None)).await;
        let granted = b.client.acquire(&player, &claimant, None).await;
        let holder = a.client.holder(&player).await;
        let fence = holder.map(|lock| (lock.session, lock.fence));
        let expected = match granted {
            Acquisition::Acquired { fence } => Some((claimant.session, fence)),
            Acquisition::Held { .. } => None,
        };
        fixture.expect(Rule::Repeats, "granted", expected.is_some());
        fixture.expect_eq(Rule::Repeats, "the holder", fence, expected);
        // What was on its way may still arrive, and lock the player again.
        fixture
            .until(Rule::L6, "released, the player is free", || async {
                a.client.release(&player, claimant.session).await;
                b.client.holder(&player).await.is_none()
            })
            .await;
    }
}

/// A take-over of a player with many open slots is dropped. Asked again it is
/// granted, and nothing of the old session succeeds.
///
/// Proves [L4](Rule::L4). A backend that fails it writes the new lock and then
/// withdraws the claims, or forgets to when it is interrupted.
pub async fn a_dropped_take_over_can_be_asked_again(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slots: Vec<SlotName> = (0..30).map(|n| name(&format!("Slot{n}"))).collect();
    for (number, moment) in moments().step_by(6).enumerate() {
        let player: PlayerId = (number as u64).into();
        let old = a.join(&player).await;
        let mut stale = Vec::new();
        for slot in &slots {
            stale.push(old.open(slot).await);
        }
        let claimant = b.claimant();
        let replacing = Some(old.id());
        cut_off(moment, b.client.acquire(&player, &claimant, replacing)).await;
        let granted = b.client.acquire(&player, &claimant, replacing).await;
        let granted = matches!(granted, Acquisition::Acquired { .. });
        fixture.expect(Rule::Repeats, "granted", granted);
        for dead in &stale {
            let late = dead.try_save("late").await;
            let lost = matches!(late, WriteOutcome::Lost { .. });
            fixture.expect(Rule::L4, "a late save is lost", lost);
        }
        let listed = b.client.list(&player).await;
        fixture.expect_eq(Rule::L4, "nothing was written", listed, Vec::new());
    }
}

/// A release of a player with many open slots is dropped. Asked again, it is
/// done, and nothing of the session succeeds.
///
/// Proves [L5](Rule::L5) and [L6](Rule::L6). A backend that fails it leaves a
/// player held, or claims alive, by nobody.
pub async fn a_dropped_release_can_be_asked_again(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slots: Vec<SlotName> = (0..30).map(|n| name(&format!("Slot{n}"))).collect();
    for (number, moment) in moments().step_by(6).enumerate() {
        let player: PlayerId = (number as u64).into();
        let old = a.join(&player).await;
        let mut stale = Vec::new();
        for slot in &slots {
            stale.push(old.open(slot).await);
        }
        cut_off(moment, a.client.release(&player, old.id())).await;
        b.client.release(&player, old.id()).await;
        let holder = a.client.holder(&player).await;
        fixture.expect_eq(Rule::L6, "free", holder, None);
        for dead in &stale {
            let late = dead.try_save("late").await;
            let lost = WriteOutcome::Lost { holder: None };
            fixture.expect_eq(Rule::L5, "a late save is lost", late, lost);
        }
        b.join(&player).await;
    }
}

/// An erasure of a player with many slots is dropped. Asked again, it leaves
/// nothing.
///
/// Proves the contract on erasure. A backend that fails it finds nothing to do
/// when it was interrupted half-way.
pub async fn a_dropped_erasure_can_be_asked_again(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slots: Vec<SlotName> = (0..30).map(|n| name(&format!("Slot{n}"))).collect();
    for (number, moment) in moments().step_by(6).enumerate() {
        let player: PlayerId = (number as u64).into();
        let session = a.join(&player).await;
        for slot in &slots {
            session.open(slot).await.save("data").await;
        }
        session.release().await;
        cut_off(moment, a.client.erase(&player)).await;
        let erased = b.client.erase(&player).await;
        fixture.expect_eq(Rule::Repeats, "erased", erased, Erasure::Erased);
        let listed = a.client.list(&player).await;
        fixture.expect_eq(Rule::Erasure, "no slots", listed, Vec::new());
        let next = a.join(&player).await;
        for slot in &slots {
            let revision = next.open(slot).await.base().get();
            fixture.expect_eq(Rule::Erasure, "never written", revision, 0);
        }
    }
}

/// A post is dropped. The letter waits with all of its content, or is not
/// known; sent again, it is there once.
///
/// Proves [M1](Rule::M1) and the contract on atomic steps. A backend that fails
/// it leaves half a gift, or two.
pub async fn a_dropped_post_can_be_sent_again(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut sent = Vec::new();
    for (number, moment) in moments().enumerate() {
        let letter = fixture.letter(&number.to_string(), vec![number as u8; 15_000]);
        cut_off(moment, a.post(&player, &slot, &letter)).await;
        let known = b.known_as(&player, &slot, &letter).await;
        let own = known.is_none_or(|posting| posting == letter.posting);
        fixture.expect(Rule::Repeats, "known by its own posting, if at all", own);
        sent.push(letter);
        let waiting = b.waiting(&player, &slot).await;
        fixture.expect_eq(Rule::M1, "each once, and whole", waiting, sent.clone());
    }
}

/// To take a letter out, and to settle it, is dropped. Done again, it is out,
/// and what was settled is remembered.
///
/// Proves [M2](Rule::M2). A backend that fails it removes the letter and then
/// remembers its id, or does not when it is interrupted.
pub async fn a_letter_can_be_taken_out_again_after_a_dropped_call(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let (player, slot) = (fixture.player(), fixture.slot());
    for (number, moment) in moments().enumerate() {
        let letter = fixture.unsettled_letter(&number.to_string(), "5");
        let (id, posting) = (&letter.id, letter.posting);
        a.send(&player, &slot, &letter).await;
        cut_off(moment, a.discard(&player, &slot, id, posting)).await;
        let known = b.known_as(&player, &slot, &letter).await;
        fixture.expect_eq(Rule::M2, "known all the time", known, Some(posting));
        b.discard(&player, &slot, id, posting).await;
        cut_off(moment, a.settle(&player, &slot, id, posting)).await;
        b.settle(&player, &slot, id, posting).await;
        let waiting = a.waiting(&player, &slot).await;
        fixture.expect_eq(Rule::M2, "out", waiting, Vec::new());
        let known = a.known_as(&player, &slot, &letter).await;
        fixture.expect_eq(Rule::M2, "and remembered", known, Some(posting));
    }
}

/// A decision on a trade is dropped. Whatever is asked next is told a verdict
/// that stands from then on.
///
/// Proves [P3](Rule::P3). A backend that fails it has a server that was in
/// doubt finish a trade its own way.
pub async fn a_dropped_decision_stands_or_was_never_made(fixture: Fixture) {
    let [a, b] = fixture.clients();
    for moment in moments() {
        let trade = TradeId::from_uuid(fixture.ids().next_id());
        cut_off(moment, a.decide(trade, Verdict::Commit)).await;
        let told = b.decide(trade, Verdict::Abort).await;
        for client in [&a, &b] {
            for wanted in [Verdict::Commit, Verdict::Abort] {
                let stands = client.decide(trade, wanted).await;
                fixture.expect_eq(Rule::P3, "it stands", stands, told);
            }
        }
    }
}

/// To keep a version is dropped. Done again, the version is there once, whole,
/// and the session saves on.
///
/// Proves [H1](Rule::H1) and the contract on atomic steps. A backend that fails
/// it keeps half a record.
pub async fn a_version_can_be_kept_again_after_a_dropped_call(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut open = a.join(&player).await.open(&slot).await;
    let policy = KeepPolicy {
        most: 3,
        min_age: Duration::ZERO,
    };
    let mut revisions = Vec::new();
    for (number, moment) in moments().enumerate() {
        let saved = open.save(vec![number as u8; 20_000]).await;
        cut_off(moment, a.client.keep_version(open.claim(), policy)).await;
        let kept = b.client.keep_version(open.claim(), policy).await;
        let revision = saved.revision;
        fixture.expect_eq(Rule::H1, "kept", kept, Keeping::Kept { revision });
        let found = b.client.version(&player, &slot, revision).await;
        fixture.expect_eq(Rule::H1, "whole", found, Some(saved));
        revisions.insert(0, revision);
        revisions.truncate(3);
        let listed = b.client.versions(&player, &slot).await;
        let listed: Vec<_> = listed.iter().map(|version| version.revision).collect();
        fixture.expect_eq(Rule::H1, "once each", listed, revisions.clone());
    }
}

/// An erasure of a player with much mail and many versions is dropped. Asked
/// again, it leaves nothing of either.
///
/// Proves [M6](Rule::M6) and [H5](Rule::H5). A backend that fails it finds
/// nothing to do when it was interrupted half-way.
pub async fn a_dropped_erasure_takes_mail_and_versions_when_asked_again(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slots: Vec<SlotName> = (0..12).map(|n| name(&format!("Slot{n}"))).collect();
    let policy = KeepPolicy {
        most: 2,
        min_age: Duration::ZERO,
    };
    for (number, moment) in moments().step_by(6).enumerate() {
        let player: PlayerId = (number as u64).into();
        let session = a.join(&player).await;
        let letters = [fixture.letter("gone", "5"), fixture.letter("waits", "5")];
        for slot in &slots {
            let mut open = session.open(slot).await;
            open.save("data").await;
            a.client.keep_version(open.claim(), policy).await;
            for letter in &letters {
                b.client.send(&player, slot, letter).await;
            }
            b.client.take_out(&player, slot, &letters[0]).await;
        }
        session.release().await;
        cut_off(moment, a.client.erase(&player)).await;
        let erased = b.client.erase(&player).await;
        fixture.expect_eq(Rule::Repeats, "erased", erased, Erasure::Erased);
        for slot in &slots {
            let waiting = a.client.waiting(&player, slot).await;
            fixture.expect_eq(Rule::M6, "no letters", waiting, Vec::new());
            let versions = b.client.versions(&player, slot).await;
            fixture.expect_eq(Rule::H5, "no versions", versions, Vec::new());
            let known = a.client.known_as(&player, slot, &letters[0]).await;
            fixture.expect_eq(Rule::M6, "nothing is remembered", known, None);
        }
    }
}
