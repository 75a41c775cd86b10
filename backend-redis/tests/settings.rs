//! Connecting: what is found out, and what is refused.

mod support;

use playerdata_core::backend::{Backend, Effect, ErrorKind};
use playerdata_redis::{Hazard, RedisBackend, RedisOptions, redis};
use support::{Game, TestServer, connect, options, shared_cluster};

async fn hazards(server: &TestServer) -> Vec<Hazard> {
    let backend = connect(&[server.url()], &options()).await;
    let warnings = backend.warnings().to_vec();
    let again = backend.check().await.expect("the server answers");
    assert_eq!(again, warnings);
    warnings.into_iter().map(|warning| warning.hazard).collect()
}

#[tokio::test]
#[cfg_attr(no_redis_server, ignore = "no redis-server or valkey-server")]
async fn server_settings_that_lose_data_are_found_at_the_start() {
    let server = TestServer::start(&[]).await;
    assert_eq!(hazards(&server).await, []);
    server
        .ask::<()>(&["CONFIG", "SET", "appendonly", "no"])
        .await;
    assert_eq!(hazards(&server).await, [Hazard::NoPersistence]);
    server.ask::<()>(&["CONFIG", "SET", "save", "3600 1"]).await;
    assert_eq!(hazards(&server).await, [Hazard::SnapshotsOnly]);
    for policy in ["allkeys-lru", "volatile-ttl"] {
        server
            .ask::<()>(&["CONFIG", "SET", "maxmemory-policy", policy])
            .await;
        let policy = policy.to_owned();
        assert_eq!(hazards(&server).await[1], Hazard::Evicts { policy });
    }
}

#[tokio::test]
#[cfg_attr(no_redis_server, ignore = "no redis-server or valkey-server")]
async fn credentials_come_from_the_url_and_wrong_ones_are_a_rejection() {
    let server = TestServer::start(&[]).await;
    let game_user = [
        "ACL", "SETUSER", "game", "on", ">secret", "~*", "+@all", "-config",
    ];
    server.ask::<()>(&game_user).await;
    let url = |password: &str| format!("redis://game:{password}@127.0.0.1:{}", server.port());

    let backend = connect(&[url("secret")], &options()).await;
    let mut game = Game::start(&backend, "4711").await;
    game.save(&backend, "first").await;
    // It may not read all settings, but the one that matters most.
    assert_eq!(backend.warnings(), []);

    let wrong = url("wrong");
    let error = RedisBackend::connect_with([wrong.as_str()], options())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    let shown = format!("{error:?} {backend:?}");
    assert!(
        !shown.contains("secret") && !shown.contains("wrong"),
        "{shown}"
    );

    server.ask::<()>(&["ACL", "SETUSER", "game", "-set"]).await;
    let error = game.try_save(&backend, "second").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(error.effect(), Effect::None, "{error}");
}

#[tokio::test]
#[cfg_attr(no_redis_server, ignore = "no redis-server or valkey-server")]
async fn urls_and_options_that_make_no_sense_are_rejected() {
    let server = TestServer::start(&[]).await;
    let url = server.url();
    let change: [fn(&mut RedisOptions); 3] = [
        |options| options.namespace = "a{b}".to_owned(),
        |options| options.operation_timeout = std::time::Duration::ZERO,
        |options| {
            options.min_replicas = 1;
            options.replica_timeout = options.operation_timeout;
        },
    ];
    for change in change {
        let mut options = options();
        change(&mut options);
        let error = RedisBackend::connect_with([url.as_str()], options)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    }
    for urls in [vec!["http://127.0.0.1"], vec![]] {
        let error = RedisBackend::connect_with(urls, options())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    }
}

#[tokio::test]
#[cfg_attr(no_redis_server, ignore = "no redis-server or valkey-server")]
async fn namespaces_are_worlds_apart() {
    let server = TestServer::start(&[]).await;
    let url = [server.url()];
    let (one, other) = (
        connect(&url, &options()).await,
        connect(&url, &options()).await,
    );
    let mut game = Game::start(&one, "4711").await;
    game.save(&one, "one's").await;
    assert_eq!(game.stored(&other).await, None);
    Game::start(&other, "4711").await;
    assert!(other.list(&game.player).await.unwrap().is_empty());
    game.save(&one, "one's still").await;
}

#[tokio::test]
#[cfg_attr(no_redis_server, ignore = "no redis-server or valkey-server")]
async fn one_node_is_enough_to_find_its_cluster() {
    let urls = shared_cluster().await;
    let options = options();
    let backend = connect(&urls[1..2], &options).await;
    for player in 0..20 {
        let mut game = Game::start(&backend, &player.to_string()).await;
        game.save(&backend, "first").await;
    }
    let all = connect(&urls, &options).await;
    for player in 0..20 {
        let game = Game::of(&player.to_string());
        assert_eq!(game.stored(&all).await.as_deref(), Some("first"));
    }
}

#[tokio::test]
#[cfg_attr(no_redis_server, ignore = "no redis-server or valkey-server")]
async fn a_ready_connection_is_used_and_can_t_wait_for_replicas() {
    let server = TestServer::start(&[]).await;
    let client = redis::Client::open(server.url()).unwrap();
    let connection = client.get_connection_manager().await.unwrap();
    let backend = RedisBackend::from_connection(connection.clone(), options())
        .await
        .unwrap();
    let mut game = Game::start(&backend, "4711").await;
    game.save(&backend, "first").await;
    game.release(&backend).await;

    let mut options = options();
    options.min_replicas = 1;
    let error = RedisBackend::from_connection(connection, options)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
}
