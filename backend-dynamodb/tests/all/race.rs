//! Many servers at once.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{collections::BTreeSet, sync::Arc};

use futures::future::join_all;
use playerdata_core::{
    SessionId,
    backend::{Acquisition, Backend, Erasure, WriteOutcome},
};
use support::*;

const SERVERS: u128 = 32;
const ROUNDS: u128 = 20;

/// Every server tries to take the player at the same time; gives who got it,
/// each with its fence.
async fn race(
    backends: &[Arc<playerdata_dynamodb::DynamoDbBackend>],
    round: u128,
    replacing: Option<SessionId>,
) -> Vec<(SessionId, u64)> {
    let trying = (0..).zip(backends).map(|(number, backend)| {
        let backend = backend.clone();
        tokio::spawn(async move {
            let claimant = claimant(1 + round * SERVERS + number);
            let player = player("p");
            match backend
                .acquire(&player, &claimant, replacing)
                .await
                .unwrap()
            {
                Acquisition::Acquired { fence } => Some((claimant.session, fence.get())),
                Acquisition::Held { .. } => None,
            }
        })
    });
    let tried = join_all(trying).await.into_iter();
    tried.filter_map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn l1_of_32_servers_one_gets_the_player_in_each_of_20_rounds_with_a_fence_of_its_own() {
    let store = Store::open().await;
    let backends: Vec<_> = (0..SERVERS).map(|_| Arc::new(store.backend())).collect();
    let player = player("p");
    let mut fences = BTreeSet::new();
    let mut replacing = None;
    for round in 0..ROUNDS {
        let winners = race(&backends, round, replacing).await;
        let [(winner, fence)] = winners[..] else {
            panic!("round {round} was won by {winners:?}");
        };
        assert!(
            fences.last().is_none_or(|&last| last < fence),
            "round {round}"
        );
        fences.insert(fence);
        let holder = backends[0].holder(&player).await.unwrap().unwrap();
        assert_eq!((holder.session, holder.fence.get()), (winner, fence));
        // The next ones find it claimed and alive, claimed and ended, or free.
        let claim = playerdata_core::backend::Claim {
            session: winner,
            fence: playerdata_core::Fence::new(fence),
            ..claim(&player, 0, "s", 1)
        };
        let base = opened(&*backends[1], &claim).await.revision.get();
        assert_eq!(base as u128, round, "what the last winner saved is there");
        let saved = backends[2]
            .save(&claim, &stamp(base, round), &body("b"))
            .await;
        assert_eq!(saved.unwrap(), written(base));
        replacing = Some(winner);
        if round % 3 == 2 {
            backends[3].release(&player, winner).await.unwrap();
        }
    }
    assert_eq!(fences.len() as u128, ROUNDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s9_many_slots_of_one_player_are_opened_at_once() {
    let store = Store::open().await;
    let backend = Arc::new(store.backend());
    let player = player("p");
    acquired(&*backend, &player, &claimant(1), None).await;
    let opening = (0..16).map(|number| {
        let (backend, claim) = (backend.clone(), claim(&player, 1, &format!("s{number}"), 1));
        tokio::spawn(async move {
            opened(&*backend, &claim).await;
            backend.save(&claim, &stamp(0, number), &body("b")).await
        })
    });
    for saved in join_all(opening).await {
        assert_eq!(saved.unwrap().unwrap(), written(0));
    }
    assert_eq!(backend.list(&player).await.unwrap().len(), 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn l4_saves_that_race_a_take_over_are_there_or_refused() {
    for round in 0..ROUNDS {
        let store = Store::open().await;
        let (old, new) = (Arc::new(store.backend()), store.backend());
        let player = player("p");
        acquired(&*old, &player, &claimant(1), None).await;
        let claim_1 = claim(&player, 1, "s", 1);
        opened(&*old, &claim_1).await;
        let saving = tokio::spawn(async move {
            for base in 0.. {
                let saved = old
                    .save(&claim_1, &stamp(base, base.into()), &body("old"))
                    .await;
                match saved.unwrap() {
                    WriteOutcome::Written { .. } => {}
                    outcome => return (base, outcome),
                }
            }
            unreachable!()
        });
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        acquired(&new, &player, &claimant(2), Some(session(1))).await;
        let found = opened(&new, &claim_now(&new, &player, 2, "s", 1).await)
            .await
            .revision
            .get();
        let (acknowledged, outcome) = saving.await.unwrap();
        assert!(is_lost(&outcome), "{outcome:?}");
        assert_eq!(
            found, acknowledged,
            "each acknowledged save is there, and no other"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_erasure_that_races_a_start_comes_wholly_before_it_or_is_refused() {
    for _ in 0..ROUNDS {
        let store = Store::open().await;
        let (one, other) = (store.backend(), Arc::new(store.backend()));
        let player = player("p");
        acquired(&one, &player, &claimant(1), None).await;
        for number in 0..10 {
            let claim = claim(&player, 1, &format!("s{number}"), 1);
            opened(&one, &claim).await;
            one.save(&claim, &stamp(0, number), &body("b"))
                .await
                .unwrap();
        }
        one.release(&player, session(1)).await.unwrap();
        let erasing = tokio::spawn(async move { other.erase(&support::player("p")).await });
        acquired(&one, &player, &claimant(2), None).await;
        let mut left = 0;
        for number in 0..10 {
            let claim = claim_now(&one, &player, 2, &format!("s{number}"), 1).await;
            left += usize::from(opened(&one, &claim).await.record.is_some());
        }
        match erasing.await.unwrap().unwrap() {
            Erasure::Erased => assert_eq!(left, 0),
            Erasure::Locked { holder } => {
                assert_eq!((left, holder.session), (10, session(2)));
            }
        }
    }
}
