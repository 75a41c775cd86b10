//! What an operator does and sees: look, free, erase, events, the log.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::{
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use playerdata_core::{
    EVENT_BUFFER, Error, Event, LeaseHealth, OnConflict, Revision, SlotName, StartError,
    backend::{Hazard, HazardKind, Operation, Release},
};
use support::*;
use tracing_subscriber::fmt::MakeWriter;

#[tokio::test(start_paused = true)]
async fn an_operator_sees_holder_slots_and_documents_without_a_session() {
    let world = World::new();
    let (a, tool) = (world.server("a").await, world.server("tool").await);
    let session = a.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.add_item("Bread", 995).unwrap();
    slot.save().await.unwrap();
    let lock = tool.holder(&player(1)).await.unwrap().unwrap();
    assert_eq!((&lock.server, lock.session), (a.server(), session.id()));
    assert!(tool.is_live(&lock).await.unwrap());
    let list = tool.list(&player(1)).await.unwrap();
    assert_eq!((list.len(), list[0].revision), (1, Revision::new(1)));
    let name = SlotName::new("Slot1").unwrap();
    let record = tool.view(&player(1), &name).await.unwrap().unwrap();
    let json = tool.decode(&player(1), &name, &record).unwrap();
    assert_eq!(json["Inventory"][1]["Quantity"], 1_000);
    let nothing = tool
        .view(&player(1), &SlotName::new("Slot2").unwrap())
        .await
        .unwrap();
    assert!(nothing.is_none() && tool.holder(&player(2)).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_freed_player_is_lost_to_its_session_at_the_next_heartbeat() {
    let world = World::new();
    let (a, tool) = (world.server("a").await, world.server("tool").await);
    let mut events = a.events();
    let session = a.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let lock = tool.holder(&player(1)).await.unwrap().unwrap();
    assert_eq!(
        tool.force_release(&player(1), &lock).await.unwrap(),
        Release::Released
    );
    assert_eq!(
        tool.force_release(&player(1), &lock).await.unwrap(),
        Release::NotHeld
    );
    let (_, took) = timed(wait_for(&mut events, |e| {
        matches!(e, Event::SessionLost { holder: None, .. })
    }))
    .await;
    assert!(took <= Duration::from_secs(6), "{took:?}");
    assert!(matches!(
        slot.set("Currency", 1),
        Err(Error::SessionLost { holder: None, .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn l6_freeing_names_the_lock_that_was_looked_at_and_spares_a_later_one() {
    let world = World::new();
    let (a, tool) = (world.server("a").await, world.server("tool").await);
    let session = a.start_session(1).await.unwrap();
    let lock = tool.holder(&player(1)).await.unwrap().unwrap();
    session.end().await.unwrap();
    let later = a.start_session(1).await.unwrap();
    assert_eq!(
        tool.force_release(&player(1), &lock).await.unwrap(),
        Release::NotHeld
    );
    pass_secs(6).await;
    assert!(later.is_active() && world.is_locked(&player(1)).await);
}

#[tokio::test(start_paused = true)]
async fn l3_erasing_is_refused_while_held_and_leaves_nothing_but_the_fence() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    session
        .load_slot("Slot1")
        .await
        .unwrap()
        .save()
        .await
        .unwrap();
    let Err(Error::PlayerHeld { holder, .. }) = manager.erase(&player(1)).await else {
        panic!("erased under a session");
    };
    assert_eq!(holder.session, session.id());
    session.end().await.unwrap();
    manager.erase(&player(1)).await.unwrap();
    manager.erase(&player(1)).await.unwrap();
    assert!(manager.list(&player(1)).await.unwrap().is_empty());
    let session = manager.start_session(1).await.unwrap();
    assert_eq!(session.fence().get(), 2);
    let slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 500);
}

#[tokio::test(start_paused = true)]
async fn e8_every_call_of_an_operator_says_that_the_store_failed() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let lock = manager.holder(&player(1)).await.unwrap().unwrap();
    let name = SlotName::new("Slot1").unwrap();
    world.store.inject(When::any(), Fault::ErrorBefore);
    let errors = [
        manager.holder(&player(1)).await.unwrap_err(),
        manager.is_live(&lock).await.unwrap_err(),
        manager.list(&player(1)).await.unwrap_err(),
        manager.view(&player(1), &name).await.unwrap_err(),
        manager.force_release(&player(1), &lock).await.unwrap_err(),
        manager.erase(&player(1)).await.unwrap_err(),
        session.slots().await.unwrap_err(),
        session.delete_slot("Slot2").await.unwrap_err(),
    ];
    for error in errors {
        let Error::StoreUnavailable(failure) = &error else {
            panic!("{error}")
        };
        assert!(error.is_transient());
        let about_player = failure.player.is_some();
        assert!(
            about_player || failure.operation == Operation::LeaseIsLive,
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_listener_is_told_how_many_events_it_missed() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let (mut slow, mut fast) = (manager.events(), manager.events());
    let saves = EVENT_BUFFER + 100;
    for _ in 0..saves {
        slot.save().await.unwrap();
        assert!(matches!(fast.next().await, Some(Event::SlotSaved { .. })));
    }
    assert!(matches!(
        slow.next().await,
        Some(Event::Lagged { count: 100 })
    ));
    assert_eq!(drain(&mut slow).len(), EVENT_BUFFER);
    assert!(slow.try_next().is_none());
    drop((slot, session));
    pass_secs(1).await;
    drop(manager);
    pass_secs(1).await;
    drain(&mut slow);
    assert!(slow.next().await.is_none(), "the end");
}

/// What was logged, line by line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    fn capture() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        (log, guard)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

async fn a_typical_evening(debug: bool) -> String {
    let (log, _guard) = Log::capture();
    let world = World::new();
    let a = world.server_with("a", |s| s.debug = debug).await;
    let b = world.server_with("b", |s| s.debug = debug).await;
    let session = a.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.put_gift("secret", "SesameOpen").unwrap();
    slot.save().await.unwrap();
    slot.set("Currency", 123_454_321).unwrap();
    pass_secs(31).await;
    slot.increment("Level", 1).unwrap();
    slot.decrement("Level", 1).unwrap();
    pass_secs(31).await;
    b.start_session_with(1, OnConflict::Fail).await.unwrap_err();
    world.store.inject(When::save().nth(1), Fault::ErrorInDoubt);
    slot.increment("Level", 1).unwrap();
    slot.save().await.unwrap();
    session.end().await.unwrap();
    let again = a.start_session(1).await.unwrap();
    again.load_slot("Slot1").await.unwrap();
    log.text()
}

#[tokio::test(start_paused = true)]
async fn e8_debug_mode_reports_each_decision_and_never_a_document() {
    let log = a_typical_evening(true).await;
    for decision in [
        "lock taken",
        "nothing stored: defaults used",
        "slot saved",
        r#"changed=Some(["Currency"])"#,
        "slot skipped: unchanged",
        "lock refused",
        "server a", // by whom
        "save failed",
        "lock released",
        "slot loaded",
    ] {
        assert!(log.contains(decision), "{decision} is not in\n{log}");
    }
    for secret in ["SesameOpen", "123454321", "Starter Sword"] {
        assert!(!log.contains(secret), "{secret} is in\n{log}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_debug_mode_decisions_are_not_reported_but_failures_are() {
    let log = a_typical_evening(false).await;
    assert!(
        !log.contains("lock taken") && !log.contains("slot saved"),
        "{log}"
    );
    assert!(log.contains("save failed"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn e5_a_dropped_manager_logs_what_it_abandons() {
    let (log, _guard) = Log::capture();
    let world = World::new();
    let manager = world.server("a").await;
    let _session = manager.start_session("p-4711").await.unwrap();
    drop(manager);
    let text = log.text();
    assert!(
        text.contains("dropped without shutdown") && text.contains("p-4711"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn s1_what_the_store_could_lose_is_logged_and_told_first_to_whoever_listens() {
    let (log, _guard) = Log::capture();
    let world = World::new();
    let hazard = Hazard::new(HazardKind::NotPersistent, "nothing is on disk");
    world.store.set_hazards(vec![hazard.clone()]);
    let manager = world.server("a").await;
    let line = "the store may lose player data hazard=nothing is on disk";
    assert!(log.text().contains(line), "{}", log.text());

    let (mut early, mut late) = (manager.events(), manager.events());
    let session = manager.start_session(1).await.unwrap();
    session.end().await.unwrap();
    for events in [&mut early, &mut late] {
        let told = match events.next().await {
            Some(Event::StoreAtRisk { hazard }) => hazard,
            other => panic!("{other:?}"),
        };
        assert_eq!(told, hazard);
        assert!(matches!(
            events.try_next(),
            Some(Event::SessionEnded { .. })
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn e8_a_store_that_does_not_say_what_it_could_lose_is_told_and_stops_no_start() {
    let world = World::new();
    for fault in [Fault::Rejected, Fault::HangBefore, Fault::Panic] {
        world.store.inject(When::hazards().nth(1), fault);
        let (manager, took) = timed(world.server("a")).await;
        assert!(took <= manager.settings().operation_timeout, "{took:?}");
        match manager.events().try_next() {
            Some(Event::StoreAtRisk { hazard }) => {
                assert_eq!(hazard.kind, HazardKind::Unknown, "{fault:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(world.server("a").await.events().try_next().is_none());
}

#[tokio::test(start_paused = true)]
async fn s13_a_store_that_may_drop_players_is_refused_unless_the_program_accepts_it_by_name() {
    let world = World::new();
    let hazard = Hazard::new(HazardKind::EvictsPlayers, "maxmemory-policy is allkeys-lru");
    world.store.set_hazards(vec![hazard.clone()]);
    let refused = world.builder("a").start().await.unwrap_err();
    assert!(matches!(&refused, StartError::Hazard { hazard: why } if *why == hazard));
    assert_eq!(
        refused.to_string(),
        "the store may lose player data (evicts-players): maxmemory-policy is allkeys-lru"
    );

    let builder = world.builder("a").accept_hazard(HazardKind::EvictsPlayers);
    let manager = builder.start().await.unwrap();
    assert!(manager.start_session(1).await.is_ok());
    let told = manager.events().try_next();
    assert!(matches!(told, Some(Event::StoreAtRisk { hazard: why }) if why == hazard));
}

#[tokio::test(start_paused = true)]
async fn s13_a_store_that_comes_to_lose_players_is_told_at_the_next_heartbeat_and_starts_nothing() {
    let world = World::new();
    let manager = world.server("a").await;
    let mut events = manager.events();
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let hazard = Hazard::new(HazardKind::FileReplaced, "another file is at the path");
    world.store.set_hazards(vec![hazard.clone()]);
    let heartbeat = manager.settings().heartbeat_interval;
    tokio::time::sleep(heartbeat * 3).await;

    let told = events.try_next();
    assert!(matches!(told, Some(Event::StoreAtRisk { hazard: why }) if why == hazard));
    assert!(events.try_next().is_none(), "told once");
    let refused = manager.start_session(2).await.unwrap_err();
    assert!(matches!(refused, Error::StoreAtRisk { .. }), "{refused}");
    slot.save().await.unwrap();

    world.store.set_hazards(Vec::new());
    tokio::time::sleep(heartbeat * 2).await;
    assert!(manager.start_session(2).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn e3_an_error_says_whether_to_wait_to_ask_again_or_to_send_the_player_away() {
    let world = World::new();
    let (a, b) = (world.server("a").await, world.server("b").await);
    let session = a.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let says = |error: &Error| (error.is_transient(), error.is_held(), error.is_lost());

    let held = b.start_session_with(1, OnConflict::Fail).await.unwrap_err();
    assert_eq!(says(&held), (false, true, false), "{held}");
    world.store.inject(When::save(), Fault::ErrorBefore);
    let down = slot.save().await.unwrap_err();
    assert_eq!(says(&down), (true, false, false), "{down}");
    world.store.calm();
    b.start_session_with(1, OnConflict::Steal).await.unwrap();
    let lost = slot.save().await.unwrap_err();
    assert_eq!(says(&lost), (false, false, true), "{lost}");
}

#[tokio::test(start_paused = true)]
async fn health_says_whether_new_players_should_be_sent_here() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let health = manager.health();
    assert!(health.is_ready() && health.is_alive());
    assert_eq!(health.sessions, 1);
    let expiry = manager.settings().lock_expiry;
    assert!(matches!(health.lease, LeaseHealth::Live { lapses_in } if lapses_in <= expiry));

    world.store.inject(When::renew_lease(), Fault::ErrorBefore);
    tokio::time::sleep(expiry * 2).await;
    let health = manager.health();
    assert_eq!(health.lease, LeaseHealth::Lapsed);
    assert!(
        !health.is_ready() && health.is_alive(),
        "a restart would not help"
    );
    world.store.calm();
    tokio::time::sleep(expiry).await;
    assert!(manager.health().is_ready());

    world
        .store
        .set_hazards(vec![Hazard::new(HazardKind::EvictsPlayers, "allkeys-lru")]);
    tokio::time::sleep(expiry).await;
    assert!(!manager.health().is_ready());
    world.store.set_hazards(Vec::new());
    tokio::time::sleep(expiry).await;
    assert!(manager.health().is_ready());

    let later = world.server("a").await;
    tokio::time::sleep(expiry).await;
    assert!(!manager.health().is_ready() && !manager.health().is_alive());
    assert!(later.health().is_ready());
    session.abandon().await.ok(); // its player may be taken already
    later.shutdown(Duration::from_secs(1)).await;
    assert!(later.health().is_shutting_down && !later.health().is_ready());
}
