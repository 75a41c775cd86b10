//! Calls that arrive long after everybody gave them up: they are refused, or
//! change nothing.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use playerdata_core::backend::{
    Backend, Effect, ErrorKind, Opening, Release, Result, WriteOutcome,
};
use playerdata_dynamodb::DynamoDbBackend;
use support::{
    scenes::{REPEATABLE, WITHOUT_LOCK},
    wire::{Fault, Wire},
    *,
};

/// What DynamoDB answers when a condition fails.
const REFUSED: u16 = 400;

#[tokio::test]
async fn s2_a_doubtful_save_does_not_land_once_the_slot_was_opened_again() {
    let store = Store::open().await;
    let wire = Wire::new();
    let backend =
        DynamoDbBackend::from_config(store.config(&wire).build(), store.options().attempts(1));
    let backend = backend.unwrap();
    let player = player("p");
    acquired(&backend, &player, &claimant(1), None).await;
    let first = claim(&player, 1, "s", 1);
    opened(&backend, &first).await;
    wire.once("PutItem", Fault::Stuck);
    let doubtful = backend.save(&first, &stamp(0, 1), &body("doubtful")).await;
    assert_eq!(doubtful.unwrap_err().effect(), Effect::Possible);

    let second = claim(&player, 1, "s", 2);
    let found = opened(&backend, &second).await;
    assert_eq!((found.revision.get(), found.last_write), (0, None));
    assert_eq!(wire.deliver_stuck().await, [REFUSED]);
    let saved = backend.save(&second, &stamp(0, 2), &body("certain")).await;
    assert_eq!(saved.unwrap(), written(0));
    let record = backend.view(&player, &slot("s")).await.unwrap().unwrap();
    assert_eq!(record.body.bytes, "certain");
}

#[tokio::test]
async fn s2_a_save_that_is_sent_again_never_lands_on_a_newer_one() {
    let store = Store::open().await;
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    let player = player("p");
    acquired(&backend, &player, &claimant(1), None).await;
    let claim = claim(&player, 1, "s", 1);
    opened(&backend, &claim).await;
    wire.once("PutItem", Fault::Stuck);
    for (base, text) in [(0, "old"), (1, "new")] {
        let saved = backend
            .save(&claim, &stamp(base, base.into()), &body(text))
            .await;
        assert_eq!(saved.unwrap(), written(base));
    }
    assert_eq!(wire.deliver_stuck().await, [REFUSED]);
    let record = backend.view(&player, &slot("s")).await.unwrap().unwrap();
    assert_eq!(
        (record.body.bytes.as_ref(), record.revision.get()),
        (&b"new"[..], 2)
    );
}

#[tokio::test]
async fn l4_no_call_of_a_former_session_changes_anything_however_late_it_arrives() {
    // Every call of every operation of session 1 or 2 in turn gets stuck, and
    // is sent again at once; it arrives when session 9 has the player.
    for scene in REPEATABLE
        .iter()
        .chain(WITHOUT_LOCK)
        .filter(|scene| scene.name != "drop a lease")
    {
        let calls = scene.play_well().await.operations.len();
        for position in 0..calls {
            let store = scene.set().await;
            let wire = Wire::new();
            let backend = store.backend_on(&wire);
            wire.at(position, Fault::Stuck);
            (scene.run)(&backend).await.unwrap();

            let newest = store.backend();
            let player = player("p");
            let holder = newest.holder(&player).await.unwrap();
            let replacing = holder.map(|holder| holder.session);
            acquired(&newest, &player, &claimant(9), replacing).await;
            for name in ["saved", "never-saved"] {
                let claim = claim_now(&newest, &player, 9, name, 1).await;
                let base = opened(&newest, &claim).await.revision.get();
                let saved = newest.save(&claim, &stamp(base, 9), &body("newest")).await;
                assert_eq!(saved.unwrap(), written(base));
            }
            let before = store.dump().await;
            wire.deliver_stuck().await;
            let at = format!("call {position} of {:?}", scene.name);
            assert_eq!(store.dump().await, before, "{at}");

            // And when it has left, and nobody has the player.
            newest.release(&player, session(9)).await.unwrap();
            if scene.name == "acquire" || scene.name == "take over" {
                continue; // taking a free player is what they ask for
            }
            let before = store.dump().await;
            wire.deliver_stuck().await;
            assert_eq!(store.dump().await, before, "{at}");
        }
    }
}

#[tokio::test]
async fn a_late_call_of_an_erasure_removes_nothing_that_was_saved_since() {
    let erase = REPEATABLE
        .iter()
        .find(|scene| scene.name == "erase")
        .unwrap();
    let calls = erase.play_well().await.operations.len();
    for position in 0..calls {
        let store = erase.set().await;
        let wire = Wire::new();
        let backend = store.backend_on(&wire);
        wire.at(position, Fault::Stuck);
        (erase.run)(&backend).await.unwrap();

        let player = player("p");
        acquired(&backend, &player, &claimant(2), None).await;
        let claim = claim_now(&backend, &player, 2, "saved", 1).await;
        opened(&backend, &claim).await;
        backend
            .save(&claim, &stamp(0, 7), &body("since"))
            .await
            .unwrap();
        assert_eq!(
            backend.release(&player, session(2)).await.unwrap(),
            Release::Released
        );
        wire.deliver_stuck().await;

        // Whoever comes next would finish an erasure that was begun.
        acquired(&backend, &player, &claimant(3), None).await;
        let found = claim_now(&backend, &player, 3, "saved", 1).await;
        let found = opened(&backend, &found).await.record;
        assert_eq!(
            found.unwrap().body.bytes,
            "since",
            "call {position} was late"
        );
    }
}

/// Opens a slot in session 1, and lets `meanwhile` happen after the claim was
/// written, before the slot is read.
async fn open_while<F: Future<Output = ()>>(
    meanwhile: impl FnOnce(DynamoDbBackend) -> F,
) -> Opening {
    let store = Store::open().await;
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    acquired(&backend, &player("p"), &claimant(1), None).await;
    wire.at(1, Fault::Held);
    let claim = claim(&player("p"), 1, "s", 1);
    let opening = tokio::spawn(async move { backend.open(&claim).await.unwrap() });
    wire.until_held().await;
    meanwhile(store.backend()).await;
    wire.let_go();
    opening.await.unwrap()
}

#[tokio::test]
async fn l4_an_opening_whose_lock_is_taken_before_it_reads_the_slot_is_lost() {
    let opening = open_while(|other| async move {
        let player = player("p");
        acquired(&other, &player, &claimant(2), Some(session(1))).await;
        let claim = claim_now(&other, &player, 2, "s", 1).await;
        opened(&other, &claim).await;
        let saved = other.save(&claim, &stamp(0, 2), &body("theirs")).await;
        assert_eq!(saved.unwrap(), written(0));
    });
    let opening = opening.await;
    assert!(
        matches!(&opening, Opening::Lost { holder: Some(holder) } if holder.session == session(2)),
        "{opening:?}"
    );
}

#[tokio::test]
async fn l5_an_opening_whose_lock_is_released_before_it_reads_the_slot_is_lost() {
    let opening = open_while(|other| async move {
        other.release(&player("p"), session(1)).await.unwrap();
    });
    assert_eq!(opening.await, Opening::Lost { holder: None });
}

#[tokio::test]
async fn s2_an_opening_that_is_followed_by_another_before_it_reads_the_slot_is_overtaken() {
    let opening = open_while(|other| async move {
        opened(&other, &claim(&player("p"), 1, "s", 2)).await;
    });
    assert_eq!(opening.await, Opening::Overtaken);
}

#[tokio::test]
async fn s2_a_late_opening_with_a_lower_number_changes_nothing() {
    let store = Store::open().await;
    let backend = store.backend();
    let player = player("p");
    acquired(&backend, &player, &claimant(1), None).await;
    let newer = claim(&player, 1, "s", 2);
    opened(&backend, &newer).await;
    let before = store.dump().await;
    let late = backend.open(&claim(&player, 1, "s", 1)).await.unwrap();
    assert_eq!(late, Opening::Overtaken);
    assert_eq!(store.dump().await, before);
    let saved = backend.save(&newer, &stamp(0, 1), &body("b")).await;
    assert_eq!(saved.unwrap(), written(0));
}

#[tokio::test]
async fn a_release_that_another_server_finished_does_not_claim_that_it_changed_nothing() {
    let store = Store::open().await;
    let (wire, player) = (Wire::new(), player("p"));
    let backend = store.backend_on(&wire);
    acquired(&backend, &player, &claimant(1), None).await;
    // Its end is begun, the answer lost; before it is sent again, another
    // server comes upon it.
    wire.plan(|before, _| match before {
        0 => Fault::AnswerLost,
        _ => Fault::Held,
    });
    let releasing = tokio::spawn(async move {
        let player = support::player("p");
        backend.release(&player, session(1)).await
    });
    wire.until_held().await;
    acquired(&store.backend(), &player, &claimant(2), None).await;
    wire.let_go();
    let error = releasing.await.unwrap().unwrap_err();
    assert_eq!(error.effect(), Effect::Possible, "{error}");
    let holder = store.backend().holder(&player).await.unwrap().unwrap();
    assert_eq!(holder.session, session(2));
}

#[tokio::test]
async fn a_late_end_of_one_erasure_does_not_end_the_next_one() {
    let erase = REPEATABLE
        .iter()
        .find(|scene| scene.name == "erase")
        .unwrap();
    let calls = erase.play_well().await.operations.len();
    let store = erase.set().await;
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    wire.at(calls - 1, Fault::Stuck);
    (erase.run)(&backend).await.unwrap();

    let player = player("p");
    acquired(&backend, &player, &claimant(2), None).await;
    let claim_2 = claim_now(&backend, &player, 2, "s", 1).await;
    opened(&backend, &claim_2).await;
    backend
        .save(&claim_2, &stamp(0, 7), &body("b"))
        .await
        .unwrap();
    backend.release(&player, session(2)).await.unwrap();
    let dying = Wire::new();
    dying.at(2, Fault::Silence);
    let second = store.backend_on(&dying);
    assert!(dying.until_silence(second.erase(&player)).await.is_none());
    wire.deliver_stuck().await;
    acquired(&backend, &player, &claimant(3), None).await;
    let found = opened(&backend, &claim_now(&backend, &player, 3, "s", 1).await).await;
    assert_eq!(found.record, None, "the second erasure was carried through");
}

/// Saves in session 1 with a fault at the first attempt, and lets `meanwhile`
/// happen before the second.
async fn save_again_after<F: Future<Output = ()>>(
    fault: Fault,
    meanwhile: impl FnOnce(DynamoDbBackend) -> F,
) -> Result<WriteOutcome> {
    let store = Store::open().await;
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    let claim = claim(&player("p"), 1, "s", 1);
    acquired(&backend, &claim.player, &claimant(1), None).await;
    opened(&backend, &claim).await;
    wire.plan(move |before, _| match before {
        0 => fault,
        1 => Fault::Held,
        _ => Fault::None,
    });
    let saving =
        tokio::spawn(async move { backend.save(&claim, &stamp(0, 7), &body("ours")).await });
    wire.until_held().await;
    meanwhile(store.backend()).await;
    wire.let_go();
    saving.await.unwrap()
}

/// Session 2 takes the player, and saves the slot.
async fn taken_and_saved(other: DynamoDbBackend) {
    let player = player("p");
    acquired(&other, &player, &claimant(2), Some(session(1))).await;
    let claim = claim_now(&other, &player, 2, "s", 1).await;
    let base = opened(&other, &claim).await.revision.get();
    let saved = other.save(&claim, &stamp(base, 8), &body("theirs")).await;
    assert_eq!(saved.unwrap(), written(base));
}

#[tokio::test]
async fn s2_a_save_that_was_applied_is_written_though_the_player_is_gone_when_it_is_sent_again() {
    let taken = save_again_after(Fault::AnswerLost, |other| async move {
        acquired(&other, &player("p"), &claimant(2), Some(session(1))).await;
    });
    assert_eq!(taken.await.unwrap(), written(0));
    let released = save_again_after(Fault::AnswerLost, |other| async move {
        other.release(&player("p"), session(1)).await.unwrap();
    });
    assert_eq!(released.await.unwrap(), written(0));
}

#[tokio::test]
async fn s2_a_save_that_may_have_been_applied_is_never_said_to_have_changed_nothing() {
    let over_it = save_again_after(Fault::AnswerLost, taken_and_saved).await;
    let never = save_again_after(Fault::RequestLost, taken_and_saved).await;
    for outcome in [over_it, never] {
        let error = outcome.unwrap_err();
        let found = (error.kind(), error.effect());
        assert_eq!(found, (ErrorKind::Unavailable, Effect::Possible), "{error}");
    }
    // One that was certainly not applied is lost.
    let throttled = Fault::Answered(400, "ThrottlingException");
    let refused = save_again_after(throttled, taken_and_saved).await.unwrap();
    assert!(is_lost(&refused), "{refused:?}");
}
