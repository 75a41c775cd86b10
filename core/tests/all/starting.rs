//! Starting sessions: free players, orphaned locks, and a store that is down.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{sync::Arc, time::Duration};

use playerdata_core::{
    EndReason, Error, Event, ManualClock, OnConflict, ServerId, ServerName, StartError, UnixMillis,
    backend::{Backend, NoticeKind},
};
use support::*;

#[tokio::test(start_paused = true)]
async fn f18_e8_a_start_that_fails_says_why() {
    let world = World::new();
    let manager = world.server("a").await;
    world.store.inject(When::acquire(), Fault::Rejected);
    let error = manager.start_session(1).await.unwrap_err();
    let Error::StoreFailed(failure) = &error else {
        panic!("{error}")
    };
    assert_eq!(failure.player, Some(player(1)));
    assert_eq!(
        error.to_string(),
        "could not acquire the lock of player 1: refused by the store: injected, rejected"
    );
    assert_eq!(manager.session_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn e6_a_start_answers_within_one_operation_timeout_though_the_store_hangs() {
    let world = World::new();
    let manager = world.server("a").await;
    world.store.inject(When::any(), Fault::HangBefore);
    let (result, took) = timed(manager.start_session(1)).await;
    assert!(matches!(result, Err(Error::StoreUnavailable(_))));
    assert!(took <= Duration::from_secs(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn e6_a_start_answers_within_one_operation_timeout_also_with_a_lapsed_lease() {
    let world = World::new();
    let manager = world.server("a").await;
    world.store.inject(When::any(), Fault::HangBefore);
    pass_secs(70).await;
    let (result, took) = timed(manager.start_session(1)).await;
    assert!(matches!(result, Err(Error::StoreUnavailable(_))));
    assert!(took <= Duration::from_secs(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn e6_a_passing_failure_of_an_idempotent_call_is_tried_again() {
    let world = World::new();
    let manager = world.server("a").await;
    world
        .store
        .inject(When::acquire().nth(1), Fault::ErrorAfter);
    world
        .store
        .inject(When::acquire().nth(2), Fault::ErrorBefore);
    let session = manager.start_session(1).await.unwrap();
    assert_eq!(session.fence().get(), 1, "its own lock, not a second one");
    assert_eq!(world.store.count(Op::Acquire), 3);
}

#[tokio::test(start_paused = true)]
async fn l2_a_lock_of_its_own_without_a_session_is_replaced_at_once() {
    let world = World::new();
    let manager = world.server("a").await;
    world.store.inject(When::acquire(), Fault::ErrorAfter);
    manager.start_session(1).await.unwrap_err();
    world.store.calm();
    let (session, took) = timed(manager.start_session_with(1, OnConflict::Fail)).await;
    let _session = session.unwrap();
    assert_eq!(took, Duration::ZERO);
    pass_secs(30).await;
    assert!(
        world.is_locked(&player(1)).await,
        "releasing the orphan spares the new lock (L6)"
    );
}

#[tokio::test(start_paused = true)]
async fn e1_a_player_whom_this_manager_holds_is_saved_and_ended_first() {
    let world = World::new();
    let manager = world.server("a").await;
    let mut events = manager.events();
    let first = manager.start_session(1).await.unwrap();
    first
        .load_slot("Slot1")
        .await
        .unwrap()
        .set("Currency", 7)
        .unwrap();
    let second = manager.start_session(1).await.unwrap();
    assert!(!first.is_active() && !first.is_lost() && second.is_active());
    let slot = second.load_slot("Slot1").await.unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 7);
    let ended = wait_for(&mut events, |e| matches!(e, Event::SessionEnded { .. })).await;
    assert!(matches!(
        ended,
        Event::SessionEnded {
            reason: EndReason::Restarted,
            ..
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn e1_a_player_whose_former_session_cannot_be_saved_is_not_started_again() {
    let world = World::new();
    let manager = world.server("a").await;
    let first = manager.start_session(1).await.unwrap();
    let slot = first.load_slot("Slot1").await.unwrap();
    slot.set("Currency", 7).unwrap();
    world.store.inject(When::save(), Fault::ErrorBefore);
    assert!(matches!(
        manager.start_session(1).await,
        Err(Error::StoreUnavailable(_))
    ));
    assert!(first.is_active(), "it goes on");
    world.store.calm();
    slot.save().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_start_waits_for_the_end_of_the_same_managers_session() {
    let world = World::new();
    let manager = world.server("a").await;
    let first = manager.start_session(1).await.unwrap();
    first
        .load_slot("Slot1")
        .await
        .unwrap()
        .set("Currency", 7)
        .unwrap();
    world
        .store
        .inject(When::save().nth(1), Fault::delay(Duration::from_secs(2)));
    let (ended, started) = tokio::join!(first.end(), manager.start_session(1));
    ended.unwrap();
    let slot = started.unwrap().load_slot("Slot1").await.unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 7);
    assert_eq!(world.store.count(Op::Save), 1);
}

#[tokio::test(start_paused = true)]
async fn l1_concurrent_starts_of_one_player_in_one_manager_leave_one_session() {
    let world = World::new();
    let manager = world.server("a").await;
    world
        .store
        .inject(When::acquire(), Fault::delay(Duration::from_millis(50)));
    let starts = futures::future::join_all((0..5).map(|_| manager.start_session(1))).await;
    let sessions: Vec<_> = starts.into_iter().map(Result::unwrap).collect();
    let active: Vec<_> = sessions
        .iter()
        .filter(|session| session.is_active())
        .collect();
    assert_eq!((active.len(), manager.session_count()), (1, 1));
    let lock = world.store.holder(&player(1)).await.unwrap().unwrap();
    assert_eq!(lock.session, active[0].id());
}

#[tokio::test(start_paused = true)]
async fn a_start_with_a_lapsed_lease_renews_it_first() {
    let world = World::new();
    let manager = world.server("a").await;
    world.store.inject(When::renew_lease(), Fault::ErrorBefore);
    pass_secs(61).await;
    assert!(matches!(
        manager.start_session(1).await,
        Err(Error::StoreUnavailable(_))
    ));
    assert!(
        !world.is_locked(&player(1)).await,
        "nobody gets a lock that anybody may take"
    );
    world.store.calm();
    let _session = manager.start_session(1).await.unwrap();
    let other = world.server("b").await;
    let taken = other.start_session_with(1, OnConflict::Fail).await;
    assert!(matches!(taken, Err(Error::PlayerHeld { .. })));
}

#[tokio::test(start_paused = true)]
async fn l2_a_restart_under_the_same_name_has_its_players_at_once() {
    let world = World::new();
    let former = world.server("a").await;
    let session = former.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.set("Currency", 7).unwrap();
    slot.save().await.unwrap();
    let restarted = world.server("a").await;
    let (session, took) = timed(restarted.start_session_with(1, OnConflict::Fail)).await;
    assert_eq!(took, Duration::ZERO);
    let slot = session.unwrap().load_slot("Slot1").await.unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn l7_a_superseded_manager_says_so_and_starts_nothing() {
    let world = World::new();
    let former = world.server("a").await;
    let session = former.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.set("Currency", 7).unwrap();
    let mut events = former.events();
    let later = world.server("a").await;
    let event = wait_for(&mut events, |e| matches!(e, Event::Superseded { .. })).await;
    let Event::Superseded { by } = event else {
        unreachable!()
    };
    assert_eq!(by, later.server().incarnation);
    assert!(matches!(
        former.start_session(2).await,
        Err(Error::Superseded { .. })
    ));
    let refused = slot.set("Currency", 8);
    assert!(matches!(refused, Err(Error::Superseded { .. })), "E8");
    slot.save().await.unwrap(); // until somebody takes the player (L9)
    pass_secs(20).await;
    let told = count(&drain(&mut events), |e| {
        matches!(e, Event::Superseded { .. })
    });
    assert_eq!(told, 0, "told once");
}

#[tokio::test(start_paused = true)]
async fn l10_a_clock_that_went_back_gets_a_later_incarnation_all_the_same() {
    let world = World::new();
    let former = world.server("a").await;
    pass_secs(100).await;
    let behind = std::sync::Arc::new(playerdata_core::ManualClock::starting_at(
        playerdata_core::UnixMillis::new(5),
    ));
    let restarted = world.builder("a").clock(behind).start().await.unwrap();
    assert!(restarted.server().incarnation > former.server().incarnation);
    assert!(
        world
            .memory
            .lease_is_live(restarted.server())
            .await
            .unwrap()
    );
}

#[tokio::test(start_paused = true)]
async fn e8_a_manager_that_cannot_start_says_why() {
    let world = World::new();
    world.store.inject(When::renew_lease(), Fault::HangBefore);
    let (result, took) = timed(world.builder("a").start()).await;
    assert!(matches!(
        result,
        Err(StartError::Store(error)) if matches!(*error, Error::StoreUnavailable(_))
    ));
    assert!(took <= Duration::from_secs(5), "{took:?}");
    world.store.calm();
    let mut settings = playerdata_core::Settings::default();
    settings.heartbeat_interval = Duration::from_secs(100);
    settings.save_attempts = 0;
    let Err(StartError::Settings(error)) = world.builder("a").settings(settings).start().await
    else {
        panic!("it started");
    };
    assert_eq!(error.problems.len(), 2, "all at once: {error}");
}

#[tokio::test(start_paused = true)]
async fn a_notice_for_a_session_nobody_knows_does_no_harm() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    for kind in [NoticeKind::HandOver, NoticeKind::Taken] {
        let notice = playerdata_core::backend::Notice {
            player: player(1),
            session: "00000000-0000-4000-8000-000000000009".parse().unwrap(),
            kind,
            from: ServerId {
                name: ServerName::new("b").unwrap(),
                incarnation: manager.server().incarnation,
            },
        };
        let to = manager.server().name.clone();
        world.memory.notify(&to, &notice).await.unwrap();
    }
    pass_secs(11).await;
    assert!(session.is_active() && world.is_locked(&player(1)).await);
}

#[tokio::test(start_paused = true)]
async fn l10_after_the_machine_slept_a_start_renews_the_lease_before_it_takes_a_lock() {
    let world = World::new();
    // The clock that never jumps stands still while the machine sleeps.
    let clock = Arc::new(ManualClock::starting_at(UnixMillis::new(1_700_000_000_000)));
    let manager = world.builder("a").clock(clock.clone()).start();
    let manager = manager.await.unwrap();
    world.store.record_calls();
    let awake = manager.start_session(1).await.unwrap();
    assert_eq!(world.store.count(Op::RenewLease), 0);
    clock.advance(Duration::from_secs(61));
    manager.start_session(2).await.unwrap();
    let calls = world.store.calls();
    let ops: Vec<_> = calls.iter().map(|call| call.operation).collect();
    let renewed = ops.iter().position(|op| *op == Op::RenewLease).unwrap();
    let taken = ops.iter().rposition(|op| *op == Op::Acquire).unwrap();
    assert!(renewed < taken, "{ops:?}");
    awake.end().await.unwrap();
}
