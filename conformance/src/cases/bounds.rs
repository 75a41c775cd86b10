//! Just at a limit, and beyond a thousand.

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use playerdata_core::{
    PlayerId, SlotName,
    backend::{
        Effect, Erasure, ErrorKind, MAX_NOTICES, Notice, NoticeKind, Notification, Renewal,
        WriteOutcome,
    },
};

use crate::{
    Fixture, Rule,
    driver::{RawSession, RawSlot, body, name, together},
};

/// More than fit in a page of a thousand.
const MANY: usize = 1_003;

/// How many are opened at once.
const AT_ONCE: usize = 16;

/// The slots, those that hold a record last in the order of their names.
fn slot(number: usize) -> SlotName {
    name(&format!("Slot{number:04}"))
}

/// Opens many slots, and saves in all of them if asked to.
async fn open_many(fixture: &Fixture, session: &RawSession, saves: bool) -> Vec<RawSlot> {
    let clients = fixture.clients();
    let workers = (0..AT_ONCE).map(|worker| {
        let session = session.through(&clients[worker % 2]);
        async move {
            let mut open = Vec::new();
            for number in (worker..MANY).step_by(AT_ONCE) {
                let mut slot = session.open(&slot(number)).await;
                if saves {
                    slot.save("data").await;
                }
                open.push(slot);
            }
            open
        }
    });
    together(workers).await.into_iter().flatten().collect()
}

/// A session has more than a thousand slots open when it is replaced, and
/// another one when it is released: not one of the claims is alive.
///
/// Proves [L4](Rule::L4) and [L5](Rule::L5). A backend that fails it withdraws
/// as many claims as its store names in one answer: the slots beyond can still
/// be overwritten.
pub async fn more_than_a_thousand_claims_die(fixture: Fixture) {
    let [a, b] = fixture.servers();
    for (player, take_over) in [(1_u64, true), (2, false)] {
        let player = PlayerId::from(player);
        let old = a.join(&player).await;
        let stale = open_many(&fixture, &old, false).await;
        if take_over {
            b.take_over(&player, old.id()).await;
        } else {
            old.through(&b.client).release().await;
        }
        let late = stale
            .into_iter()
            .map(|dead| async move { dead.try_save("late").await }.boxed());
        let late: Vec<BoxFuture<'static, _>> = late.collect();
        for late in in_turn(late).await {
            let lost = matches!(late, WriteOutcome::Lost { .. });
            fixture.expect(Rule::L4, "each of the claims is dead", lost);
        }
        let listed = b.client.list(&player).await;
        fixture.expect_eq(Rule::L4, "nothing was written", listed, Vec::new());
    }
}

/// Runs many, some at a time.
async fn in_turn<T: Send + 'static>(calls: Vec<BoxFuture<'static, T>>) -> Vec<T> {
    let mut calls = calls.into_iter();
    let mut done = Vec::new();
    loop {
        let some: Vec<_> = calls.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            return done;
        }
        done.extend(together(some).await);
    }
}

/// More than a thousand slots are listed, all of them, in order.
///
/// Proves the contract on views. A backend that fails it shows the first page
/// of its store's answer: slots are missing from what a player asks for.
pub async fn more_than_a_thousand_slots_are_listed(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let session = a.join(&fixture.player()).await;
    open_many(&fixture, &session, true).await;
    let listed = b.client.list(&fixture.player()).await;
    let listed: Vec<_> = listed.into_iter().map(|slot| slot.slot).collect();
    let all: Vec<_> = (0..MANY).map(slot).collect();
    fixture.expect(Rule::Views, "all of them, in order", listed == all);
}

/// More than a thousand slots are erased, all of them.
///
/// Proves the contract on erasure. A backend that fails it erases as much as
/// fits in one request, and says that it has erased all.
pub async fn more_than_a_thousand_slots_are_erased(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let player = fixture.player();
    let session = a.join(&player).await;
    open_many(&fixture, &session, true).await;
    session.release().await;
    let erased = b.client.erase(&player).await;
    fixture.expect_eq(Rule::Erasure, "nobody holds them", erased, Erasure::Erased);
    let listed = a.client.list(&player).await.len();
    fixture.expect_eq(Rule::Erasure, "how many slots are left", listed, 0);
    let next = b.join(&player).await;
    for number in [0, 999, 1_000, MANY - 1] {
        let revision = next.open(&slot(number)).await.base().get();
        fixture.expect_eq(Rule::Erasure, "never written", revision, 0);
    }
}

/// A body of exactly the limit is kept, whatever the limit is, and so is one
/// of a byte less; one more is refused, and all of it again after that.
///
/// Proves [S8](Rule::S8). A backend that fails it promises more than its store
/// takes: a player's document grows, and one day can't be saved any more.
pub async fn a_body_of_exactly_the_limit_is_kept(fixture: Fixture) {
    let [a, b] = fixture.servers();
    let limit = a.client.backend().limits().max_body_bytes;
    let player = name(&"y".repeat(PlayerId::MAX_BYTES));
    let longest = name(&"s".repeat(SlotName::MAX_BYTES));
    let mut open = a.join(&player).await.open(&longest).await;
    for length in [limit - 1, limit, limit + 1, limit] {
        // Ends that differ, so that a byte cut off is seen.
        let mut bytes = vec![b'.'; length];
        bytes[0] = b'<';
        bytes[length - 1] = b'>';
        let bytes = Bytes::from(bytes);
        if length > limit {
            let backend = a.client.backend();
            let refused = backend
                .save(open.claim(), &open.stamp(), &body(bytes))
                .await;
            let refused = refused.map_err(|error| (error.kind(), error.effect()));
            let too_large = Err((ErrorKind::TooLarge, Effect::None));
            fixture.expect_eq(Rule::S8, "one byte over the limit", refused, too_large);
            continue;
        }
        let saved = open.save(bytes).await;
        let seen = b.client.view(&player, &longest).await;
        let what = format!("{length} bytes, when the limit is {limit}, are kept");
        fixture.expect(Rule::S8, &what, seen == Some(saved));
    }
}

/// One server has as many notices as can wait. Others have room for theirs,
/// and when one of them is full too, each drains its own.
///
/// Proves the contract on notices. A backend that fails it counts the notices
/// of all servers together: one that is gone keeps everybody from being asked.
pub async fn notices_are_bounded_for_each_server(fixture: Fixture) {
    let [a, b] = fixture.clients();
    let servers = ["server-a", "server-b"].map(|name| fixture.started(name));
    let mut sent = Vec::new();
    for server in &servers {
        let notices: Vec<_> = (0..MAX_NOTICES).map(|_| notice(&fixture)).collect();
        for (number, notice) in notices.iter().enumerate() {
            let client = [&a, &b][number % 2];
            let queued = client.notify(&server.name, notice).await;
            fixture.expect_eq(Rule::Notices, "room", queued, Notification::Queued);
        }
        let full = a.notify(&server.name, &notice(&fixture)).await;
        fixture.expect_eq(Rule::Notices, "no room", full, Notification::Full);
        sent.push(notices);
    }
    let third = fixture.started("server-c");
    let queued = b.notify(&third.name, &notice(&fixture)).await;
    fixture.expect_eq(Rule::Notices, "its own room", queued, Notification::Queued);
    let ttl = std::time::Duration::from_secs(3_600);
    for (server, sent) in servers.iter().zip(sent) {
        let renewal = a.renew_lease(server, ttl).await;
        let own = renewal == Renewal::Renewed { notices: sent };
        fixture.expect(Rule::Notices, "all of its own, in order", own);
    }
}

fn notice(fixture: &Fixture) -> Notice {
    Notice {
        player: fixture.player(),
        session: playerdata_core::SessionId::from_uuid(fixture.ids().next_id()),
        kind: NoticeKind::HandOver,
        from: fixture.started("asker"),
    }
}
