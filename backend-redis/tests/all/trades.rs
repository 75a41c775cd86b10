//! Verdicts on trades as they are in Redis.

use crate::support;

use playerdata_core::{
    IdSource as _, RandomIds, TradeId,
    backend::{Backend, Effect, ErrorKind, Party, VERDICT_MEMORY, Verdict},
};
use support::{Plan, Proxy, TestServer, connect, options, shared_cluster, two_clients};

fn trade() -> TradeId {
    TradeId::from_uuid(RandomIds.next_id())
}

#[tokio::test]
async fn p3_the_first_verdict_stands_on_every_node_of_a_cluster() {
    let [one, other] = two_clients(&shared_cluster().await, &options()).await;
    for number in 0..20 {
        let trade = trade();
        let (a, b) = tokio::join!(
            one.decide(trade, Verdict::Commit),
            other.decide(trade, Verdict::Abort)
        );
        let stands = a.unwrap();
        assert_eq!(b.unwrap(), stands, "{number}");
        for verdict in [Verdict::Abort, Verdict::Commit] {
            assert_eq!(one.decide(trade, verdict).await.unwrap(), stands);
        }
    }
}

#[tokio::test]
async fn p3_a_verdict_is_forgotten_by_the_servers_clock_once_both_have_acted_on_it() {
    let server = TestServer::start(&[]).await;
    let options = options();
    let backend = connect(&[server.url()], &options).await;
    let trade = trade();
    let key = format!("{}:trade:{{{trade}}}", options.namespace);
    let ttl = async || server.ask::<i64>(&["PTTL", &key]).await;

    // Without a verdict nothing is noted.
    for party in [Party::First, Party::Second] {
        backend.forget_decision(trade, party).await.unwrap();
    }
    assert_eq!(ttl().await, -2, "there is no key");
    let decided = backend.decide(trade, Verdict::Commit).await.unwrap();
    assert_eq!(decided, Verdict::Commit);
    assert_eq!(ttl().await, -1, "it does not expire");
    for _ in 0..2 {
        backend.forget_decision(trade, Party::Second).await.unwrap();
    }
    assert_eq!(ttl().await, -1, "one party is still to act on it");
    backend.forget_decision(trade, Party::First).await.unwrap();
    let left = ttl().await;
    let whole = i64::try_from(VERDICT_MEMORY.as_millis()).unwrap();
    assert!((whole - 60_000..=whole).contains(&left), "{left}");
    let late = backend.decide(trade, Verdict::Abort).await.unwrap();
    assert_eq!(late, Verdict::Commit);
    assert!(ttl().await > 0, "it is forgotten all the same");
}

#[tokio::test]
async fn p3_an_abort_is_forgotten_by_the_servers_clock_whoever_has_acted_on_it() {
    let server = TestServer::start(&[]).await;
    let options = options();
    let backend = connect(&[server.url()], &options).await;
    let trade = trade();
    let key = format!("{}:trade:{{{trade}}}", options.namespace);
    for verdict in [Verdict::Abort, Verdict::Commit] {
        let stands = backend.decide(trade, verdict).await.unwrap();
        assert_eq!(stands, Verdict::Abort);
        let left = server.ask::<i64>(&["PTTL", &key]).await;
        let whole = i64::try_from(VERDICT_MEMORY.as_millis()).unwrap();
        assert!((whole - 60_000..=whole).contains(&left), "{left}");
    }
}

#[tokio::test]
async fn p3_a_verdict_of_before_is_read_and_one_that_cannot_be_stays() {
    let server = TestServer::start(&[]).await;
    let options = options();
    let backend = connect(&[server.url()], &options).await;
    let trade = trade();
    let key = format!("{}:trade:{{{trade}}}", options.namespace);
    server
        .ask::<()>(&["HSET", &key, "verdict", "abort", "first", "1"])
        .await;
    let decided = backend.decide(trade, Verdict::Commit).await.unwrap();
    assert_eq!(decided, Verdict::Abort);
    server
        .ask::<()>(&["HSET", &key, "verdict", "perhaps"])
        .await;
    let error = backend.decide(trade, Verdict::Commit).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    let verdict: String = server.ask(&["HGET", &key, "verdict"]).await;
    assert_eq!(verdict, "perhaps");
}

#[tokio::test]
async fn p3_a_verdict_that_is_late_is_told_the_one_that_stands() {
    let server = TestServer::start(&[]).await;
    let proxy = Proxy::to(server.port()).await;
    let options = options();
    let near = connect(&[server.url()], &options).await;
    let far = connect(&[proxy.url()], &options).await;
    // The server knows the script.
    near.decide(trade(), Verdict::Abort).await.unwrap();
    let trade = trade();
    proxy.plan_for(&trade.to_string(), Plan::Delay);
    let error = far.decide(trade, Verdict::Commit).await.unwrap_err();
    assert_eq!(error.effect(), Effect::Possible, "{error}");
    let stands = near.decide(trade, Verdict::Abort).await.unwrap();
    assert_eq!(stands, Verdict::Abort);
    let told = proxy.deliver().await;
    assert!(told.ends_with(b"abort\r\n"), "{told:?}");
    assert_eq!(far.decide(trade, Verdict::Commit).await.unwrap(), stands);
}
