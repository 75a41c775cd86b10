//! A server that is a replica by now, and does not know what came since.

use crate::support;

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use playerdata_core::{
    SessionManager, StartError,
    backend::{Backend, ErrorKind, HazardKind},
};
use playerdata_redis::{RedisBackend, redis};
use support::{Proxy, RawSession, TestServer, connect, impatient, options, until};

/// Makes it a replica of nobody who is there: it keeps what it has.
async fn demote(server: &TestServer) {
    server.ask::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await;
}

#[tokio::test]
async fn l2_a_demoted_primary_answers_nothing_that_a_take_over_is_decided_by() {
    let server = TestServer::start(&[]).await;
    let (urls, options) = ([server.url()], impatient());
    let backend = connect(&urls, &options).await;
    let others = join_all((0..5).map(|_| connect(&urls, &options))).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "first").await;
    let id = game.claimant.server.clone();
    let ttl = Duration::from_secs(60);
    backend.renew_lease(&id, ttl).await.unwrap();
    assert!(backend.lease_is_live(&id).await.unwrap());
    demote(&server).await;

    let thief = RawSession::of("4711").claimant;
    // All at once, each by a client of its own: it is tried again until its time
    // is up.
    let (live, holder, view, list, saved, held) = tokio::join!(
        backend.lease_is_live(&id),
        others[0].holder(&game.claim.player),
        others[1].view(&game.claim.player, &game.claim.slot),
        others[2].list(&game.claim.player),
        game.try_save(&others[3], "second"),
        others[4].acquire(&game.claim.player, &thief, None),
    );
    for error in [
        live.unwrap_err(),
        holder.unwrap_err(),
        view.unwrap_err(),
        list.unwrap_err(),
        saved.unwrap_err(),
        held.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(error.to_string().contains("READONLY"), "{error}");
    }
}

#[tokio::test]
async fn s13_a_manager_does_not_start_on_a_replica() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &impatient()).await;
    demote(&server).await;
    let hazards = backend.hazards().await.unwrap();
    assert_eq!(hazards[0].kind, HazardKind::ReadsReplica);
    let started = SessionManager::builder(Arc::new(backend)).start().await;
    // It can have no lease there either.
    assert!(matches!(
        started,
        Err(StartError::Hazard { .. } | StartError::Store(_))
    ));
}

#[tokio::test]
async fn a_connection_of_the_caller_s_leaves_a_demoted_primary() {
    let (former, primary) = (TestServer::start(&[]).await, TestServer::start(&[]).await);
    let proxy = Proxy::to(former.port()).await;
    let client = redis::Client::open(proxy.url()).unwrap();
    let connection = client.get_connection_manager().await.unwrap();
    let backend = RedisBackend::from_connection(connection, options()).unwrap();
    RawSession::start(&backend, "4711").await;
    demote(&former).await;
    proxy.switch(primary.port());
    let game = RawSession::of("4712");
    until("the address leads to the primary", || async {
        let acquired = backend
            .acquire(&game.claim.player, &game.claimant, None)
            .await;
        acquired.is_ok()
    })
    .await;
    let keys: Vec<String> = primary.ask(&["KEYS", "*:{4712}"]).await;
    assert_eq!(keys.len(), 1);
}
