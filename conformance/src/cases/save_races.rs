//! Saves and openings, when several servers work on the same player at the
//! same time.

use std::time::Duration;

use playerdata_core::{
    PlayerId, Revision,
    backend::{Acquisition, Opening, Record, WriteOutcome},
};
use tokio::{sync::watch, time::Instant};

use crate::{
    Fixture, Rule,
    driver::{GameServer, RawSession, RawSlot, joined, name, together},
};

/// Saves until the session is lost, telling of each save once it was
/// acknowledged, and gives the last one. Bounded, so that a store that never
/// notices fails.
async fn save_until_lost(mut open: RawSlot, told: watch::Sender<Revision>) -> Option<Record> {
    let mut last = None;
    for count in 0..100_000 {
        match open.save_unless_lost(format!("save {count}")).await {
            Some(record) => {
                told.send_replace(record.revision);
                last = Some(record);
            }
            None => return last,
        }
        // A store in the same process may never make its caller wait, and
        // would keep the thread from everybody else.
        tokio::task::yield_now().await;
    }
    None
}

/// Waits until some saves were acknowledged, and then for a moment that is
/// another one in each round.
async fn acknowledged(told: &mut watch::Receiver<Revision>, round: u64) {
    // An error means that the writer is gone, whose result says why.
    let _ = told.wait_for(|revision| revision.get() > round % 5).await;
    for _ in 0..round % 4 {
        tokio::task::yield_now().await;
    }
}

/// A session saves as fast as it can while another takes the player over: the
/// new one finds the last save that was acknowledged, neither an older one nor
/// one that was refused, and nothing lands after that.
///
/// Proves [L4](Rule::L4) and [S1](Rule::S1). A backend that fails it checks the
/// lock and then writes: a stale save lands on the new holder's data.
pub async fn a_save_racing_a_take_over_counts_or_is_refused(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    for round in 0..20_u64 {
        let player: PlayerId = round.into();
        let old = a.join(&player).await;
        let (tell, mut told) = watch::channel(Revision::default());
        let writer = tokio::spawn(save_until_lost(old.open(&slot).await, tell));
        acknowledged(&mut told, round).await;
        let new = b.take_over(&player, old.id()).await;
        let open = new.open(&slot).await;
        let last = joined(writer.await);
        let found = open.opened().record.clone();
        fixture.expect_eq(Rule::L4, "the last acknowledged save", found, last.clone());
        let seen = a.client.view(&player, &slot).await;
        fixture.expect_eq(Rule::L4, "and nothing after it", seen, last);
    }
}

/// The same with a release in the place of a take-over: whoever comes next
/// finds the last save that was acknowledged.
///
/// Proves [L5](Rule::L5) and [S1](Rule::S1). A backend that fails it lets an
/// autosave that was under way at the release land on the next session's data.
pub async fn a_save_racing_a_release_counts_or_is_refused(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let slot = fixture.slot();
    for round in 0..20_u64 {
        let player: PlayerId = round.into();
        let old = a.join(&player).await;
        let (tell, mut told) = watch::channel(Revision::default());
        let writer = tokio::spawn(save_until_lost(old.open(&slot).await, tell));
        acknowledged(&mut told, round).await;
        old.through(&b.client).release().await;
        let open = b.join(&player).await.open(&slot).await;
        let last = joined(writer.await);
        let found = open.opened().record.clone();
        fixture.expect_eq(Rule::L5, "the last acknowledged save", found, last.clone());
        let seen = a.client.view(&player, &slot).await;
        fixture.expect_eq(Rule::L5, "and nothing after it", seen, last);
    }
}

/// A slot is opened again while a save under the earlier claim is on its way:
/// what the opening shows is final.
///
/// Proves [S2](Rule::S2). A backend that fails it lets a write in doubt land
/// after it was looked for.
pub async fn a_save_racing_a_reopening_counts_or_is_refused(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let session = a.join(&player).await;
    let reopener = session.through(&b.client);
    for round in 0..40 {
        let doubtful = session.open(&slot).await;
        let late = doubtful.clone();
        let save = tokio::spawn(async move { late.try_save("in doubt").await });
        if round % 2 == 0 {
            tokio::task::yield_now().await;
        }
        let open = reopener.open(&slot).await;
        let expected = match joined(save.await) {
            WriteOutcome::Written { revision } => revision,
            _ => doubtful.base(),
        };
        fixture.expect_eq(Rule::S2, "what was found is final", open.base(), expected);
        let seen = b.client.view(&player, &slot).await;
        let found = open.opened().record.clone();
        fixture.expect_eq(Rule::S2, "nothing landed after it", seen, found);
    }
}

/// The number in a record's body; 0 if there is none.
fn count_in(record: Option<&Record>) -> u64 {
    record
        .and_then(|record| std::str::from_utf8(&record.body.bytes).ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

/// Asks for a player until they are free, with a bound.
async fn wait_for(server: &GameServer, player: &PlayerId) -> RawSession {
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end {
        let claimant = server.claimant();
        let outcome = server.client.acquire(player, &claimant, None).await;
        if let Acquisition::Acquired { fence } = outcome {
            return RawSession::new(server.client.clone(), player.clone(), claimant, fence);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.client.world().fail(
        Rule::L6,
        "a player who is given up is free for the next one",
    )
}

/// Servers pass one player around, each adding one to a counter before it
/// gives the player up: the counter has all of them in the end.
///
/// Proves [L1](Rule::L1) and [S1](Rule::S1). A backend that fails it lets two
/// servers add to the same number: a player's coins are lost or doubled.
pub async fn a_counter_passed_around_counts_right(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let clients = fixture.clients();
    let counters = (0..8_usize).map(|number| {
        let server = GameServer {
            client: clients[number % 2].clone(),
            id: fixture.started(&format!("server-{number}")),
        };
        let (player, slot) = (player.clone(), slot.clone());
        async move {
            for _ in 0..8 {
                let session = wait_for(&server, &player).await;
                let mut open = session.open(&slot).await;
                let count = count_in(open.opened().record.as_ref());
                // A session lasts a while, in which nobody else may get in.
                tokio::time::sleep(Duration::from_millis(1)).await;
                open.save((count + 1).to_string()).await;
                session.release().await;
            }
        }
    });
    together(counters).await;
    let seen = clients[0].view(&player, &slot).await;
    fixture.expect_eq(Rule::L1, "8 servers, 8 times", count_in(seen.as_ref()), 64);
}

/// Steals a player from whoever has them and adds one to the counter; gives
/// whether that was acknowledged.
async fn steal_and_count(server: &GameServer, player: &PlayerId) -> bool {
    let (client, slot) = (&server.client, server.client.world().slot());
    let holder = client.holder(player).await.map(|lock| lock.session);
    let claimant = server.claimant();
    let outcome = client.acquire(player, &claimant, holder).await;
    let Acquisition::Acquired { fence } = outcome else {
        return false;
    };
    let session = RawSession::new(client.clone(), player.clone(), claimant, fence);
    match client.open(&session.next_claim(&slot)).await {
        Opening::Opened(_) => {
            // The same claim again: as `RawSlot`, with what is there by now.
            let claim = session.claim(&slot, 1);
            let Opening::Opened(opened) = client.open(&claim).await else {
                return false;
            };
            let count = count_in(opened.record.as_ref());
            let stamp = client.world().stamp(opened.revision);
            let body = crate::driver::body((count + 1).to_string());
            let outcome = client.save(&claim, &stamp, &body).await;
            matches!(outcome, WriteOutcome::Written { .. })
        }
        Opening::Lost { .. } | Opening::Overtaken => false,
    }
}

/// Servers steal one player from each other all the time, each adding one to
/// a counter when it can: the counter has exactly the additions that were
/// acknowledged.
///
/// Proves [L4](Rule::L4), [S1](Rule::S1) and [S3](Rule::S3). A backend that
/// fails it loses acknowledged changes, or applies refused ones, whenever a
/// player moves fast between servers.
pub async fn a_counter_fought_over_counts_what_was_acknowledged(fixture: Fixture) {
    let player = fixture.player();
    let clients = fixture.clients();
    let thieves = (0..8_usize).map(|number| {
        let server = GameServer {
            client: clients[number % 2].clone(),
            id: fixture.started(&format!("server-{number}")),
        };
        let player = player.clone();
        async move {
            let mut acknowledged = 0;
            for _ in 0..25 {
                acknowledged += u64::from(steal_and_count(&server, &player).await);
            }
            acknowledged
        }
    });
    let acknowledged: u64 = together(thieves).await.into_iter().sum();
    let seen = clients[0].view(&player, &fixture.slot()).await;
    let count = count_in(seen.as_ref());
    fixture.expect_eq(Rule::S1, "what was acknowledged", count, acknowledged);
}

/// A session opens many slots at once: all of its claims are alive.
///
/// Proves [L1](Rule::L1). A backend that fails it lets openings of different
/// slots undo each other, and half of a player's data can't be saved.
pub async fn slots_opened_at_once_are_all_open(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let session = a.join(&fixture.player()).await;
    let openings = (0..24).map(|number| {
        let client = if number % 2 == 0 {
            &a.client
        } else {
            &b.client
        };
        let session = session.through(client);
        async move {
            let mut open = session.open(&name(&format!("Slot{number}"))).await;
            open.save("first").await;
            open
        }
    });
    for mut open in together(openings).await {
        open.save("second").await;
    }
}

/// One slot is opened many times at once, under different numbers: the
/// greatest is alive in the end, and all others are dead.
///
/// Proves [S2](Rule::S2). A backend that fails it reads the claim and then
/// writes its own: the one in doubt may win.
pub async fn the_greatest_of_racing_claims_lives(fixture: Fixture) {
    let clients = fixture.clients();
    let [a, _] = fixture.servers();
    let slot = fixture.slot();
    for round in 0..10_u64 {
        let session = a.join(&round.into()).await;
        let openings = (1..=12_u64).map(|number| {
            let client = clients[usize::from(number % 2 == 0)].clone();
            let claim = session.claim(&slot, number);
            async move { client.open(&claim).await }
        });
        let outcomes = together(openings).await;
        let greatest = matches!(outcomes.last(), Some(Opening::Opened(_)));
        fixture.expect(Rule::S2, "the greatest is opened", greatest);
        for number in 1..12 {
            let late = clients[0].open(&session.claim(&slot, number)).await;
            fixture.expect_eq(Rule::S2, "it came late", late, Opening::Overtaken);
        }
        let mut open = session.open_as(session.claim(&slot, 12)).await;
        open.save("alive").await;
    }
}

/// A body that tells its own revision, of a length that differs from the
/// last one's.
fn telling(revision: u64) -> Vec<u8> {
    let length = 8 + usize::try_from(revision * 7_919 % 20_000).unwrap_or(0);
    let mut bytes = vec![(revision % 251) as u8; length];
    bytes[..8].copy_from_slice(&revision.to_be_bytes());
    bytes
}

/// While a session writes, views and lists through both clients show records
/// as they were saved, whole, none older than one shown or acknowledged
/// before.
///
/// Proves the contract on views, and [S1](Rule::S1). A backend that fails it
/// shows half of one save and half of another, or data that may yet vanish.
pub async fn views_while_a_session_writes_are_whole(fixture: Fixture) {
    let [a, _] = fixture.servers();
    let (player, slot) = (fixture.player(), fixture.slot());
    let mut open = a.join(&player).await.open(&slot).await;
    let (tell, told) = watch::channel(0_u64);
    let viewers = fixture.clients().map(|client| {
        let (player, slot, told) = (player.clone(), slot.clone(), told.clone());
        tokio::spawn(async move {
            let mut least = 0;
            while told.has_changed().is_ok() {
                least = least.max(*told.borrow());
                let seen = client.view(&player, &slot).await;
                let revision = seen.as_ref().map_or(0, |record| record.revision.get());
                let whole = seen.is_none_or(|record| *record.body.bytes == telling(revision));
                let world = client.world();
                world.expect(Rule::Views, "a record is seen whole", whole);
                world.expect(Rule::S1, "and none older than before", revision >= least);
                least = revision;
                let listed = client.list(&player).await;
                let summary = listed
                    .first()
                    .map_or((0, 8), |slot| (slot.revision.get(), slot.body_bytes));
                let whole = summary.1 == telling(summary.0).len() as u64;
                world.expect(Rule::Views, "a summary is of one record", whole);
                world.expect(Rule::S1, "and none older than before", summary.0 >= least);
                least = summary.0;
                tokio::task::yield_now().await;
            }
        })
    });
    for revision in 1..=300 {
        open.save(telling(revision)).await;
        tell.send_replace(revision);
    }
    drop(tell);
    for viewer in viewers {
        joined(viewer.await);
    }
}
