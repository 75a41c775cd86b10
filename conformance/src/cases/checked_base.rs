//! Group `checked_base`: writes whose base is not the slot's revision, refused
//! by the store itself.
//!
//! A session manager sends no such write. A client library may: one that
//! sends again what it believes lost, while the first copy is still on its
//! way.

use playerdata_core::{Revision, backend::WriteOutcome};

use crate::{
    Fixture, Rule,
    driver::{body, together},
};

/// A save on an older base than the slot's revision is refused, under a live
/// claim too.
///
/// Proves [S3](Rule::S3). A backend that fails it lets an older save that was
/// sent twice land on a newer one.
pub async fn a_save_on_an_older_base_is_overtaken(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut open = a.join(&player).await.open(&slot).await;
    let stale = open.clone();
    open.save("first").await;
    let newest = open.save("second").await;
    for client in fixture.clients() {
        let late = stale.through(&client).try_save("stale").await;
        fixture.expect_eq(Rule::S3, "not its base", late, WriteOutcome::Overtaken);
        let seen = b.client.view(&player, &slot).await;
        fixture.expect_eq(Rule::S3, "unchanged", seen, Some(newest.clone()));
    }
    open.save("third").await;
}

/// A deletion on an older base than the slot's revision is refused.
///
/// Proves [S3](Rule::S3). A backend that fails it lets a deletion that was sent
/// twice delete what was saved after it.
pub async fn a_deletion_on_an_older_base_is_overtaken(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut open = a.join(&player).await.open(&slot).await;
    open.save("first").await;
    let deletion = open.delete().await;
    let newest = open.save("after the deletion").await;
    for client in fixture.clients() {
        client.delete(open.claim(), &deletion).await;
        let seen = b.client.view(&player, &slot).await;
        fixture.expect_eq(Rule::S3, "unchanged", seen, Some(newest.clone()));
    }
    let stale = fixture.stamp(Revision::default());
    let late = a.client.delete(open.claim(), &stale).await;
    fixture.expect_eq(Rule::S3, "not its base", late, WriteOutcome::Overtaken);
    open.save("the claim is alive").await;
}

/// A save that was sent before a deletion arrives after it: the slot stays
/// empty.
///
/// Proves [S3](Rule::S3). A backend that fails it brings a deleted character
/// back.
pub async fn a_save_from_before_a_deletion_is_overtaken(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut open = a.join(&player).await.open(&slot).await;
    open.save("first").await;
    let stale = open.clone();
    open.delete().await;
    let late = stale.try_save("stale").await;
    fixture.expect_eq(Rule::S3, "not its base", late, WriteOutcome::Overtaken);
    let seen = b.client.view(&player, &slot).await;
    fixture.expect_eq(Rule::S3, "still deleted", seen, None);
}

/// A save on a revision that the slot has not reached is refused.
///
/// Proves [S3](Rule::S3). A backend that fails it leaves gaps in the revisions,
/// and takes a write for applied that never was.
pub async fn a_save_on_a_base_to_come_is_overtaken(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut open = a.join(&player).await.open(&slot).await;
    for base in [1, 5] {
        let stamp = fixture.stamp(Revision::new(base));
        let early = a.client.save(open.claim(), &stamp, &body("early")).await;
        fixture.expect_eq(Rule::S3, "not its base", early, WriteOutcome::Overtaken);
        let seen = b.client.view(&player, &slot).await;
        fixture.expect_eq(Rule::S3, "nothing written", seen, None);
    }
    open.save("first").await;
}

/// A save that was applied is sent again after a newer one was: the newer
/// one stays.
///
/// Proves [S2](Rule::S2) and [S3](Rule::S3). A backend that fails it takes the
/// write's id for enough, and lets it land twice.
pub async fn a_repeated_save_leaves_a_newer_one(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut open = a.join(&player).await.open(&slot).await;
    let (stamp, older) = (open.stamp(), body("older"));
    open.save_as(&stamp, &older).await;
    let newer = open.save("newer").await;
    for client in fixture.clients() {
        client.save(open.claim(), &stamp, &older).await;
        let seen = b.client.view(&player, &slot).await;
        fixture.expect_eq(Rule::S3, "the newer one", seen, Some(newer.clone()));
    }
    open.save("and on").await;
}

/// Of many writes on one base, sent at once, one is applied.
///
/// Proves [S3](Rule::S3). A backend that fails it reads the revision and then
/// writes.
pub async fn one_of_many_writes_on_one_base_is_applied(fixture: Fixture) {
    let clients = fixture.clients();
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut open = a.join(&player).await.open(&slot).await;
    for round in 0..10 {
        let writers = (0..8_usize).map(|writer| {
            let open = open.through(&clients[writer % 2]);
            async move {
                let (stamp, body) = (open.stamp(), body(format!("by writer {writer}")));
                let outcome = open.send(&stamp, &body).await;
                (stamp.write_id, outcome)
            }
        });
        let outcomes = together(writers).await;
        let revision = open.base().next();
        let mut applied = Vec::new();
        for (write_id, outcome) in outcomes {
            match outcome {
                WriteOutcome::Written { revision: made } if made == revision => {
                    applied.push(write_id);
                }
                other => {
                    fixture.expect_eq(Rule::S3, "refused", other, WriteOutcome::Overtaken);
                }
            }
        }
        let seen = clients[0].view(&player, &slot).await;
        let seen: Vec<_> = seen.into_iter().map(|record| record.write_id).collect();
        let what = format!("the one write applied in round {round}");
        fixture.expect_eq(Rule::S3, &what, applied, seen);
        open = open.again().await;
    }
}
