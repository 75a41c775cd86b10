//! What the backend is for: a game on it, on a bad day.

use std::sync::Arc;

use playerdata_core::{SessionManager, SystemClock};
use playerdata_faults::{Fault, FaultyBackend, When};

use crate::backend::FilesBackend;

#[tokio::test]
async fn a_game_on_a_bad_day_loses_nothing() {
    let root = tempfile::tempdir().unwrap();
    let store = Arc::new(FilesBackend::new(root.path(), Arc::new(SystemClock)));
    let bad_day = FaultyBackend::new(store.clone())
        // Asked for, and refused before it was applied.
        .inject(When::acquire().nth(1), Fault::ErrorBefore)
        // Applied, and the server hears of an error.
        .inject(When::save().nth(1), Fault::ErrorAfter)
        .inject(When::release().nth(1), Fault::ErrorAfter);

    let game = SessionManager::builder(Arc::new(bad_day.clone()));
    let game = game.start().await.unwrap();
    let session = game.start_session(4711_u64).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.set("Currency", 700).unwrap();
    assert_eq!(slot.save().await.unwrap().revision().get(), 1);
    session.end().await.unwrap();
    assert_eq!(bad_day.injected().len(), 3);

    let next = SessionManager::builder(store).start().await.unwrap();
    let session = next.start_session(4711_u64).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    assert_eq!(slot.get::<u64>("Currency").unwrap(), 700);
}
