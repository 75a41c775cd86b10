//! What could not be saved at the end of a session, as an error.

use std::{error::Error, sync::Arc};

use playerdata_core::{PlayerId, SessionManager};
use playerdata_memory::{MemoryBackend, MemoryOptions};
use serde::{Deserialize, Serialize};

/// A game's own type, without a `Debug`.
#[derive(Clone, Serialize, Deserialize)]
struct Profile {
    secret: String,
}

#[tokio::test]
async fn e1_the_error_holds_the_document_and_its_debug_form_does_not_tell_it() {
    let backend = MemoryBackend::with_options(MemoryOptions::default().max_body_bytes(10));
    let defaults = |_: &PlayerId| Profile {
        secret: "hunter2 ".repeat(100),
    };
    let manager = SessionManager::typed(Arc::new(backend), defaults);
    let manager = manager.start().await.unwrap();
    let session = manager.start_session(1).await.unwrap();
    session.load_slot("Slot1").await.unwrap();

    let error = session.end().await.unwrap_err();
    assert!(error.unsaved[0].document.secret.starts_with("hunter2"));
    let error: Box<dyn Error> = error.into();
    assert!(!format!("{error:?}").contains("hunter2"));
    assert!(format!("{error:?}").contains("Slot1"));
}
