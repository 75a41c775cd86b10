//! Processes that are late: frozen between two calls of an operation, and
//! woken when others have gone on. What they still do has no effect.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::time::Duration;

use futures::future::join_all;
use playerdata_core::{
    Incarnation, PlayerId, ServerId,
    backend::{Backend, Erasure, Notice, Notification, Release, Renewal},
};
use playerdata_dynamodb::DynamoDbBackend;
use support::{
    scenes::{Outcome, REPEATABLE, Scene, notice},
    wire::{Fault, Wire},
    *,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// An operation that is frozen before one of its calls.
struct Frozen {
    wire: Wire,
    running: JoinHandle<Outcome>,
}

impl Frozen {
    /// Runs the scene's operation up to the call of that number. `None` if it
    /// takes no more than this many.
    async fn before(scene: &'static Scene, store: &Store, call: usize) -> Option<Self> {
        let wire = Wire::new();
        wire.at(call, Fault::Held);
        let backend = patient(store, &wire);
        let mut running = tokio::spawn(async move { (scene.run)(&backend).await });
        tokio::select! {
            () = wire.until_held() => Some(Self { wire, running }),
            _ = &mut running => None,
        }
    }

    /// Wakes it, and lets it end.
    async fn thaw(self) -> Outcome {
        self.wire.let_go();
        self.running.await.unwrap()
    }
}

/// A backend that gives no attempt up, however long it is frozen.
fn patient(store: &Store, wire: &Wire) -> DynamoDbBackend {
    let options = store.options().attempt_timeout(Duration::from_secs(600));
    DynamoDbBackend::from_config(store.config(wire).build(), options).unwrap()
}

fn scene(name: &str) -> &'static Scene {
    REPEATABLE.iter().find(|scene| scene.name == name).unwrap()
}

/// That session takes the player, whoever has it, and saves both slots.
async fn play(backend: &DynamoDbBackend, player: &PlayerId, number: u128) {
    let holder = backend.holder(player).await.unwrap();
    let replacing = holder.map(|holder| holder.session);
    acquired(backend, player, &claimant(number), replacing).await;
    for name in ["saved", "never-saved"] {
        let claim = claim_now(backend, player, number, name, 1).await;
        let base = opened(backend, &claim).await.revision.get();
        let saved = backend
            .save(&claim, &stamp(base, 100 + number), &body("newest"))
            .await;
        assert_eq!(saved.unwrap(), written(base));
    }
}

/// Freezes the scene before each of its calls in turn. Then session 9 gets the
/// player and saves, and is still there or gone again when the scene goes on.
async fn changes_nothing(scene: &'static Scene, stays: bool) {
    for call in 0.. {
        let store = scene.set().await;
        let Some(frozen) = Frozen::before(scene, &store, call).await else {
            assert!(call > 0, "{} does nothing", scene.name);
            return;
        };
        let (newest, player) = (store.backend(), player("p"));
        play(&newest, &player, 9).await;
        if !stays {
            newest.release(&player, session(9)).await.unwrap();
        }
        let before = store.dump().await;
        // It may well fail, with whatever answer, but must have no effect.
        let outcome = frozen.thaw().await;
        let at = format!("before call {call} of {:?}: {outcome:?}", scene.name);
        assert_eq!(store.dump().await, before, "frozen {at}");
    }
}

#[tokio::test]
async fn l4_whatever_is_frozen_before_any_call_changes_nothing_once_another_has_the_player() {
    let scenes = REPEATABLE
        .iter()
        .filter(|scene| scene.name != "drop a lease");
    join_all(scenes.map(|scene| changes_nothing(scene, true))).await;
}

#[tokio::test]
async fn l4_whatever_is_frozen_before_any_call_changes_nothing_once_another_has_played_and_left() {
    // Taking a free player and erasing one is what they were asked to do.
    let scenes = ["release", "open", "save", "delete"];
    join_all(scenes.map(|name| changes_nothing(scene(name), false))).await;
}

/// Erases while the call of that name is frozen, until another session has
/// played; gives what the erasure says, and the record afterwards.
async fn erased_late(call: &'static str, stays: bool) -> (Erasure, Option<String>) {
    let store = scene("erase").set().await;
    let wire = Wire::new();
    wire.once(call, Fault::Held);
    let backend = patient(&store, &wire);
    let erasing = tokio::spawn(async move { backend.erase(&player("p")).await.unwrap() });
    wire.until_held().await;
    let (newest, player) = (store.backend(), player("p"));
    play(&newest, &player, 9).await;
    if !stays {
        newest.release(&player, session(9)).await.unwrap();
    }
    wire.let_go();
    let erased = erasing.await.unwrap();
    let record = newest.view(&player, &slot("saved")).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (erased, record.map(|record| text(&record.body.bytes)))
}

#[tokio::test]
async fn s1_an_eraser_that_looks_late_removes_nothing_that_was_saved_since() {
    for stays in [false, true] {
        let (erased, record) = erased_late("Query", stays).await;
        assert_eq!(erased, Erasure::Erased, "by whoever wanted the player");
        assert_eq!(record.as_deref(), Some("newest"), "still there: {stays}");
    }
}

#[tokio::test]
async fn s1_an_erasure_beside_a_slow_take_over_is_refused() {
    let take_over = scene("take over");
    for call in 0.. {
        let store = take_over.set().await;
        let Some(frozen) = Frozen::before(take_over, &store, call).await else {
            assert!(call > 2, "it begins, withdraws and finishes");
            break;
        };
        let (operator, player) = (store.backend(), player("p"));
        let holder = operator.holder(&player).await.unwrap().unwrap();
        let erased = operator.erase(&player).await.unwrap();
        assert_eq!(erased, Erasure::Locked { holder }, "before call {call}");
        frozen.thaw().await.unwrap();
        let record = operator.view(&player, &slot("saved")).await.unwrap();
        assert!(record.is_some(), "the thief finds what was saved");
    }
}

#[tokio::test]
async fn l6_an_erasure_carries_a_release_through_that_fell_asleep() {
    let release = scene("release");
    let store = release.set().await;
    let frozen = Frozen::before(release, &store, 1).await.unwrap();
    let (operator, player) = (store.backend(), player("p"));
    let erased = operator.erase(&player).await.unwrap();
    assert_eq!(erased, Erasure::Erased);
    assert_eq!(frozen.thaw().await.unwrap(), "Released");
    assert_eq!(operator.list(&player).await.unwrap(), []);
}

#[tokio::test]
async fn s1_one_who_finishes_anothers_erasure_late_removes_nothing_that_was_saved_since() {
    // The eraser dies right after it began; two others come upon it.
    let store = scene("erase").set().await;
    let dying = Wire::new();
    dying.at(2, Fault::Silence);
    let eraser = patient(&store, &dying);
    assert!(
        dying
            .until_silence(eraser.erase(&player("p")))
            .await
            .is_none()
    );
    let wire = Wire::new();
    wire.once("Query", Fault::Held);
    let backend = patient(&store, &wire);
    let acquiring =
        tokio::spawn(async move { backend.acquire(&player("p"), &claimant(2), None).await });
    wire.until_held().await;
    let (newest, player) = (store.backend(), player("p"));
    play(&newest, &player, 9).await;
    let before = store.dump().await;
    wire.let_go();
    acquiring.await.unwrap().unwrap();
    assert_eq!(store.dump().await, before);
}

#[tokio::test]
async fn l4_a_release_that_is_late_withdraws_no_claim_of_the_same_session_when_it_is_back() {
    for call in 1.. {
        let store = scene("release").set().await;
        let Some(frozen) = Frozen::before(scene("release"), &store, call).await else {
            assert!(call > 3, "it begins, withdraws two claims, and frees");
            return;
        };
        let (other, player) = (store.backend(), player("p"));
        acquired(&other, &player, &claimant(2), None).await;
        assert_eq!(
            other.release(&player, session(2)).await.unwrap(),
            Release::Released
        );
        play(&other, &player, 1).await;
        let before = store.dump().await;
        frozen.thaw().await.unwrap();
        assert_eq!(store.dump().await, before, "frozen before call {call}");
    }
}

/// The later incarnation of server 1.
fn later() -> ServerId {
    ServerId {
        name: server(1).name,
        incarnation: Incarnation::from_uuid(Uuid::from_u128(u128::MAX)),
    }
}

const LEASE: Duration = Duration::from_secs(60);

async fn renewed(backend: &DynamoDbBackend, server: &ServerId) -> Vec<Notice> {
    match backend.renew_lease(server, LEASE).await.unwrap() {
        Renewal::Renewed { notices } => notices,
        Renewal::Superseded { by } => panic!("superseded by {by}"),
    }
}

/// Asks for that session.
fn about(number: u128) -> Notice {
    Notice {
        session: session(number),
        ..notice()
    }
}

#[tokio::test]
async fn l7_a_heartbeat_or_an_end_that_is_late_takes_nothing_from_a_later_incarnation() {
    for dropped in [false, true] {
        for call in 0.. {
            let store = Store::open().await;
            let (other, wire) = (store.backend(), Wire::new());
            renewed(&other, &server(1)).await;
            other.notify(&server(1).name, &about(1)).await.unwrap();
            wire.at(call, Fault::Held);
            let backend = patient(&store, &wire);
            let mut running = tokio::spawn(async move {
                match dropped {
                    true => backend.drop_lease(&server(1)).await.map(|()| Vec::new()),
                    false => match backend.renew_lease(&server(1), LEASE).await {
                        Ok(Renewal::Renewed { notices }) => Ok(notices),
                        Ok(Renewal::Superseded { .. }) => Ok(Vec::new()),
                        Err(error) => Err(error),
                    },
                }
            });
            tokio::select! {
                () = wire.until_held() => {}
                _ = &mut running => {
                    assert_eq!(call, 4, "look, renew, remove, make room");
                    break;
                }
            }
            let drained = renewed(&other, &later()).await;
            for number in 2..4 {
                other.notify(&server(1).name, &about(number)).await.unwrap();
            }
            let before = store.dump().await;
            wire.let_go();
            let late = running.await.unwrap().unwrap();
            let at = format!("before call {call}, dropped: {dropped}");
            assert_eq!(store.dump().await, before, "frozen {at}");
            if !dropped {
                let told = [drained, late].concat();
                assert_eq!(told, [about(1)], "once, frozen {at}");
            }
            assert_eq!(
                renewed(&other, &later()).await,
                [about(2), about(3)],
                "{at}"
            );
        }
    }
}

#[tokio::test]
async fn a_notice_that_is_late_is_told_late_and_keeps_none_from_being_told() {
    let store = Store::open().await;
    let (other, wire) = (store.backend(), Wire::new());
    wire.at(1, Fault::Held);
    let backend = patient(&store, &wire);
    let notifying =
        tokio::spawn(async move { backend.notify(&server(1).name, &about(1)).await.unwrap() });
    wire.until_held().await;
    for number in 2..4 {
        other.notify(&server(1).name, &about(number)).await.unwrap();
        assert_eq!(renewed(&other, &server(1)).await, [about(number)]);
    }
    wire.let_go();
    assert_eq!(notifying.await.unwrap(), Notification::Queued);
    assert_eq!(renewed(&other, &server(1)).await, [about(1)]);
    assert_eq!(renewed(&other, &server(1)).await, []);
}
