//! Group `killed`: the store is killed between an acknowledgement and the next
//! look, with no time to write anything, and opened again.
//!
//! It can run alone, with [`durable!`](crate::durable), since it takes a store
//! of its own for each case.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use playerdata_core::{
    PlayerId, Revision, SlotName,
    backend::{Effect, Erasure, Opening, Record, Renewal, WriteOutcome},
};

use crate::{
    Fixture, Rule,
    driver::{Lasting, RawSlot, body, joined, name},
};

const LONG: Duration = Duration::from_secs(3_600);

/// What was acknowledged just before the store was killed is there: records
/// of several players, a deletion, and the revisions of both.
///
/// Proves [S1](Rule::S1). A backend that fails it acknowledges what its store
/// has in memory only: a crash takes the last minutes from every player.
pub async fn acknowledged_writes_survive_a_kill(fixture: Fixture) {
    let slot = fixture.slot();
    let players: Vec<PlayerId> = (0..5_u64).map(Into::into).collect();
    let mut saved = Vec::new();
    let deleted: SlotName = name("deleted");
    {
        let [a, _] = fixture.servers();
        for (number, player) in players.iter().enumerate() {
            let session = a.join(player).await;
            let mut gone = session.open(&deleted).await;
            gone.save("gone").await;
            gone.delete().await;
            let mut open = session.open(&slot).await;
            open.save("first").await;
            saved.push(open.save(vec![number as u8; 1 + number * 3_000]).await);
        }
    }
    let fixture = fixture.kill().await;
    let [a, b] = fixture.servers();
    for (player, saved) in players.iter().zip(saved) {
        let seen = b.client.view(player, &slot).await;
        fixture.expect_eq(Rule::S1, "the last save", seen, Some(saved));
        let seen = a.client.view(player, &deleted).await;
        fixture.expect_eq(Rule::S1, "the deletion", seen, None);
        let holder = a.client.holder(player).await.map(|lock| lock.session);
        let Some(holder) = holder else {
            fixture.fail(Rule::L1, "the player is held by the session that had them");
        };
        let next = b.take_over(player, holder).await;
        let revision = next.open(&deleted).await.base();
        fixture.expect_eq(Rule::S3, "the revision", revision, Revision::new(2));
    }
}

/// The store is killed while sessions save as fast as they can: of each, what
/// was acknowledged is there, or the one save that was under way.
///
/// Proves [S1](Rule::S1) and the contract on atomic steps. A backend that fails
/// it writes its log when it finds the time, or leaves half a record behind.
pub async fn saves_under_way_are_whole_or_absent_after_a_kill(fixture: Fixture) {
    let slot = fixture.slot();
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    {
        let [a, b] = fixture.servers();
        for number in 0..6_u64 {
            let server = if number % 2 == 0 { &a } else { &b };
            let open = server.join(&number.into()).await.open(&slot).await;
            writers.push(tokio::spawn(save_until_stopped(open, stop.clone())));
        }
    }
    let enough = ".save(5/Slot1";
    fixture
        .until(Rule::Fixture, "some saves are acknowledged", || async {
            fixture.history().answered(&format!("a{enough}"))
                + fixture.history().answered(&format!("b{enough}"))
                > 4
        })
        .await;
    let fixture = fixture.kill().await;
    stop.store(true, Ordering::SeqCst);
    let [a, _] = fixture.clients();
    for (number, writer) in (0..6_u64).zip(writers) {
        let (acknowledged, under_way) = joined(writer.await);
        let seen = a.view(&number.into(), &slot).await;
        let whole = seen == acknowledged || seen == under_way;
        let what = format!("player {number}: the last acknowledged save, or the next one");
        fixture.expect(Rule::S1, &what, whole);
    }
}

/// Saves until told to stop or the store is gone; gives the last record that
/// was acknowledged, and the one that was not.
async fn save_until_stopped(
    mut open: RawSlot,
    stop: Arc<AtomicBool>,
) -> (Option<Record>, Option<Record>) {
    let mut last = None;
    for count in 0_u32.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let body = body(vec![count as u8; 10 + (count as usize * 977) % 9_000]);
        let stamp = open.stamp();
        let record = Record {
            revision: stamp.base.next(),
            write_id: stamp.write_id,
            saved_at: stamp.at,
            body: body.clone(),
        };
        match open.attempt(&stamp, &body).await {
            Ok(WriteOutcome::Written { .. }) => last = Some(record),
            Ok(_) => break,
            Err(error) if error.effect() == Effect::None => break,
            Err(_) => return (last, Some(record)),
        }
        tokio::task::yield_now().await;
    }
    (last.clone(), last)
}

/// Locks, claims and fences are as acknowledged when the store was killed: of
/// a session that holds its player, of one that was replaced, and of one that
/// was released.
///
/// Proves [L1](Rule::L1), [L3](Rule::L3), [L4](Rule::L4) and [L5](Rule::L5). A
/// backend that fails it gives players away who are being played, or lets a
/// session that was ended write again.
pub async fn locks_and_claims_survive_a_kill(fixture: Fixture) {
    let slot = fixture.slot();
    let [held, robbed, released] = [1_u64, 2, 3].map(PlayerId::from);
    let (lock, live, thief, dead, fence) = {
        let [a, b] = fixture.servers();
        let holds = a.join(&held).await;
        let live = holds.open(&slot).await;
        let old = a.join(&robbed).await;
        let mut dead = vec![old.open(&slot).await];
        let thief = b.take_over(&robbed, old.id()).await;
        let gone = a.join(&released).await;
        dead.push(gone.open(&slot).await);
        gone.release().await;
        (holds.lock(), live, thief.lock(), dead, gone.fence())
    };
    let fixture = fixture.kill().await;
    let [a, b] = fixture.servers();
    let holder = b.client.holder(&held).await;
    fixture.expect_eq(Rule::L1, "the holder", holder, Some(lock));
    let saved = live.through(&a.client).try_save("goes on").await;
    let revision = Revision::new(1);
    let written = WriteOutcome::Written { revision };
    fixture.expect_eq(Rule::L9, "the session goes on", saved, written);
    for (dead, holder) in dead.iter().zip([Some(thief), None]) {
        let late = dead.through(&b.client).try_save("late").await;
        let lost = WriteOutcome::Lost {
            holder: holder.clone(),
        };
        fixture.expect_eq(Rule::L4, "dead for ever", late, lost);
        let opening = dead.through(&a.client).try_open().await;
        fixture.expect_eq(Rule::L4, "and lost", opening, Opening::Lost { holder });
    }
    let next = b.join(&released).await.fence();
    fixture.expect(Rule::L3, "the fence has grown", next > fence);
}

/// An erasure that was acknowledged is one after the store was killed, and
/// the fence survives both.
///
/// Proves [L3](Rule::L3) and the contract on erasure. A backend that fails it
/// brings back data that a player asked to be deleted.
pub async fn an_erasure_survives_a_kill(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let fence = {
        let [a, b] = fixture.servers();
        let session = a.join(&player).await;
        session.open(&slot).await.save("data").await;
        session.release().await;
        let erased = b.client.erase(&player).await;
        fixture.expect_eq(Rule::Erasure, "nobody holds them", erased, Erasure::Erased);
        session.fence()
    };
    let fixture = fixture.kill().await;
    let [a, b] = fixture.servers();
    let listed = a.client.list(&player).await;
    fixture.expect_eq(Rule::Erasure, "no slots", listed, Vec::new());
    let next = b.join(&player).await;
    fixture.expect(Rule::L3, "the fence has grown", next.fence() > fence);
    let revision = next.open(&slot).await.base().get();
    fixture.expect_eq(Rule::Erasure, "never written", revision, 0);
}

/// Which incarnation of a server is the latest is known after the store was
/// killed.
///
/// Proves [L7](Rule::L7). A backend that fails it lets a frozen run of a server
/// come back after a crash of the store.
pub async fn a_superseded_server_is_superseded_after_a_kill(fixture: Fixture) {
    let [earlier, later] = [(); 2].map(|()| fixture.started("server-a"));
    {
        let [a, b] = fixture.clients();
        a.renew_lease(&earlier, LONG).await;
        b.renew_lease(&later, LONG).await;
    }
    let fixture = fixture.kill().await;
    let [a, _] = fixture.clients();
    let refused = a.renew_lease(&earlier, LONG).await;
    let by = later.incarnation;
    fixture.expect_eq(Rule::L7, "superseded", refused, Renewal::Superseded { by });
}

/// Letters, what is remembered of others, verdicts and versions are there
/// after the store was killed just when they were acknowledged.
///
/// Proves [M1](Rule::M1), [M2](Rule::M2), [P3](Rule::P3) and [H1](Rule::H1). A
/// backend that fails it grants a purchase twice, or never, when its server
/// crashes.
pub async fn mail_verdicts_and_versions_survive_a_kill(fixture: Fixture) {
    let before = Lasting::leave(&fixture).await;
    let fixture = fixture.kill().await;
    before.expect_there(&fixture).await;
}
