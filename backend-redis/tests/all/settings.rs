//! Connecting: what is found out, and what is refused.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::sync::Arc;

use playerdata_core::{
    Event, SessionManager, TradeId,
    backend::{
        Backend, Effect, Erasure, ErrorKind, HazardKind, KeepPolicy, Notice, NoticeKind, Party,
        Verdict, WriteOutcome,
    },
};
use playerdata_redis::{
    Credentials, CredentialsProvider, RedisBackend, RedisOptions, UserPassword, redis,
};
use support::{
    RawSession, TestCluster, TestServer, connect, letter, options, shared_cluster, unsettled,
};

async fn hazards(backend: &RedisBackend) -> Vec<HazardKind> {
    let hazards = backend.hazards().await.expect("the server answers");
    hazards.into_iter().map(|hazard| hazard.kind).collect()
}

#[tokio::test]
async fn server_settings_that_lose_data_are_found() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    let set = async |setting, value| {
        let command = ["CONFIG", "SET", setting, value];
        server.ask::<()>(&command).await;
        hazards(&backend).await
    };
    assert_eq!(hazards(&backend).await, []);
    let found = set("appendonly", "no").await;
    assert_eq!(found, [HazardKind::NotPersistent]);
    let found = set("save", "3600 1").await;
    assert_eq!(found, [HazardKind::PersistsLate]);
    let found = set("maxmemory-policy", "allkeys-lru").await;
    assert_eq!(found[1], HazardKind::EvictsPlayers);
    let found = set("maxmemory-policy", "volatile-ttl").await;
    assert_eq!(found[1], HazardKind::EvictsLeases);
}

#[tokio::test]
async fn a_server_that_does_not_tell_its_settings_is_a_hazard_and_no_error() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    let may_not = ["ACL", "SETUSER", "default", "-info"];
    server.ask::<()>(&may_not).await;
    assert_eq!(hazards(&backend).await, [HazardKind::Unknown]);
}

#[tokio::test]
async fn a_manager_tells_of_each_node_that_loses_data() {
    let cluster = TestCluster::start().await;
    let set = ["CONFIG", "SET", "appendonly", "no"];
    cluster.nodes[1].ask::<()>(&set).await;
    let backend = connect(&cluster.urls()[..1], &options()).await;
    let manager = SessionManager::builder(Arc::new(backend)).start().await;
    let manager = manager.unwrap();
    let mut events = manager.events();
    let Some(Event::StoreAtRisk { hazard }) = events.try_next() else {
        panic!("there is no password")
    };
    assert_eq!(hazard.kind, HazardKind::NotPersistent);
    let node = format!("127.0.0.1:{}: ", cluster.nodes[1].port());
    assert!(hazard.what.starts_with(&node), "{hazard}");
    assert!(events.try_next().is_none(), "the other nodes are fine");
}

#[tokio::test]
async fn credentials_come_from_the_url_and_wrong_ones_are_a_rejection() {
    let server = TestServer::start(&[]).await;
    let game_user = [
        "ACL", "SETUSER", "game", "on", ">secret", "~*", "+@all", "-config",
    ];
    server.ask::<()>(&game_user).await;
    let url = |password: &str| format!("redis://game:{password}@127.0.0.1:{}", server.port());

    let backend = connect(&[url("secret")], &options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "first").await;
    // It may not read all settings, but the one that matters most.
    assert_eq!(hazards(&backend).await, []);

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
async fn a_password_without_a_user_is_in_the_url_too() {
    let server = TestServer::start(&[]).await;
    let password = ["CONFIG", "SET", "requirepass", "hush"];
    server.ask::<()>(&password).await;
    let backend = connect(
        &[format!("redis://:hush@127.0.0.1:{}", server.port())],
        &options(),
    )
    .await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "first").await;

    // Without it, nothing that was asked was done.
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let game = RawSession::of("4712");
    let acquired = backend
        .acquire(&game.claim.player, &game.claimant, None)
        .await;
    let error = acquired.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(error.effect(), Effect::None, "{error}");
}

#[tokio::test]
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
async fn namespaces_are_worlds_apart() {
    let server = TestServer::start(&[]).await;
    let url = [server.url()];
    let (one, other) = (
        connect(&url, &options()).await,
        connect(&url, &options()).await,
    );
    let mut game = RawSession::start(&one, "4711").await;
    game.save(&one, "one's").await;
    assert_eq!(game.stored(&other).await, None);
    RawSession::start(&other, "4711").await;
    assert!(other.list(&game.claim.player).await.unwrap().is_empty());
    game.save(&one, "one's still").await;
}

#[tokio::test]
async fn one_node_is_enough_to_find_its_cluster() {
    let urls = shared_cluster().await;
    let options = options();
    let backend = connect(&urls[1..2], &options).await;
    for player in 0..20 {
        let mut game = RawSession::start(&backend, player.to_string()).await;
        game.save(&backend, "first").await;
    }
    let all = connect(&urls, &options).await;
    for player in 0..20 {
        let game = RawSession::of(player.to_string());
        assert_eq!(game.stored(&all).await.as_deref(), Some("first"));
    }
}

#[tokio::test]
async fn a_ready_connection_is_used_and_can_t_wait_for_replicas() {
    let server = TestServer::start(&[]).await;
    let client = redis::Client::open(server.url()).unwrap();
    let connection = client.get_connection_manager().await.unwrap();
    let backend = RedisBackend::from_connection(connection.clone(), options()).unwrap();
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "first").await;
    game.release(&backend).await;

    let mut options = options();
    options.min_replicas = 1;
    let error = RedisBackend::from_connection(connection, options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

/// The permissions that `docs/redis.md` lists, and no others.
#[tokio::test]
async fn the_permissions_in_the_documents_are_enough() {
    let server = TestServer::start(&[]).await;
    let documents = include_str!("../../../docs/redis.md");
    let (_, from) = documents.split_once("ACL SETUSER").expect("it is there");
    let (words, _) = from.split_once("```").expect("the block ends");
    let mut command = vec!["ACL", "SETUSER"];
    command.extend(words.split_whitespace());
    server.ask::<()>(&command).await;
    let url = format!("redis://game:secret@127.0.0.1:{}", server.port());
    let backend = RedisBackend::connect(&url).await.unwrap();

    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "first").await;
    game.open(&backend).await;
    let id = &game.claimant.server;
    let ttl = std::time::Duration::from_secs(5);
    backend.renew_lease(id, ttl).await.unwrap();
    assert!(backend.lease_is_live(id).await.unwrap());
    let notice = Notice {
        player: game.claim.player.clone(),
        session: game.id(),
        kind: NoticeKind::HandOver,
        from: id.clone(),
    };
    backend.notify(&id.name, &notice).await.unwrap();
    backend.drop_lease(id).await.unwrap();
    let mut next = RawSession::of("4711");
    next.take(&backend, Some(&game)).await;
    let late = game.try_save(&backend, "late").await.unwrap();
    assert!(matches!(late, WriteOutcome::Lost { holder: Some(_) }));
    next.release(&backend).await;
    assert_eq!(game.stored(&backend).await.as_deref(), Some("first"));
    assert_eq!(backend.list(&game.claim.player).await.unwrap().len(), 1);
    mail_trades_versions_and_listings(&backend).await;
    assert_eq!(
        backend.erase(&game.claim.player).await.unwrap(),
        Erasure::Erased
    );
    assert_eq!(hazards(&backend).await, []);
}

async fn mail_trades_versions_and_listings(backend: &RedisBackend) {
    let mut game = RawSession::start(backend, "4711").await;
    for sent in [letter("1", "{}"), unsettled("2")] {
        let (player, slot) = (&game.claim.player, &game.claim.slot);
        backend.post(player, slot, &sent).await.unwrap();
        let letters = backend.letters(player, slot, None, 10).await.unwrap();
        assert_eq!(letters.len(), 1);
        let (id, posting) = (&sent.id, sent.posting);
        backend.discard(player, slot, id, posting).await.unwrap();
        backend.settle(player, slot, id, posting).await.unwrap();
    }
    let trade = TradeId::from_uuid(*game.id().as_uuid());
    backend.decide(trade, Verdict::Commit).await.unwrap();
    for party in [Party::First, Party::Second] {
        backend.forget_decision(trade, party).await.unwrap();
    }
    let policy = KeepPolicy {
        most: 1,
        min_age: std::time::Duration::ZERO,
    };
    for text in ["second", "third"] {
        game.save(backend, text).await;
        backend.keep_version(&game.claim, policy).await.unwrap();
    }
    let (player, slot) = (&game.claim.player, &game.claim.slot);
    assert_eq!(backend.versions(player, slot).await.unwrap().len(), 1);
    let version = backend.version(player, slot, game.revision).await.unwrap();
    assert_eq!(version.unwrap().body.bytes, "third");
    let page = backend.players(None, 10).await.unwrap();
    assert_eq!(page.players, [game.claim.player.clone()]);
    game.release(backend).await;
}

/// Supplies a password that can be replaced.
struct Vault(Arc<std::sync::Mutex<String>>);

#[async_trait::async_trait]
impl CredentialsProvider for Vault {
    type Error = std::convert::Infallible;

    async fn credentials(&self) -> Result<UserPassword, Self::Error> {
        let password = self.0.lock().expect("nobody panicked with it");
        Ok(UserPassword::new("game", password.as_str()))
    }
}

#[tokio::test]
async fn new_connections_are_made_with_the_credentials_of_the_day() {
    let server = TestServer::start(&[]).await;
    let grant = |password: &str| {
        let password = format!(">{password}");
        let server = &server;
        async move {
            let user = [
                "ACL",
                "SETUSER",
                "game",
                "on",
                "resetpass",
                &password,
                "~*",
                "+@all",
            ];
            server.ask::<()>(&user).await;
        }
    };
    grant("first").await;
    let password = Arc::new(std::sync::Mutex::new("first".to_owned()));
    let mut options = options();
    options.credentials = Some(Credentials::new(Vault(password.clone())));
    options.client_name = "game-eu".to_owned();
    let backend = connect(&[server.url()], &options).await;
    let mut game = RawSession::start(&backend, "4711").await;
    let clients: String = server.ask(&["CLIENT", "LIST"]).await;
    assert!(clients.contains(" name=game-eu "), "{clients}");
    assert!(!format!("{backend:?}").contains("first"));

    grant("second").await;
    "second".clone_into(&mut password.lock().unwrap());
    let kill = ["CLIENT", "KILL", "USER", "game"];
    server.ask::<()>(&kill).await;
    support::until("the connection is replaced", || async {
        backend.holder(&game.claim.player).await.is_ok()
    })
    .await;
    game.save(&backend, "by the second").await;
}

#[tokio::test]
async fn what_replicas_would_lose_and_lack_is_found() {
    let (primary, replica) = (TestServer::start(&[]).await, TestServer::start(&[]).await);
    let mut options = options();
    options.min_replicas = 1;
    let backend = connect(&[primary.url()], &options).await;
    assert_eq!(hazards(&backend).await, [HazardKind::TooFewReplicas]);
    let port = primary.port().to_string();
    replica.ask::<()>(&["REPLICAOF", "127.0.0.1", &port]).await;
    primary.is_replicated("probe").await;
    assert_eq!(hazards(&backend).await, []);
    replica
        .ask::<()>(&["CONFIG", "SET", "appendonly", "no"])
        .await;
    let found = backend.hazards().await.unwrap();
    assert_eq!(found[0].kind, HazardKind::NotPersistent);
    assert!(
        found[0].what.starts_with("replica 127.0.0.1:"),
        "{}",
        found[0]
    );
    primary
        .ask::<()>(&["CONFIG", "SET", "appendfsync", "no"])
        .await;
    assert_eq!(hazards(&backend).await[0], HazardKind::PersistsLate);
}

/// `WAITAOF`, where the server has it; where it has not, no change is
/// acknowledged.
#[tokio::test]
async fn s1_a_change_can_be_confirmed_on_disk() {
    let server = TestServer::start(&["--appendfsync", "everysec"]).await;
    let mut options = options();
    options.operation_timeout = std::time::Duration::from_secs(6);
    options.replica_timeout = std::time::Duration::from_secs(3);
    options.confirm_on_disk = true;
    let backend = connect(&[server.url()], &options).await;
    let mut game = RawSession::of("4711");
    let acquired = backend
        .acquire(&game.claim.player, &game.claimant, None)
        .await;
    if server.refusal(&["WAITAOF", "0", "0", "0"]).await.is_some() {
        let error = acquired.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
        assert_eq!(error.effect(), Effect::Possible, "{error}");
        return;
    }
    game.take(&backend, None).await;
    game.open(&backend).await;
    game.save(&backend, "on disk").await;
    server
        .ask::<()>(&["CONFIG", "SET", "appendonly", "no"])
        .await;
    let error = game.try_save(&backend, "in memory").await.unwrap_err();
    assert_eq!(error.effect(), Effect::Possible, "{error}");
}

#[tokio::test]
async fn s12_one_slot_that_can_t_be_read_hides_no_other() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    for slot in ["Slot1", "Slot2", "Slot3"] {
        game.claim.slot = slot.parse().unwrap();
        game.claim.number = playerdata_core::ClaimNumber::new(0);
        game.open(&backend).await;
        game.save(&backend, slot).await;
    }
    game.release(&backend).await;
    let keys: Vec<String> = server.ask(&["KEYS", "*:Slot2"]).await;
    server.ask::<()>(&["SET", &keys[0], "scribble"]).await;
    let keys: Vec<String> = server.ask(&["KEYS", "*:Slot3"]).await;
    server.ask::<()>(&["DEL", &keys[0]]).await;
    let listed = backend.list(&game.claim.player).await.unwrap();
    let told: Vec<_> = listed
        .iter()
        .map(|slot| (slot.slot.as_str(), slot.revision.get(), slot.body_bytes))
        .collect();
    assert_eq!(told, [("Slot1", 1, 5), ("Slot2", 0, 8), ("Slot3", 0, 0)]);
}
