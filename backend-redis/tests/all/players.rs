//! The list of all players: on one server, and on a Cluster that changes
//! meanwhile.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{collections::BTreeSet, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use playerdata_core::{
    PlayerId,
    backend::{Backend, Effect, ErrorKind, KeepPolicy, PlayersCursor, Result, Verdict},
};
use playerdata_redis::RedisBackend;
use support::{
    Move, RawSession, TestCluster, TestServer, connect, impatient, letter, options, until,
    with_new_node,
};

/// A listing under way.
#[derive(Default)]
struct Listing {
    found: Vec<String>,
    after: Option<PlayersCursor>,
    pages: usize,
}

impl Listing {
    /// Reads a page; whether there are more.
    async fn page(&mut self, backend: &RedisBackend, limit: usize) -> Result<bool> {
        let page = backend.players(self.after.as_ref(), limit).await?;
        let players = page.players.iter().map(|player| player.as_str().to_owned());
        let players: Vec<_> = players.collect();
        let once: BTreeSet<_> = players.iter().collect();
        assert_eq!(
            once.len(),
            players.len(),
            "none twice in a page: {players:?}"
        );
        assert!(players.len() <= limit);
        self.found.extend(players);
        self.pages += 1;
        self.after = page.next;
        Ok(self.after.is_some())
    }

    async fn rest(&mut self, backend: &RedisBackend, limit: usize) -> BTreeSet<String> {
        while self.page(backend, limit).await.unwrap() {}
        self.found.iter().cloned().collect()
    }

    async fn all(backend: &RedisBackend, limit: usize) -> BTreeSet<String> {
        Self::default().rest(backend, limit).await
    }
}

fn names(numbers: std::ops::Range<u32>) -> BTreeSet<String> {
    numbers.map(|number| number.to_string()).collect()
}

/// Has letters wait for some players: the cheapest thing to have.
async fn fill(backend: &RedisBackend, numbers: std::ops::Range<u32>) {
    let slot = "Slot1".parse().unwrap();
    let posting = stream::iter(numbers.map(PlayerId::from)).map(|player| {
        let slot = &slot;
        async move { backend.post(&player, slot, &letter("1", "{}")).await }
    });
    posting.buffered(32).try_collect::<Vec<_>>().await.unwrap();
}

/// Adds what is not a player, and keys of other programs.
async fn add_others(server: &TestServer, backend: &RedisBackend, ours: &str) {
    let trade = playerdata_core::TradeId::from_uuid(*letter("1", "{}").posting.as_uuid());
    backend.decide(trade, Verdict::Commit).await.unwrap();
    backend
        .renew_lease(
            &RawSession::of("4711").claimant.server,
            Duration::from_secs(60),
        )
        .await
        .unwrap();
    for key in [
        "{4711}".to_owned(),
        format!("{ours}2:{{4711}}"),
        format!("x{ours}:{{4711}}"),
        format!("{ours}:{{two words}}"),
        format!("{ours}:{{a}}b}}"),
        format!("{ours}:{{}}"),
        "*".to_owned(),
    ] {
        server
            .ask::<()>(&["HSET", &key, "fence", "1", "slot:Slot1", "rest"])
            .await;
    }
}

#[tokio::test]
async fn whoever_has_anything_is_listed_and_nobody_else() {
    let server = TestServer::start(&[]).await;
    let options = options();
    let backend = connect(&[server.url()], &options).await;
    let slot = "Slot1".parse().unwrap();
    let policy = KeepPolicy {
        most: 8,
        min_age: Duration::ZERO,
    };
    let (mut games, mut expected) = (Vec::new(), BTreeSet::new());
    for name in [
        "rested", "played", "a:b*[?]", "version", "deleted", "erased",
    ] {
        let mut game = RawSession::start(&backend, name).await;
        game.save(&backend, "saved").await;
        games.push(game);
    }
    let [rested, _, _, version, deleted, erased] = games.as_slice() else {
        unreachable!()
    };
    rested.release(&backend).await;
    backend.keep_version(&version.claim, policy).await.unwrap();
    for game in [version, deleted] {
        backend.delete(&game.claim, &game.stamp()).await.unwrap();
        game.release(&backend).await;
    }
    backend
        .post(&erased.claim.player, &slot, &letter("1", "{}"))
        .await
        .unwrap();
    erased.release(&backend).await;
    backend.erase(&erased.claim.player).await.unwrap();
    expected.extend(["rested", "played", "a:b*[?]", "version"]);
    // Only opened, only locked.
    RawSession::start(&backend, "opened").await;
    RawSession::of("locked").take(&backend, None).await;
    for name in ["letter", "discarded"] {
        let (player, sent) = (PlayerId::new(name).unwrap(), letter("1", "{}"));
        backend.post(&player, &slot, &sent).await.unwrap();
        if name == "discarded" {
            backend
                .discard(&player, &slot, &sent.id, sent.posting)
                .await
                .unwrap();
        }
    }
    expected.insert("letter");
    add_others(&server, &backend, &options.namespace).await;
    let mut other = options.clone();
    other.namespace.push('-');
    fill(&connect(&[server.url()], &other).await, 0..50).await;

    for limit in [1, 2, 1_000, usize::MAX] {
        let found = Listing::all(&backend, limit).await;
        let found: BTreeSet<_> = found.iter().map(String::as_str).collect();
        assert_eq!(found, expected, "{limit}");
    }
}

#[tokio::test]
async fn what_is_damaged_is_listed_for_whoever_looks() {
    let server = TestServer::start(&[]).await;
    let options = options();
    let backend = connect(&[server.url()], &options).await;
    let key = |rest: &str| format!("{}:{{{rest}", options.namespace);
    server
        .ask::<()>(&["SET", &key("replaced}"), "another program's"])
        .await;
    for (name, value) in [("junk", Some("junk")), ("gone", None)] {
        let hash = key(&format!("{name}}}"));
        server
            .ask::<()>(&["HSET", &hash, "fence", "1", "slot:Slot1", "rest"])
            .await;
        if let Some(value) = value {
            server
                .ask::<()>(&["SET", &format!("{hash}:Slot1"), value])
                .await;
        }
    }
    let found = Listing::all(&backend, 10).await;
    assert_eq!(
        found.iter().collect::<Vec<_>>(),
        ["gone", "junk", "replaced"]
    );
}

#[tokio::test]
async fn a_listing_goes_on_while_the_server_grows_and_starts_again() {
    let mut server = TestServer::start(&["--appendfsync", "no"]).await;
    let backend = connect(&[server.url()], &options()).await;
    fill(&backend, 0..500).await;
    let mut listing = Listing::default();
    assert!(listing.page(&backend, 20).await.unwrap());
    // The server's table of keys becomes larger.
    fill(&backend, 500..3_000).await;
    assert!(listing.page(&backend, 20).await.unwrap());
    let found = listing.rest(&backend, 200).await;
    assert!(found.is_superset(&names(0..500)));

    // Another process has its keys in another order.
    let mut listing = Listing::default();
    for _ in 0..3 {
        assert!(listing.page(&backend, 100).await.unwrap());
    }
    server.restart().await;
    until("it answers again", || async {
        backend.holder(&PlayerId::from(1)).await.is_ok()
    })
    .await;
    assert_eq!(listing.rest(&backend, 1_000).await, names(0..3_000));
    assert!(listing.found.len() >= 3_300, "its part began again");
}

#[tokio::test]
async fn a_foreign_cursor_is_refused_and_a_short_one_goes_on_elsewhere() {
    let server = TestServer::start(&[]).await;
    let options = options();
    let backend = connect(&[server.url()], &options).await;
    for foreign in ["", "4711", "0123456789abcdef:4711", "pp9 - - 0 - 0-16383"] {
        let cursor = PlayersCursor::new(foreign);
        let error = backend.players(Some(&cursor), 10).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "{foreign:?}");
    }
    fill(&backend, 0..300).await;
    let other = connect(&[server.url()], &options).await;
    let mut listing = Listing::default();
    // Written down, and read by another process.
    while listing.page(&backend, 40).await.unwrap() {
        let text = listing.after.as_ref().unwrap().as_str().to_owned();
        assert!(text.len() < 2_000, "{text}");
        listing.after = Some(PlayersCursor::new(text));
        if !listing.page(&other, 1).await.unwrap() {
            break;
        }
    }
    let found: BTreeSet<_> = listing.found.iter().cloned().collect();
    assert_eq!(found, names(0..300));
    assert_eq!(
        listing.found.len(),
        300,
        "while nothing changes, none comes twice"
    );
}

#[tokio::test]
async fn a_demoted_primary_lists_nobody() {
    let primary = TestServer::start(&[]).await;
    let replica = TestServer::start(&[]).await;
    let backend = connect(&[replica.url()], &impatient()).await;
    fill(&backend, 0..10).await;
    let port = primary.port().to_string();
    replica.ask::<()>(&["REPLICAOF", "127.0.0.1", &port]).await;
    let error = backend.players(None, 10).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(error.effect(), Effect::None);
}

#[tokio::test]
async fn all_primaries_of_a_cluster_are_listed() {
    let cluster = TestCluster::start().await;
    let backend = connect(&cluster.urls(), &options()).await;
    assert_eq!(Listing::all(&backend, 10).await, BTreeSet::new());
    fill(&backend, 0..300).await;
    for limit in [1, 50, 1_000] {
        let mut listing = Listing::default();
        assert_eq!(listing.rest(&backend, limit).await, names(0..300));
        assert_eq!(listing.found.len(), 300, "none comes twice");
    }
}

#[tokio::test]
async fn nobody_is_left_out_while_hash_slots_move() {
    // Wherever the listing is: at the beginning, in the middle, near the end.
    for at in [0, 1, 4, 8] {
        let (cluster, new, backend) = with_new_node(&options()).await;
        fill(&backend, 0..200).await;
        let mut listing = Listing::default();
        for _ in 0..at {
            assert!(listing.page(&backend, 20).await.unwrap());
        }
        for player in 0..20_u32 {
            let migration = Move::of(&cluster, &player.to_string(), new).await;
            migration.finish().await;
        }
        assert!(listing.page(&backend, 20).await.unwrap());
        // And back again, some of them.
        for player in 0..10_u32 {
            let name = player.to_string();
            let home = cluster.owner_of(&format!("{{{name}}}")).await;
            Move::between(&cluster, &name, new, home)
                .await
                .finish()
                .await;
        }
        assert_eq!(listing.rest(&backend, 20).await, names(0..200), "{at}");
    }
}

#[tokio::test]
async fn a_hash_slot_on_the_move_is_waited_for_and_comes_last() {
    let (cluster, new, backend) = with_new_node(&impatient()).await;
    fill(&backend, 0..200).await;
    let migration = Move::of(&cluster, "17", new).await;
    migration.key(&migration.keys().await[0]).await;
    let mut listing = Listing::default();
    let error = loop {
        match listing.page(&backend, 50).await {
            Ok(true) => {}
            Ok(false) => panic!("{:?}", listing.found.len()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(error.effect(), Effect::None);
    assert!(error.to_string().contains(&migration.slot), "{error}");
    assert!(listing.found.len() >= 190, "the others are listed");
    assert!(!listing.found.contains(&"17".to_owned()));
    migration.finish().await;
    assert_eq!(listing.rest(&backend, 50).await, names(0..200));
}

#[tokio::test]
async fn nobody_is_left_out_when_a_replica_takes_over() {
    let mut cluster = TestCluster::start().await;
    let replica = cluster.grow().await;
    let id = cluster.id(0).await;
    let follow = ["CLUSTER", "REPLICATE", &id];
    cluster.nodes[replica].ask::<()>(&follow).await;
    let mut options = options();
    // "{0}" is in the hash slots of the first node.
    let key = (0..).map(|number| format!("{{{number}}}"));
    let mut key = key.take(100);
    let key = loop {
        let key = key.next().expect("one of them is");
        if cluster.owner_of(&key).await == 0 {
            break key;
        }
    };
    cluster.nodes[0].is_replicated(&key).await;
    options.min_replicas = 0;
    let backend = connect(&cluster.urls(), &options).await;
    fill(&backend, 0..300).await;
    cluster.nodes[0].is_replicated(&key).await;
    let mut listing = Listing::default();
    for _ in 0..2 {
        // The first hash slots are the first node's: it is in the middle of
        // them.
        assert!(listing.page(&backend, 20).await.unwrap());
    }
    cluster.nodes[0].kill();
    cluster.take_over(replica).await;
    assert_eq!(listing.rest(&backend, 50).await, names(0..300));
}
