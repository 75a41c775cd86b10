//! Faults of the wire and of the service, at every call of every operation.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{error::Error, sync::Arc, time::Duration};

use futures::future::join_all;
use playerdata_core::{
    SessionManager, Settings,
    backend::{Backend, BackendError, Effect, ErrorKind, Notification, Renewal},
};
use support::{
    scenes::{OTHERS, Played, READS, REPEATABLE, Scene, WITHOUT_LOCK, notice},
    wire::{Fault, Wire},
    *,
};

/// Plays each scene with the fault at each of its calls in turn: it must come
/// to what it comes to without.
async fn changes_nothing_at_any_call(scenes: &[&[Scene]], fault: Fault) {
    let scenes = scenes.iter().copied().flatten();
    join_all(scenes.map(|scene| changes_nothing(scene, fault))).await;
}

async fn changes_nothing(scene: &Scene, fault: Fault) {
    let well = scene.play_well().await;
    for position in 0..well.operations.len() {
        let plan = move |before, _: &_| match before == position {
            true => fault,
            false => Fault::None,
        };
        let faulty = scene.play(plan).await;
        let at = format!("{fault:?} at call {position} of {:?}", scene.name);
        let outcome = faulty
            .outcome
            .unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(Some(&outcome), well.outcome.as_ref().ok(), "{at}");
        assert_eq!(faulty.stored, well.stored, "{at}");
        assert_eq!(faulty.operations.len(), well.operations.len() + 1, "{at}");
    }
}

#[tokio::test]
async fn s2_an_answer_lost_at_any_call_changes_neither_outcome_nor_what_is_stored() {
    changes_nothing_at_any_call(&[REPEATABLE, WITHOUT_LOCK, READS], Fault::AnswerLost).await;
}

#[tokio::test]
async fn s2_a_request_lost_at_any_call_changes_neither_outcome_nor_what_is_stored() {
    changes_nothing_at_any_call(&[REPEATABLE, WITHOUT_LOCK, READS], Fault::RequestLost).await;
}

#[tokio::test]
async fn s2_a_server_error_at_any_call_changes_neither_outcome_nor_what_is_stored() {
    const CODE: &str = "InternalServerError";
    for fault in [
        Fault::Answered(500, CODE),
        Fault::AppliedAndAnswered(500, CODE),
    ] {
        changes_nothing_at_any_call(&[REPEATABLE, WITHOUT_LOCK, READS], fault).await;
    }
}

#[tokio::test]
async fn throttling_at_any_call_is_waited_out() {
    for code in [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    ] {
        let throttled = Fault::Answered(400, code);
        changes_nothing_at_any_call(&[REPEATABLE, WITHOUT_LOCK, READS, OTHERS], throttled).await;
    }
}

#[tokio::test]
async fn throttling_within_a_transaction_is_waited_out() {
    let open = &REPEATABLE
        .iter()
        .find(|scene| scene.name == "open")
        .unwrap();
    let well = open.play_well().await;
    for reasons in [
        "TransactionCanceledException:ThrottlingError,None",
        "TransactionCanceledException:None,ProvisionedThroughputExceeded",
    ] {
        let throttled = open.play(|before, _| match before {
            0 | 1 => Fault::Answered(400, reasons),
            _ => Fault::None,
        });
        let throttled = throttled.await;
        assert_eq!(throttled.outcome.as_ref().ok(), well.outcome.as_ref().ok());
        assert_eq!(throttled.stored, well.stored, "{reasons}");
    }
}

#[tokio::test]
async fn a_transaction_conflict_at_any_call_is_waited_out() {
    let conflict = Fault::Answered(400, "TransactionConflictException");
    changes_nothing_at_any_call(&[REPEATABLE, WITHOUT_LOCK, OTHERS], conflict).await;
    let open = REPEATABLE
        .iter()
        .find(|scene| scene.name == "open")
        .unwrap();
    for reasons in [
        "TransactionCanceledException:None,TransactionConflict",
        "TransactionCanceledException:TransactionConflict,None",
        "TransactionCanceledException:ConditionalCheckFailed,TransactionConflict",
    ] {
        let well = open.play_well().await;
        let faulty = open.play(|before, _| match before {
            // As often as when many slots are opened at once.
            0..8 => Fault::Answered(400, reasons),
            _ => Fault::None,
        });
        let faulty = faulty.await;
        assert_eq!(faulty.outcome.ok(), well.outcome.ok(), "{reasons}");
        assert_eq!(faulty.stored, well.stored, "{reasons}");
    }
}

/// Plays each scene with every call failing in the same way, and gives the
/// scene's name, its error and what was stored.
async fn fails_always(
    scenes: &[&[Scene]],
    fault: Fault,
) -> Vec<(&'static str, BackendError, Played)> {
    let scenes = scenes.iter().copied().flatten();
    let playing = scenes.map(|scene| async move {
        let mut played = scene.play(move |_, _| fault).await;
        let outcome = std::mem::replace(&mut played.outcome, Ok(String::new()));
        (scene.name, outcome.unwrap_err(), played)
    });
    join_all(playing).await
}

/// How many requests there were. A renewal looks at the notices first, and
/// goes on without them: that does not count.
fn sent_in_earnest(name: &str, played: &Played) -> usize {
    let looks_first = ["renew a lease", "drop a lease"].contains(&name);
    let sent = played.operations.iter();
    sent.filter(|&call| !(looks_first && call == "Query"))
        .count()
}

#[tokio::test]
async fn without_an_answer_the_operation_may_have_been_applied() {
    for fault in [
        Fault::AnswerLost,
        Fault::RequestLost,
        Fault::Answered(500, "InternalServerError"),
    ] {
        for (name, error, _) in fails_always(&[REPEATABLE, WITHOUT_LOCK, OTHERS], fault).await {
            // These begin with a read, which has no effect.
            let effect = match name {
                "erase" | "post" | "post to nobody" => Effect::None,
                "discard" | "discard before it is settled" => Effect::None,
                "keep a version" | "keep nothing" => Effect::None,
                _ => Effect::Possible,
            };
            let found = (error.kind(), error.effect());
            assert_eq!(
                found,
                (ErrorKind::Unavailable, effect),
                "{fault:?} at {name:?}: {error}"
            );
        }
        for (name, error, _) in fails_always(&[READS], fault).await {
            let found = (error.kind(), error.effect());
            assert_eq!(
                found,
                (ErrorKind::Unavailable, Effect::None),
                "{fault:?} at {name:?}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn a_notice_whose_answer_or_request_was_lost_arrives_once() {
    for fault in [
        Fault::AnswerLost,
        Fault::RequestLost,
        Fault::Answered(500, "InternalServerError"),
    ] {
        for call in 0..2 {
            let store = Store::open().await;
            let wire = Wire::new();
            let backend = store.backend_on(&wire);
            wire.at(call, fault);
            let queued = backend.notify(&server(1).name, &notice()).await.unwrap();
            assert_eq!(queued, Notification::Queued);
            let lease = Duration::from_secs(60);
            let renewal = backend.renew_lease(&server(1), lease).await.unwrap();
            let notices = vec![notice()];
            assert_eq!(renewal, Renewal::Renewed { notices }, "{fault:?} at {call}");
        }
    }
}

#[tokio::test]
async fn what_was_refused_every_time_was_not_applied() {
    for fault in [
        Fault::Refused,
        Fault::Answered(400, "ThrottlingException"),
        Fault::Answered(400, "TransactionConflictException"),
    ] {
        for (name, error, played) in
            fails_always(&[REPEATABLE, WITHOUT_LOCK, READS, OTHERS], fault).await
        {
            let found = (error.kind(), error.effect());
            assert_eq!(
                found,
                (ErrorKind::Unavailable, Effect::None),
                "{fault:?} at {name:?}: {error}"
            );
            assert_eq!(played.stored, played.before, "{fault:?} at {name:?}");
            let bound = match fault {
                Fault::Answered(_, "TransactionConflictException") => 13,
                _ => 4,
            };
            let sent = sent_in_earnest(name, &played);
            assert_eq!(sent, bound, "{fault:?} at {name:?}");
        }
    }
}

#[tokio::test]
async fn a_change_made_before_the_service_began_to_refuse_is_admitted() {
    let playing = REPEATABLE.iter().map(|scene| async move {
        for position in 0..scene.play_well().await.operations.len() {
            let played = scene.play(move |before, _| match before < position {
                true => Fault::None,
                false => Fault::Answered(400, "ThrottlingException"),
            });
            let played = played.await;
            let at = format!("from call {position} of {:?} on", scene.name);
            let error = played.outcome.expect_err(&at);
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{at}");
            if played.stored != played.before {
                assert_eq!(error.effect(), Effect::Possible, "{at}: {error}");
            }
        }
    });
    join_all(playing).await;
}

#[tokio::test]
async fn what_an_operator_has_to_mend_is_not_tried_again() {
    for code in [
        "AccessDeniedException",
        "ResourceNotFoundException",
        "ValidationException",
    ] {
        let fault = Fault::Answered(400, code);
        for (name, error, played) in
            fails_always(&[REPEATABLE, WITHOUT_LOCK, READS, OTHERS], fault).await
        {
            let found = (error.kind(), error.effect());
            assert_eq!(
                found,
                (ErrorKind::Rejected, Effect::None),
                "{code} at {name:?}"
            );
            assert!(error.to_string().contains(code), "{error}");
            let sent = sent_in_earnest(name, &played);
            assert_eq!(sent, 1, "{code} at {name:?}");
        }
    }
}

#[tokio::test]
async fn s2_a_lost_answer_followed_by_refusals_may_have_been_applied() {
    let save = REPEATABLE
        .iter()
        .find(|scene| scene.name == "save")
        .unwrap();
    let played = save.play(|before, _| match before {
        0 => Fault::AnswerLost,
        _ => Fault::Answered(400, "ThrottlingException"),
    });
    let played = played.await;
    let error = played.outcome.unwrap_err();
    assert_eq!(error.effect(), Effect::Possible, "{error}");
    assert_eq!(
        played.stored,
        save.play_well().await.stored,
        "it was applied"
    );
}

#[tokio::test]
async fn an_attempt_that_is_never_answered_ends_in_time() {
    let store = Store::open().await;
    let wire = Wire::new();
    let options = store
        .options()
        .attempts(2)
        .attempt_timeout(Duration::from_millis(50));
    let config = store.config(&wire).build();
    let backend = playerdata_dynamodb::DynamoDbBackend::from_config(config, options).unwrap();
    wire.plan(|_, _| Fault::Silence);
    let (player, claimant) = (player("p"), claimant(1));
    let acquiring = backend.acquire(&player, &claimant, None);
    // Two attempts and a pause; far less than any timeout of the SDK's own.
    let in_time = tokio::time::timeout(Duration::from_secs(2), acquiring).await;
    let error = in_time.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Unavailable, Effect::Possible)
    );
    assert_eq!(wire.operations().len(), 2);
}

#[tokio::test]
async fn a_renewal_loses_neither_the_lease_nor_a_notice_by_a_fault_at_any_call() {
    let lease = Duration::from_secs(60);
    for fault in [
        Fault::AnswerLost,
        Fault::RequestLost,
        Fault::Answered(500, "InternalServerError"),
        Fault::Answered(400, "ThrottlingException"),
    ] {
        // Look, renew, remove, make room.
        for call in 0..4 {
            let store = Store::open().await;
            let wire = Wire::new();
            let backend = store.backend_on(&wire);
            backend.notify(&server(1).name, &notice()).await.unwrap();
            wire.at(call, fault);
            let renewal = backend.renew_lease(&server(1), lease).await.unwrap();
            let notices = vec![notice()];
            assert_eq!(renewal, Renewal::Renewed { notices }, "{fault:?} at {call}");
            assert_eq!(wire.operations().len(), 5, "{fault:?} at {call}");
            let again = backend.renew_lease(&server(1), lease).await.unwrap();
            assert_eq!(again, Renewal::Renewed { notices: vec![] });
        }
    }
}

#[tokio::test]
async fn a_lease_is_renewed_though_its_notices_can_not_be_read_or_removed() {
    let lease = Duration::from_secs(60);
    for broken in ["Query", "DeleteItem"] {
        let store = Store::open().await;
        let wire = Wire::new();
        let backend = store.backend_on(&wire);
        backend.notify(&server(1).name, &notice()).await.unwrap();
        wire.plan(move |_, call| match call.operation == broken {
            true => Fault::Answered(400, "ThrottlingException"),
            false => Fault::None,
        });
        let renewal = backend.renew_lease(&server(1), lease).await.unwrap();
        assert_eq!(renewal, Renewal::Renewed { notices: vec![] }, "{broken}");
        assert!(backend.lease_is_live(&server(1)).await.unwrap());
        wire.plan(|_, _| Fault::None);
        let renewal = backend.renew_lease(&server(1), lease).await.unwrap();
        let notices = vec![notice()];
        assert_eq!(renewal, Renewal::Renewed { notices }, "{broken}");
    }
}

#[tokio::test]
async fn a_service_that_fails_everybody_is_not_asked_several_times_as_often() {
    const CALLS: usize = 100;
    let store = Store::open().await;
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    let unknown = player("nobody");
    wire.plan(|_, _| Fault::Answered(500, "InternalServerError"));
    let looks = (0..CALLS).map(|_| backend.holder(&unknown));
    for look in join_all(looks).await {
        look.unwrap_err();
    }
    let sent = wire.operations().len();
    assert!(sent <= CALLS + 10, "{sent} requests for {CALLS} calls");
    // Once it answers again, calls are sent again.
    wire.plan(|_, _| Fault::None);
    for _ in 0..20 {
        backend.holder(&unknown).await.unwrap();
    }
    wire.at(0, Fault::Answered(500, "InternalServerError"));
    backend.holder(&unknown).await.unwrap();
}

#[tokio::test]
async fn a_request_that_is_signed_for_another_time_is_signed_again_with_the_services() {
    let store = Store::open().await;
    for seconds in [3_600, -3_600] {
        let wire = Wire::new();
        let backend = store.backend_on(&wire);
        wire.at(0, Fault::RefusedAhead(seconds));
        backend.holder(&player("p")).await.unwrap();
        let signed = wire.calls().into_iter().map(|call| {
            // 20260131T235959Z: minutes of the day.
            let [hours, minutes] = [9..11, 11..13].map(|at| call.signed[at].parse::<i64>());
            hours.unwrap() * 60 + minutes.unwrap()
        });
        let signed: Vec<_> = signed.collect();
        let moved = (signed[1] - signed[0]).rem_euclid(24 * 60);
        let expected = (seconds / 60).rem_euclid(24 * 60);
        assert!((moved - expected).abs() <= 1, "{signed:?}");
    }
    // Credentials that are wrong are wrong at any time.
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    wire.plan(|_, _| Fault::Answered(400, "InvalidSignatureException"));
    let error = backend.holder(&player("p")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(wire.operations().len(), 1);
}

#[tokio::test]
async fn what_a_proxy_refuses_or_times_out_is_tried_again() {
    for fault in [
        Fault::Answered(408, "RequestTimeout"),
        Fault::Answered(429, "TooManyRequests"),
        Fault::Answered(400, "RequestThrottledException"),
        Fault::Answered(400, "RequestTimeoutException"),
    ] {
        changes_nothing_at_any_call(&[REPEATABLE, WITHOUT_LOCK, READS], fault).await;
    }
}

#[tokio::test]
async fn e6_a_saves_requests_are_few_and_its_error_is_in_time_while_the_service_fails() {
    let store = Store::open().await;
    let wire = Wire::new();
    let backend = store.backend_on(&wire);
    let mut settings = Settings::default();
    settings.allow_new_attributes = true;
    let manager = SessionManager::builder(Arc::new(backend)).settings(settings);
    let manager = manager.start().await.unwrap();
    let session = manager.start_session(player("p")).await.unwrap();
    let slot = session.load_slot("s").await.unwrap();
    slot.set("Currency", 2).unwrap();
    wire.plan(|_, call| match call.operation.as_str() {
        "PutItem" | "TransactWriteItems" | "GetItem" => Fault::Answered(500, "InternalServerError"),
        _ => Fault::None,
    });
    slot.save().await.unwrap_err();
    let sent = wire.operations().len();
    assert!(sent < 20, "{sent} requests");
}

#[tokio::test(start_paused = true)]
async fn e6_an_error_that_says_what_happened_comes_before_the_manager_gives_up() {
    // Nothing is ever sent: time is not the clock's.
    let wire = Wire::new();
    let store = Store::without_table();
    let options = store.options().attempt_timeout(Duration::from_secs(3_600));
    let config = store.config(&wire).build();
    let backend = playerdata_dynamodb::DynamoDbBackend::from_config(config, options).unwrap();
    wire.plan(|_, _| Fault::Silence);
    let started = tokio::time::Instant::now();
    let failed = SessionManager::builder(Arc::new(backend)).start().await;
    let Err(error) = failed else {
        panic!("it started");
    };
    let first: &dyn Error = &error;
    let chain = std::iter::successors(Some(first), |&error| error.source());
    let told: Vec<_> = chain.map(ToString::to_string).collect();
    assert!(told.concat().contains("no answer in time"), "{told:?}");
    assert!(started.elapsed() < Duration::from_secs(60));
}
