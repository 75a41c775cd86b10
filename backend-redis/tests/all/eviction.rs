//! A player's hash that is gone: evicted, or deleted by hand.

use crate::support;

use std::{sync::Arc, time::Duration};

use playerdata_core::{
    SessionManager, StartError,
    backend::{Backend, Effect, Erasure, ErrorKind, HazardKind, Opening, WriteOutcome},
};
use playerdata_redis::RedisBackend;
use support::{RawSession, TestServer, connect, options, until};
use tokio::time::timeout;

/// Deletes the hash of a player, and nothing else.
async fn forget(server: &TestServer, player: &str) {
    let keys: Vec<String> = server.ask(&["KEYS", &format!("*:{{{player}}}")]).await;
    assert_eq!(keys.len(), 1);
    server.ask::<()>(&["DEL", &keys[0]]).await;
}

/// Opens the slot for a session that has just got the lock.
async fn try_open(backend: &RedisBackend, game: &mut RawSession) -> Result<Opening, ErrorKind> {
    game.claim.number = game.claim.number.next();
    let opened = backend.open(&game.claim).await;
    opened.map_err(|error| error.kind())
}

#[tokio::test]
async fn s13_a_manager_refuses_a_server_that_evicts_unless_the_program_accepts_it() {
    for (policy, kind) in [
        ("allkeys-lru", HazardKind::EvictsPlayers),
        ("volatile-lru", HazardKind::EvictsLeases),
    ] {
        let server = TestServer::start(&["--maxmemory-policy", policy]).await;
        let backend = Arc::new(connect(&[server.url()], &options()).await);
        let refused = SessionManager::builder(backend.clone()).start().await;
        match refused {
            Err(StartError::Hazard { hazard }) => assert_eq!(hazard.kind, kind),
            other => panic!("{other:?}"),
        }
        let accepting = SessionManager::builder(backend).accept_hazard(kind);
        accepting.start().await.unwrap();
    }
}

/// The locks of the players who play most are not the first to go any more,
/// and no next session is given defaults.
#[tokio::test]
async fn s4_l3_on_a_server_that_evicts_the_locks_of_those_who_play_stay() {
    let lru = ["--maxmemory-policy", "allkeys-lru", "--appendfsync", "no"];
    let server = TestServer::start(&[&lru[..], &["--maxmemory-samples", "64"]].concat()).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut games = Vec::new();
    for player in 0..20 {
        games.push(RawSession::start(&backend, player.to_string()).await);
    }
    let junk = |from: usize, to: usize| {
        let script = "for i = ARGV[1], ARGV[1] + 99 do \
                      redis.call('SET', 'junk' .. i, string.rep('x', 10000)) end";
        let server = &server;
        async move {
            for first in (from..to).step_by(100) {
                let first = first.to_string();
                server.ask::<()>(&["EVAL", script, "0", &first]).await;
            }
        }
    };
    junk(1, 1_000).await;
    let memory: String = server.ask(&["INFO", "memory"]).await;
    let used = memory.split("used_memory:").nth(1).unwrap();
    let used: u64 = used.lines().next().unwrap().trim().parse().unwrap();
    let limit = (used + 2_000_000).to_string();
    server
        .ask::<()>(&["CONFIG", "SET", "maxmemory", &limit])
        .await;
    until("the junk is older than what is used", || async {
        let idle: u64 = server.ask(&["OBJECT", "IDLETIME", "junk1"]).await;
        idle >= 3
    })
    .await;
    for game in &mut games {
        game.save(&backend, "played").await;
    }
    // More than fits: what nobody has used for longest has to go.
    junk(1_001, 1_500).await;
    let stats: String = server.ask(&["INFO", "stats"]).await;
    assert!(!stats.contains("evicted_keys:0\r"), "nothing was evicted");

    for game in &mut games {
        let mut next = RawSession::of(game.claim.player.as_str());
        let fence = next.take(&backend, Some(game)).await;
        assert!(
            fence > game.claim.fence,
            "{fence} after {}",
            game.claim.fence
        );
        let opened = next.open(&backend).await;
        let record = opened.record.expect("it is not a new player");
        assert_eq!(record.body.bytes, "played");
    }
}

#[tokio::test]
async fn s4_l3_without_its_hash_a_value_is_an_error_and_the_fence_still_grows() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    // One at rest, one that a claim has, one that was never saved.
    let mut rested = RawSession::start(&backend, "1").await;
    rested.save(&backend, "rested").await;
    rested.release(&backend).await;
    let mut played = RawSession::start(&backend, "2").await;
    played.save(&backend, "played").await;
    let fresh = RawSession::start(&backend, "3").await;

    for game in [&rested, &played, &fresh] {
        let player = game.claim.player.as_str();
        forget(&server, player).await;
        let viewed = backend.view(&game.claim.player, &game.claim.slot).await;
        assert_eq!(viewed.unwrap_err().kind(), ErrorKind::Corrupt);
        let mut next = RawSession::of(player);
        let fence = next.take(&backend, None).await;
        assert!(
            fence > game.claim.fence,
            "{fence} after {}",
            game.claim.fence
        );
        let opened = try_open(&backend, &mut next).await;
        assert_eq!(opened.unwrap_err(), ErrorKind::Corrupt);
        // The former session can open nothing any more.
        let mut former = game.clone();
        let opened = try_open(&backend, &mut former).await.unwrap();
        assert!(matches!(opened, Opening::Lost { holder: Some(_) }));
        next.release(&backend).await;
    }
    // An erasure leaves nothing but the fence, though the hash is there again.
    let erased = backend.erase(&rested.claim.player).await.unwrap();
    assert_eq!(erased, Erasure::Erased);
    let left: Vec<String> = server.ask(&["KEYS", "*:{1}*"]).await;
    assert_eq!(left.len(), 1, "{left:?}");
    let fields: Vec<String> = server.ask(&["HKEYS", &left[0]]).await;
    assert_eq!(fields, ["fence"]);
    // As the documents say: the value is put to rest, and listed.
    let prefix = server.ask::<Vec<String>>(&["KEYS", "*:{2}:Slot1:*"]).await;
    let [claim] = prefix.as_slice() else {
        panic!("{prefix:?}")
    };
    let rest = claim.split_inclusive(":Slot1").next().unwrap();
    let hash = rest.strip_suffix(":Slot1").unwrap();
    server.ask::<()>(&["RENAME", claim, rest]).await;
    server
        .ask::<()>(&["HSET", hash, "slot:Slot1", "rest"])
        .await;
    let mut next = RawSession::of("2");
    next.take(&backend, None).await;
    let opened = next.open(&backend).await;
    assert_eq!(opened.record.unwrap().body.bytes, "played");
}

#[tokio::test]
async fn s13_a_save_without_a_lock_is_found_out_where_hashes_can_be_evicted() {
    let server = TestServer::start(&["--maxmemory-policy", "allkeys-lru"]).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "first").await;
    forget(&server, "4711").await;
    let error = game.try_save(&backend, "second").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_eq!(error.effect(), Effect::Possible);
    assert!(error.to_string().contains("hash of 4711"), "{error}");
    // A doubtful claim is opened again, and then it is certain.
    let opened = try_open(&backend, &mut game).await;
    assert_eq!(opened, Ok(Opening::Lost { holder: None }));

    // A take-over is not such a case: it leaves no claim behind.
    let mut other = RawSession::start(&backend, "4712").await;
    other.save(&backend, "first").await;
    RawSession::of("4712").take(&backend, Some(&other)).await;
    let late = other.try_save(&backend, "late").await.unwrap();
    assert!(matches!(
        late,
        playerdata_core::backend::WriteOutcome::Lost { holder: Some(_) }
    ));
}

/// Nothing is evicted there, but hands can delete.
#[tokio::test]
async fn s13_a_save_finds_out_in_time_that_the_lock_was_deleted_by_hand() {
    let server = TestServer::start(&[]).await;
    let mut often = options();
    often.lock_check_interval = Duration::from_millis(50);
    let backend = connect(&[server.url()], &often).await;
    let mut game = RawSession::start(&backend, "4711").await;
    forget(&server, "4711").await;
    let error = timeout(Duration::from_secs(20), async {
        loop {
            match game.try_save(&backend, "played on").await {
                Ok(WriteOutcome::Written { .. }) => tokio::task::yield_now().await,
                Ok(other) => panic!("{other:?}"),
                Err(error) => break error,
            }
        }
    });
    let error = error.await.expect("a save looks at the lock");
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_eq!(error.effect(), Effect::Possible);
    assert!(error.to_string().contains("hash of 4711"), "{error}");
    let opened = try_open(&backend, &mut game).await;
    assert_eq!(opened, Ok(Opening::Lost { holder: None }));
}

#[tokio::test]
async fn erasing_a_player_removes_what_the_hash_did_not_list() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    // What looks like a pattern is not one.
    for player in ["47*11", "4711", "4[7]11"] {
        let mut game = RawSession::start(&backend, player).await;
        game.save(&backend, "at rest").await;
        game.release(&backend).await;
        let mut game = RawSession::of(player).in_slot("Slot2");
        game.take(&backend, None).await;
        game.open(&backend).await;
        game.save(&backend, "played").await;
    }
    forget(&server, "47[*]11").await;
    let keys: Vec<String> = server.ask(&["KEYS", "*:{47[*]11}:*"]).await;
    assert_eq!(keys.len(), 3, "two values and a mark: {keys:?}");
    let player = RawSession::of("47*11").claim.player;
    assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
    let left: Vec<String> = server.ask(&["KEYS", "*:{47[*]11}*"]).await;
    assert_eq!(left, Vec::<String>::new());
    let others: Vec<String> = server.ask(&["KEYS", "*:{4*}:*"]).await;
    assert_eq!(others.len(), 6, "{others:?}");
    let mut next = RawSession::of("47*11");
    next.take(&backend, None).await;
    assert_eq!(next.open(&backend).await.record, None);
}
