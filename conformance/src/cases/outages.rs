//! Group `outage`: what is answered while the store can't be reached, and that
//! all goes on by itself when it can.
//!
//! An error is an error, whatever the method: no lock that is gone, no slot
//! that is empty, no lease that has lapsed.

use std::{fmt::Debug, time::Duration};

use playerdata_core::{
    TradeId,
    backend::{
        BackendError, Effect, ErrorKind, KeepPolicy, Notice, NoticeKind, Opening, Party, Result,
        Verdict, WriteOutcome,
    },
};

use crate::{
    Fixture, Rule,
    driver::{RawSession, RawSlot, body},
};

const LONG: Duration = Duration::from_secs(3_600);

/// Requires that a call failed because the store can't be reached.
async fn unavailable<T: Debug>(
    fixture: &Fixture,
    what: &str,
    call: impl Future<Output = Result<T>>,
) -> BackendError {
    let Ok(answer) = tokio::time::timeout(fixture.patience(), call).await else {
        let what = format!("{what}: a call fails in bounded time while the store is down");
        fixture.fail(Rule::Outage, &what)
    };
    match answer {
        Err(error) => {
            let kind = error.kind();
            fixture.expect_eq(Rule::Outage, what, kind, ErrorKind::Unavailable);
            error
        }
        Ok(answer) => fixture.fail(
            Rule::Outage,
            &format!("{what}: while the store is down, it can't know: {answer:?}"),
        ),
    }
}

/// A session with an open slot that holds a record.
async fn session(fixture: &Fixture) -> (RawSession, RawSlot) {
    let [a, _] = fixture.servers();
    a.client.renew_lease(&a.id, LONG).await;
    let session = a.join(&fixture.player()).await;
    let mut open = session.open(&fixture.slot()).await;
    open.save("before").await;
    (session, open)
}

/// What only reads fails while the store is down, and certainly had no effect:
/// the holder, a view, a list, whether a lease lives.
///
/// Proves [S4](Rule::S4). A backend that fails it swallows an error into an
/// empty answer: a player is given defaults, which are saved over what they
/// had, or taken from a server that is well.
pub async fn looking_fails_while_the_store_is_down(fixture: Fixture) {
    let (session, _) = session(&fixture).await;
    fixture.stop().await;
    let (player, slot) = (fixture.player(), fixture.slot());
    for client in fixture.clients() {
        let backend = client.backend();
        let server = &session.claimant().server;
        let errors = [
            unavailable(&fixture, "holder", backend.holder(&player)).await,
            unavailable(&fixture, "view", backend.view(&player, &slot)).await,
            unavailable(&fixture, "list", backend.list(&player)).await,
            unavailable(&fixture, "lease", backend.lease_is_live(server)).await,
        ];
        for error in errors {
            let effect = error.effect();
            fixture.expect_eq(
                Rule::Outage,
                "looking changes nothing",
                effect,
                Effect::None,
            );
        }
    }
    fixture.start().await;
}

/// Opening, saving and deleting fail while the store is down: the session is
/// neither lost nor overtaken.
///
/// Proves [S4](Rule::S4). A backend that fails it ends a session because the
/// network was down, with what was not saved yet.
pub async fn slots_fail_while_the_store_is_down(fixture: Fixture) {
    let (session, open) = session(&fixture).await;
    fixture.stop().await;
    let claim = session.next_claim(&fixture.slot());
    for client in fixture.clients() {
        let backend = client.backend();
        let stamp = open.stamp();
        let body = body("while it is down");
        unavailable(&fixture, "open", backend.open(&claim)).await;
        let saved = backend.save(open.claim(), &stamp, &body);
        unavailable(&fixture, "save", saved).await;
        let deletion = fixture.stamp(open.base());
        let deleted = backend.delete(open.claim(), &deletion);
        unavailable(&fixture, "delete", deleted).await;
    }
    fixture.start().await;
}

/// Acquiring, releasing, erasing, heartbeats and notices fail while the store
/// is down: nobody holds the player, nobody was superseded, no queue is full.
///
/// Proves [S4](Rule::S4). A backend that fails it tells a server that it was
/// superseded, or a player that somebody has them, when nobody knows.
pub async fn locks_and_leases_fail_while_the_store_is_down(fixture: Fixture) {
    let (session, _) = session(&fixture).await;
    let [a, b] = fixture.servers();
    fixture.stop().await;
    let player = fixture.player();
    let (other, old) = (b.claimant(), session.id());
    let notice = Notice {
        player: player.clone(),
        session: old,
        kind: NoticeKind::HandOver,
        from: b.id.clone(),
    };
    for client in fixture.clients() {
        let backend = client.backend();
        let acquired = backend.acquire(&player, &other, None);
        unavailable(&fixture, "acquire", acquired).await;
        unavailable(&fixture, "release", backend.release(&player, old)).await;
        unavailable(&fixture, "erase", backend.erase(&player)).await;
        let renewed = backend.renew_lease(&a.id, LONG);
        unavailable(&fixture, "renew a lease", renewed).await;
        let dropped = backend.drop_lease(&b.id);
        unavailable(&fixture, "drop a lease", dropped).await;
        let queued = backend.notify(&a.id.name, &notice);
        unavailable(&fixture, "notify", queued).await;
    }
    fixture.start().await;
}

/// The store comes back with what it held, and the same clients go on: the
/// session has its player still, and opens its slot; a save that had certainly
/// no effect had none, and one that may have had one is there or not.
///
/// Proves [L9](Rule::L9), [S1](Rule::S1) and [S2](Rule::S2). A backend that
/// fails it never reaches the store again until its process is started again,
/// or says that nothing happened when it had.
pub async fn a_session_goes_on_when_the_store_is_back(fixture: Fixture) {
    let (session, open) = session(&fixture).await;
    let before = fixture.clients()[1]
        .view(&fixture.player(), &fixture.slot())
        .await;
    fixture.stop().await;
    let (stamp, doubtful) = (open.stamp(), body("in doubt"));
    let saved = open.through(&fixture.clients()[0]);
    let backend = fixture.clients()[0].backend().clone();
    let saved = backend.save(saved.claim(), &stamp, &doubtful);
    let error = unavailable(&fixture, "save", saved).await;
    fixture.start().await;
    for client in fixture.clients() {
        let again = client.clone();
        let player = fixture.player();
        fixture
            .until(Rule::Outage, "a client comes back by itself", || async {
                again.backend().holder(&player).await.is_ok()
            })
            .await;
    }
    let holder = fixture.clients()[1].holder(&fixture.player()).await;
    fixture.expect_eq(Rule::L9, "the holder", holder, Some(session.lock()));
    let claim = session.next_claim(&fixture.slot());
    let Opening::Opened(found) = fixture.clients()[0].open(&claim).await else {
        fixture.fail(Rule::L9, "the session opens its slot again");
    };
    if found.last_write == Some(stamp.write_id) {
        let possible = error.effect() == Effect::Possible;
        fixture.expect(Rule::S2, "it was said to have no effect", possible);
    } else {
        fixture.expect_eq(Rule::S1, "as it was before", found.record, before);
    }
    let stamp = fixture.stamp(found.revision);
    let saved = fixture.clients()[1]
        .save(&claim, &stamp, &body("after"))
        .await;
    let revision = found.revision.next();
    let written = WriteOutcome::Written { revision };
    fixture.expect_eq(Rule::L9, "the session goes on", saved, written);
}

/// A game whose store goes down, and comes back: the session is not lost, the
/// player keeps what they did meanwhile, and it is saved in the end.
///
/// Proves [E3](Rule::E3). A backend that fails it makes a short outage cost
/// every player their session.
pub async fn a_game_goes_on_when_the_store_is_back(fixture: Fixture) {
    let [a, b] = fixture.games().await;
    let (session, slot) = a.play(&fixture.player()).await;
    fixture.stop().await;
    let set = slot.set("Currency", 4_711);
    fixture.works(Rule::E3, "the game goes on", set);
    fixture.unavailable("a save while the store is down", slot.save().await);
    fixture.start().await;
    fixture
        .until(Rule::E3, "it is saved when the store is back", || async {
            slot.save().await.is_ok()
        })
        .await;
    let ended = session.end().await;
    fixture.works(Rule::E3, "the session was not lost", ended);
    let (_, slot) = b.play(&fixture.player()).await;
    let found = slot.get::<i64>("Currency").ok();
    fixture.expect_eq(Rule::E3, "what was done meanwhile", found, Some(4_711));
}

/// Posting letters, reading, taking out and settling them, deciding a trade
/// and forgetting it fail while the store is down: nothing is full, no mailbox
/// is empty, no verdict stands.
///
/// Proves [S4](Rule::S4) and [P3](Rule::P3). A backend that fails it takes a
/// trade for aborted when nobody knows, and the other party commits it.
pub async fn mail_and_verdicts_fail_while_the_store_is_down(fixture: Fixture) {
    let (player, slot) = (fixture.player(), fixture.slot());
    let letter = fixture.letter("gift", "5");
    let (id, posting) = (&letter.id, letter.posting);
    let trade = TradeId::from_uuid(fixture.ids().next_id());
    fixture.stop().await;
    for client in fixture.clients() {
        let backend = client.backend();
        let letters = backend.letters(&player, &slot, None, 10);
        let error = unavailable(&fixture, "letters", letters).await;
        let effect = error.effect();
        let what = "looking changes nothing";
        fixture.expect_eq(Rule::Outage, what, effect, Effect::None);
        unavailable(&fixture, "post", backend.post(&player, &slot, &letter)).await;
        let discarded = backend.discard(&player, &slot, id, posting);
        unavailable(&fixture, "discard", discarded).await;
        let settled = backend.settle(&player, &slot, id, posting);
        unavailable(&fixture, "settle", settled).await;
        let known = backend.known_letters(&player, None, 10);
        unavailable(&fixture, "known letters", known).await;
        let decided = backend.decide(trade, Verdict::Abort);
        unavailable(&fixture, "decide", decided).await;
        let forgotten = backend.forget_decision(trade, Party::First);
        unavailable(&fixture, "forget", forgotten).await;
    }
    fixture.start().await;
}

/// Keeping a version, listing versions and players, and reading a version fail
/// while the store is down: no session is lost, nothing is empty.
///
/// Proves [S4](Rule::S4). A backend that fails it tells an operator that there
/// is nothing to go back to, or a move that nobody is left.
pub async fn versions_and_listings_fail_while_the_store_is_down(fixture: Fixture) {
    let (_session, open) = session(&fixture).await;
    let (player, slot) = (fixture.player(), fixture.slot());
    let policy = KeepPolicy {
        most: 8,
        min_age: Duration::ZERO,
    };
    fixture.stop().await;
    for client in fixture.clients() {
        let backend = client.backend();
        let kept = backend.keep_version(open.claim(), policy);
        unavailable(&fixture, "keep a version", kept).await;
        let version = backend.version(&player, &slot, open.base());
        let errors = [
            unavailable(&fixture, "versions", backend.versions(&player, &slot)).await,
            unavailable(&fixture, "version", version).await,
            unavailable(&fixture, "players", backend.players(None, 10)).await,
        ];
        for error in errors {
            let effect = error.effect();
            let what = "looking changes nothing";
            fixture.expect_eq(Rule::Outage, what, effect, Effect::None);
        }
    }
    fixture.start().await;
}
