//! Ending everything, and being dropped without that.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

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
        .inject(When::save(), Fault::delay(Duration::from_millis(200)));
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
    assert!(!world.memory.lease_is_live(&server).await.unwrap());
    assert!(sessions.iter().all(|session| !session.is_active()));
}

#[tokio::test(start_paused = true)]
async fn e4_a_shutdown_reports_what_could_not_be_saved_with_its_document() {
    let world = World::new();
    let (manager, _sessions) = with_players(&world, 3).await;
    let server = manager.server().clone();
    world
        .store
        .inject(When::save().of(&player(1)), Fault::Rejected);
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
    let live = world.memory.lease_is_live(&server).await.unwrap();
    assert!(live, "the lease still protects the player");
}

#[tokio::test(start_paused = true)]
async fn e4_a_shutdown_keeps_its_deadline_though_the_store_hangs() {
    let world = World::new();
    let (manager, _sessions) = with_players(&world, 100).await;
    world.store.inject(When::any(), Fault::HangBefore);
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
        .inject(When::save(), Fault::delay(Duration::from_secs(1)));
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
        .inject(When::save(), Fault::delay(Duration::from_secs(1)));
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
        let manager = world.server("a").await;
        world
            .store
            .inject(When::acquire(), Fault::delay(Duration::from_millis(delay)));
        let starting = tokio::spawn({
            let manager = manager.clone();
            async move { manager.start_session(1).await.map(drop) }
        });
        pass_ms(10).await;
        let report = manager.shutdown(Duration::from_secs(1)).await;
        if delay == 100 {
            assert!(report.is_complete());
        } else {
            assert_eq!(report.unfinished.len(), 1, "it is told");
            assert_eq!(report.unfinished[0].player, player(1));
        }
        pass_secs(5).await;
        let _ = starting.await;
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
    world.store.inject(When::notify(), Fault::ErrorBefore); // the holder never hears of it
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
    world.store.inject(When::save(), Fault::ErrorBefore);
    let report = manager.shutdown(Duration::from_secs(10)).await;
    assert_eq!(report.failed.len(), 1);
    world.store.calm();
    sessions[0].end().await.unwrap();
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 7);
    assert!(!world.is_locked(&player(0)).await);
}

#[tokio::test(start_paused = true)]
async fn e5_a_dropped_manager_ends_its_sessions_in_the_background() {
    let world = World::new();
    let (manager, sessions) = with_players(&world, 70).await;
    let server = manager.server().clone();
    let slot = sessions[0].load_slot("Slot1").await.unwrap();
    let other_handle = manager.clone();
    drop(manager);
    slot.set("Currency", 8).unwrap(); // there is a manager yet
    drop(other_handle);
    assert!(matches!(
        slot.set("Currency", 9),
        Err(Error::ShuttingDown | Error::SessionEnded { .. })
    ));
    pass_secs(1).await;
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 8);
    for number in 0..70 {
        assert!(!world.is_locked(&player(number)).await, "{number}");
    }
    use playerdata_core::backend::Backend;
    assert!(!world.memory.lease_is_live(&server).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn e3_an_outage_loses_no_session_and_no_change() {
    let world = World::new();
    let (manager, sessions) = with_players(&world, 5).await;
    let mut events = manager.events();
    world.store.inject(When::any(), Fault::ErrorInDoubt);
    pass_secs(600).await;
    let slot = sessions[0].load_slot("Slot1").await.unwrap();
    assert!(matches!(slot.save().await, Err(Error::StoreUnavailable(_))));
    slot.set("Currency", 8).unwrap();
    world.store.calm();
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
    world.store.inject(When::renew_lease(), Fault::ErrorBefore);
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
    world.store.inject(When::any(), Fault::Panic);
    pass_secs(35).await;
    assert!(matches!(
        manager.start_session(9).await,
        Err(Error::StoreFailed(_))
    ));
    world.store.calm();
    world.store.record_calls();
    pass_secs(35).await;
    assert!(world.store.count(Op::RenewLease) >= 6);
    assert_eq!(world.stored(&player(0), "Slot1").await["Currency"], 7);
    assert!(sessions.iter().all(Session::is_active));
}

#[tokio::test(start_paused = true)]
async fn e11_a_shutdown_without_a_deadline_ends_when_all_is_saved() {
    for deadline in [Duration::MAX, Duration::from_secs(u64::MAX / 4)] {
        let world = World::new();
        let (manager, _sessions) = with_players(&world, 3).await;
        world
            .store
            .inject(When::save(), Fault::delay(Duration::from_secs(3)));
        let report = manager.shutdown(deadline).await;
        assert!(report.is_complete() && report.ended == 3);
    }
}

#[tokio::test(start_paused = true)]
async fn e9_the_lease_is_renewed_until_the_last_session_has_ended_past_the_deadline_too() {
    let world = World::new();
    let manager = world
        .server_with("a", |s| {
            s.lock_expiry = Duration::from_secs(20);
            s.max_concurrent_saves = 1;
        })
        .await;
    let other = world.server("b").await;
    let mut slots = Vec::new();
    for number in 0..30 {
        let session = manager.start_session(number).await.unwrap();
        let slot = session.load_slot("Slot1").await.unwrap();
        slot.set("Currency", 7).unwrap();
        slots.push(slot);
    }
    world
        .store
        .inject(When::save(), Fault::delay(Duration::from_secs(4)));
    let report = manager.shutdown(Duration::from_secs(50)).await;
    assert!((10..=13).contains(&report.ended), "{}", report.ended);
    for unfinished in &report.unfinished {
        let taken = other
            .start_session_with(unfinished.player.clone(), OnConflict::Fail)
            .await;
        assert!(matches!(taken, Err(Error::PlayerHeld { .. })));
    }
    pass_secs(50).await;
    let last = other.start_session_with(9, OnConflict::Fail); // by name
    let taken = last.await;
    assert!(matches!(taken, Err(Error::PlayerHeld { .. })));
    pass_secs(25).await;
    for number in 0..30 {
        assert_eq!(world.stored(&player(number), "Slot1").await["Currency"], 7);
    }
    use playerdata_core::backend::Backend;
    let server = manager.server();
    assert!(!world.memory.lease_is_live(server).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn e4_several_can_wait_for_one_shutdown_each_until_its_own_deadline() {
    let world = World::new();
    let (manager, _sessions) = with_players(&world, 100).await;
    world
        .store
        .inject(When::save(), Fault::delay(Duration::from_secs(3)));
    let second = manager.clone();
    let (impatient, patient) = tokio::join!(
        manager.shutdown(Duration::from_secs(4)),
        second.shutdown(Duration::from_secs(60))
    );
    assert_eq!((impatient.ended, impatient.unfinished.len()), (64, 36));
    assert!(patient.is_complete() && patient.ended == 100);
    let (again, took) = timed(manager.shutdown(Duration::ZERO)).await;
    assert!(again.is_complete() && again.ended == 100 && took.is_zero());
    assert_eq!(world.store.count(Op::Save), 100, "each is saved once");
}

#[tokio::test(start_paused = true)]
async fn e10_what_is_unfinished_at_the_deadline_comes_with_its_documents() {
    let world = World::new();
    let (manager, sessions) = with_players(&world, 2).await;
    sessions[1]
        .load_slot("Slot1")
        .await
        .unwrap()
        .save()
        .await
        .unwrap();
    world.store.inject(When::any(), Fault::HangBefore);
    let report = manager.shutdown(Duration::from_secs(1)).await;
    let unfinished = &report.unfinished[0];
    assert_eq!(unfinished.player, player(0));
    let unsaved = &unfinished.unsaved[0];
    assert_eq!(unsaved.document.get::<u64>("Currency").unwrap(), 7);
    assert!(matches!(unsaved.error, Error::Unfinished { .. }));
    assert!(report.unfinished[1].unsaved.is_empty(), "it is saved");
}

#[tokio::test(start_paused = true)]
async fn e8_from_the_beginning_of_a_shutdown_no_change_is_taken() {
    let world = World::new();
    let (manager, sessions) = with_players(&world, 1).await;
    let slot = sessions[0].load_slot("Slot1").await.unwrap();
    world.store.inject(When::save(), Fault::Rejected);
    let report = manager.shutdown(Duration::from_secs(10)).await;
    assert_eq!(report.failed.len(), 1);
    let refused = slot.set("Currency", 8);
    assert!(matches!(refused, Err(Error::ShuttingDown)), "{refused:?}");
    assert!(matches!(
        sessions[0].load_slot("Slot1").await.unwrap().modify(|_| ()),
        Err(Error::ShuttingDown)
    ));
}

#[tokio::test(start_paused = true)]
async fn e4_what_failed_is_tried_again_in_the_background_and_the_report_says_so_then() {
    let world = World::new();
    let (manager, _sessions) = with_players(&world, 2).await;
    world
        .store
        .inject(When::save().of(&player(1)), Fault::ErrorBefore);
    let report = manager.shutdown(Duration::from_secs(10)).await;
    assert_eq!((report.ended, report.failed.len()), (1, 1));
    world.store.calm();
    pass_secs(10).await;
    assert!(!world.is_locked(&player(1)).await);
    let report = manager.shutdown(Duration::ZERO).await;
    assert!(report.is_complete() && report.ended == 2);
}

#[tokio::test(start_paused = true)]
async fn e4_events_end_with_the_shutdown_though_slots_live() {
    for fault in [None, Some(Fault::HangBefore)] {
        let world = World::new();
        let (manager, sessions) = with_players(&world, 1).await;
        let slot = sessions[0].load_slot("Slot1").await.unwrap();
        let mut events = manager.events();
        if let Some(fault) = fault {
            world.store.inject(When::any(), fault);
        }
        manager.shutdown(Duration::from_secs(1)).await;
        let all = async { while events.next().await.is_some() {} };
        tokio::time::timeout(Duration::from_secs(1), all)
            .await
            .expect("they end");
        drop(slot);
    }
}
