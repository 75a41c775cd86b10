//! What a save costs the server.

use crate::support;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use playerdata_core::{Event, SaveReason, Session, SessionManager, Settings, Slot};
use support::{RawSession, TestServer, connect, options};

/// Calls by command since the statistics were reset.
async fn calls(server: &TestServer) -> BTreeMap<String, u64> {
    let stats: String = server.ask(&["INFO", "commandstats"]).await;
    let line = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
    };
    stats.lines().filter_map(line).collect()
}

/// What the test itself asks, and its connections' greetings.
fn is_the_test_s_own(call: &str) -> bool {
    matches!(call, "config|resetstat" | "info" | "client|setinfo")
}

#[tokio::test]
async fn a_thousand_saves_are_a_thousand_sets_and_nothing_else() {
    let server = TestServer::start(&["--appendfsync", "everysec"]).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut games = Vec::new();
    for player in 0..10 {
        games.push(RawSession::start(&backend, player.to_string()).await);
    }
    server.ask::<()>(&["CONFIG", "RESETSTAT"]).await;
    for round in 0..100 {
        for game in &mut games {
            game.save(&backend, &format!("round {round}")).await;
        }
    }
    let mut calls = calls(&server).await;
    assert_eq!(calls.remove("set"), Some(1_000));
    calls.retain(|name, _| !is_the_test_s_own(name));
    assert_eq!(calls, BTreeMap::new());
}

/// A player who comes and leaves again: the lock, the slot and the release. Which
/// claims there are is known here, and that no version is due is what the opening
/// says.
#[tokio::test]
async fn h3_a_visit_is_three_scripts_or_two() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut settings = Settings::default();
    // A heartbeat is a script: none falls into the time that is looked at.
    settings.heartbeat_interval = Duration::from_secs(600);
    settings.lock_expiry = Duration::from_secs(3_600);
    let manager = SessionManager::builder(Arc::new(backend)).settings(settings);
    let manager = manager.start().await.unwrap();
    let visit = async || {
        let (session, slot) = settled(&manager, 1).await.remove(0);
        session.end().await.expect("it ends");
        slot
    };
    let first = visit().await;
    visit().await;
    // The second one found a record, of which a version is kept meanwhile.
    let (player, slot) = (first.player(), first.name());
    let kept = async {
        while manager.versions(player, slot).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let kept = tokio::time::timeout(Duration::from_secs(60), kept).await;
    kept.expect("a version is kept");
    server.ask::<()>(&["CONFIG", "RESETSTAT"]).await;
    for _ in 0..10 {
        visit().await;
    }
    let calls = calls(&server).await;
    assert_eq!(calls.get("evalsha"), Some(&30), "{calls:?}");
    assert_eq!(calls.get("eval"), None, "{calls:?}");

    // Two, if the slot is opened together with the lock.
    server.ask::<()>(&["CONFIG", "RESETSTAT"]).await;
    for _ in 0..10 {
        let (session, slot) = manager.start_and_load(0_u64, "Slot1").await.unwrap();
        slot.save().await.expect("it is saved");
        session.end().await.expect("it ends");
    }
    let calls = self::calls(&server).await;
    assert_eq!(calls.get("evalsha"), Some(&20), "{calls:?}");
}

/// Players of a manager, each with one slot that is saved.
async fn settled(manager: &SessionManager, players: u64) -> Vec<(Session, Slot)> {
    let play = async |player: u64| {
        let session = manager.start_session(player).await.expect("it starts");
        let slot = session.load_slot("Slot1").await.expect("it loads");
        slot.save().await.expect("it is saved");
        (session, slot)
    };
    let games: Vec<_> = (0..players).map(play).collect();
    stream::iter(games).buffered(64).collect().await
}

#[tokio::test]
async fn a_thousand_autosaves_are_a_thousand_sets_and_no_script() {
    let server = TestServer::start(&["--appendfsync", "everysec"]).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut settings = Settings::default();
    settings.autosave_interval = Duration::from_secs(2);
    settings.force_save_every = 0;
    // A heartbeat is a script: none falls into the time that is looked at.
    settings.heartbeat_interval = Duration::from_secs(600);
    settings.lock_expiry = Duration::from_secs(3_600);
    let manager = SessionManager::builder(Arc::new(backend)).settings(settings);
    let manager = manager.start().await.unwrap();
    let games = settled(&manager, 1_000).await;

    server.ask::<()>(&["CONFIG", "RESETSTAT"]).await;
    let mut events = manager.events();
    for (_, slot) in &games {
        slot.increment("Currency", 1).unwrap();
    }
    for _ in 0..games.len() {
        match events.next().await {
            Some(Event::SlotSaved { reason, .. }) => assert_eq!(reason, SaveReason::Autosave),
            other => panic!("{other:?}"),
        }
    }
    assert!(games.iter().all(|(_, slot)| !slot.is_unsaved()));
    let mut calls = calls(&server).await;
    assert_eq!(calls.remove("set"), Some(1_000));
    calls.retain(|name, _| !is_the_test_s_own(name));
    assert_eq!(calls, BTreeMap::new());
}
