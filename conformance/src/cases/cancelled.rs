//! Calls whose future is dropped: applied or not, as if the answer were lost,
//! and never half.

use std::{pin::pin, time::Duration};

use futures::future::select;
use playerdata_core::{
    PlayerId, SlotName,
    backend::{Acquisition, Erasure, WriteOutcome},
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
/// Proves S2 and the contract on atomic steps. A backend that fails it
/// half-writes a record, or goes on with a write that nobody waits for.
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
/// Proves S2. A backend that fails it loses a slot to a timeout.
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
/// Proves L8 as far as a store is concerned. A backend that fails it leaves a
/// lock behind that nobody can get rid of.
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
        // What was on its way may still arrive, and lock the player once more.
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
/// Proves L4. A backend that fails it writes the new lock and then withdraws
/// the claims, or forgets to when it is interrupted.
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
/// Proves L5 and L6. A backend that fails it leaves a player held, or claims
/// alive, by nobody.
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
/// Proves the contract on erasure. A backend that fails it finds nothing to
/// do when it was interrupted half-way.
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
