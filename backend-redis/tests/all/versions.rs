//! Kept versions as they are in Redis.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::time::Duration;

use playerdata_core::{
    ClaimNumber, Revision,
    backend::{Backend, Claim, Erasure, ErrorKind, KeepPolicy, Keeping, Record},
};
use playerdata_redis::{RedisBackend, RedisOptions};
use support::{Plan, Proxy, RawSession, TestServer, connect, options, shared_cluster};

const ALL: KeepPolicy = KeepPolicy {
    most: 8,
    min_age: Duration::ZERO,
};

/// A server for this test alone.
async fn start() -> (TestServer, RedisOptions, RedisBackend) {
    let server = TestServer::start(&[]).await;
    let options = options();
    let backend = connect(&[server.url()], &options).await;
    (server, options, backend)
}

async fn keep(backend: &RedisBackend, game: &RawSession, policy: KeepPolicy) -> Keeping {
    backend.keep_version(&game.claim, policy).await.unwrap()
}

fn kept(revision: u64) -> Keeping {
    let revision = Revision::new(revision);
    Keeping::Kept { revision }
}

async fn revisions(backend: &RedisBackend, game: &RawSession) -> Vec<u64> {
    let versions = backend
        .versions(&game.claim.player, &game.claim.slot)
        .await
        .unwrap();
    versions
        .iter()
        .map(|version| version.revision.get())
        .collect()
}

async fn version(backend: &RedisBackend, game: &RawSession, revision: u64) -> Option<Record> {
    let revision = Revision::new(revision);
    let version = backend.version(&game.claim.player, &game.claim.slot, revision);
    version.await.unwrap()
}

#[tokio::test]
async fn h1_h4_the_server_copies_the_record_byte_for_byte_and_the_oldest_goes() {
    let (server, _, backend) = start().await;
    let mut game = RawSession::start(&backend, "4711").await;
    assert_eq!(keep(&backend, &game, ALL).await, Keeping::Nothing);
    let long = "x".repeat(1024 * 1024);
    game.save(&backend, &long).await;
    let record = backend
        .view(&game.claim.player, &game.claim.slot)
        .await
        .unwrap();
    let traffic = async || {
        let stats: String = server.ask(&["INFO", "stats"]).await;
        let field = |name: &str| -> u64 {
            let value = stats.split(name).nth(1).unwrap().lines().next().unwrap();
            value.trim().parse().unwrap()
        };
        field("total_net_input_bytes:") + field("total_net_output_bytes:")
    };
    let before = traffic().await;
    assert_eq!(keep(&backend, &game, ALL).await, kept(1));
    let by_line = traffic().await - before;
    assert!(by_line < 100_000, "{by_line} bytes: the body stays at home");
    assert_eq!(version(&backend, &game, 1).await, record);

    for number in 2..=4 {
        game.save(&backend, &number.to_string()).await;
        let two = KeepPolicy { most: 2, ..ALL };
        assert_eq!(keep(&backend, &game, two).await, kept(number));
    }
    assert_eq!(revisions(&backend, &game).await, [4, 3]);
    assert_eq!(version(&backend, &game, 1).await, None);
    let versions = backend
        .versions(&game.claim.player, &game.claim.slot)
        .await
        .unwrap();
    let (seconds, _): (u64, u64) = server.ask(&["TIME"]).await;
    assert!(versions[0].kept_at.get() / 1_000 <= seconds);
    assert!(
        versions[0].kept_at.get() / 1_000 + 60 > seconds,
        "the server's clock"
    );
    assert_eq!(versions[0].saved_at, playerdata_raw_session::NOW);
    assert_eq!((versions[0].schema, versions[0].body_bytes), (1, 1));
    // Keeping the same revision again does not make another.
    let again = versions[0].kept_at;
    assert_eq!(keep(&backend, &game, ALL).await, kept(4));
    let versions = backend
        .versions(&game.claim.player, &game.claim.slot)
        .await
        .unwrap();
    assert_eq!((versions.len(), versions[0].kept_at), (2, again));
    // None is kept, and none removed.
    game.save(&backend, "5").await;
    let none = KeepPolicy { most: 0, ..ALL };
    assert_eq!(keep(&backend, &game, none).await, Keeping::Nothing);
    assert_eq!(revisions(&backend, &game).await, [4, 3]);
    // Versions are not slots.
    assert_eq!(backend.list(&game.claim.player).await.unwrap().len(), 1);
}

#[tokio::test]
async fn h1_a_version_is_as_old_as_the_servers_clock_says() {
    let (server, options, backend) = start().await;
    let mut game = RawSession::start(&backend, "4711").await;
    let hourly = KeepPolicy {
        min_age: Duration::from_secs(3_600),
        ..ALL
    };
    game.save(&backend, "1").await;
    assert_eq!(keep(&backend, &game, hourly).await, kept(1));
    game.save(&backend, "2").await;
    assert_eq!(keep(&backend, &game, hourly).await, Keeping::Recent);
    let ages = KeepPolicy {
        min_age: Duration::MAX,
        ..ALL
    };
    assert_eq!(keep(&backend, &game, ages).await, Keeping::Recent);
    // An hour and a minute later.
    let key = format!("{}:{{4711}}:Slot1:versions", options.namespace);
    let about: String = server.ask(&["HGET", &key, "about:1"]).await;
    let (kept_at, header) = about.split_once(' ').unwrap();
    let kept_at = kept_at.parse::<u64>().unwrap() - 3_660_000;
    let about = format!("{kept_at} {header}");
    server.ask::<()>(&["HSET", &key, "about:1", &about]).await;
    assert_eq!(keep(&backend, &game, hourly).await, kept(2));
    // The clock ran ahead, and was set right.
    let about: String = server.ask(&["HGET", &key, "about:2"]).await;
    let (kept_at, header) = about.split_once(' ').unwrap();
    let kept_at = kept_at.parse::<u64>().unwrap() + 3_660_000;
    let about = format!("{kept_at} {header}");
    server.ask::<()>(&["HSET", &key, "about:2", &about]).await;
    game.save(&backend, "3").await;
    assert_eq!(keep(&backend, &game, ALL).await, kept(3));
}

/// Wherever the value is: under the claim, under a later one, at rest.
#[tokio::test]
async fn h1_the_lock_counts_and_not_the_claim() {
    let (_server, _, backend) = start().await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "1").await;
    let former = game.clone();
    game.open(&backend).await;
    assert_eq!(keep(&backend, &former, ALL).await, kept(1));
    game.save(&backend, "2").await;
    game.release(&backend).await;
    let holder = None;
    assert_eq!(keep(&backend, &game, ALL).await, Keeping::Lost { holder });

    let mut next = RawSession::of("4711");
    next.take(&backend, None).await;
    next.claim.number = ClaimNumber::new(7);
    assert_eq!(keep(&backend, &next, ALL).await, kept(2));
    let holder = backend.holder(&next.claim.player).await.unwrap();
    let lost = Keeping::Lost { holder };
    assert_eq!(keep(&backend, &game, ALL).await, lost);
    // The same session under another fence is another lock.
    let claim = Claim {
        fence: game.claim.fence,
        ..next.claim.clone()
    };
    assert_eq!(backend.keep_version(&claim, ALL).await.unwrap(), lost);
    assert_eq!(revisions(&backend, &next).await, [2, 1]);
    // Deleting the slot leaves them.
    next.open(&backend).await;
    backend.delete(&next.claim, &next.stamp()).await.unwrap();
    assert_eq!(keep(&backend, &next, ALL).await, Keeping::Nothing);
    assert_eq!(revisions(&backend, &next).await, [2, 1]);
}

#[tokio::test]
async fn h5_a_late_keep_after_an_erasure_is_refused() {
    let (server, options, near) = start().await;
    let proxy = Proxy::to(server.port()).await;
    let far = connect(&[proxy.url()], &options).await;
    let mut game = RawSession::start(&far, "4711").await;
    game.save(&far, "1").await;
    assert_eq!(keep(&far, &game, ALL).await, kept(1));
    game.save(&far, "2").await;
    let session = game.id().to_string();
    proxy.plan_for(&session, Plan::Delay);
    far.keep_version(&game.claim, ALL).await.unwrap_err();

    near.release(&game.claim.player, game.id()).await.unwrap();
    let erased = near.erase(&game.claim.player).await.unwrap();
    assert_eq!(erased, Erasure::Erased);
    let keys: Vec<String> = server.ask(&["KEYS", "*"]).await;
    assert_eq!(keys, [format!("{}:{{4711}}", options.namespace)]);
    let fields: Vec<String> = server.ask(&["HKEYS", &keys[0]]).await;
    assert_eq!(fields, ["fence"]);
    let told = proxy.deliver().await;
    assert!(told.ends_with(b"lost\r\n"), "{told:?}");
    assert_eq!(revisions(&near, &game).await, Vec::<u64>::new());
    // Also when the player is there again.
    let mut next = RawSession::start(&near, "4711").await;
    next.save(&near, "new").await;
    let holder = near.holder(&next.claim.player).await.unwrap();
    assert_eq!(keep(&near, &game, ALL).await, Keeping::Lost { holder });
    assert_eq!(version(&near, &next, 1).await, None);
}

#[tokio::test]
async fn h4_s13_what_cannot_be_read_is_an_error_and_stays() {
    let (server, options, backend) = start().await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "one").await;
    assert_eq!(keep(&backend, &game, ALL).await, kept(1));
    game.save(&backend, "two").await;
    let key = format!("{}:{{4711}}:Slot1:versions", options.namespace);
    let (player, slot) = (&game.claim.player, &game.claim.slot);
    let read = async || backend.version(player, slot, Revision::new(1)).await;
    let list = async || backend.versions(player, slot).await;
    let corrupt = |kind: ErrorKind| assert_eq!(kind, ErrorKind::Corrupt);

    let good: String = server.ask(&["HGET", &key, "value:1"]).await;
    for bad in [
        "junk",
        &good[..good.len() - 1],
        &good.replacen("pd1 1 ", "pd1 2 ", 1),
    ] {
        server.ask::<()>(&["HSET", &key, "value:1", bad]).await;
        corrupt(read().await.unwrap_err().kind());
        let now: String = server.ask(&["HGET", &key, "value:1"]).await;
        assert_eq!(now, bad);
    }
    server.ask::<()>(&["HDEL", &key, "value:1"]).await;
    corrupt(read().await.unwrap_err().kind());
    server.ask::<()>(&["HSET", &key, "value:1", &good]).await;
    let about: String = server.ask(&["HGET", &key, "about:1"]).await;
    server.ask::<()>(&["HSET", &key, "about:1", "junk"]).await;
    corrupt(list().await.unwrap_err().kind());
    let claim = game.claim.clone();
    corrupt(backend.keep_version(&claim, ALL).await.unwrap_err().kind());
    server.ask::<()>(&["HSET", &key, "about:1", &about]).await;
    assert!(read().await.unwrap().is_some());

    // A value that is not a record is not kept as one.
    let value = format!("{}:{{4711}}:Slot1:{}:1", options.namespace, game.id());
    let two: String = server.ask(&["GET", &value]).await;
    for bad in ["junk", &two[..two.len() - 1]] {
        server.ask::<()>(&["SET", &value, bad]).await;
        corrupt(backend.keep_version(&claim, ALL).await.unwrap_err().kind());
    }
    server.ask::<()>(&["DEL", &value]).await;
    corrupt(backend.keep_version(&claim, ALL).await.unwrap_err().kind());
    server.ask::<()>(&["SET", &value, &two]).await;
    assert_eq!(keep(&backend, &game, ALL).await, kept(2));
    server.ask::<()>(&["DEL", &key]).await;
    corrupt(list().await.unwrap_err().kind());
    corrupt(read().await.unwrap_err().kind());
}

/// What is stored today, byte for byte.
#[tokio::test]
async fn h4_versions_of_before_are_read() {
    const WRITE: &str = "0197f7a2-5c1e-4c6a-9d0e-0b6f0a1b2c3d";
    let (server, options, backend) = start().await;
    let hash = format!("{}:{{4711}}", options.namespace);
    let key = hash.clone() + ":Slot1:versions";
    server
        .ask::<()>(&["HSET", &hash, "fence", "7", "versions:Slot1", "2"])
        .await;
    let header = |revision: u32| format!("pd1 {revision} {WRITE} 1732388000000 json 3 3\n");
    for revision in [9, 12] {
        let (about, value) = (format!("about:{revision}"), format!("value:{revision}"));
        let header = header(revision);
        let kept_at = format!("1732388{revision:06} {header}");
        let copy = header + "one";
        let fields = ["HSET", &key, &about, &kept_at, &value, &copy];
        server.ask::<()>(&fields).await;
    }
    server.ask::<()>(&["HSET", &key, "order", "9 12 "]).await;
    let mut game = RawSession::of("4711");
    assert_eq!(revisions(&backend, &game).await, [12, 9]);
    let record = version(&backend, &game, 9).await.unwrap();
    assert_eq!((record.body.schema, &*record.body.bytes), (3, &b"one"[..]));
    assert_eq!(record.write_id, WRITE.parse().unwrap());
    assert_eq!(record.saved_at.get(), 1_732_388_000_000);
    assert_eq!(version(&backend, &game, 10).await, None);
    game.take(&backend, None).await;
    game.open(&backend).await;
    game.save(&backend, "new").await;
    let three = KeepPolicy { most: 3, ..ALL };
    assert_eq!(keep(&backend, &game, three).await, kept(1));
    assert_eq!(revisions(&backend, &game).await, [12, 9, 1]);
}

/// Earlier versions of this did not write down in the player's hash when the newest
/// version was kept, and may do so still, beside this one.
#[tokio::test]
async fn h1_an_opening_knows_the_age_of_versions_of_before_once_one_was_asked_for() {
    let (server, options, backend) = start().await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "1").await;
    assert_eq!(game.open(&backend).await.version_age, None);
    assert_eq!(keep(&backend, &game, ALL).await, kept(1));
    let is_new = |age: Option<Duration>| age.is_some_and(|age| age.as_secs() < 60);
    assert!(is_new(game.open(&backend).await.version_age));
    let hash = format!("{}:{{4711}}", options.namespace);
    let listing: String = server.ask(&["HGET", &hash, "versions:Slot1"]).await;
    let (number, _) = listing.split_once(' ').unwrap();
    assert_eq!(number, "1");

    let listed = ["HSET", &hash, "versions:Slot1", "1"];
    server.ask::<()>(&listed).await;
    assert_eq!(game.open(&backend).await.version_age, None);
    game.save(&backend, "2").await;
    let hourly = KeepPolicy {
        min_age: Duration::from_secs(3_600),
        ..ALL
    };
    assert_eq!(keep(&backend, &game, hourly).await, Keeping::Recent);
    assert!(is_new(game.open(&backend).await.version_age));
    let now: String = server.ask(&["HGET", &hash, "versions:Slot1"]).await;
    assert_eq!(now, listing);

    for (strange, age) in [("1 x", None), ("1 99999999999999", None), ("1 ", None)] {
        let listed = ["HSET", &hash, "versions:Slot1", strange];
        server.ask::<()>(&listed).await;
        assert_eq!(game.open(&backend).await.version_age, age, "{strange:?}");
    }
    assert_eq!(keep(&backend, &game, ALL).await, kept(2));
    assert!(is_new(game.open(&backend).await.version_age));
}

#[tokio::test]
async fn h1_h5_versions_work_on_every_node_of_a_cluster() {
    let backend = connect(&shared_cluster().await, &options()).await;
    for player in 0..12 {
        let mut game = RawSession::start(&backend, player.to_string()).await;
        for number in 1..=3 {
            game.save(&backend, &number.to_string()).await;
            let two = KeepPolicy { most: 2, ..ALL };
            assert_eq!(keep(&backend, &game, two).await, kept(number));
        }
        assert_eq!(revisions(&backend, &game).await, [3, 2]);
        game.release(&backend).await;
        assert_eq!(
            backend.erase(&game.claim.player).await.unwrap(),
            Erasure::Erased
        );
        assert_eq!(revisions(&backend, &game).await, Vec::<u64>::new());
    }
}
