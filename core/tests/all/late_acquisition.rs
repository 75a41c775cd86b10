//! An acquisition that the network delivers twice, the second time late.
#![allow(clippy::unwrap_used)] // what a test can't go on without

use std::sync::Arc;

use bytes::Bytes;
use playerdata_core::{
    Clock, Document, Error, ManualClock, PlayerId, Session, SessionManager, SlotName,
    backend::{Acquisition, Backend, Claimant},
};
use playerdata_memory::MemoryBackend;
use playerdata_raw_session::RawSession;

/// Takes the player from the session, writes the slot, and leaves.
async fn somebody_else_plays(store: &dyn Backend, player: &PlayerId, former: &Claimant) {
    let claimant = Claimant {
        session: playerdata_raw_session::session(9),
        ..former.clone()
    };
    let mut other = RawSession::by(player.clone(), claimant);
    other.take_over(store).await;
    other.open(store).await;
    other.save(store, r#"{"Currency":7}"#).await;
    other.release(store).await;
}

/// A session that lost its player without knowing, and was then given the
/// lock a second time by a late copy of its own request.
async fn resurrected(store: &Arc<MemoryBackend>) -> (SessionManager, Session<Document>, PlayerId) {
    let player = PlayerId::from(7);
    let manager = SessionManager::builder(store.clone())
        .start()
        .await
        .unwrap();
    let session = manager.start_session(player.clone()).await.unwrap();
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.save().await.unwrap();
    let claimant = Claimant {
        session: session.id(),
        server: manager.server().clone(),
        at: ManualClock::default().now(),
    };
    somebody_else_plays(&**store, &player, &claimant).await;
    let late = store.acquire(&player, &claimant, None).await;
    assert!(matches!(late, Ok(Acquisition::Acquired { .. })));
    (manager, session, player)
}

async fn stored(store: &MemoryBackend, player: &PlayerId) -> Bytes {
    let slot = SlotName::new("Slot1").unwrap();
    let record = store.view(player, &slot).await.unwrap();
    record.expect("the slot was saved").body.bytes
}

#[tokio::test(start_paused = true)]
async fn l4_a_session_that_is_given_the_lock_again_late_saves_over_nobody() {
    let store = Arc::new(MemoryBackend::new());
    let (_manager, session, player) = resurrected(&store).await;
    let slot = session.load_slot("Slot1").await.unwrap();
    slot.set("Currency", 1).unwrap();
    let saved = slot.save().await;
    assert!(matches!(saved, Err(Error::SessionLost { .. })), "{saved:?}");
    assert_eq!(stored(&store, &player).await, "{\"Currency\":7}");
}

#[tokio::test(start_paused = true)]
async fn l4_a_session_that_is_given_the_lock_again_late_loads_and_deletes_nothing() {
    let store = Arc::new(MemoryBackend::new());
    let (_manager, session, player) = resurrected(&store).await;
    let deleted = session.delete_slot("Slot1").await;
    assert!(
        matches!(deleted, Err(Error::SessionLost { .. })),
        "{deleted:?}"
    );
    let loaded = session.load_slot("Slot2").await;
    assert!(
        matches!(loaded, Err(Error::SessionLost { .. })),
        "{loaded:?}"
    );
    assert_eq!(stored(&store, &player).await, "{\"Currency\":7}");
}

#[tokio::test(start_paused = true)]
async fn l8_a_lock_that_was_given_again_late_is_released() {
    let store = Arc::new(MemoryBackend::new());
    let (manager, session, player) = resurrected(&store).await;
    session.load_slot("Slot2").await.unwrap_err();
    let heartbeat = manager.settings().heartbeat_interval;
    for _ in 0..3 {
        tokio::time::sleep(heartbeat).await;
    }
    assert_eq!(store.holder(&player).await.unwrap(), None);
}
