//! A Cluster whose hash slots move, and whose nodes change.

use crate::support;

use std::time::Duration;

use playerdata_core::{
    ClaimNumber,
    backend::{Admission, Backend, Erasure, ErrorKind, KeepPolicy, Keeping, Posting, Release},
};
use support::{
    Move, RawSession, TestCluster, connect, ids, impatient, letter, options, with_new_node,
};

#[tokio::test]
async fn a_session_goes_on_while_its_hash_slot_moves_to_another_node() {
    let (cluster, new, backend) = with_new_node(&options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "before").await;

    let migration = Move::of(&cluster, "4711", new).await;
    game.save(&backend, "not moved yet").await;
    let keys = migration.keys().await;
    let claim = keys.iter().find(|key| key.contains(":Slot1:")).unwrap();
    migration.key(claim).await;
    game.save(&backend, "moved, but not its hash slot").await;
    let now = game.stored(&backend).await;
    assert_eq!(now.as_deref(), Some("moved, but not its hash slot"));
    migration.finish().await;
    game.save(&backend, "all moved").await;

    game.open(&backend).await;
    game.save(&backend, "opened on the new node").await;
    game.release(&backend).await;
    let now = game.stored(&backend).await;
    assert_eq!(now.as_deref(), Some("opened on the new node"));
}

#[tokio::test]
async fn a_session_that_starts_or_ends_waits_until_its_keys_are_together() {
    let (cluster, new, backend) = with_new_node(&options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "saved").await;

    let migration = Move::of(&cluster, "4711", new).await;
    let keys = migration.keys().await;
    let claim = keys.iter().find(|key| key.contains(":Slot1:")).unwrap();
    migration.key(claim).await;
    let finishing = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        migration.finish().await;
    };
    tokio::join!(game.release(&backend), finishing);
    let mut next = RawSession::of("4711");
    next.take(&backend, None).await;
    let opened = next.open(&backend).await;
    assert_eq!(opened.record.unwrap().body.bytes, "saved");
}

/// The reason why scripts declare every key they touch: the server then
/// refuses them before they start. A script that made up the names of keys
/// would fail at the first one that has moved, with the others done.
#[tokio::test]
async fn a_script_whose_keys_are_on_two_nodes_does_nothing_at_all() {
    let (cluster, new, backend) = with_new_node(&impatient()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "one").await;
    let mut other = game.in_slot("Slot2");
    other.open(&backend).await;
    other.save(&backend, "two").await;

    let migration = Move::of(&cluster, "4711", new).await;
    let keys = migration.keys().await;
    let claim = keys.iter().find(|key| key.contains(":Slot2:")).unwrap();
    migration.key(claim).await;
    let release = backend.release(&game.claim.player, game.id()).await;
    let error = release.unwrap_err();
    // Whether the time was up between two attempts or during one is chance, so
    // the effect may be reported as possible; that there was none is seen
    // below.
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    let thief = RawSession::of("4711");
    let replacing = Some(game.id());
    let acquired = backend
        .acquire(&game.claim.player, &thief.claimant, replacing)
        .await;
    assert_eq!(acquired.unwrap_err().kind(), ErrorKind::Unavailable);

    // Both claims are alive, on either node.
    game.save(&backend, "one more").await;
    other.save(&backend, "two more").await;
    migration.finish().await;
    game.release(&backend).await;
    assert_eq!(backend.list(&game.claim.player).await.unwrap().len(), 2);
    assert_eq!(other.stored(&backend).await.as_deref(), Some("two more"));
}

/// What the caller of a release knows may be out of date, and a server refuses a
/// script that names a key which is gone, for as long as the hash slot moves.
#[tokio::test]
async fn l8_a_release_that_knows_of_dead_claims_is_answered_while_the_hash_slot_moves() {
    let (cluster, new, backend) = with_new_node(&options()).await;
    let mut lost = RawSession::start(&backend, "4711").await;
    lost.save(&backend, "saved").await;
    let known = [(lost.claim.slot.clone(), lost.claim.number)];
    let mut thief = RawSession::of("4711");
    thief.take(&backend, Some(&lost)).await;
    thief.open(&backend).await;

    let migration = Move::of(&cluster, "4711", new).await;
    let player = &lost.claim.player;
    let late = backend.release_knowing(player, lost.id(), &known).await;
    assert_eq!(late.unwrap(), Release::NotHeld);
    thief.save(&backend, "the thief's").await;
    let known = [
        (thief.claim.slot.clone(), thief.claim.number),
        ("Slot2".parse().unwrap(), thief.claim.number),
    ];
    let released = backend.release_knowing(player, thief.id(), &known).await;
    assert_eq!(released.unwrap(), Release::Released);
    migration.finish().await;
    assert_eq!(backend.list(player).await.unwrap().len(), 1);
}

/// Whether or not the slot can be opened with the lock: all keys that a start
/// declares are there, and then on the other node, but for the claim's.
#[tokio::test]
async fn l8_a_start_that_opens_is_answered_while_the_hash_slot_moves() {
    let (cluster, new, backend) = with_new_node(&options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "before").await;
    game.release(&backend).await;
    let (player, slot) = (&game.claim.player, &game.claim.slot);
    let posted = backend.post(player, slot, &letter("gift", "{}")).await;
    posted.expect("the mailbox takes it");
    let migration = Move::of(&cluster, "4711", new).await;
    for moved in [false, true] {
        if moved {
            for key in migration.keys().await {
                migration.key(&key).await;
            }
        }
        let mut start = RawSession::of("4711");
        let entered = backend.acquire_and_open(player, &start.claimant, None, slot);
        let Admission::Acquired { fence, opened } = entered.await.unwrap() else {
            panic!("nobody has the player");
        };
        if let Some(opened) = opened {
            assert_eq!(opened.record.unwrap().body.bytes, "before", "{moved}");
        }
        start.claim.fence = fence;
        start.claim.number = ClaimNumber::with_lock(fence).unwrap();
        if moved {
            // Before that no key can be made.
            let by_itself = start.open(&backend).await;
            assert_eq!(by_itself.record.unwrap().body.bytes, "before");
        }
        start.release(&backend).await;
    }
    migration.finish().await;
    assert_eq!(backend.list(player).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_goes_on_when_its_primary_is_replaced_by_a_replica() {
    let mut cluster = TestCluster::start().await;
    let replica = cluster.grow().await;
    let owner = cluster.owner_of("{4711}").await;
    let id = cluster.id(owner).await;
    cluster.nodes[replica]
        .ask::<()>(&["CLUSTER", "REPLICATE", &id])
        .await;
    let mut options = options();
    cluster.nodes[owner].is_replicated("{4711}probe").await;
    // It knows the nodes as they are now.
    let backend = connect(&cluster.urls(), &options).await;
    options.min_replicas = 1;
    let confirmed = connect(&cluster.urls(), &options).await;
    let mut game = RawSession::start(&confirmed, "4711").await;
    game.save(&confirmed, "before").await;
    assert_eq!(game.stored(&backend).await.as_deref(), Some("before"));

    cluster.nodes[owner].kill();
    cluster.take_over(replica).await;
    assert_eq!(game.stored(&backend).await.as_deref(), Some("before"));
    game.save(&backend, "after").await;
}

/// A server refuses a script that names a key which does not exist, for as long
/// as the hash slot moves: a player whose own keys have arrived need not wait
/// for all the others.
#[tokio::test]
async fn players_whose_keys_are_together_are_not_locked_out_while_the_hash_slot_moves() {
    let (cluster, new, backend) = with_new_node(&options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "before").await;
    let migration = Move::of(&cluster, "4711", new).await;
    // All keys are where they were: what needs no new one goes on.
    game.release(&backend).await;
    let mut game = RawSession::of("4711");
    game.take(&backend, None).await;

    for key in migration.keys().await {
        migration.key(&key).await;
    }
    let opened = game.open(&backend).await;
    assert_eq!(opened.record.unwrap().body.bytes, "before");
    game.save(&backend, "opened on the way").await;
    let mut other = game.in_slot("Slot2");
    assert_eq!(other.open(&backend).await.record, None);
    other.save(&backend, "new on the way").await;
    game.open(&backend).await;
    game.save(&backend, "opened again").await;
    game.release(&backend).await;
    migration.finish().await;
    let mut next = RawSession::of("4711");
    next.take(&backend, None).await;
    let opened = next.open(&backend).await;
    assert_eq!(opened.record.unwrap().body.bytes, "opened again");
    assert_eq!(
        other.stored(&backend).await.as_deref(),
        Some("new on the way")
    );
}

/// Letters and versions: what is there already goes on wherever it is together,
/// and what is new is made on the node that the hash slot moves to.
#[tokio::test]
async fn m1_h1_mail_and_versions_go_on_while_a_hash_slot_moves() {
    let (cluster, new, backend) = with_new_node(&options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "before").await;
    let slot = game.claim.slot.clone();
    let other = "Slot2".parse().unwrap();
    let [early, late, last] = ["early", "late", "last"].map(|id| letter(id, "{}"));
    backend
        .post(&game.claim.player, &slot, &early)
        .await
        .unwrap();
    let policy = KeepPolicy {
        most: 8,
        min_age: Duration::ZERO,
    };

    let migration = Move::of(&cluster, "4711", new).await;
    // All keys are where they were.
    backend
        .post(&game.claim.player, &slot, &late)
        .await
        .unwrap();
    let waiting = backend
        .letters(&game.claim.player, &slot, None, 10)
        .await
        .unwrap();
    assert_eq!(ids(&waiting), ["early", "late"]);
    let none = backend
        .letters(&game.claim.player, &other, None, 10)
        .await
        .unwrap();
    assert_eq!(none, []);
    let none = backend.versions(&game.claim.player, &slot).await.unwrap();
    assert_eq!(none, []);

    for key in migration.keys().await {
        migration.key(&key).await;
    }
    // All have arrived, and the hash slot has not.
    backend
        .post(&game.claim.player, &other, &last)
        .await
        .unwrap();
    let (id, posting) = (&early.id, early.posting);
    backend
        .discard(&game.claim.player, &slot, id, posting)
        .await
        .unwrap();
    let kept = backend.keep_version(&game.claim, policy).await.unwrap();
    let revision = game.revision;
    assert_eq!(kept, Keeping::Kept { revision });
    migration.finish().await;

    for (slot, expected) in [(&slot, "late"), (&other, "last")] {
        let waiting = backend.letters(&game.claim.player, slot, None, 10).await;
        assert_eq!(ids(&waiting.unwrap()), [expected]);
    }
    let version = backend
        .version(&game.claim.player, &slot, revision)
        .await
        .unwrap();
    assert_eq!(version.unwrap().body.bytes, "before");
    game.release(&backend).await;
    let erased = backend.erase(&game.claim.player).await.unwrap();
    assert_eq!(erased, Erasure::Erased);
}

/// A letter that could be only half posted is not posted.
#[tokio::test]
async fn m1_a_letter_waits_until_the_keys_are_together() {
    let (cluster, new, backend) = with_new_node(&impatient()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "saved").await;
    let migration = Move::of(&cluster, "4711", new).await;
    // A mailbox would be made on the new node, and the hash is still here.
    let first = letter("first", "{}");
    let posted = backend
        .post(&game.claim.player, &game.claim.slot, &first)
        .await;
    let error = posted.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    for key in migration.keys().await {
        migration.key(&key).await;
    }
    let posted = backend
        .post(&game.claim.player, &game.claim.slot, &first)
        .await
        .unwrap();
    assert!(
        matches!(posted, Posting::Posted { holder: Some(_) }),
        "{posted:?}"
    );
    migration.finish().await;
    let letters = backend
        .letters(&game.claim.player, &game.claim.slot, None, 10)
        .await
        .unwrap();
    assert_eq!(ids(&letters), ["first"]);
}
