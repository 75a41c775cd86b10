//! Several servers that want one player.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{sync::Arc, time::Duration};

use playerdata_core::{
    EndReason, Error, Event, Fence, ManualClock, OnConflict, ServerId, SessionManager, UnixMillis,
    backend::Backend,
};
use playerdata_memory::MemoryBackend;
use playerdata_raw_session::RawSession;
use support::*;

const NO_TIME: OnConflict = OnConflict::HandOver {
    within: Duration::ZERO,
};

/// What a server leaves that vanished at once after its last heartbeat: its
/// lock, and a lease that nobody renews.
async fn crashed(world: &World, number: u64) -> ServerId {
    let mut session = RawSession::of(number);
    let server = session.claimant.server.clone();
    let memory = &world.memory;
    let lock_expiry = Duration::from_secs(60);
    memory.renew_lease(&server, lock_expiry).await.unwrap();
    session.take(memory, None).await;
    server
}

/// A player who has played before, and whose server has crashed now.
async fn played_until_the_crash(world: &World, b: &SessionManager) -> ServerId {
    let session = b.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.set("Currency", 7).unwrap();
    session.end().await.unwrap();
    crashed(world, 1).await
}

#[tokio::test(start_paused = true)]
async fn l2_hand_over_gets_the_player_after_the_holder_has_saved_and_released() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let mut events = a.events();
    let held = a.start_session(1).await.unwrap();
    let slot = held.load_slot("Slot1").await.unwrap();
    slot.set("Currency", 7).unwrap();
    let (session, took) = timed(b.start_session(1)).await;
    let slot_of_b = session.unwrap().load_slot("Slot1").await.unwrap();
    assert_eq!(slot_of_b.get::<u64>("Currency").unwrap(), 7);
    assert!(
        took <= Duration::from_secs(6),
        "a heartbeat and a look: {took:?}"
    );
    assert!(matches!(
        slot.set("Currency", 8),
        Err(Error::SessionEnded { .. })
    ));
    let events = drain(&mut events);
    assert_eq!(
        count(
            &events,
            |e| matches!(e, Event::HandOverRequested { by, .. } if by == b.server())
        ),
        1
    );
    let reason = EndReason::HandOver;
    assert_eq!(
        count(
            &events,
            |e| matches!(e, Event::SessionEnded { reason: r, .. } if *r == reason)
        ),
        1
    );
    assert_eq!(
        count(&events, |e| matches!(e, Event::SessionLost { .. })),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn hand_over_fails_in_time_and_names_the_holder_who_does_not_let_go() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let held = a.start_session(1).await.unwrap();
    held.load_slot("Slot1").await.unwrap();
    world
        .store
        .inject(When::save().of(&player(1)), Fault::ErrorBefore);
    let within = Duration::from_secs(20);
    let (error, took) = timed(b.start_session_with(1, OnConflict::HandOver { within })).await;
    let Err(Error::PlayerHeld { holder, .. }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(holder.server, *a.server());
    assert_eq!(took, within);
    pass_secs(15).await;
    assert!(held.is_active(), "it goes on");
    let (error, took) = timed(b.start_session_with(1, NO_TIME)).await;
    assert!(matches!(error, Err(Error::PlayerHeld { .. })) && took.is_zero());
}

#[tokio::test(start_paused = true)]
async fn l2_a_holder_who_crashes_during_the_hand_over_is_replaced_once_its_lease_lapses() {
    let world = World::new();
    let b = world.server("b").await;
    played_until_the_crash(&world, &b).await;
    // The default: a crash refuses nobody who waits.
    let (session, took) = timed(b.start_session(1)).await;
    let session = session.unwrap();
    // Who has waited for that long looks every three to four seconds.
    assert!(
        (59..=64).contains(&took.as_secs()),
        "not before lock_expiry, and soon after: {took:?}"
    );
    let slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn l2_f12_a_dead_servers_lock_blocks_nobody_after_lock_expiry() {
    let world = World::new();
    crashed(&world, 1).await;
    let b = world.server("b").await;
    pass_secs(50).await;
    let early = b.start_session_with(1, OnConflict::Fail).await;
    assert!(matches!(early, Err(Error::PlayerHeld { .. })));
    pass_secs(11).await;
    let (session, took) = timed(b.start_session_with(1, OnConflict::Fail)).await;
    assert_eq!(session.unwrap().fence(), Fence::new(2));
    assert!(took.is_zero());
}

#[tokio::test(start_paused = true)]
async fn l2_f13_a_live_lock_is_left_alone_and_its_holder_goes_on_saving() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let held = a.start_session(1).await.unwrap();
    let slot = held.load_slot("Slot1").await.unwrap();
    for _ in 0..10 {
        let refused = b.start_session_with(1, OnConflict::Fail).await;
        let Err(Error::PlayerHeld { holder, .. }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(holder.session, held.id());
        pass_secs(60).await;
        slot.save().await.unwrap();
    }
    assert!(held.is_active());
}

#[tokio::test(start_paused = true)]
async fn l9_f11_a_session_outlives_any_expiry_and_a_lapsed_lease_that_nobody_used() {
    let world = World::new();
    let a = world.server("a").await;
    let held = a.start_session(1).await.unwrap();
    let slot = held.load_slot("Slot1").await.unwrap();
    pass_secs(4_000).await;
    slot.save().await.unwrap();
    world.store.inject(When::renew_lease(), Fault::ErrorBefore);
    pass_secs(4_000).await;
    slot.set("Currency", 7).unwrap();
    slot.save().await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
    world.store.calm();
    pass_secs(6).await;
    assert!(
        a.is_live(&a.holder(&player(1)).await.unwrap().unwrap())
            .await
            .unwrap()
    );
}

#[tokio::test(start_paused = true)]
async fn l4_e2_steal_takes_the_player_at_once_and_the_victim_is_told_by_notice() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let mut events = a.events();
    let held = a.start_session(1).await.unwrap();
    let slot = held.load_slot("Slot1").await.unwrap();
    let (stolen, took) = timed(b.start_session_with(1, OnConflict::Steal)).await;
    let stolen = stolen.unwrap();
    assert!(took.is_zero());
    world.store.record_calls();
    let event = wait_for(&mut events, |e| matches!(e, Event::SessionLost { .. })).await;
    let Event::SessionLost {
        holder, session, ..
    } = event
    else {
        unreachable!()
    };
    assert_eq!(session, held.id());
    assert_eq!(holder.unwrap().session, stolen.id());
    let ops: Vec<_> = world
        .store
        .calls()
        .iter()
        .map(|call| call.operation)
        .collect();
    assert!(
        !ops.contains(&Op::Save),
        "it need not try a save to find out"
    );
    assert!(held.is_lost() && a.session_count() == 0);
    assert!(matches!(
        slot.set("Currency", 8),
        Err(Error::SessionLost { .. })
    ));
    assert!(matches!(slot.save().await, Err(Error::SessionLost { .. })));
}

#[tokio::test(start_paused = true)]
async fn e2_a_victim_who_gets_no_notice_finds_out_at_its_next_save() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let mut events = a.events();
    let held = a.start_session(1).await.unwrap();
    let slot = held.load_slot("Slot1").await.unwrap();
    world.store.inject(When::notify(), Fault::ErrorBefore);
    let stolen = b.start_session_with(1, OnConflict::Steal).await.unwrap();
    slot.set("Currency", 7).unwrap();
    let Err(Error::SessionLost { holder, .. }) = slot.save().await else {
        panic!("saved")
    };
    assert_eq!(holder.unwrap().server, *b.server());
    assert_eq!(
        count(&drain(&mut events), |e| matches!(
            e,
            Event::SessionLost { .. }
        )),
        1
    );
    stolen.load_slot("Slot1").await.unwrap();
    let error = held.end().await.unwrap_err();
    assert!(matches!(*error.cause, Error::SessionLost { .. }));
    assert_eq!(error.unsaved[0].document.get::<u64>("Currency").unwrap(), 7);
    held.abandon().await.unwrap();
    pass_secs(70).await;
    let lost = count(&drain(&mut events), |e| {
        matches!(e, Event::SessionLost { .. })
    });
    assert_eq!(lost, 0, "told once");
}

#[tokio::test(start_paused = true)]
async fn e2_a_false_alarm_closes_nothing() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let held = a.start_session(1).await.unwrap();
    let notice = playerdata_core::backend::Notice {
        player: player(1),
        session: held.id(),
        kind: playerdata_core::backend::NoticeKind::Taken,
        from: b.server().clone(),
    };
    world
        .memory
        .notify(&a.server().name, &notice)
        .await
        .unwrap();
    pass_secs(11).await;
    assert!(held.is_active());
}

#[tokio::test(start_paused = true)]
async fn l1_f14_of_servers_that_start_at_once_exactly_one_gets_the_player() {
    let world = World::new();
    let (a, b, c) = (
        world.server("a").await,
        world.server("b").await,
        world.server("c").await,
    );
    world
        .store
        .inject(When::acquire(), Fault::delay(Duration::from_millis(5)));
    let starts = [&a, &b, &c].map(|manager| manager.start_session_with(1, OnConflict::Fail));
    let starts = futures::future::join_all(starts).await;
    assert_eq!(starts.iter().filter(|start| start.is_ok()).count(), 1);
    let refused = starts
        .iter()
        .filter(|s| matches!(s, Err(Error::PlayerHeld { .. })));
    assert_eq!(refused.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn l1_l3_three_servers_that_want_one_player_get_it_in_turn_and_nothing_is_lost() {
    let world = World::new();
    let managers = [
        world.server("a").await,
        world.server("b").await,
        world.server("c").await,
    ];
    let within = Duration::from_secs(600);
    let visits = managers.iter().map(|manager| async {
        let mut fences = Vec::new();
        for _ in 0..5 {
            let asked = OnConflict::HandOver { within };
            let session = manager.start_session_with(1, asked).await.unwrap();
            let slot = session.load_slot("Slot1").await.unwrap();
            slot.increment("Currency", 1).unwrap();
            fences.push(session.fence());
            pass_ms(700).await; // plays until done, or until somebody asks
            match session.end().await {
                Ok(()) => {}
                Err(error) => panic!("{error}"),
            }
        }
        fences
    });
    let mut fences: Vec<_> = futures::future::join_all(visits).await.concat();
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 515);
    fences.sort();
    fences.dedup();
    assert_eq!(fences.len(), 15, "no fence twice");
}

#[tokio::test(start_paused = true)]
async fn l2_two_who_wait_for_a_dead_servers_player_do_not_both_get_it() {
    let world = World::new();
    crashed(&world, 1).await;
    pass_secs(61).await;
    let (b, c) = (world.server("b").await, world.server("c").await);
    world.store.inject(
        When::lease_is_live(),
        Fault::delay(Duration::from_millis(5)),
    );
    let (one, other) = tokio::join!(
        b.start_session_with(1, OnConflict::Fail),
        c.start_session_with(1, OnConflict::Fail)
    );
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
}

#[tokio::test(start_paused = true)]
async fn many_requests_for_one_player_are_one_end() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let mut events = a.events();
    let held = a.start_session(1).await.unwrap();
    held.load_slot("Slot1").await.unwrap();
    world.store.inject(When::save(), Fault::HangBefore);
    let asked = b.start_session_with(
        1,
        OnConflict::HandOver {
            within: Duration::from_secs(14),
        },
    );
    assert!(matches!(asked.await, Err(Error::PlayerHeld { .. })));
    let events = drain(&mut events);
    assert_eq!(
        count(&events, |e| matches!(e, Event::HandOverRequested { .. })),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn l10_a_wrong_clock_costs_an_early_take_over_and_no_save_of_the_new_holder() {
    // The leases lapse by a clock that jumps ahead.
    let clock = Arc::new(ManualClock::starting_at(UnixMillis::new(1_000)));
    let memory = MemoryBackend::with_clock(clock.clone());
    let world = World::on(memory, Arc::new(RuntimeClock::new()));
    let (a, b) = (world.server("a").await, world.server("b").await);
    let held = a.start_session(1).await.unwrap();
    let slot = held.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    clock.advance(Duration::from_secs(3_600));
    let taken = b.start_session_with(1, OnConflict::Fail).await.unwrap();
    let slot_of_b = taken.load_slot("Slot1").await.unwrap();
    slot_of_b.set("Currency", 9).unwrap();
    slot_of_b.save().await.unwrap();
    clock.set(UnixMillis::new(0));
    slot.set("Currency", 1).unwrap();
    assert!(matches!(slot.save().await, Err(Error::SessionLost { .. })));
    slot_of_b.save().await.unwrap();
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 9);
}

#[tokio::test(start_paused = true)]
async fn e7_a_hand_over_whose_future_was_dropped_leaves_nobody_with_half_a_player() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let held = a.start_session(1).await.unwrap();
    held.load_slot("Slot1")
        .await
        .unwrap()
        .set("Currency", 7)
        .unwrap();
    begin_and_drop(b.start_session(1)).await;
    pass_secs(30).await;
    // It was asked for, got, and given back, since nobody waited for it.
    assert!(!held.is_active() && !world.is_locked(&player(1)).await);
    assert_eq!(world.stored(&player(1), "Slot1").await["Currency"], 7);
    assert_eq!(b.session_count(), 0);
}
