//! What earlier versions stored.

use crate::support;

use playerdata_core::backend::Backend;
use support::{RawSession, TestServer, connect, options};

const SESSION: &str = "0197f7a2-5c1e-7c6a-9d0e-0b6f0a1b2c3d";
const INCARNATION: &str = "0197f7a2-0000-7c6a-9d0e-0b6f0a1b2c3d";

fn value(text: &str) -> String {
    let bytes = text.len();
    format!("pd1 17 {SESSION} 1732388000000 json 3 {bytes}\n{text}")
}

/// Writes the lock of a session of before, with its first slot open under claim
/// 2, and this of the second.
fn held<'a>(hash: &'a str, second: &'a str) -> [&'a str; 16] {
    let lock = [
        "HSET", hash, "fence", "7", "session", SESSION, "server", "eu-1",
    ];
    let rest = [
        "incarnation",
        INCARNATION,
        "since",
        "1000",
        "slot:Slot1",
        "2",
        "slot:Slot2",
        second,
    ];
    std::array::from_fn(|at| if at < 8 { lock[at] } else { rest[at - 8] })
}

/// Before there were marks at rest, and with a fence that had started at 1.
#[tokio::test]
async fn a_session_of_before_goes_on_and_its_values_are_read() {
    let server = TestServer::start(&[]).await;
    let options = options();
    let key = |rest: &str| format!("{}:{{4711}}{rest}", options.namespace);
    let (one, two) = (value("one"), value("two"));
    let (hash, claim) = (key(""), key(&format!(":Slot1:{SESSION}:2")));
    let fields = held(&hash, "rest");
    server.ask::<()>(&fields).await;
    server.ask::<()>(&["SET", &claim, &one]).await;
    server.ask::<()>(&["SET", &key(":Slot2"), &two]).await;

    let backend = connect(&[server.url()], &options).await;
    let mut game = RawSession::of("4711");
    let holder = backend.holder(&game.claim.player).await.unwrap().unwrap();
    game.claimant.session = holder.session;
    game.claim.session = game.claimant.session;
    game.claim.fence = holder.fence;
    assert_eq!(game.claim.fence.get(), 7);
    assert_eq!(game.stored(&backend).await.as_deref(), Some("one"));
    assert_eq!(backend.list(&game.claim.player).await.unwrap().len(), 2);
    game.claim.number = playerdata_core::ClaimNumber::new(2);
    let opened = game.open(&backend).await;
    assert_eq!(opened.record.unwrap().body.bytes, "one");
    game.save(&backend, "one more").await;

    let mut next = RawSession::of("4711");
    assert_eq!(next.take(&backend, Some(&game)).await.get(), 8);
    let opened = next.open(&backend).await;
    assert_eq!(opened.record.unwrap().body.bytes, "one more");
    let mut other = next.in_slot("Slot2");
    let opened = other.open(&backend).await;
    assert_eq!(opened.record.unwrap().body.bytes, "two");
}

/// A claim of before, taken over: its value is put to rest as ever.
#[tokio::test]
async fn a_claim_of_before_is_withdrawn() {
    let server = TestServer::start(&[]).await;
    let options = options();
    let key = |rest: &str| format!("{}:{{4711}}{rest}", options.namespace);
    let hash = key("");
    let fields = held(&hash, "1");
    server.ask::<()>(&fields).await;
    let (written, empty) = (
        key(&format!(":Slot1:{SESSION}:2")),
        key(&format!(":Slot2:{SESSION}:1")),
    );
    server.ask::<()>(&["SET", &written, &value("one")]).await;
    server.ask::<()>(&["SET", &empty, ""]).await;
    let backend = connect(&[server.url()], &options).await;
    let mut former = RawSession::of("4711");
    former.claimant.session = SESSION.parse().unwrap();
    former.claim.session = former.claimant.session;
    let mut next = RawSession::of("4711");
    next.take(&backend, Some(&former)).await;
    let opened = next.open(&backend).await;
    assert_eq!(opened.record.unwrap().body.bytes, "one");
    assert_eq!(backend.list(&next.claim.player).await.unwrap().len(), 1);
}
