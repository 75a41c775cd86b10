//! A server that is restarted, forgets its scripts, or loses a key.

use crate::support;

use futures::future::join_all;
use playerdata_core::backend::{
    Backend, Effect, Encoding, Erasure, ErrorKind, Opening, WriteOutcome,
};
use playerdata_redis::RedisBackend;
use support::{RawSession, TestServer, connect, options};

/// Saves until the server is gone; gives how many saves were acknowledged.
async fn save_until_it_fails(backend: &RedisBackend, game: &mut RawSession) {
    for count in 0..100_000 {
        match game.try_save(backend, &format!("save {count}")).await {
            Ok(WriteOutcome::Written { revision }) => game.revision = revision,
            Ok(refused) => panic!("{refused:?}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                return;
            }
        }
    }
    panic!("the server was never killed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_in_the_middle_of_saving_comes_back_with_every_acknowledged_save() {
    let mut server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut games = Vec::new();
    for player in 0..8 {
        games.push(RawSession::start(&backend, player.to_string()).await);
    }

    let saving = games
        .iter_mut()
        .map(|game| save_until_it_fails(&backend, game));
    let killing = async {
        support::until("some saves are on disk", || async {
            let info: String = server.ask(&["INFO", "commandstats"]).await;
            info.contains("cmdstat_set:")
        })
        .await;
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        server.kill();
    };
    tokio::join!(join_all(saving), killing);
    assert!(games.iter().any(|game| game.revision.get() > 0));

    server.restart().await;
    for game in &mut games {
        let acknowledged = game.revision;
        let revision = game.open(&backend).await.revision;
        // The save that was under way may have made it.
        assert!(
            revision == acknowledged || revision == acknowledged.next(),
            "{acknowledged} acknowledged, {revision} found"
        );
        game.save(&backend, "after the restart").await;
        let fence = RawSession::of(game.claim.player.as_str())
            .take(&backend, Some(game))
            .await;
        assert_eq!(fence.get(), game.claim.fence.get() + 1);
    }
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_is_given_them_again() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    let forget = || server.ask::<()>(&["SCRIPT", "FLUSH"]);

    let mut game = RawSession::of("4711");
    forget().await;
    game.take(&backend, None).await;
    forget().await;
    game.open(&backend).await;
    forget().await;
    game.save(&backend, "first").await;
    forget().await;
    assert_eq!(backend.list(&game.claim.player).await.unwrap().len(), 1);
    forget().await;
    let mut next = RawSession::of("4711");
    next.take(&backend, Some(&game)).await;
    forget().await;
    let refused = game.try_save(&backend, "late").await.unwrap();
    assert!(matches!(refused, WriteOutcome::Lost { holder: Some(_) }));
    next.open(&backend).await;
    forget().await;
    next.release(&backend).await;
    forget().await;
    assert_eq!(
        backend.erase(&game.claim.player).await.unwrap(),
        Erasure::Erased
    );
    forget().await;
    let ttl = std::time::Duration::from_secs(5);
    backend
        .renew_lease(&game.claimant.server, ttl)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_value_that_vanished_is_an_error_that_says_so_and_not_a_lost_session() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "first").await;

    let keys: Vec<String> = server.ask(&["KEYS", "*:Slot1:*"]).await;
    assert_eq!(keys.len(), 1);
    server.ask::<()>(&["DEL", &keys[0]]).await;

    let error = game.try_save(&backend, "second").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_eq!(error.effect(), Effect::None);
    assert!(error.to_string().contains("4711/Slot1 is gone"), "{error}");
    assert!(backend.holder(&game.claim.player).await.unwrap().is_some());
    let error = backend
        .view(&game.claim.player, &game.claim.slot)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);

    // The session can end, and the next one is not given defaults either.
    game.release(&backend).await;
    let mut next = RawSession::of("4711");
    next.take(&backend, None).await;
    next.claim.number = next.claim.number.next();
    let error = backend.open(&next.claim).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    let listed = backend.list(&game.claim.player).await.unwrap();
    assert_eq!(listed.len(), 1, "it is not a slot that never was");
}

#[tokio::test]
async fn s5_s12_what_can_t_be_read_is_given_as_it_is_and_can_be_replaced() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "first").await;
    game.release(&backend).await;

    let keys: Vec<String> = server.ask(&["KEYS", "*:Slot1"]).await;
    server.ask::<()>(&["SET", &keys[0], "scribble"]).await;
    let (player, slot) = (&game.claim.player, &game.claim.slot);
    let viewed = backend.view(player, slot).await.unwrap();
    let body = &viewed.as_ref().unwrap().body;
    assert_eq!(body.encoding, Encoding::Unknown);
    assert_eq!(body.bytes, "scribble");
    let mut next = RawSession::of("4711");
    next.take(&backend, None).await;
    next.open(&backend).await;
    let open = backend.open(&next.claim).await.unwrap();
    let Opening::Opened(opened) = open else {
        panic!("{open:?}")
    };
    assert_eq!((opened.revision.get(), opened.last_write), (0, None));
    assert_eq!(opened.record, viewed);
    next.release(&backend).await;
    assert_eq!(server.ask::<String>(&["GET", &keys[0]]).await, "scribble");
    let mut third = RawSession::of("4711");
    third.take(&backend, None).await;
    third.open(&backend).await;
    third.save(&backend, "mended").await;
    third.release(&backend).await;
    assert_eq!(game.stored(&backend).await.as_deref(), Some("mended"));

    // A lock that can't be read, and a fence that is not a number.
    let keys: Vec<String> = server.ask(&["KEYS", "*:{4711}"]).await;
    let [key] = keys.as_slice() else {
        panic!("{keys:?}")
    };
    server
        .ask::<()>(&["HSET", key, "session", "somebody"])
        .await;
    assert_eq!(
        backend.holder(&game.claim.player).await.unwrap_err().kind(),
        ErrorKind::Corrupt
    );
    server.ask::<()>(&["HDEL", key, "session"]).await;
    server.ask::<()>(&["HSET", key, "fence", "many"]).await;
    let acquired = backend
        .acquire(&game.claim.player, &game.claimant, None)
        .await;
    assert_eq!(acquired.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(
        backend.holder(&game.claim.player).await.unwrap(),
        None,
        "nothing was half done"
    );
    assert!(matches!(
        backend.open(&next.claim).await,
        Ok(Opening::Lost { holder: None })
    ));
}
