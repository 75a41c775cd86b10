//! `playerdata`, as a game uses it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use playerdata_benches::documents::Standard;
use playerdata_core::{
    Document, OnConflict, Session, SessionManager, Settings, Slot, backend::Backend,
};

use crate::saver::{PLAYERS, Saver, Savers};

struct Ours {
    slot: Slot<Document>,
    _session: Session<Document>,
    _manager: Arc<SessionManager<Document>>,
}

#[async_trait]
impl Saver for Ours {
    async fn save(&mut self) {
        let changed = self.slot.increment("Currency", 1);
        changed.expect("there is room for more");
        self.slot.save().await.expect("the store is there");
    }
}

/// Players with a session and an open slot each.
pub(crate) async fn savers(backend: Arc<dyn Backend>, standard: Standard) -> Savers {
    let mut settings = Settings::default();
    settings.force_save_every = 0; // only what is measured is saved
    settings.operation_timeout = Duration::from_secs(60);
    settings.lock_expiry = Duration::from_secs(600);
    let builder = SessionManager::typed(backend, move |_| standard.document());
    let manager = builder.settings(settings).start().await;
    let manager = Arc::new(manager.expect("the store is there"));
    let mut savers: Savers = Vec::new();
    for player in 0..PLAYERS {
        let session = manager.start_session_with(player, OnConflict::Fail).await;
        let session = session.expect("nobody else holds the player");
        let slot = session.load_slot("Slot1").await.expect("the slot is new");
        savers.push(Box::new(Ours {
            slot,
            _session: session,
            _manager: Arc::clone(&manager),
        }));
    }
    savers
}
