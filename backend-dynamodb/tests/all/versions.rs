//! Kept versions of a slot's record.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use playerdata_core::{
    Clock, PlayerId, Revision, UnixMillis, WriteId,
    backend::{
        Backend, Body, Claim, Effect, Encoding, Erasure, ErrorKind, KeepPolicy, Keeping, Stamp,
    },
};
use playerdata_dynamodb::DynamoDbBackend;
use support::{
    wire::{Fault, Wire},
    *,
};
use uuid::Uuid;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A slot that session 1 has open.
async fn open_slot() -> (Store, DynamoDbBackend, Claim) {
    let store = Store::open().await;
    let backend = store.backend();
    let player = player("p");
    acquired(&backend, &player, &claimant(1), None).await;
    let claim = claim(&player, 1, "s", 1);
    opened(&backend, &claim).await;
    (store, backend, claim)
}

/// The same, saved once.
async fn saved_slot() -> (Store, DynamoDbBackend, Claim) {
    let (store, backend, claim) = open_slot().await;
    save(&backend, &claim, 0).await;
    (store, backend, claim)
}

/// Saves a record on that base, whose body names it.
async fn save(backend: &DynamoDbBackend, claim: &Claim, base: u64) {
    let text = format!("on {base}");
    let saved = backend
        .save(claim, &stamp(base, base.into()), &body(text))
        .await;
    assert_eq!(saved.unwrap(), written(base));
}

async fn keep(backend: &DynamoDbBackend, claim: &Claim) -> Keeping {
    backend.keep_version(claim, KEEP_ALWAYS).await.unwrap()
}

fn kept(revision: u64) -> Keeping {
    Keeping::Kept {
        revision: Revision::new(revision),
    }
}

/// The revisions of the versions, newest first.
async fn revisions(backend: &DynamoDbBackend, claim: &Claim) -> Vec<u64> {
    let versions = backend.versions(&claim.player, &claim.slot).await;
    let versions = versions.unwrap().into_iter();
    versions.map(|version| version.revision.get()).collect()
}

#[tokio::test]
async fn h1_a_version_is_the_record_as_it_was_stored() {
    let (store, backend, claim) = open_slot().await;
    let stamp = Stamp {
        base: Revision::new(0),
        write_id: WriteId::from_uuid(Uuid::max()),
        at: UnixMillis::new(u64::MAX),
    };
    let body = Body {
        schema: u32::MAX,
        encoding: Encoding::JsonZstd,
        bytes: (0..=255).collect::<Vec<u8>>().into(),
    };
    backend.save(&claim, &stamp, &body).await.unwrap();
    let record = backend.view(&claim.player, &claim.slot).await.unwrap();
    store.clock.advance(HOUR);
    assert_eq!(keep(&backend, &claim).await, kept(1));
    backend.delete(&claim, &support::stamp(1, 2)).await.unwrap();

    let revision = Revision::new(1);
    let version = backend.version(&claim.player, &claim.slot, revision).await;
    assert_eq!(version.unwrap(), record);
    let versions = backend.versions(&claim.player, &claim.slot).await.unwrap();
    let [version] = &versions[..] else {
        panic!("{versions:?}");
    };
    let found = (
        version.revision,
        version.saved_at,
        version.schema,
        version.body_bytes,
    );
    assert_eq!(found, (revision, stamp.at, u32::MAX, 256));
    let late_by = version.kept_at.get() - NOW.saturating_add(HOUR).get();
    assert!(late_by < 60_000, "by the service's clock: {late_by}");
    assert_eq!(
        backend.list(&claim.player).await.unwrap(),
        [],
        "it is not a slot"
    );
    for (name, revision) in [("s", 2), ("s#1", 1), ("S", 1), ("s1", 1)] {
        let Ok(name) = playerdata_core::SlotName::new(name) else {
            continue;
        };
        let revision = Revision::new(revision);
        let none = backend.version(&claim.player, &name, revision).await;
        assert_eq!(none.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn h1_a_record_that_can_no_longer_be_read_is_kept_as_it_is() {
    let (store, backend, claim) = saved_slot().await;
    let mut slot = store.item(&claim.player, "slot#s").await.unwrap();
    let later = AttributeValue::S("of a later version".to_owned());
    slot.insert("encoding".to_owned(), later);
    let request = store.client().put_item().table_name(&store.table);
    request.set_item(Some(slot.clone())).send().await.unwrap();
    assert_eq!(keep(&backend, &claim).await, kept(1));
    let version = store.item(&claim.player, "version#s#00000000000000000001");
    let version = version.await.unwrap();
    for name in ["encoding", "body", "write_id", "saved_at"] {
        assert_eq!(version[name], slot[name], "{name}");
    }
    let revision = Revision::new(1);
    let error = backend.version(&claim.player, &claim.slot, revision).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Corrupt);
}

#[tokio::test]
async fn h1_one_of_the_same_revision_stays_with_its_time() {
    let (store, backend, claim) = saved_slot().await;
    keep(&backend, &claim).await;
    let before = store.dump().await;
    store.clock.advance(HOUR);
    for min_age in [Duration::ZERO, 2 * HOUR] {
        let policy = KeepPolicy { most: 1, min_age };
        let again = backend.keep_version(&claim, policy).await.unwrap();
        assert_eq!(again, kept(1));
    }
    assert_eq!(store.dump().await, before);
}

#[tokio::test]
async fn h1_nothing_is_kept_of_nothing_or_so_soon_after_the_last() {
    let (store, backend, claim) = open_slot().await;
    assert_eq!(
        keep(&backend, &claim).await,
        Keeping::Nothing,
        "never saved"
    );
    save(&backend, &claim, 0).await;
    let never = KeepPolicy {
        most: 0,
        ..KEEP_ALWAYS
    };
    let none = backend.keep_version(&claim, never).await.unwrap();
    assert_eq!(none, Keeping::Nothing);
    keep(&backend, &claim).await;
    save(&backend, &claim, 1).await;
    let hourly = KeepPolicy {
        min_age: HOUR,
        ..KEEP_ALWAYS
    };
    let before = store.dump().await;
    store.clock.advance(HOUR - Duration::from_secs(30));
    let recent = backend.keep_version(&claim, hourly).await.unwrap();
    assert_eq!(recent, Keeping::Recent);
    assert_eq!(store.dump().await, before);
    store.clock.advance(Duration::from_secs(60));
    let now = backend.keep_version(&claim, hourly).await.unwrap();
    assert_eq!(now, kept(2));
    // A clock that ran ahead keeps nobody from keeping one.
    let ahead = store.clock.now();
    store.clock.set(UnixMillis::new(ahead.get() - 1_000));
    save(&backend, &claim, 2).await;
    assert_eq!(keep(&backend, &claim).await, kept(3));
    store.clock.set(ahead);
    backend.delete(&claim, &stamp(3, 9)).await.unwrap();
    assert_eq!(keep(&backend, &claim).await, Keeping::Nothing, "deleted");
    assert_eq!(revisions(&backend, &claim).await, [3, 2, 1]);
}

#[tokio::test]
async fn h1_the_oldest_go_and_their_bodies_with_them() {
    let (store, backend, claim) = open_slot().await;
    for base in 0..5 {
        save(&backend, &claim, base).await;
        assert_eq!(keep(&backend, &claim).await, kept(base + 1));
    }
    assert_eq!(revisions(&backend, &claim).await, [5, 4, 3]);
    let version = async |revision| {
        let revision = Revision::new(revision);
        let version = backend.version(&claim.player, &claim.slot, revision).await;
        version.unwrap().map(|record| record.body.bytes)
    };
    assert_eq!(version(2).await, None);
    assert_eq!(version(3).await.unwrap(), "on 2");
    save(&backend, &claim, 5).await;
    let one = KeepPolicy {
        most: 1,
        ..KEEP_ALWAYS
    };
    assert_eq!(backend.keep_version(&claim, one).await.unwrap(), kept(6));
    assert_eq!(revisions(&backend, &claim).await, [6]);
    let keys = store.keys(&claim.player).await;
    let bodies = keys.iter().filter(|key| key.starts_with("version#"));
    assert_eq!(bodies.count(), 1);
}

#[tokio::test]
async fn h1_h5_the_largest_records_are_kept_dropped_and_erased() {
    const MANY: u64 = 11; // more than one transaction takes
    let store = Store::open().await;
    let backend = store.backend();
    let claim = Claim {
        player: PlayerId::new("p".repeat(PlayerId::MAX_BYTES)).unwrap(),
        slot: playerdata_core::SlotName::new("s".repeat(64)).unwrap(),
        ..claim(&player("p"), 1, "s", u64::MAX)
    };
    acquired(&backend, &claim.player, &claimant(1), None).await;
    opened(&backend, &claim).await;
    let largest = body(vec![b'x'; backend.limits().max_body_bytes]);
    let all = KeepPolicy {
        most: 100,
        ..KEEP_ALWAYS
    };
    for base in 0..MANY {
        let saved = backend.save(&claim, &stamp(base, 1), &largest).await;
        assert_eq!(saved.unwrap(), written(base));
        if base + 1 < MANY {
            let outcome = backend.keep_version(&claim, all).await;
            assert_eq!(outcome.unwrap(), kept(base + 1));
        }
    }
    let few = KeepPolicy { most: 2, ..all };
    let outcome = backend.keep_version(&claim, few).await;
    assert_eq!(outcome.unwrap(), kept(MANY));
    assert_eq!(revisions(&backend, &claim).await, [MANY, MANY - 1]);
    let revision = Revision::new(MANY);
    let version = backend.version(&claim.player, &claim.slot, revision).await;
    assert_eq!(version.unwrap().unwrap().body, largest);
    backend.release(&claim.player, session(1)).await.unwrap();
    assert_eq!(backend.erase(&claim.player).await.unwrap(), Erasure::Erased);
    assert_eq!(store.keys(&claim.player).await, ["lock"]);
}

#[tokio::test]
async fn h1_a_slot_that_is_saved_while_it_is_copied_is_copied_as_it_is_then() {
    let (store, backend, claim) = saved_slot().await;
    let wire = Wire::new();
    wire.once("TransactWriteItems", Fault::Held);
    let slow = store.backend_on(&wire);
    let late = claim.clone();
    let keeping = tokio::spawn(async move { keep(&slow, &late).await });
    wire.until_held().await;
    save(&backend, &claim, 1).await;
    wire.let_go();
    assert_eq!(keeping.await.unwrap(), kept(2));
    assert_eq!(revisions(&backend, &claim).await, [2]);
}

#[tokio::test]
async fn h1_of_two_who_keep_at_once_one_finds_the_others_version() {
    let (store, backend, claim) = saved_slot().await;
    let wire = Wire::new();
    wire.once("TransactWriteItems", Fault::Held);
    let slow = store.backend_on(&wire);
    let late = claim.clone();
    let hourly = KeepPolicy {
        most: 1,
        min_age: HOUR,
    };
    let keeping = tokio::spawn(async move { slow.keep_version(&late, hourly).await.unwrap() });
    wire.until_held().await;
    assert_eq!(keep(&backend, &claim).await, kept(1));
    save(&backend, &claim, 1).await;
    wire.let_go();
    assert_eq!(keeping.await.unwrap(), Keeping::Recent);
    assert_eq!(revisions(&backend, &claim).await, [1]);
}

/// A keep under that claim is refused, and changes nothing.
async fn is_refused(store: &Store, claim: &Claim, holder: Option<u128>) {
    let before = store.dump().await;
    let backend = store.backend();
    let never = KeepPolicy {
        most: 0,
        ..KEEP_ALWAYS
    };
    for policy in [KEEP_ALWAYS, never] {
        let keeping = backend.keep_version(claim, policy).await.unwrap();
        let Keeping::Lost { holder: found } = keeping else {
            panic!("{keeping:?}");
        };
        assert_eq!(found.map(|lock| lock.session), holder.map(session));
    }
    assert_eq!(store.dump().await, before);
}

#[tokio::test]
async fn h1_without_the_lock_nothing_is_kept() {
    let (store, backend, claim) = saved_slot().await;
    let player = claim.player.clone();
    acquired(&backend, &player, &claimant(2), Some(session(1))).await;
    is_refused(&store, &claim, Some(2)).await;
    backend.release(&player, session(2)).await.unwrap();
    is_refused(&store, &claim, None).await;
    // The same session, under another fence.
    acquired(&backend, &player, &claimant(1), None).await;
    is_refused(&store, &claim, Some(1)).await;
    // A claim that is dead does not matter.
    let now = claim_now(&backend, &player, 1, "s", 1).await;
    assert_eq!(keep(&backend, &now).await, kept(1));
    // A session at its end keeps nothing more.
    let wire = Wire::new();
    wire.at(1, Fault::Silence);
    let dying = store.backend_on(&wire);
    wire.until_silence(dying.release(&player, session(1))).await;
    is_refused(&store, &now, None).await;
}

#[tokio::test]
async fn h5_a_late_keep_is_refused_after_a_take_over_and_after_an_erasure() {
    for is_erased in [false, true] {
        for call in 0..3 {
            let (store, backend, claim) = saved_slot().await;
            let wire = Wire::new();
            wire.at(call, Fault::Held);
            let slow = store.backend_on(&wire);
            let late = claim.clone();
            let keeping = tokio::spawn(async move { keep(&slow, &late).await });
            wire.until_held().await;
            match is_erased {
                true => {
                    backend.release(&claim.player, session(1)).await.unwrap();
                    let erased = backend.erase(&claim.player).await;
                    assert_eq!(erased.unwrap(), Erasure::Erased);
                }
                false => {
                    let replaced = Some(session(1));
                    acquired(&backend, &claim.player, &claimant(2), replaced).await;
                }
            }
            let before = store.dump().await;
            wire.let_go();
            let keeping = keeping.await.unwrap();
            assert!(matches!(keeping, Keeping::Lost { .. }), "{keeping:?}");
            assert_eq!(store.dump().await, before, "before call {call}");
        }
    }
}

#[tokio::test]
async fn h5_erasing_takes_versions_and_a_late_copy_brings_none_back() {
    let (store, _, claim) = saved_slot().await;
    let wire = Wire::new();
    wire.once("TransactWriteItems", Fault::Stuck);
    let backend = store.backend_on(&wire);
    assert_eq!(keep(&backend, &claim).await, kept(1));
    backend.release(&claim.player, session(1)).await.unwrap();
    assert_eq!(backend.erase(&claim.player).await.unwrap(), Erasure::Erased);
    assert_eq!(revisions(&backend, &claim).await, [0; 0]);
    // The session is back, and has saved the same again.
    acquired(&backend, &claim.player, &claimant(1), None).await;
    let back = claim_now(&backend, &claim.player, 1, "s", 1).await;
    opened(&backend, &back).await;
    save(&backend, &back, 0).await;
    let before = store.dump().await;
    wire.deliver_stuck().await;
    assert_eq!(store.dump().await, before);
}

#[tokio::test]
async fn h5_a_keep_that_may_have_been_applied_is_never_said_to_have_changed_nothing() {
    let (store, backend, claim) = saved_slot().await;
    let wire = Wire::new();
    wire.plan(|before, _| match before {
        2 => Fault::AnswerLost,
        3 => Fault::Held,
        _ => Fault::None,
    });
    let unsure = store.backend_on(&wire);
    let late = claim.clone();
    let keeping = tokio::spawn(async move { unsure.keep_version(&late, KEEP_ALWAYS).await });
    wire.until_held().await;
    acquired(&backend, &claim.player, &claimant(2), Some(session(1))).await;
    wire.let_go();
    let error = keeping.await.unwrap().unwrap_err();
    let found = (error.kind(), error.effect());
    assert_eq!(found, (ErrorKind::Unavailable, Effect::Possible), "{error}");
    assert_eq!(revisions(&backend, &claim).await, [1]);
}

#[tokio::test]
async fn s5_versions_that_cannot_be_read_are_corrupt_and_stay() {
    let body = "version#s#00000000000000000001";
    for (sort, attribute) in [
        ("versions#s", "versions"),
        (body, "body"),
        (body, "encoding"),
    ] {
        let (store, backend, claim) = saved_slot().await;
        keep(&backend, &claim).await;
        save(&backend, &claim, 1).await;
        store.damage(&claim.player, sort, attribute).await;
        let before = store.dump().await;
        let (player, slot) = (&claim.player, &claim.slot);
        let errors = match sort == body {
            true => vec![
                backend
                    .version(player, slot, Revision::new(1))
                    .await
                    .unwrap_err(),
            ],
            false => vec![
                backend.versions(player, slot).await.unwrap_err(),
                backend.keep_version(&claim, KEEP_ALWAYS).await.unwrap_err(),
            ],
        };
        for error in errors {
            let found = (error.kind(), error.effect());
            assert_eq!(found, (ErrorKind::Corrupt, Effect::None), "{error}");
            assert!(error.to_string().contains(sort), "{error}");
        }
        assert_eq!(store.dump().await, before);
    }
}
