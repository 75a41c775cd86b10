//! A backend to read in ten minutes: a directory of files.
//!
//! It keeps the whole contract with what any operating system has: a lock on
//! a file, which goes when its process goes, and a rename, which happens or
//! does not. `docs/writing-a-backend.md` explains how it came about. It is
//! written for Unix, where a folder can be synced like a file.

mod backend;
mod error;
mod file;
mod lease;
mod lock;
mod mail;
mod player;
mod processes;
mod sessions;
mod slot;
mod trade;
mod version;

use std::{path::Path, sync::Arc};

use playerdata_conformance::Fixture;
use playerdata_core::{Clock, ManualClock, backend::Backend};

use backend::FilesBackend;

/// Two clients, with nothing in common but the directory and the clock.
fn two_clients(root: &Path, clock: &Arc<ManualClock>) -> [Arc<dyn Backend>; 2] {
    [(), ()].map(|()| {
        let clock: Arc<dyn Clock> = clock.clone();
        Arc::new(FilesBackend::new(root, clock)) as Arc<dyn Backend>
    })
}

async fn open() -> Fixture {
    let root = tempfile::tempdir().expect("the disk has room");
    let clock = Arc::new(ManualClock::default());
    let [one, other] = two_clients(root.path(), &clock);
    let (same_root, same_clock) = (root.path().to_owned(), clock.clone());
    Fixture::builder(one, other)
        .manual_clock(clock)
        .keep(root)
        .reopen(|| async move { two_clients(&same_root, &same_clock) })
        .build()
}

playerdata_conformance::suite!(open, durable, checked_base);
