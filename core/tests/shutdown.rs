//! Ending everything, and being dropped without that.
#![allow(clippy::unwrap_used)] // what a test can't go on without

mod support;

use std::time::Duration;

use playerdata_core::{Error, OnConflict, Session, SessionManager};
use support::*;

async fn with_players(world: &World, players: u64) -> (SessionManager, Vec<Session>) {
    let manager = world.server("a").await;
    let mut sessions = Vec::new();
    for number in 0..players {
        let session = manager.start_session(number).await.unwrap();
        session
            .load_slot("Slot1")
            .await
            .unwrap()
            .set("Currency", 7)
            .unwrap();
        sessions.push(session);
    }
    (manager, sessions)
}

#[tokio::test(start_paused = true)]
async fn e4_a_shutdown_ends_every_session_concurrently_and_drops_the_lease() {
    let world = World::new();
    let (manager, sessions) = with_players(&world, 64).await;
    let server = manager.server().clone();
    world
        .store
        .fail(Op::Save, Fault::Delay(Duration::from_millis(200)));
    let (report, took) = timed(manager.shutdown(Duration::from_secs(10))).await;
    assert!(report.is_complete() && report.ended == 64);
    assert!(
        took < Duration::from_secs(1),
        "one after the other they'd take 13 s: {took:?}"
    );
    for number in 0..64 {
        assert_eq!(world.stored(&player(number), "Slot1").await["Currency"], 7);
        assert!(!world.is_locked(&player(number)).await);
    }
    use playerdata_core::backend::Backend;
    assert!(!world.store.memory.lease_is_live(&server).await.unwrap());
    assert!(sessions.iter().all(|session| !session.is_active()));
}

#[tokio::test(start_paused = true)]
async fn e4_a_shutdown_reports_what_could_not_be_saved_with_its_document() {
    let world = World::new();
    let (manager, _sessions) = with_players(&world, 3).await;
    let server = manager.server().clone();
    world.store.fail_for(&player(1), Op::Save, Fault::Rejected);
    let report = manager.shutdown(Duration::from_secs(10)).await;
    assert_eq!(
        (report.ended, report.failed.len(), report.unfinished.len()),
        (2, 1, 0)
    );
    let failed = &report.failed[0];
    assert_eq!(failed.player, player(1));
    assert_eq!(
        failed.unsaved[0].document.get::<u64>("Currency").unwrap(),
        7
    );
    use playerdata_core::backend::Backend;
    let live = world.store.memory.lease_is_live(&server).await.unwrap();
    assert!(live, "the lease still protects the player");
}

#[tokio::test(start_paused = true)]
async fn e4_a_shutdown_keeps_its_deadline_though_the_store_hangs() {
    let world = World::new();
    let (manager, _sessions) = with_players(&world, 100).await;
    world.store.go_down(Fault::Hang);
    pass_secs(31).await; // saves and a heartbeat hang already
    let (report, took) = timed(manager.shutdown(Duration::from_secs(2))).await;
    assert!(took <= Duration::from_secs(2), "{took:?}");
    assert_eq!((report.ended, report.unfinished.len()), (0, 100));
}

#[tokio::test(start_paused = true)]
async fn e4_what_is_not_done_by_the_deadline_goes_on_in_the_background() {
    let world = World::new();
    let (manager, _sessions) = with_players(&world, 200).await;
    world
        .store
        .fail(Op::Save, Fault::Delay(Duration::from_secs(1)));
    let report = manager.shutdown(Duration::from_millis(1_500)).await;
    assert_eq!((report.ended, report.unfinished.len()), (64, 136));
    pass_secs(5).await;
    for number in 0..200 {
        assert!(!world.is_locked(&player(number)).await, "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn e4_e7_a_shutdown_whose_future_was_dropped_goes_on() {
    let world = World::new();
    let (manager, _sessions) = with_players(&world, 100).await;
    world
        .store
        .fail(Op::Save, Fault::Delay(Duration::from_secs(1)));
    begin_and_drop(manager.shutdown(Duration::from_secs(60))).await;
    pass_secs(5).await;
    for number in 0..100 {
        assert!(!world.is_locked(&player(number)).await, "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn e4_a_start_under_way_ends_with_the_shutdown_and_leaves_no_session() {
    for delay in [100, 3_000] {
        let world = World::new();
        let manager = std::sync::Arc::new(world.server("a").await);
        world
            .store
            .fail(Op::Acquire, Fault::Delay(Duration::from_millis(delay)));
        let starting = tokio::spawn({
            let manager = std::sync::Arc::clone(&manager);
            async move { manager.start_session(1).await.map(drop) }
        });
        pass_ms(10).await;
        starting.abort(); // so that this holds the manager alone
        let _ = starting.await;
        let manager = std::sync::Arc::into_inner(manager).unwrap();
        let report = manager.shutdown(Duration::from_secs(1)).await;
        if delay == 100 {
            assert!(report.is_complete());
        } else {
            assert_eq!(report.unfinished, [player(1)], "it is told");
        }
        pass_secs(5).await;
        assert!(!world.is_locked(&player(1)).await, "{delay} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn e4_a_start_that_waits_for_a_hand_over_is_given_up_at_the_shutdown() {
    let world = World::new();
    let holder = world.server("b").await;
    let _held = holder.start_session(1).await.unwrap();
    let manager = world.server("a").await;
    let within = Duration::from_secs(600);
    world.store.fail(Op::Notify, Fault::Refused); // the holder never hears of it
    begin_and_drop(manager.start_session_with(1, OnConflict::HandOver { within })).await;
    let (report, took) = timed(manager.shutdown(Duration::from_secs(60))).await;
    assert!(
        report.is_complete() && took < Duration::from_secs(1),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn e4_a_failed_session_can_be_ended_by_its_handle_after_the_shutdown() {
    let world = World::new();
    let (manager, sessions) = with_players(&world, 1).await;
    world.store.fail(Op::Save, Fault::Refused);
    let report = manager.shutdown(Duration::from_secs(10)).await;
    assert_eq!(report.failed.len(), 1);
    world.store.heal();
    sessions[0].end().await.unwrap();
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 7);
    assert!(!world.is_locked(&player(0)).await);
}

#[tokio::test(start_paused = true)]
async fn e5_sessions_of_a_dropped_manager_can_still_be_saved_and_ended() {
    let world = World::new();
    let (manager, mut sessions) = with_players(&world, 2).await;
    drop(manager);
    let slot = sessions[0].load_slot("Slot1").await.unwrap();
    slot.set("Currency", 8).unwrap();
    slot.save().await.unwrap();
    sessions.pop().unwrap().end().await.unwrap();
    drop(sessions);
    pass_secs(1).await;
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 8);
    assert!(!world.is_locked(&player(0)).await && !world.is_locked(&player(1)).await);
}

#[tokio::test(start_paused = true)]
async fn e3_an_outage_loses_no_session_and_no_change() {
    let world = World::new();
    let (manager, sessions) = with_players(&world, 5).await;
    let mut events = manager.events();
    world.store.go_down(Fault::Lost);
    pass_secs(600).await;
    let slot = sessions[0].load_slot("Slot1").await.unwrap();
    assert!(matches!(slot.save().await, Err(Error::StoreUnavailable(_))));
    slot.set("Currency", 8).unwrap();
    world.store.heal();
    pass_secs(35).await;
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 8);
    assert!(sessions.iter().all(Session::is_active));
    let mut lost_or_at_risk = (0, 0);
    for event in drain(&mut events) {
        match event {
            playerdata_core::Event::SessionLost { .. } => lost_or_at_risk.0 += 1,
            playerdata_core::Event::LeaseAtRisk { .. } => lost_or_at_risk.1 += 1,
            _ => {}
        }
    }
    assert!(
        lost_or_at_risk.0 == 0 && lost_or_at_risk.1 >= 50,
        "{lost_or_at_risk:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn e3_a_lease_at_risk_says_how_long_it_is_live_for_certain() {
    let world = World::new();
    let (manager, _sessions) = with_players(&world, 1).await;
    let mut events = manager.events();
    world.store.fail(Op::Renew, Fault::Refused);
    pass_secs(70).await;
    let left: Vec<_> = drain(&mut events)
        .into_iter()
        .filter_map(|event| match event {
            playerdata_core::Event::LeaseAtRisk { lapses_in, .. } => Some(lapses_in.as_secs()),
            _ => None,
        })
        .collect();
    assert!((53..=55).contains(&left[0]), "{left:?}");
    assert_eq!(left.last(), Some(&0));
    assert!(left.is_sorted_by(|a, b| a >= b), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn e6_a_backend_that_panics_stops_neither_heartbeat_nor_autosave() {
    let world = World::new();
    let (manager, sessions) = with_players(&world, 2).await;
    world.store.go_down(Fault::Panic);
    pass_secs(35).await;
    assert!(matches!(
        manager.start_session(9).await,
        Err(Error::StoreFailed(_))
    ));
    world.store.heal();
    world.store.forget_calls();
    pass_secs(35).await;
    assert!(world.store.count(Op::Renew) >= 6);
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 7);
    assert!(sessions.iter().all(Session::is_active));
}
