//! Reads: of the newest state, and over pages.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use playerdata_core::{
    Fence,
    backend::{Backend, Claim, Erasure, Release},
};
use support::{
    scenes::{OTHERS, READS, REPEATABLE, WITHOUT_LOCK},
    wire::{Fault, Wire},
    *,
};

#[tokio::test]
async fn no_operation_asks_for_a_read_that_may_be_stale() {
    let mut reads = 0;
    let scenes = [REPEATABLE, WITHOUT_LOCK, READS, OTHERS];
    for scene in scenes.into_iter().flatten() {
        let well = scene.play_well().await;
        let operations = well.operations.iter();
        reads += operations
            .filter(|name| ["GetItem", "Query"].contains(&name.as_str()))
            .count();
        let stale = scene.play(|_, call| {
            let is_read = ["GetItem", "Query"].contains(&call.operation.as_str());
            match is_read && call.body["ConsistentRead"] != true {
                true => Fault::Stale,
                false => Fault::None,
            }
        });
        let stale = stale.await;
        assert_eq!(stale.outcome.ok(), well.outcome.ok(), "{}", scene.name);
        assert_eq!(stale.stored, well.stored, "{}", scene.name);
    }
    assert!(reads >= 7, "only {reads} reads were seen");
}

#[tokio::test]
async fn a_player_larger_than_a_page_is_listed_and_erased_whole() {
    const SLOTS: u128 = 8;
    let store = Store::open().await;
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    let player = player("p");
    acquired(&backend, &player, &claimant(1), None).await;
    for number in 0..SLOTS {
        let claim = claim(&player, 1, &format!("s{number}"), 1);
        opened(&backend, &claim).await;
        let large = body(vec![number as u8; 300_000]);
        let saved = backend.save(&claim, &stamp(0, number), &large).await;
        assert_eq!(saved.unwrap(), written(0));
    }
    wire.plan(|_, _| Fault::None);
    let listed = backend.list(&player).await.unwrap();
    assert!(wire.operations().len() > 1, "it is one page only");
    let names: Vec<_> = listed
        .iter()
        .map(|summary| summary.slot.to_string())
        .collect();
    assert_eq!(names, ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"]);
    assert!(listed.iter().all(|summary| summary.body_bytes == 300_000));

    backend.release(&player, session(1)).await.unwrap();
    assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
    assert_eq!(backend.list(&player).await.unwrap(), []);
    assert_eq!(store.dump().await.len(), 1, "only the fence is left");
}

#[tokio::test]
async fn more_claims_than_fit_into_a_transaction_are_withdrawn() {
    const SLOTS: u128 = 120;
    let store = Store::open().await;
    let backend = store.backend();
    let player = player("p");
    let claims = |number| {
        let player = &player;
        (0..SLOTS).map(move |slot| Claim {
            fence: Fence::new(number),
            ..claim(player, number.into(), &format!("s{slot}"), 1)
        })
    };
    acquired(&backend, &player, &claimant(1), None).await;
    for claim in claims(1) {
        opened(&backend, &claim).await;
        let saved = backend.save(&claim, &stamp(0, 1), &body("b")).await;
        assert_eq!(saved.unwrap(), written(0));
    }
    acquired(&backend, &player, &claimant(2), Some(session(1))).await;
    for claim in claims(1) {
        let late = backend.save(&claim, &stamp(1, 2), &body("late")).await;
        assert!(is_lost(&late.unwrap()), "{claim}");
    }
    for claim in claims(2) {
        opened(&backend, &claim).await;
    }
    assert_eq!(
        backend.release(&player, session(2)).await.unwrap(),
        Release::Released
    );
    for claim in claims(2) {
        let late = backend.save(&claim, &stamp(1, 3), &body("late")).await;
        assert!(is_lost(&late.unwrap()), "{claim}");
    }
}
