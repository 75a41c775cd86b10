//! What an idle session takes beside its document.

use std::sync::Arc;

use peak_alloc::PeakAlloc;
use playerdata_core::{PlayerId, SlotName, backend::Backend};
use playerdata_memory::MemoryBackend;
use tokio::runtime::Runtime;

use crate::{
    documents::Standard,
    guarded::{self, OpenSlot},
    report::Row,
    sessions::Crowd,
};

const LIMIT_BYTES: f64 = 1_024.0;

/// Bytes an idle session takes: those of a crowd of them, with the game's
/// handles to them, less those of their documents and less those that the
/// memory backend takes for the players.
///
/// The crowd and the store in it share the names of players and slots. They
/// count as the crowd's: with any other store it has them alone.
#[must_use]
pub fn row(runtime: &Runtime, allocator: &PeakAlloc, sessions: u64) -> Row {
    let mut made = Vec::with_capacity(sessions as usize);
    let documents = taken(allocator, || {
        made.extend((0..sessions).map(|_| Arc::new(Standard::A.document())));
    });
    drop(made);
    let names: Vec<_> = (0..sessions).map(names).collect();
    let store = taken(allocator, || runtime.block_on(filled_store(&names)));
    drop(names);
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

/// A store with players who have saved once, each a body of their own.
async fn filled_store(names: &[(PlayerId, SlotName)]) -> Arc<dyn Backend> {
    let backend: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
    for (number, (player, slot)) in (0..).zip(names) {
        let mut slot = OpenSlot::named(&*backend, number, player.clone(), slot.clone()).await;
        slot.save(&*backend, &Standard::A.body(0, false)).await;
    }
    backend
}

fn names(number: u64) -> (PlayerId, SlotName) {
    (PlayerId::from(number), guarded::slot_name())
}
