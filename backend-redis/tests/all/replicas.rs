//! One primary and its replica, without a Cluster.

use crate::support;

use std::time::Duration;

use playerdata_core::backend::{Backend, Effect, ErrorKind, WriteOutcome};
use playerdata_redis::{RedisBackend, RedisOptions};
use support::{Proxy, RawSession, TestServer, connect, impatient, options, until};
use tokio::time::Instant;

struct Pair {
    primary: TestServer,
    replica: TestServer,
}

impl Pair {
    async fn start() -> Self {
        let primary = TestServer::start(&[]).await;
        let replica = TestServer::start(&[]).await;
        let port = primary.port().to_string();
        replica.ask::<()>(&["REPLICAOF", "127.0.0.1", &port]).await;
        primary.is_replicated("probe").await;
        Self { primary, replica }
    }
}

fn confirmed() -> RedisOptions {
    let mut options = options();
    options.min_replicas = 1;
    options
}

/// The same, for replicas that never confirm.
fn never_confirmed(options: &RedisOptions) -> RedisOptions {
    let mut impatient = impatient();
    impatient.namespace.clone_from(&options.namespace);
    impatient.min_replicas = options.min_replicas;
    impatient
}

async fn fails_for_want_of_replicas(backend: &RedisBackend, game: &RawSession) {
    let saved = game.try_save(backend, "lonely").await;
    let error = saved.expect_err("no replica confirms");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(error.effect(), Effect::Possible, "{error}");
    assert!(error.to_string().contains("0 of 1 replicas"), "{error}");
}

#[tokio::test]
async fn a_save_is_acknowledged_when_enough_replicas_have_it() {
    let Pair { primary, replica } = Pair::start().await;
    let options = confirmed();
    let backend = connect(&[primary.url()], &options).await;
    let lonely = connect(&[primary.url()], &never_confirmed(&options)).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "first").await;
    let keys: Vec<String> = replica.ask(&["KEYS", "*:Slot1:*"]).await;
    let value: String = replica.ask(&["GET", &keys[0]]).await;
    assert!(value.ends_with("\nfirst"), "{value}");

    replica.freeze();
    fails_for_want_of_replicas(&lonely, &game).await;
    replica.thaw();
    // It may have been applied, and in this case it has been.
    assert_eq!(
        game.open(&backend).await.record.unwrap().body.bytes,
        "lonely"
    );
    game.save(&backend, "second").await;
}

#[tokio::test]
async fn saves_that_wait_for_replicas_hold_up_nothing_else() {
    let Pair { primary, replica } = Pair::start().await;
    let mut options = confirmed();
    options.replica_timeout = Duration::from_secs(4);
    let backend = connect(&[primary.url()], &options).await;
    let mut games = Vec::new();
    for player in 0..8 {
        games.push(RawSession::start(&backend, player.to_string()).await);
    }
    replica.freeze();
    let start = Instant::now();
    let saves = games
        .iter()
        .map(|game| fails_for_want_of_replicas(&backend, game));
    let saves = futures::future::join_all(saves);
    tokio::pin!(saves);
    let reading = async {
        until("saves wait", || async {
            let info: String = primary.ask(&["INFO", "clients"]).await;
            !info.contains("blocked_clients:0")
        })
        .await;
        for game in &games {
            game.stored(&backend).await;
        }
    };
    tokio::select! {
        _ = &mut saves => panic!("reads waited for the saves"),
        () = reading => {}
    }
    saves.await;
    let one_after_another = options.replica_timeout * 8;
    assert!(
        start.elapsed() < one_after_another / 2,
        "{:?}",
        start.elapsed()
    );
    replica.thaw();
}

#[tokio::test]
async fn a_session_goes_on_when_the_primary_is_replaced_by_its_replica() {
    let Pair {
        mut primary,
        replica,
    } = Pair::start().await;
    let proxy = Proxy::to(primary.port()).await;
    let mut stale_options = confirmed();
    stale_options.min_replicas = 0;
    let stale_backend = connect(&[proxy.url()], &stale_options).await;
    let mut options = stale_options.clone();
    options.min_replicas = 1;
    let before = connect(&[primary.url()], &options).await;
    let stale = RawSession::start(&before, "4711").await;
    let mut game = RawSession::of("4711");
    let fence = game.take(&before, Some(&stale)).await;
    game.open(&before).await;
    game.save(&before, "before").await;

    primary.kill();
    replica.ask::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    proxy.switch(replica.port());

    // The same backend finds the new primary behind the old address.
    let backend = stale_backend;
    until("the address leads to the new primary", || async {
        backend.holder(&game.claim.player).await.is_ok()
    })
    .await;
    assert_eq!(game.stored(&backend).await.as_deref(), Some("before"));
    game.save(&backend, "after").await;
    let late = stale.try_save(&backend, "late").await.unwrap();
    assert!(
        matches!(late, WriteOutcome::Lost { holder: Some(_) }),
        "{late:?}"
    );
    let next = RawSession::of("4711").take(&backend, Some(&game)).await;
    assert!(next > fence, "{next} after {fence}");
}

/// What `min_replicas` is for: the replica here has not had the last save.
#[tokio::test]
async fn s1_a_replica_that_lagged_forgets_nothing_that_was_acknowledged() {
    let Pair {
        mut primary,
        replica,
    } = Pair::start().await;
    let mut options = confirmed();
    let backend = connect(&[primary.url()], &options).await;
    let lonely = connect(&[primary.url()], &never_confirmed(&options)).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "confirmed").await;
    // A port that nobody listens at: the replica keeps what it has.
    replica.ask::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await;
    let acknowledged = match game.try_save(&lonely, "on the primary alone").await {
        Ok(_) => "on the primary alone",
        Err(error) => {
            assert_eq!(error.effect(), Effect::Possible, "{error}");
            "confirmed"
        }
    };
    primary.kill();
    replica.ask::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    options.min_replicas = 0;
    let backend = connect(&[replica.url()], &options).await;
    assert_eq!(game.stored(&backend).await.as_deref(), Some(acknowledged));
}

#[tokio::test]
async fn a_primary_that_became_a_replica_is_unavailable_and_used_again_when_it_is_not() {
    let Pair { primary, replica } = Pair::start().await;
    let backend = connect(&[primary.url()], &impatient()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "first").await;

    primary.is_replicated("probe").await;
    replica.ask::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    let port = replica.port().to_string();
    primary.ask::<()>(&["REPLICAOF", "127.0.0.1", &port]).await;
    until("the old primary is in step", || async {
        let info: String = primary.ask(&["INFO", "replication"]).await;
        info.contains("master_link_status:up")
    })
    .await;
    let error = game.try_save(&backend, "second").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(error.effect(), Effect::None, "{error}");

    primary.ask::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    game.save(&backend, "third").await;
}

#[tokio::test]
async fn a_save_that_meets_a_replica_goes_to_the_primary_that_the_address_leads_to_by_then() {
    let Pair { primary, replica } = Pair::start().await;
    let proxy = Proxy::to(primary.port()).await;
    let backend = connect(&[proxy.url()], &options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "first").await;
    primary.is_replicated("probe").await;

    // The backend's connection to the old primary stays open.
    replica.ask::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    let port = replica.port().to_string();
    primary.ask::<()>(&["REPLICAOF", "127.0.0.1", &port]).await;
    proxy.switch(replica.port());
    game.save(&backend, "second").await;
    assert_eq!(game.stored(&backend).await.as_deref(), Some("second"));
}

/// `UNBLOCKED`, and the connection is closed: the change is in doubt, and the
/// store is there again at once.
#[tokio::test]
async fn s2_a_failover_while_a_save_waits_for_replicas_leaves_it_in_doubt() {
    let Pair { primary, replica } = Pair::start().await;
    let backend = connect(&[primary.url()], &confirmed()).await;
    let game = RawSession::start(&backend, "4711").await;
    replica.freeze();
    let demoting = async {
        until("a client waits", || async {
            let info: String = primary.ask(&["INFO", "clients"]).await;
            info.contains("blocked_clients:1")
        })
        .await;
        primary.ask::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await;
    };
    let (saved, ()) = tokio::join!(game.try_save(&backend, "waiting"), demoting);
    let error = saved.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(error.effect(), Effect::Possible, "{error}");
    assert!(error.to_string().contains("UNBLOCKED"), "{error}");
    replica.thaw();
}
