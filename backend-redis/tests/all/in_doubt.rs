//! Saves whose answer is lost: on one server, on a node of a Cluster, and on a
//! connection that the caller made.

use crate::support;

use std::time::Duration;

use playerdata_core::backend::{Backend as _, Effect, ErrorKind, Opening};
use playerdata_redis::{RedisBackend, RedisOptions, redis};
use support::{Plan, Proxy, RawSession, TestServer, body, connect, impatient, options};
use tokio::time::{Instant, timeout};

/// A server for this test alone, reached through a proxy and directly.
struct Line {
    server: TestServer,
    proxy: Proxy,
    backend: RedisBackend,
}

impl Line {
    async fn to(server: TestServer, options: &RedisOptions) -> Self {
        let proxy = Proxy::to(server.port()).await;
        let port = proxy.port().to_string();
        // A Cluster gives out its own addresses: here, the proxy's.
        if server
            .ask::<String>(&["INFO", "cluster"])
            .await
            .contains("cluster_enabled:1")
        {
            server
                .ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"])
                .await;
            server
                .ask::<()>(&["CONFIG", "SET", "cluster-announce-ip", "127.0.0.1"])
                .await;
            server
                .ask::<()>(&["CONFIG", "SET", "cluster-announce-port", &port])
                .await;
            support::until("the Cluster of one node is in order", || async {
                let info: String = server.ask(&["CLUSTER", "INFO"]).await;
                let slots: String = server.ask(&["CLUSTER", "NODES"]).await;
                info.contains("cluster_state:ok") && slots.contains(&format!(":{port}@"))
            })
            .await;
        }
        let backend = connect(&[proxy.url()], options).await;
        Self {
            server,
            proxy,
            backend,
        }
    }

    async fn both(options: &RedisOptions) -> [Self; 2] {
        let server = TestServer::start(&[]).await;
        let node = TestServer::start(&["--cluster-enabled", "yes"]).await;
        [
            Self::to(server, options).await,
            Self::to(node, options).await,
        ]
    }

    /// Through a connection that the game has made: it reconnects by itself.
    async fn ready() -> Self {
        let server = TestServer::start(&[]).await;
        let proxy = Proxy::to(server.port()).await;
        let client = redis::Client::open(proxy.url()).expect("the URL is fine");
        let connection = client.get_connection_manager().await;
        let connection = connection.expect("the server takes connections");
        let backend = RedisBackend::from_connection(connection, options());
        let backend = backend.expect("the options make sense");
        Self {
            server,
            proxy,
            backend,
        }
    }

    async fn all() -> [Self; 3] {
        let [server, node] = Self::both(&options()).await;
        [server, node, Self::ready().await]
    }

    /// How many `SET`s the server has carried out or refused.
    async fn sets(&self) -> usize {
        let stats: String = self.server.ask(&["INFO", "commandstats"]).await;
        let calls = stats.split("cmdstat_set:calls=").nth(1);
        let calls = calls.and_then(|rest| rest.split(',').next());
        calls.map_or(0, |calls| calls.parse().expect("a number"))
    }
}

#[tokio::test]
async fn a_save_cut_off_on_its_way_is_in_doubt_and_never_sent_again() {
    for line in Line::all().await {
        let Line { backend, proxy, .. } = &line;
        let mut game = RawSession::start(backend, "4711").await;
        game.save(backend, "first").await;
        line.server.ask::<()>(&["CONFIG", "RESETSTAT"]).await;

        proxy.plan(Plan::CutBefore);
        let error = game.try_save(backend, "second").await.unwrap_err();
        assert_eq!(error.effect(), Effect::Possible, "{error}");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(proxy.is_done());

        let opened = game.open(backend).await;
        assert_eq!(opened.record.unwrap().body.bytes, "first");
        assert_eq!(line.sets().await, 0, "the client sent the save again");
        game.save(backend, "third").await;
    }
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_is_recognised_when_the_slot_is_opened_again() {
    for line in Line::all().await {
        let Line { backend, proxy, .. } = &line;
        let mut game = RawSession::start(backend, "4711").await;
        game.save(backend, "first").await;
        line.server.ask::<()>(&["CONFIG", "RESETSTAT"]).await;

        proxy.plan(Plan::CutAfter);
        let stamp = game.stamp();
        let saved = backend.save(&game.claim, &stamp, &body("second")).await;
        assert_eq!(saved.unwrap_err().effect(), Effect::Possible);

        let opened = game.open(backend).await;
        assert_eq!(opened.last_write, Some(stamp.write_id));
        assert_eq!(opened.revision, stamp.base.next());
        assert_eq!(line.sets().await, 1, "the client sent the save again");
        game.save(backend, "third").await;
    }
}

#[tokio::test]
async fn s1_a_delayed_save_does_not_land_on_a_newer_acknowledged_one() {
    for line in Line::all().await {
        let Line { backend, proxy, .. } = &line;
        let mut game = RawSession::start(backend, "4711").await;
        game.save(backend, "first").await;

        proxy.plan(Plan::Delay);
        let error = game.try_save(backend, "delayed").await.unwrap_err();
        assert_eq!(error.effect(), Effect::Possible, "{error}");
        game.open(backend).await;
        game.save(backend, "newer").await;

        assert_eq!(proxy.deliver().await, b"$-1\r\n", "the server refuses it");
        assert_eq!(game.stored(backend).await.as_deref(), Some("newer"));
        game.save(backend, "newest").await;
    }
}

#[tokio::test]
async fn a_hung_server_is_an_error_in_time_and_used_again_when_it_is_back() {
    let options = impatient();
    // Far less than for ever, and more than a busy machine is late.
    let patience = options.operation_timeout + Duration::from_secs(20);
    for line in Line::both(&options).await {
        let Line {
            backend, server, ..
        } = &line;
        let mut game = RawSession::start(backend, "4711").await;
        game.save(backend, "first").await;

        server.freeze();
        let start = Instant::now();
        let error = game.try_save(backend, "second").await.unwrap_err();
        assert!(start.elapsed() < patience, "{:?}", start.elapsed());
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.effect(), Effect::Possible, "{error}");
        // The connection was given up. Nothing answers on a new one either, so
        // nothing more is sent.
        let start = Instant::now();
        let error = game.try_save(backend, "third").await.unwrap_err();
        assert!(start.elapsed() < patience, "{:?}", start.elapsed());
        assert_eq!(error.effect(), Effect::None, "{error}");

        server.thaw();
        game.claim.number = game.claim.number.next();
        let claim = game.claim.clone();
        support::until("the slot can be opened again", || async {
            matches!(backend.open(&claim).await, Ok(Opening::Opened(_)))
        })
        .await;
        game.open(backend).await;
        game.save(backend, "fourth").await;
    }
}

#[tokio::test]
async fn without_a_server_nothing_is_sent_and_nothing_can_have_happened() {
    let mut server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "first").await;

    server.kill();
    // On the connection that breaks, it can't be known.
    let error = game.try_save(&backend, "second").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    // Then the connection is refused, which is known.
    let error = game.try_save(&backend, "second").await.unwrap_err();
    assert_eq!(error.effect(), Effect::None, "{error}");

    server.restart().await;
    game.open(&backend).await;
    game.save(&backend, "third").await;
}

#[tokio::test]
async fn a_dropped_save_leaves_the_session_usable() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "first").await;

    server.freeze();
    let given_up = timeout(Duration::from_millis(50), game.try_save(&backend, "second"));
    assert!(given_up.await.is_err());
    server.thaw();

    game.open(&backend).await;
    game.save(&backend, "third").await;
    assert_eq!(game.stored(&backend).await.as_deref(), Some("third"));
}
