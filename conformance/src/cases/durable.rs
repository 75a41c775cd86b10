//! Group `durable`: what a store still knows after it was closed and opened
//! again.

use std::time::Duration;

use playerdata_core::{
    Revision,
    backend::{Opening, Renewal, WriteOutcome},
};

use crate::{
    Fixture, Rule,
    driver::{Lasting, body, name},
};

const LONG: Duration = Duration::from_secs(3_600);

/// What was acknowledged is there: records, and the revision of a slot that
/// was deleted.
///
/// Proves [S1](Rule::S1). A backend that fails it acknowledges what it only
/// remembers.
pub async fn records_survive_a_restart(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let (saved, deletion) = {
        let [a, _] = fixture.servers();
        let session = a.join(&player).await;
        let mut open = session.open(&slot).await;
        open.save("first").await;
        let saved = open.save(vec![0xfe; 20_000]).await;
        let mut open = session.open(&name("deleted")).await;
        open.save("gone").await;
        let deletion = open.delete().await;
        session.release().await;
        (saved, deletion)
    };
    let fixture = fixture.reopen().await;
    let [a, b] = fixture.servers();
    let seen = b.client.view(&player, &slot).await;
    fixture.expect_eq(Rule::S1, "the record", seen, Some(saved));
    let open = a.join(&player).await.open(&name("deleted")).await;
    let found = open.opened();
    fixture.expect_eq(Rule::S3, "its revision", found.revision, Revision::new(2));
    let last_write = Some(deletion.write_id);
    fixture.expect_eq(Rule::S2, "its last write", found.last_write, last_write);
}

/// A session outlives a restart of the store: it still holds the lock, and
/// saves under the claim that it had.
///
/// Proves [L1](Rule::L1) and [L9](Rule::L9). A backend that fails it throws
/// everybody out when the store is restarted, or gives players away who are
/// being played.
pub async fn a_session_survives_a_restart(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let (lock, claim, stamp) = {
        let [a, _] = fixture.servers();
        let session = a.join(&player).await;
        let mut open = session.open(&slot).await;
        open.save("before").await;
        (session.lock(), open.claim().clone(), open.stamp())
    };
    let fixture = fixture.reopen().await;
    let [a, b] = fixture.clients();
    let holder = b.holder(&player).await;
    fixture.expect_eq(Rule::L1, "the holder", holder, Some(lock));
    let outcome = a.save(&claim, &stamp, &body("after")).await;
    let revision = Revision::new(2);
    let written = WriteOutcome::Written { revision };
    fixture.expect_eq(Rule::L9, "the session goes on", outcome, written);
}

/// A dead claim stays dead: of a session that was replaced, of one that was
/// released, and one that was overtaken.
///
/// Proves [L4](Rule::L4), [L5](Rule::L5) and [S2](Rule::S2). A backend that
/// fails it keeps in memory who may write.
pub async fn dead_claims_survive_no_restart(fixture: Fixture) {
    let slot = fixture.slot();
    let [robbed, released, reopened] = [1_u64, 2, 3].map(Into::into);
    let (lock, claims, stamp) = {
        let [a, b] = fixture.servers();
        let session = a.join(&robbed).await;
        let mut open = session.open(&slot).await;
        open.save("first").await;
        let stamp = open.stamp();
        let mut claims = vec![open.claim().clone()];
        let thief = b.take_over(&robbed, session.id()).await;
        let session = a.join(&released).await;
        claims.push(session.open(&slot).await.claim().clone());
        session.release().await;
        let session = a.join(&reopened).await;
        claims.push(session.open(&slot).await.claim().clone());
        session.open(&slot).await;
        (thief.lock(), claims, stamp)
    };
    let fixture = fixture.reopen().await;
    let [a, _] = fixture.clients();
    let lost = |holder| WriteOutcome::Lost { holder };
    let expected = [lost(Some(lock)), lost(None), WriteOutcome::Overtaken];
    for (claim, expected) in claims.iter().zip(expected) {
        let late = a.save(claim, &stamp, &body("late")).await;
        fixture.expect_eq(Rule::L4, "dead for ever", late, expected);
        let opened = matches!(a.open(claim).await, Opening::Opened(_));
        fixture.expect(Rule::L4, "a dead claim opens nothing", !opened);
    }
}

/// The fence goes on after a restart, of a player who was released, and of
/// one who was erased.
///
/// Proves [L3](Rule::L3). A backend that fails it counts in memory.
pub async fn the_fence_survives_a_restart(fixture: Fixture) {
    let players = [1_u64, 2].map(Into::into);
    let mut before = Vec::new();
    {
        let [a, _] = fixture.servers();
        for player in &players {
            for _ in 0..3 {
                let session = a.join(player).await;
                session.open(&fixture.slot()).await.save("data").await;
                session.release().await;
                before.push(session.fence());
            }
        }
        a.client.erase(&players[1]).await;
    }
    let fixture = fixture.reopen().await;
    let [_, b] = fixture.servers();
    for (player, before) in players.iter().zip([before[2], before[5]]) {
        let after = b.join(player).await.fence();
        let what = format!("{after} is greater than {before}");
        fixture.expect(Rule::L3, &what, after > before);
    }
}

/// A lease is live after a restart of the store, and a superseded incarnation
/// is still superseded.
///
/// Proves [L2](Rule::L2) and [L7](Rule::L7). A backend that fails it takes all
/// servers for dead when the store is restarted, or lets a frozen one come
/// back.
pub async fn leases_survive_a_restart(fixture: Fixture) {
    let earlier = fixture.started("server-a");
    let later = fixture.started("server-a");
    {
        let [a, _] = fixture.clients();
        a.renew_lease(&earlier, LONG).await;
        a.renew_lease(&later, LONG).await;
    }
    let fixture = fixture.reopen().await;
    let [a, b] = fixture.clients();
    let live = b.lease_is_live(&later).await;
    fixture.expect(Rule::L2, "the lease is live", live);
    let refused = a.renew_lease(&earlier, LONG).await;
    let by = later.incarnation;
    fixture.expect_eq(Rule::L7, "superseded", refused, Renewal::Superseded { by });
}

/// Letters, what is remembered of others, verdicts and versions are there
/// after the store was opened again.
///
/// Proves [M1](Rule::M1), [M2](Rule::M2), [P3](Rule::P3) and [H1](Rule::H1). A
/// backend that fails it forgets what was bought when its store is restarted,
/// or grants it twice.
pub async fn mail_verdicts_and_versions_survive_a_restart(fixture: Fixture) {
    let before = Lasting::leave(&fixture).await;
    let fixture = fixture.reopen().await;
    before.expect_there(&fixture).await;
}
