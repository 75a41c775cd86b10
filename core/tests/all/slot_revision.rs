//! What a slot says of its revision, as its saves and its loads go by.

use std::sync::Arc;

use playerdata_core::{OnConflict, SessionManager};
use playerdata_memory::MemoryBackend;

async fn manager(backend: &MemoryBackend) -> SessionManager {
    let builder = SessionManager::builder(Arc::new(backend.clone()));
    builder.start().await.expect("memory is there")
}

#[tokio::test]
async fn a_slot_says_which_revision_the_store_has() {
    let backend = MemoryBackend::new();
    let manager = manager(&backend).await;
    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(slot.revision().get(), 0, "it was never written");

    let saved = slot.save().await.unwrap();
    assert_eq!(slot.revision(), saved.revision());
    assert_eq!(slot.revision().get(), 1);

    slot.set("Currency", 7).unwrap();
    assert_eq!(slot.revision().get(), 1, "a change is not a write");
    session.end().await.unwrap();
    assert_eq!(slot.revision().get(), 2, "the last save counts");

    let session = manager.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(slot.revision().get(), 2);
}

#[tokio::test]
async fn a_save_that_was_refused_leaves_the_revision_alone() {
    let backend = MemoryBackend::new();
    let (loser, thief) = (manager(&backend).await, manager(&backend).await);
    let session = loser.start_session(1).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();

    let stolen = thief
        .start_session_with(1, OnConflict::Steal)
        .await
        .unwrap();
    stolen
        .load_slot("Slot1")
        .await
        .unwrap()
        .save()
        .await
        .unwrap();
    slot.save().await.unwrap_err();
    assert_eq!(slot.revision().get(), 1);
}
