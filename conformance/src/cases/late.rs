//! Group `stepwise`: an operation of several steps whose process is frozen in
//! between, before each of its steps in turn, and wakes up when others went
//! on. Nobody has to wait for it, and nothing that it still does has an
//! effect on those who came after it.

use std::{future::Future, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use playerdata_core::{
    PlayerId, ServerId, SessionId, SlotName,
    backend::{Acquisition, Erasure, Lock, Notice, NoticeKind, Opening, Record, Renewal, Result},
};

use crate::{
    Fixture, Rule,
    driver::{Client, GameServer, RawSession, RawSlot, body, name},
};

/// Enough for an operation to have a first, a middle and a last one.
const SLOTS: [&str; 3] = ["Slot1", "Slot2", "Slot3"];

/// A player with three slots, whom a session of server `a` opened.
struct Scene {
    player: PlayerId,
    /// The session that holds the player, or did.
    old: RawSession,
    /// Its slots, each with one record.
    open: Vec<RawSlot>,
    /// The records.
    records: Vec<Record>,
    /// The server on the client that is to be frozen.
    slow: GameServer,
}

/// What others do while the process is frozen.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    /// A session gets the player, opens all slots, saves, and stays.
    Plays,
    /// The same, and it leaves.
    Leaves,
    /// The same, the player is erased after it left, and another session
    /// begins with empty slots, and stays.
    StartsAgain,
}

const ALL: [Meanwhile; 3] = [Meanwhile::Plays, Meanwhile::Leaves, Meanwhile::StartsAgain];

/// The operation on the frozen process.
type Operation = fn(&Scene) -> BoxFuture<'static, Result<()>>;

/// Whether the player is held when the operation begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begins {
    Held,
    Free,
}

async fn scene(fixture: &Fixture, slow: &Client, number: u64, begins: Begins) -> Scene {
    let [a, _] = fixture.servers();
    let player = PlayerId::from(number);
    let old = a.join(&player).await;
    let (mut open, mut records) = (Vec::new(), Vec::new());
    for slot in SLOTS {
        let mut slot = old.open(&name(slot)).await;
        records.push(slot.save("old").await);
        open.push(slot);
    }
    if begins == Begins::Free {
        old.release().await;
    }
    let slow = GameServer {
        id: fixture.started("server-c"),
        client: slow.clone(),
    };
    Scene {
        player,
        old,
        open,
        records,
        slow,
    }
}

/// Freezes the operation before each of its steps in turn, lets others go on,
/// wakes it, and requires that it had no effect on them.
async fn expect_harmless(fixture: &Fixture, rule: Rule, begins: Begins, operation: Operation) {
    let slow = fixture.process();
    let mut number = 0;
    for meanwhile in ALL {
        for step in 0.. {
            number += 1;
            let scene = scene(fixture, &slow.client, number, begins).await;
            let Some(frozen) = slow.freeze(step, operation(&scene)).await else {
                break;
            };
            let what = format!("{meanwhile:?} while it is frozen after {step} steps");
            let after = in_time(fixture, &what, go_on(fixture, &scene, meanwhile)).await;
            // Whatever it is told.
            let _ = frozen.wake().await;
            expect_undisturbed(fixture, rule, &scene, after).await;
        }
    }
}

/// Requires that somebody comes to an end who has nobody to wait for.
async fn in_time<T>(fixture: &Fixture, what: &str, others: impl Future<Output = T>) -> T {
    match tokio::time::timeout(fixture.patience(), others).await {
        Ok(done) => done,
        Err(_) => fixture.fail(
            Rule::Atomic,
            &format!("nobody waits for a process that is frozen: {what}"),
        ),
    }
}

/// What others have, once they have gone on.
struct After {
    /// Whether the first session found the records.
    found: bool,
    /// The one who stays, with its slots.
    stays: Option<(RawSession, Vec<RawSlot>)>,
    /// What is in the slots.
    records: Vec<Option<Record>>,
}

async fn go_on(fixture: &Fixture, scene: &Scene, meanwhile: Meanwhile) -> After {
    let [_, b] = fixture.servers();
    let session = get(&b, &scene.player).await;
    let (mut open, mut records) = play(&session, "newer").await;
    let found = open[0].opened().record.is_some();
    let mut stays = Some(session);
    if !matches!(meanwhile, Meanwhile::Plays)
        && let Some(session) = stays.take()
    {
        session.release().await;
    }
    if matches!(meanwhile, Meanwhile::StartsAgain) {
        let erased = b.client.erase(&scene.player).await;
        fixture.expect_eq(Rule::Erasure, "nobody holds them", erased, Erasure::Erased);
        let session = get(&b, &scene.player).await;
        (open, records) = play(&session, "newest").await;
        let first = open.iter().all(|slot| slot.base().get() == 1);
        fixture.expect(Rule::Erasure, "an erased slot begins at its start", first);
        stays = Some(session);
    }
    let stays = stays.map(|session| (session, open));
    After {
        found,
        stays,
        records,
    }
}

/// Gets a player from whoever has them.
async fn get(server: &GameServer, player: &PlayerId) -> RawSession {
    let claimant = server.claimant();
    loop {
        let holder = server.client.holder(player).await;
        let replacing = holder.map(|lock| lock.session);
        let outcome = server.client.acquire(player, &claimant, replacing).await;
        if let Acquisition::Acquired { fence } = outcome {
            let client = server.client.clone();
            return RawSession::new(client, player.clone(), claimant, fence);
        }
        tokio::task::yield_now().await;
    }
}

/// Opens all slots and saves: finds all that was there or, after an erasure,
/// nothing.
async fn play(session: &RawSession, text: &'static str) -> (Vec<RawSlot>, Vec<Option<Record>>) {
    let mut open = Vec::new();
    for slot in SLOTS {
        open.push(session.open(&name(slot)).await);
    }
    let world = session.client().world();
    let found = open.iter().map(|slot| slot.opened().record.is_some());
    let found = found.filter(|found| *found).count();
    let what = format!("a session finds all of the slots or none, not {found}");
    let whole = found == 0 || found == SLOTS.len();
    world.expect(Rule::Erasure, &what, whole);
    let mut records = Vec::new();
    for slot in &mut open {
        records.push(Some(slot.save(text).await));
    }
    (open, records)
}

async fn expect_undisturbed(fixture: &Fixture, rule: Rule, scene: &Scene, after: After) {
    let [a, b] = fixture.servers();
    let mut seen = Vec::new();
    for slot in SLOTS {
        seen.push(b.client.view(&scene.player, &name(slot)).await);
    }
    // An erasure that had no effect before may have it now, if nobody holds
    // the player; one that had its effect must not have it twice.
    let may_erase = rule == Rule::Erasure && after.found && after.stays.is_none();
    if !(may_erase && seen.iter().all(Option::is_none)) {
        fixture.expect_eq(rule, "what was saved since", seen, after.records);
    }
    let holder = b.client.holder(&scene.player).await;
    let Some((session, open)) = after.stays else {
        // A request for a player who is free by now may be granted late.
        let theirs = holder.is_none_or(|lock| lock.server == scene.slow.id);
        fixture.expect(rule, "nobody holds the player who did not ask", theirs);
        expect_dead(fixture, rule, scene).await;
        get(&a, &scene.player).await;
        return;
    };
    fixture.expect_eq(rule, "the holder", holder, Some(session.lock()));
    expect_dead(fixture, rule, scene).await;
    for mut slot in open {
        slot.save("the holder goes on").await;
        let mut again = session.open(&slot.claim().slot).await;
        again.save("and opens its slots").await;
    }
}

/// Requires that nothing of the old session is alive.
async fn expect_dead(fixture: &Fixture, rule: Rule, scene: &Scene) {
    for dead in &scene.open {
        let late = dead.through(&fixture.clients()[1]);
        let late = late.try_save("too late").await;
        let lost = matches!(late, playerdata_core::backend::WriteOutcome::Lost { .. });
        fixture.expect(rule, "nothing of the old session succeeds", lost);
    }
}

/// An erasure falls asleep. The player comes back, plays and saves; what they
/// saved since stays when the erasure wakes up.
///
/// Proves the contract on erasure and on steps. A backend that fails it deletes
/// acknowledged saves of a session that began after the erasure.
pub async fn a_late_erasure_removes_nothing_that_was_saved_since(fixture: Fixture) {
    expect_harmless(&fixture, Rule::Erasure, Begins::Free, |scene| {
        let (client, player) = (scene.slow.client.clone(), scene.player.clone());
        async move { client.backend().erase(&player).await.map(drop) }.boxed()
    })
    .await;
}

/// A take-over falls asleep. Another server takes the player; when the first
/// one wakes up, the other one still holds them and goes on.
///
/// Proves [L1](Rule::L1) and [L4](Rule::L4). A backend that fails it writes the
/// lock that it decided upon long ago: two servers play one player.
pub async fn a_late_take_over_replaces_nobody_else(fixture: Fixture) {
    expect_harmless(&fixture, Rule::L1, Begins::Held, |scene| {
        let (client, player) = (scene.slow.client.clone(), scene.player.clone());
        let (claimant, old) = (scene.slow.claimant(), scene.old.id());
        async move {
            let acquired = client.backend().acquire(&player, &claimant, Some(old));
            acquired.await.map(drop)
        }
        .boxed()
    })
    .await;
}

/// A request for a free player falls asleep. Somebody else gets them; when it
/// wakes up, it is refused.
///
/// Proves [L1](Rule::L1). A backend that fails it saw that the player was free,
/// and writes its lock over that of who came in between.
pub async fn a_late_request_takes_nobody(fixture: Fixture) {
    expect_harmless(&fixture, Rule::L1, Begins::Free, |scene| {
        let (client, player) = (scene.slow.client.clone(), scene.player.clone());
        let claimant = scene.slow.claimant();
        async move {
            let acquired = client.backend().acquire(&player, &claimant, None);
            acquired.await.map(drop)
        }
        .boxed()
    })
    .await;
}

/// A release falls asleep. Another server takes the player; when the release
/// wakes up, that server still holds them, and its claims are alive.
///
/// Proves [L6](Rule::L6). A backend that fails it frees a player who is being
/// played, or kills the claims of who plays.
pub async fn a_late_release_frees_nobody_else(fixture: Fixture) {
    expect_harmless(&fixture, Rule::L6, Begins::Held, |scene| {
        let (client, player) = (scene.slow.client.clone(), scene.player.clone());
        let session = scene.old.id();
        async move { client.backend().release(&player, session).await.map(drop) }.boxed()
    })
    .await;
}

/// An opening falls asleep. Another server takes the player; when the opening
/// wakes up, it takes no slot out of that server's hands.
///
/// Proves [L4](Rule::L4). A backend that fails it checks the lock in one step
/// and writes the claim in another.
pub async fn a_late_opening_takes_no_slot(fixture: Fixture) {
    expect_harmless(&fixture, Rule::L4, Begins::Held, |scene| {
        let client = scene.slow.client.clone();
        let claim = scene.old.next_claim(&name(SLOTS[1]));
        async move { client.backend().open(&claim).await.map(drop) }.boxed()
    })
    .await;
}

/// A save falls asleep. Another server takes the player and saves; when the
/// first save wakes up, it is refused.
///
/// Proves [L4](Rule::L4). A backend that fails it checks the claim in one step
/// and writes in another: a stale save lands on newer data.
pub async fn a_late_save_lands_on_nothing_newer(fixture: Fixture) {
    expect_harmless(&fixture, Rule::L4, Begins::Held, |scene| {
        let (client, open) = (scene.slow.client.clone(), scene.open[1].clone());
        let (stamp, body) = (open.stamp(), body("from long ago"));
        async move {
            let saved = client.backend().save(open.claim(), &stamp, &body);
            saved.await.map(drop)
        }
        .boxed()
    })
    .await;
}

/// A deletion falls asleep. Another server takes the player and saves; when
/// the deletion wakes up, it is refused.
///
/// Proves [L4](Rule::L4). A backend that fails it deletes a character that is
/// being played elsewhere.
pub async fn a_late_deletion_removes_nothing_newer(fixture: Fixture) {
    expect_harmless(&fixture, Rule::L4, Begins::Held, |scene| {
        let (client, open) = (scene.slow.client.clone(), scene.open[1].clone());
        let stamp = open.stamp();
        async move {
            let deleted = client.backend().delete(open.claim(), &stamp);
            deleted.await.map(drop)
        }
        .boxed()
    })
    .await;
}

/// A take-over or a release falls asleep, and the session that is being ended
/// goes on as long as it can: it opens its slots again. When the ending wakes
/// up and has returned, none of those claims is alive.
///
/// Proves [L4](Rule::L4) and [L5](Rule::L5). A backend that fails it withdraws
/// the claims first and takes the lock away after that: a claim that came in
/// between lives beside the new holder.
pub async fn slots_opened_during_a_slow_ending_are_lost(fixture: Fixture) {
    let slow = fixture.process();
    for (number, take_over) in [(0, true), (1_000, false)] {
        for step in 0.. {
            let player = number + step as u64;
            let scene = scene(&fixture, &slow.client, player, Begins::Held).await;
            let ending = ending(&scene, take_over);
            let Some(frozen) = slow.freeze(step, ending).await else {
                break;
            };
            let mut claims = Vec::new();
            for slot in SLOTS {
                let claim = scene.old.next_claim(&name(slot));
                let [_, b] = fixture.clients();
                if let Opening::Opened(opened) = b.open(&claim).await {
                    claims.push((claim, opened.revision));
                }
            }
            let answer = frozen.wake().await;
            fixture.works(Rule::S4, "the ending goes on", answer);
            let holder = fixture.clients()[0].holder(&scene.player).await;
            let ended = holder.is_none_or(|lock| lock.session != scene.old.id());
            fixture.expect(Rule::L6, "the session has ended", ended);
            for (claim, base) in claims {
                let [a, _] = fixture.clients();
                let stamp = fixture.stamp(base);
                let late = a.save(&claim, &stamp, &body("too late")).await;
                let lost = matches!(late, playerdata_core::backend::WriteOutcome::Lost { .. });
                fixture.expect(Rule::L4, "a claim made meanwhile is dead", lost);
            }
        }
    }
}

fn ending(scene: &Scene, take_over: bool) -> BoxFuture<'static, Result<()>> {
    let (client, player) = (scene.slow.client.clone(), scene.player.clone());
    let (claimant, old) = (scene.slow.claimant(), scene.old.id());
    async move {
        if take_over {
            let acquired = client.backend().acquire(&player, &claimant, Some(old));
            acquired.await.map(drop)
        } else {
            client.backend().release(&player, old).await.map(drop)
        }
    }
    .boxed()
}

/// A save, a deletion or an opening falls asleep, and its own session opens
/// the slot again and saves. When the first one wakes up, it changes nothing.
///
/// Proves [S2](Rule::S2). A backend that fails it lets a call in doubt undo
/// what was saved since.
pub async fn a_late_call_under_an_earlier_claim_changes_nothing(fixture: Fixture) {
    let slow = fixture.process();
    let slot: SlotName = name(SLOTS[1]);
    for (number, kind) in [(0, Late::Open), (1_000, Late::Save), (2_000, Late::Delete)] {
        for step in 0.. {
            let player = number + step as u64;
            let scene = scene(&fixture, &slow.client, player, Begins::Held).await;
            let call = late_call(&scene, kind);
            let Some(frozen) = slow.freeze(step, call).await else {
                break;
            };
            let mut open = scene.old.open(&slot).await;
            let saved = open.save("since").await;
            let _ = frozen.wake().await;
            let seen = fixture.clients()[1].view(&scene.player, &slot).await;
            fixture.expect_eq(Rule::S2, "as it was saved since", seen, Some(saved));
            open.save("the claim is alive").await;
        }
    }
}

#[derive(Clone, Copy)]
enum Late {
    Open,
    Save,
    Delete,
}

fn late_call(scene: &Scene, kind: Late) -> BoxFuture<'static, Result<()>> {
    let (client, open) = (scene.slow.client.clone(), scene.open[1].clone());
    let claim = scene.old.next_claim(&open.claim().slot);
    let stamp = open.stamp();
    async move {
        let backend = client.backend();
        match kind {
            Late::Open => backend.open(&claim).await.map(drop),
            Late::Save => {
                let body = body("in doubt");
                backend.save(open.claim(), &stamp, &body).await.map(drop)
            }
            Late::Delete => backend.delete(open.claim(), &stamp).await.map(drop),
        }
    }
    .boxed()
}

const LONG: Duration = Duration::from_secs(3_600);

/// A heartbeat, or the end of a lease, falls asleep, and the server starts
/// again meanwhile. When it wakes up, the later run has its lease still.
///
/// Proves [L7](Rule::L7). A backend that fails it reads which incarnation is
/// the latest and writes in a later step: a frozen run of a server ends its
/// successor's lease, and its players are taken.
pub async fn a_late_heartbeat_ends_no_later_lease(fixture: Fixture) {
    let slow = fixture.process();
    for drops in [false, true] {
        for step in 0.. {
            let server = format!("server-{drops}-{step}");
            let [earlier, later] = [(); 2].map(|()| fixture.started(&server));
            let [a, b] = fixture.clients();
            expect_renewed(&a, &earlier).await;
            let Some(frozen) = slow
                .freeze(step, heartbeat(&slow.client, &earlier, drops))
                .await
            else {
                break;
            };
            expect_renewed(&b, &later).await;
            let _ = frozen.wake().await;
            let live = a.lease_is_live(&later).await;
            fixture.expect(Rule::L7, "the later run has its lease", live);
            let by = later.incarnation;
            let refused = a.renew_lease(&earlier, LONG).await;
            fixture.expect_eq(Rule::L7, "superseded", refused, Renewal::Superseded { by });
        }
    }
}

async fn expect_renewed(client: &Client, server: &ServerId) {
    let renewal = client.renew_lease(server, LONG).await;
    let renewed = matches!(renewal, Renewal::Renewed { .. });
    client
        .world()
        .expect(Rule::L7, "the latest incarnation renews", renewed);
}

fn heartbeat(client: &Client, server: &ServerId, drops: bool) -> BoxFuture<'static, Result<()>> {
    let (client, server) = (client.clone(), server.clone());
    async move {
        if drops {
            client.backend().drop_lease(&server).await
        } else {
            client.backend().renew_lease(&server, LONG).await.map(drop)
        }
    }
    .boxed()
}

/// A notice falls asleep on its way, and others are sent and drained
/// meanwhile. When it wakes up, it undoes none of that: every notice is
/// drained once.
///
/// Proves the contract on notices. A backend that fails it reads the notices
/// that wait and writes them back with its own: others' are lost, or come
/// twice.
pub async fn a_late_notice_undoes_no_other(fixture: Fixture) {
    let slow = fixture.process();
    for step in 0.. {
        let server = fixture.started(&format!("server-{step}"));
        let notices = [(); 3].map(|()| about_somebody(&fixture));
        let [a, b] = fixture.clients();
        a.notify(&server.name, &notices[0]).await;
        let late = {
            let (client, server) = (slow.client.clone(), server.name.clone());
            let notice = notices[1].clone();
            async move { client.backend().notify(&server, &notice).await.map(drop) }
        };
        let Some(frozen) = slow.freeze(step, late).await else {
            break;
        };
        let mut drained = drain(&b, &server).await;
        b.notify(&server.name, &notices[2]).await;
        fixture.works(Rule::S4, "a late notice is queued", frozen.wake().await);
        drained.extend(drain(&a, &server).await);
        drained.extend(drain(&b, &server).await);
        for notice in &notices {
            let times = drained.iter().filter(|found| *found == notice).count();
            fixture.expect_eq(Rule::Notices, "how often it is drained", times, 1);
        }
    }
}

fn about_somebody(fixture: &Fixture) -> Notice {
    Notice {
        player: fixture.player(),
        session: SessionId::from_uuid(fixture.ids().next_id()),
        kind: NoticeKind::HandOver,
        from: fixture.started("asker"),
    }
}

async fn drain(client: &Client, server: &ServerId) -> Vec<Notice> {
    match client.renew_lease(server, LONG).await {
        Renewal::Renewed { notices } => notices,
        Renewal::Superseded { .. } => Vec::new(),
    }
}

/// A list or a view falls asleep, and the player is played, erased and played
/// again meanwhile: what it shows in the end was there at some time.
///
/// Proves the contract on views. A backend that fails it shows a record that is
/// made up of two.
pub async fn a_late_look_shows_what_was_there(fixture: Fixture) {
    let slow = fixture.process();
    for step in 0.. {
        let scene = scene(&fixture, &slow.client, step as u64, Begins::Held).await;
        let (client, player) = (slow.client.clone(), scene.player.clone());
        let slot: SlotName = name(SLOTS[1]);
        let look = async move {
            let backend = client.backend();
            let holder = backend.holder(&player).await?;
            let seen = backend.view(&player, &slot).await?;
            Ok((holder, seen, backend.list(&player).await?))
        };
        let Some(frozen) = slow.freeze(step, look).await else {
            break;
        };
        let after = go_on(&fixture, &scene, Meanwhile::StartsAgain).await;
        let looked = fixture.works(Rule::S4, "a late look works", frozen.wake().await);
        let (holder, seen, listed): (Option<Lock>, Option<Record>, Vec<_>) = looked;
        let holder = holder.map(|lock| lock.session);
        let stays = after.stays.as_ref().map(|(session, _)| session.id());
        let known = holder == Some(scene.old.id()) || holder == stays || holder.is_none();
        fixture.expect(Rule::Views, "the holder then, or now", known);
        let known = seen.as_ref() == Some(&scene.records[1]) || seen == after.records[1];
        fixture.expect(Rule::Views, "a record that was there", known);
        fixture.expect(Rule::Views, "no slot twice", listed.len() <= SLOTS.len());
    }
}
