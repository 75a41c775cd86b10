//! What errors say (E14): what happened, to whom, and why; each thing once.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use crate::support;

use std::error::Error as StdError;

use playerdata_core::{Error, OnConflict, Settings, StartError};
use serde_json::json;
use support::*;

/// An error as a program prints it: with what caused it, and what caused that.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Checks that an error says this much by itself, and nothing twice.
#[track_caller]
fn assert_says(error: &dyn StdError, parts: &[&str]) {
    let (alone, whole) = (error.to_string(), chain(error));
    for part in parts {
        assert!(alone.contains(part), "{part:?} is not in {alone:?}");
    }
    let mut told: Vec<_> = whole.split(": ").collect();
    let all = told.len();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), all, "{whole:?} says something twice");
}

#[tokio::test(start_paused = true)]
async fn e14_an_error_says_what_happened_to_whom_and_why() {
    let world = World::new();
    let manager = world
        .server_with("a", |s| s.max_document_bytes = 1_000)
        .await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    let missing = slot.get::<u64>("Curency").unwrap_err();
    assert_says(&missing, &["player 1", "Slot1", "Curency"]);
    world.store.inject(When::save(), Fault::Rejected);
    let refused = slot.save().await.unwrap_err();
    let why = ["save the slot", "player 1", "Slot1", "injected"];
    assert_says(&refused, &why);
    let ended = session.end().await.unwrap_err();
    assert_says(&ended, &["player 1", "1 document unsaved", "injected"]);
    world.store.calm();
    slot.put_gift("noise", "x".repeat(1_000)).unwrap();
    let too_large = slot.save().await.unwrap_err();
    assert_says(&too_large, &["player 1", "Slot1", "1000"]);
    slot.take_gift("noise").unwrap();
    session.end().await.unwrap();
    let over = slot.set("Currency", 1).unwrap_err();
    assert_says(&over, &["player 1", "has ended"]);
}

#[tokio::test(start_paused = true)]
async fn e14_a_save_that_has_to_open_the_slot_again_is_a_save_that_failed() {
    let world = World::new();
    let manager = world.server("a").await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    world.store.inject(When::save().nth(1), Fault::ErrorInDoubt);
    world.store.inject(When::open(), Fault::ErrorBefore);
    let error = slot.save().await.unwrap_err();
    assert_says(&error, &["could not save the slot of player 1, slot Slot1"]);
    assert!(!error.to_string().contains("open"), "{error}");
    let error = session.delete_slot("Slot2").await.unwrap_err();
    assert_says(
        &error,
        &["could not delete the slot of player 1, slot Slot2"],
    );
    let error = session.load_slot("Slot3").await.unwrap_err();
    assert_says(&error, &["could not open the slot of player 1, slot Slot3"]);
}

#[tokio::test(start_paused = true)]
async fn e14_what_keeps_a_server_from_starting_is_in_the_text() {
    let world = World::new();
    world
        .store
        .inject(When::renew_lease().nth(1), Fault::Rejected);
    let refused = world.builder("a").start().await.unwrap_err();
    assert_says(&refused, &["lease", "injected"]);
    let mut settings = Settings::default();
    settings.save_attempts = 0;
    let started = world.builder("a").settings(settings).start().await;
    assert_says(&started.unwrap_err(), &["save_attempts"]);
    let mut settings = Settings::default();
    let bad = json!({"Inventory": 7});
    settings.default_data = bad.as_object().unwrap().clone();
    let started = world.builder("a").settings(settings).start().await;
    assert!(matches!(started, Err(StartError::DefaultData(_))));
    assert_says(&started.unwrap_err(), &["default_data", "inventory"]);
}

#[tokio::test(start_paused = true)]
async fn e14_no_text_holds_more_than_an_excerpt_of_a_players_data() {
    let world = World::new();
    let writer = playerdata_core::SessionManager::typed(
        world.store.clone(),
        |_| json!({ "Inventory": "secret".repeat(10_000) }),
    );
    let writer = writer.start().await.unwrap();
    let session = writer.start_session(1).await.unwrap();
    session
        .load_slot("Slot1")
        .await
        .unwrap()
        .save()
        .await
        .unwrap();
    session.end().await.unwrap();
    let manager = world.server("a").await;
    let session = manager
        .start_session_with(1, OnConflict::Fail)
        .await
        .unwrap();
    let error = session.load_slot("Slot1").await.unwrap_err();
    assert!(matches!(error, Error::Undecodable { .. }));
    for text in [error.to_string(), format!("{error:?}"), chain(&error)] {
        assert!(text.len() < 700, "{} bytes", text.len());
    }
    let Error::Undecodable { body, .. } = &error else {
        unreachable!()
    };
    assert!(
        format!("{body:?}").len() < 200,
        "it does not belong in a log"
    );
}
