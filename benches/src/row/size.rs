//! What an idle session takes beside its document.

use std::sync::Arc;

use peak_alloc::PeakAlloc;
use playerdata_core::backend::Backend;
use playerdata_memory::MemoryBackend;
use tokio::runtime::Runtime;

use crate::{documents::Standard, guarded, report::Row, sessions::Crowd};

const LIMIT_BYTES: f64 = 1_024.0;

/// Bytes an idle session takes: those of a crowd of them, less those of their
/// documents and less those that the memory backend takes for the players.
#[must_use]
pub fn row(runtime: &Runtime, allocator: &PeakAlloc, sessions: u64) -> Row {
    let documents = taken(allocator, || {
        let documents = (0..sessions).map(|_| Arc::new(Standard::A.document()));
        documents.collect::<Vec<_>>()
    });
    let store = taken(allocator, || runtime.block_on(filled_store(sessions)));
    let crowd = taken(allocator, || {
        let mut crowd = Crowd::gather(Arc::new(MemoryBackend::new()), sessions, Standard::A);
        crowd.cycles(4);
        crowd
    });
    let each = (crowd - documents - store) / sessions as f64;
    Row {
        what: format!("an idle session, of {sessions}, beside its document"),
        against: "1 KiB".to_owned(),
        ours: format!("{each:.0} B"),
        limit: format!("{LIMIT_BYTES} B"),
        ratio: LIMIT_BYTES / each,
        aim: 1.0,
    }
}

/// How many bytes what `make` makes takes, while it is there.
fn taken<T>(allocator: &PeakAlloc, make: impl FnOnce() -> T) -> f64 {
    let before = allocator.current_usage() as f64;
    let made = make();
    let taken = allocator.current_usage() as f64 - before;
    drop(made);
    taken
}

/// A store with so many players who have saved once.
async fn filled_store(players: u64) -> Arc<dyn Backend> {
    let backend: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
    let body = Standard::A.body(1, false);
    for player in 0..players {
        let mut slot = guarded::OpenSlot::new(&*backend, player).await;
        slot.save(&*backend, &body).await;
    }
    backend
}
