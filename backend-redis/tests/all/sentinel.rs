//! A primary and its replica that three Sentinels watch over.

use crate::support;

use std::time::Duration;

use playerdata_core::backend::Backend as _;
use support::{RawSession, TestSentinels, TestServer, connect, impatient, options, until};

struct Watched {
    primary: TestServer,
    replica: TestServer,
    sentinels: TestSentinels,
}

impl Watched {
    async fn start() -> Self {
        let primary = TestServer::start(&[]).await;
        let replica = TestServer::start(&[]).await;
        let port = primary.port().to_string();
        replica.ask::<()>(&["REPLICAOF", "127.0.0.1", &port]).await;
        primary.is_replicated("probe").await;
        let sentinels = TestSentinels::of(primary.port(), 1).await;
        Self {
            primary,
            replica,
            sentinels,
        }
    }

    /// Among the Sentinels is one that is down.
    fn url(&self) -> String {
        let hosts = self.sentinels.hosts();
        format!("redis+sentinel://127.0.0.1:1,{hosts}/mymaster")
    }
}

#[tokio::test]
async fn l4_a_session_goes_on_when_the_primary_that_sentinel_watches_dies() {
    let mut watched = Watched::start().await;
    let mut options = options();
    let backend = connect(&[watched.url()], &options).await;
    options.min_replicas = 1;
    let confirmed = connect(&[watched.url()], &options).await;
    let stale = RawSession::start(&confirmed, "4711").await;
    let mut game = RawSession::of("4711");
    let fence = game.take(&confirmed, Some(&stale)).await;
    game.open(&confirmed).await;
    game.save(&confirmed, "before").await;

    watched.primary.kill();
    until("the replica is the primary", || async {
        watched.sentinels.primary().await == watched.replica.port()
    })
    .await;
    until("the backend has followed", || async {
        backend.holder(&game.claim.player).await.is_ok()
    })
    .await;
    assert_eq!(game.stored(&backend).await.as_deref(), Some("before"));
    game.save(&backend, "after").await;
    let late = stale.try_save(&backend, "late").await.unwrap();
    assert!(matches!(
        late,
        playerdata_core::backend::WriteOutcome::Lost { holder: Some(_) }
    ));
    let next = RawSession::of("4711").take(&backend, Some(&game)).await;
    assert!(next > fence, "{next} after {fence}");
}

#[tokio::test]
async fn s1_a_planned_failover_costs_no_save_that_a_replica_had_to_confirm() {
    let watched = Watched::start().await;
    let mut options = options();
    options.min_replicas = 1;
    options.replica_timeout = Duration::from_millis(500);
    let backend = connect(&[watched.url()], &options).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "before").await;
    watched.sentinels.fail_over().await;
    until("the replica is the primary", || async {
        watched.sentinels.primary().await == watched.replica.port()
    })
    .await;
    // The former primary takes saves until it hears of it, and acknowledges
    // none.
    until("a save is acknowledged", || {
        game.claim.number = game.claim.number.next();
        let (mut game, backend) = (game.clone(), &backend);
        async move {
            let opened = backend.open(&game.claim).await;
            let Ok(playerdata_core::backend::Opening::Opened(opened)) = opened else {
                return false;
            };
            game.revision = opened.revision;
            game.try_save(backend, "after").await.is_ok()
        }
    })
    .await;
    let role: String = watched.replica.ask(&["INFO", "replication"]).await;
    assert!(role.contains("role:master"), "{role}");
    let key = ["KEYS", "*:{4711}:Slot1:*"];
    let keys: Vec<String> = watched.replica.ask(&key).await;
    let value: String = watched.replica.ask(&["GET", &keys[0]]).await;
    assert!(value.ends_with("\nafter"), "{value}");
}

#[tokio::test]
async fn a_primary_that_sentinel_does_not_know_is_an_error() {
    let watched = Watched::start().await;
    let url = watched.url().replace("mymaster", "another");
    let error = playerdata_redis::RedisBackend::connect_with([url.as_str()], impatient())
        .await
        .unwrap_err();
    let shown = format!("{error:?}");
    assert!(shown.contains("does not know the primary"), "{shown}");
}
