//! Several releases of one session: one of them released it, and whichever
//! returns, the player is free of that session.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::sync::Arc;

use futures::future::join_all;
use playerdata_core::{
    PlayerId,
    backend::{Backend, Release},
};
use playerdata_dynamodb::DynamoDbBackend;
use support::{
    wire::{Fault, Wire},
    *,
};
use tokio::task::JoinHandle;

const SLOTS: [&str; 3] = ["one", "two", "three"];

/// Where the calls of a release are held up: step 1, and the first of step 2.
const BEGIN: usize = 0;
const WITHDRAW: usize = 1;

/// That session holds the player with every slot claimed, and saves them.
async fn play(backend: &DynamoDbBackend, player: &PlayerId, number: u128) {
    for name in SLOTS {
        let claim = claim_now(backend, player, number, name, 1).await;
        let base = opened(backend, &claim).await.revision.get();
        let saved = backend
            .save(&claim, &stamp(base, number), &body(name))
            .await;
        assert_eq!(saved.unwrap(), written(base));
    }
}

/// A player whom session 1 holds.
async fn held_by_session_1() -> (Store, DynamoDbBackend, PlayerId) {
    let store = Store::open().await;
    let backend = store.backend();
    let player = player("p");
    acquired(&backend, &player, &claimant(1), None).await;
    play(&backend, &player, 1).await;
    (store, backend, player)
}

/// Nobody holds the player, and no claim of that session is left.
async fn is_free_of(backend: &DynamoDbBackend, player: &PlayerId, number: u128) {
    assert_eq!(backend.holder(player).await.unwrap(), None);
    for name in SLOTS {
        let claim = claim(player, number, name, 1);
        let late = backend.save(&claim, &stamp(1, 99), &body("late")).await;
        assert!(is_lost(&late.unwrap()), "{name}");
    }
}

/// Begins a release of session 1 that is held up at one of its calls.
async fn held_up_at(store: &Store, position: usize) -> (Wire, JoinHandle<Release>) {
    let wire = Wire::new();
    wire.at(position, Fault::Held);
    let backend = store.backend_on(&wire);
    let mut releasing = tokio::spawn(async move {
        let released = backend.release(&support::player("p"), session(1)).await;
        released.unwrap()
    });
    tokio::select! {
        () = wire.until_held() => {}
        released = &mut releasing => panic!("not held up: {released:?}"),
    }
    (wire, releasing)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn l6_of_many_releases_at_once_one_released_and_each_returns_to_a_free_player() {
    const RELEASES: usize = 4;
    const ROUNDS: u128 = 10;
    let store = Store::open().await;
    let backends: Vec<_> = (0..RELEASES).map(|_| Arc::new(store.backend())).collect();
    let player = player("p");
    for round in 1..=ROUNDS {
        acquired(&*backends[0], &player, &claimant(round), None).await;
        play(&backends[0], &player, round).await;
        let releasing = backends.iter().map(|backend| {
            let (backend, player) = (backend.clone(), player.clone());
            tokio::spawn(async move {
                let released = backend.release(&player, session(round)).await.unwrap();
                is_free_of(&backend, &player, round).await;
                released
            })
        });
        let outcomes: Vec<_> = join_all(releasing).await;
        let released = outcomes
            .iter()
            .filter(|outcome| *outcome.as_ref().unwrap() == Release::Released);
        assert_eq!(released.count(), 1, "round {round}: {outcomes:?}");
    }
}

#[tokio::test]
async fn l6_a_release_that_comes_upon_one_under_way_finishes_it_and_did_not_release() {
    let (store, backend, player) = held_by_session_1().await;
    let (wire, first) = held_up_at(&store, WITHDRAW).await;
    let second = backend.release(&player, session(1)).await.unwrap();
    assert_eq!(second, Release::NotHeld);
    // Though the first is still where it was.
    is_free_of(&backend, &player, 1).await;
    wire.let_go();
    assert_eq!(first.await.unwrap(), Release::Released);
    is_free_of(&backend, &player, 1).await;
}

#[tokio::test]
async fn l6_a_release_that_is_late_finds_the_session_released() {
    let (store, backend, player) = held_by_session_1().await;
    let (wire, late) = held_up_at(&store, BEGIN).await;
    let (wire_of_first, first) = held_up_at(&store, WITHDRAW).await;
    wire.let_go();
    assert_eq!(late.await.unwrap(), Release::NotHeld);
    wire_of_first.let_go();
    assert_eq!(first.await.unwrap(), Release::Released);
    is_free_of(&backend, &player, 1).await;
}

/// Releases session 1 with the first answer lost, or the first request, while
/// another release of it begins before it is sent again.
async fn sent_again_after(fault: Fault) -> [Release; 2] {
    let (store, backend, player) = held_by_session_1().await;
    let wire = Wire::new();
    wire.plan(move |before, _| match before {
        0 => fault,
        1 => Fault::Held,
        _ => Fault::None,
    });
    let ours = store.backend_on(&wire);
    let releasing = tokio::spawn(async move {
        let released = ours.release(&support::player("p"), session(1)).await;
        released.unwrap()
    });
    wire.until_held().await;
    let (wire_of_other, other) = held_up_at(&store, WITHDRAW).await;
    wire.let_go();
    let ours = releasing.await.unwrap();
    is_free_of(&backend, &player, 1).await;
    wire_of_other.let_go();
    [ours, other.await.unwrap()]
}

#[tokio::test]
async fn l6_a_release_that_is_sent_again_knows_its_own_work() {
    let ours_was_first = sent_again_after(Fault::AnswerLost).await;
    assert_eq!(ours_was_first, [Release::Released, Release::NotHeld]);
    let ours_was_second = sent_again_after(Fault::RequestLost).await;
    assert_eq!(ours_was_second, [Release::NotHeld, Release::Released]);
}

#[tokio::test]
async fn a_release_that_comes_upon_a_take_over_cut_off_half_way_released_the_player() {
    let (store, backend, player) = held_by_session_1().await;
    let wire = Wire::new();
    // The attempt to take it at once, and the beginning.
    wire.at(2, Fault::Silence);
    let dying = store.backend_on(&wire);
    let claimant_2 = claimant(2);
    let taking = dying.acquire(&player, &claimant_2, Some(session(1)));
    assert!(wire.until_silence(taking).await.is_none());
    let released = backend.release(&player, session(1)).await.unwrap();
    assert_eq!(released, Release::Released);
    is_free_of(&backend, &player, 1).await;
}

#[tokio::test]
async fn a_release_that_was_cut_off_leaves_nothing_to_the_next_session() {
    for claims in [true, false] {
        for replacing in [None, Some(session(1))] {
            let store = Store::open().await;
            let backend = store.backend();
            let player = player("p");
            acquired(&backend, &player, &claimant(1), None).await;
            if claims {
                play(&backend, &player, 1).await;
            }
            let wire = Wire::new();
            wire.at(WITHDRAW, Fault::Silence);
            let dying = store.backend_on(&wire);
            let releasing = dying.release(&player, session(1));
            assert!(wire.until_silence(releasing).await.is_none());

            acquired(&backend, &player, &claimant(2), replacing).await;
            play(&backend, &player, 2).await;
            let released = backend.release(&player, session(2)).await.unwrap();
            assert_eq!(released, Release::Released, "{claims} {replacing:?}");
            is_free_of(&backend, &player, 2).await;
        }
    }
}
