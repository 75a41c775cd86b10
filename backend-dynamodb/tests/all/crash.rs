//! A server dies between any two calls of an operation of several steps; then
//! another one goes on from there.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use aws_sdk_dynamodb::types::AttributeValue;
use playerdata_core::{
    Fence, PlayerId,
    backend::{Acquisition, Backend, Erasure, Opening, Release},
};
use playerdata_dynamodb::DynamoDbBackend;
use support::{
    wire::{Fault, Wire},
    *,
};

const SLOTS: [&str; 3] = ["one", "two", "three"];

/// Session 1 holds the player with every slot claimed and saved once.
async fn held_by_session_1() -> (Store, DynamoDbBackend, PlayerId) {
    let store = Store::open().await;
    let backend = store.backend();
    let player = player("p");
    acquired(&backend, &player, &claimant(1), None).await;
    for (number, name) in (1..).zip(SLOTS) {
        let claim = claim(&player, 1, name, 1);
        opened(&backend, &claim).await;
        let saved = backend.save(&claim, &stamp(0, number), &body(name)).await;
        assert_eq!(saved.unwrap(), written(0));
    }
    (store, backend, player)
}

/// A backend of a server that dies instead of sending its call number `calls`.
fn dies_after(store: &Store, calls: usize) -> (Wire, DynamoDbBackend) {
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    wire.plan(move |before, _| match before < calls {
        true => Fault::None,
        false => Fault::Silence,
    });
    (wire, backend)
}

/// Takes the player as a manager would that has seen the holder dead.
async fn take(backend: &DynamoDbBackend, player: &PlayerId, number: u128) -> Fence {
    let claimant = claimant(number);
    match backend.acquire(player, &claimant, None).await.unwrap() {
        Acquisition::Acquired { fence } => fence,
        Acquisition::Held { holder } => {
            acquired(backend, player, &claimant, Some(holder.session)).await
        }
    }
}

/// L4 for every slot: nothing under the lock of that session succeeds, and
/// what was saved is still there.
async fn is_dead(backend: &DynamoDbBackend, player: &PlayerId, number: u128, at: &str) {
    for name in SLOTS {
        let before = backend.view(player, &slot(name)).await.unwrap();
        assert!(before.is_some(), "{at}: {name} is still there");
        for claim_number in [1, 2] {
            let claim = claim(player, number, name, claim_number);
            let late = backend.save(&claim, &stamp(1, 99), &body("late")).await;
            assert!(is_lost(&late.unwrap()), "{at}: a save of {name}");
            let late = backend.delete(&claim, &stamp(1, 99)).await;
            assert!(is_lost(&late.unwrap()), "{at}: a deletion of {name}");
            let late = backend.open(&claim).await.unwrap();
            assert!(
                matches!(late, Opening::Lost { .. }),
                "{at}: an opening of {name}"
            );
        }
        assert_eq!(
            backend.view(player, &slot(name)).await.unwrap(),
            before,
            "{at}"
        );
    }
}

/// The new holder has the player and can go on.
async fn can_play(backend: &DynamoDbBackend, player: &PlayerId, number: u128, at: &str) {
    let holder = backend.holder(player).await.unwrap().unwrap();
    assert_eq!(holder.session, session(number), "{at}");
    for name in SLOTS {
        let claim = claim_now(backend, player, number, name, 1).await;
        let base = opened(backend, &claim).await.revision.get();
        let saved = backend
            .save(&claim, &stamp(base, number), &body(name))
            .await;
        assert_eq!(saved.unwrap(), written(base), "{at}: {name}");
    }
}

/// How many calls an operation takes that nothing stops.
const ENOUGH: usize = 64;

#[tokio::test]
async fn l4_a_server_that_dies_anywhere_in_a_take_over_leaves_a_player_that_a_third_can_take() {
    for calls in 0..ENOUGH {
        let (store, backend, player) = held_by_session_1().await;
        let at = format!("died after {calls} calls");
        let (wire, second) = dies_after(&store, calls);
        let claimant_2 = claimant(2);
        let taking = second.acquire(&player, &claimant_2, Some(session(1)));
        let taken = wire.until_silence(taking).await;
        let fence = take(&backend, &player, 3).await;
        is_dead(&backend, &player, 1, &at).await;
        is_dead(&backend, &player, 2, &at).await;
        can_play(&backend, &player, 3, &at).await;
        match taken {
            None => assert!(fence > Fence::new(1), "{at}"),
            Some(taken) => {
                let by_2 = Acquisition::Acquired {
                    fence: Fence::new(2),
                };
                assert_eq!(taken.unwrap(), by_2);
                assert_eq!(fence, Fence::new(3));
                // The attempt to take it at once, the beginning, a call for
                // each slot, the end.
                assert_eq!(calls, 3 + SLOTS.len());
                return;
            }
        }
    }
    panic!("a take-over takes more than {ENOUGH} calls");
}

#[tokio::test]
async fn l4_a_server_that_dies_anywhere_in_a_release_leaves_a_player_that_a_third_can_take() {
    for calls in 0..ENOUGH {
        let (store, backend, player) = held_by_session_1().await;
        let at = format!("died after {calls} calls");
        let (wire, first) = dies_after(&store, calls);
        let released = wire.until_silence(first.release(&player, session(1))).await;
        if calls > 0 {
            // The end was begun: nobody has to wait for a lease to lapse.
            acquired(&backend, &player, &claimant(3), None).await;
        } else {
            take(&backend, &player, 3).await;
        }
        is_dead(&backend, &player, 1, &at).await;
        can_play(&backend, &player, 3, &at).await;
        if released.is_some() {
            // The beginning, a call for each slot, the end.
            assert_eq!(calls, 2 + SLOTS.len());
            return;
        }
    }
    panic!("a release takes more than {ENOUGH} calls");
}

#[tokio::test]
async fn l4_two_servers_that_die_one_after_the_other_in_a_take_over_leave_no_live_claim() {
    for first_calls in 1..=5 {
        for second_calls in 1..=6 {
            let (store, backend, player) = held_by_session_1().await;
            let at = format!("died after {first_calls} and {second_calls} calls");
            for (number, calls) in [(2, first_calls), (3, second_calls)] {
                let (wire, dying) = dies_after(&store, calls);
                wire.until_silence(take(&dying, &player, number)).await;
            }
            take(&backend, &player, 4).await;
            for dead in [1, 2, 3] {
                is_dead(&backend, &player, dead, &at).await;
            }
            can_play(&backend, &player, 4, &at).await;
        }
    }
}

#[tokio::test]
async fn a_release_that_was_cut_off_goes_on_when_it_is_called_again() {
    for calls in 1..=4 {
        let (store, backend, player) = held_by_session_1().await;
        let (wire, first) = dies_after(&store, calls);
        let cut_off = wire.until_silence(first.release(&player, session(1))).await;
        assert!(cut_off.is_none());
        let holder = backend.holder(&player).await.unwrap().unwrap();
        assert_eq!(
            holder.session,
            session(1),
            "not free before its claims are withdrawn"
        );
        let again = backend.release(&player, session(1)).await.unwrap();
        assert_eq!(again, Release::NotHeld, "the first one released it");
        assert_eq!(backend.holder(&player).await.unwrap(), None);
        is_dead(&backend, &player, 1, "released").await;
    }
}

#[tokio::test]
async fn l4_a_session_at_its_end_claims_no_further_slot() {
    let (store, backend, player) = held_by_session_1().await;
    // Begun, and no more: the list of claims to withdraw is final from here.
    let (wire, second) = dies_after(&store, 2);
    let claimant_2 = claimant(2);
    let taking = second.acquire(&player, &claimant_2, Some(session(1)));
    assert!(wire.until_silence(taking).await.is_none());
    for (name, number) in [("four", 1), ("one", 2)] {
        let opening = backend.open(&claim(&player, 1, name, number)).await;
        assert_eq!(opening.unwrap(), Opening::Lost { holder: None }, "{name}");
    }
}

#[tokio::test]
async fn an_erasure_that_was_cut_off_anywhere_is_finished_by_whoever_wants_the_player() {
    for calls in 0..ENOUGH {
        for by_erasing in [false, true] {
            let (store, backend, player) = held_by_session_1().await;
            backend.release(&player, session(1)).await.unwrap();
            let (wire, dying) = dies_after(&store, calls);
            let erased = wire.until_silence(dying.erase(&player)).await;
            if by_erasing {
                assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
            }
            let fence = acquired(&backend, &player, &claimant(2), None).await;
            assert!(fence > Fence::new(1));
            // Up to the mark nothing has happened; from there on all of it.
            let begun = calls >= 2 || by_erasing;
            for name in SLOTS {
                let found = opened(&backend, &claim_now(&backend, &player, 2, name, 1).await).await;
                let at = format!("{name}, died after {calls} calls");
                assert_eq!(found.record.is_none(), begun, "{at}");
                assert_eq!(found.revision.get() == 0, begun, "{at}");
            }
            if erased.is_some() && by_erasing {
                // Look, begin, close the mail, read a page, remove what is on
                // it and finish.
                assert_eq!(calls, 5);
                return;
            }
        }
    }
    panic!("an erasure takes more than {ENOUGH} calls");
}

#[tokio::test]
async fn a_player_whose_lock_item_is_gone_is_erased_all_the_same() {
    for saved_by_session_1 in [true, false] {
        let (store, backend, player) = held_by_session_1().await;
        let player = match saved_by_session_1 {
            true => player,
            false => support::player("nobody"),
        };
        let client = store.client();
        let lock = client
            .delete_item()
            .table_name(&store.table)
            .key("pk", AttributeValue::S(format!("player#{player}")))
            .key("sk", AttributeValue::S("lock".to_owned()));
        lock.send().await.unwrap();
        assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
        assert_eq!(backend.list(&player).await.unwrap(), []);
        let left = store.dump().await.into_iter().filter(|item| {
            let name = format!("{:?}", AttributeValue::S(format!("player#{player}")));
            item["pk"] == name
        });
        // The fence is, of somebody who was ever there.
        let left: Vec<_> = left.map(|item| item["sk"].clone()).collect();
        let fence = format!("{:?}", AttributeValue::S("lock".to_owned()));
        let expected = if saved_by_session_1 {
            vec![fence]
        } else {
            vec![]
        };
        assert_eq!(left, expected);
    }
}

/// Makes the slots look as the version wrote them whose claims had no fence.
async fn without_fences(store: &Store, player: &PlayerId) {
    for name in SLOTS {
        let request = store.client().update_item().table_name(&store.table);
        let request = request
            .key("pk", AttributeValue::S(format!("player#{player}")))
            .key("sk", AttributeValue::S(format!("slot#{name}")))
            .update_expression("REMOVE fence");
        request.send().await.unwrap();
    }
}

#[tokio::test]
async fn l4_claims_of_a_former_version_are_withdrawn_and_their_records_are_read() {
    for releases in [true, false] {
        let (store, backend, player) = held_by_session_1().await;
        without_fences(&store, &player).await;
        match releases {
            true => {
                let released = backend.release(&player, session(1)).await.unwrap();
                assert_eq!(released, Release::Released);
            }
            false => {
                acquired(&backend, &player, &claimant(2), Some(session(1))).await;
            }
        }
        let withdrawn = store.dump().await.into_iter().filter(|item| {
            let is_slot = item["sk"].contains("slot#");
            is_slot && !item.contains_key("session") && !item.contains_key("claim")
        });
        assert_eq!(withdrawn.count(), SLOTS.len(), "released: {releases}");
        is_dead(&backend, &player, 1, "former version").await;
        if releases {
            acquired(&backend, &player, &claimant(2), None).await;
        }
        for name in SLOTS {
            let found = opened(&backend, &claim_now(&backend, &player, 2, name, 1).await).await;
            assert_eq!(found.record.unwrap().body.bytes, name);
        }
    }
}

#[tokio::test]
async fn a_player_of_a_former_version_is_erased() {
    let (store, backend, player) = held_by_session_1().await;
    without_fences(&store, &player).await;
    backend.release(&player, session(1)).await.unwrap();
    assert_eq!(backend.erase(&player).await.unwrap(), Erasure::Erased);
    assert_eq!(backend.list(&player).await.unwrap(), []);
}
