//! What an idle session takes beside its document, and what saving all of them
//! takes beside that.

use std::sync::Arc;

use peak_alloc::PeakAlloc;
use playerdata_core::{Document, PlayerId, backend::Backend};
use playerdata_memory::MemoryBackend;
use playerdata_raw_session::{RawSession, slot};
use tokio::runtime::Runtime;

use crate::{
    documents::Standard,
    report::{Aim, Row, Unit},
    sessions::Crowd,
};

const LIMIT_BYTES: f64 = 1_024.0;

/// Two rows of this many sessions of the default document.
///
/// Bytes an idle session takes: those of a crowd of them, with the game's
/// handles to them, less those of their documents and less those that the
/// memory backend takes for the players.
///
/// And bytes that a cycle takes for a while in which each of them is saved,
/// beside what all of them would take encoded: the new bodies take the old
/// ones' place in the store, so that what is seen is what is under way.
#[must_use]
pub fn rows(runtime: &Runtime, allocator: &PeakAlloc, sessions: u64) -> [Row; 2] {
    let mut made = Vec::with_capacity(sessions as usize);
    let documents = taken(allocator, || {
        made.extend((0..sessions).map(|_| Arc::new(Standard::A.document())));
    });
    drop(made);
    let store = taken(allocator, || runtime.block_on(filled_store(sessions)));
    let crowd = taken(allocator, || {
        let mut crowd = Crowd::gather(Arc::new(MemoryBackend::new()), sessions, Standard::A);
        crowd.cycles(4);
        crowd
    });
    let each = (crowd - documents - store) / sessions as f64;
    let peak = peak_of_saving_all(allocator, sessions);
    let encoded = Standard::A.body(1, false).bytes.len() as f64 * sessions as f64;
    [
        Row::measured(
            format!("memory of an idle session, of {sessions}, beside its document"),
            "1 KiB",
            Unit::Bytes,
            [&[each], &[LIMIT_BYTES]],
            Some(Aim::AtLeast(1.0)),
        ),
        Row::measured(
            format!("memory that a cycle takes that saves all of {sessions} sessions"),
            "all of them encoded at once",
            Unit::Bytes,
            [&[peak], &[encoded]],
            Some(Aim::AtLeast(1.0)),
        ),
    ]
}

/// Bytes that a document takes, beside its JSON: those of each of many equal
/// ones, which are read as a load reads them, the first of which has what all
/// of them share.
#[must_use]
pub fn documents(allocator: &PeakAlloc) -> [Row; 2] {
    const COUNT: usize = 1_000;
    let aims = [(Standard::A, 2.5), (Standard::B, 1.2)];
    aims.map(|(standard, times_its_json)| {
        let json = standard.body(0, false).bytes;
        let read = || serde_json::from_slice::<Document>(&json).expect("it is a document");
        let first = read();
        let mut documents = Vec::with_capacity(COUNT);
        let before = allocator.current_usage() as f64;
        documents.extend((0..COUNT).map(|_| Box::new(read())));
        let each = (allocator.current_usage() as f64 - before) / COUNT as f64;
        assert!(documents.iter().all(|document| **document == first));
        Row::measured(
            format!("memory of a document {}", standard.name()),
            "its JSON",
            Unit::Bytes,
            [&[each], &[json.len() as f64]],
            Some(Aim::AtLeast(1.0 / times_its_json)),
        )
    })
}

/// How far above what it is before, memory rises in a cycle that saves every
/// session, changed or not.
fn peak_of_saving_all(allocator: &PeakAlloc, sessions: u64) -> f64 {
    let store = Arc::new(MemoryBackend::new());
    let mut crowd = Crowd::gather_forced(store, sessions, Standard::A, 1);
    // The first fills the store with bodies, the second grows what has to grow.
    crowd.cycles(2);
    let before = allocator.current_usage();
    allocator.reset_peak_usage();
    crowd.cycle();
    let rise = allocator.peak_usage().saturating_sub(before);
    assert!(rise > 0, "the cycle saves something");
    rise as f64
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
async fn filled_store(players: u64) -> Arc<dyn Backend> {
    let backend: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
    for player in 0..players {
        let mut session = RawSession::of(PlayerId::from(player));
        session.claim.slot = slot("Slot1");
        session.take(&*backend, None).await;
        session.open(&*backend).await;
        let body = Standard::A.body(0, false);
        session.save_body(&*backend, &body).await;
    }
    backend
}
