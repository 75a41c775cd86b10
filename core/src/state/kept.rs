//! What game code is at with documents right now, so that somebody hears of
//! what takes too long (A9).

use std::{
    array,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{Event, PlayerId, SlotName};

/// How many threads can begin and end something without getting into each
/// other's way.
const SHARDS: usize = 16;

/// Everything that is under way in one manager.
#[derive(Debug)]
pub(crate) struct Kept {
    shards: [Mutex<Vec<Entry>>; SHARDS],
    next: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    player: PlayerId,
    slot: SlotName,
    during: &'static str,
    /// When a look first found it, by the clock of who looks.
    seen: Option<Instant>,
    reported: bool,
}

/// That a document is being kept, until it is dropped.
pub(crate) struct Note<'a> {
    shard: &'a Mutex<Vec<Entry>>,
    number: u64,
}

impl Kept {
    pub(crate) fn new() -> Self {
        Self {
            shards: array::from_fn(|_| Mutex::default()),
            next: AtomicU64::new(0),
        }
    }

    pub(crate) fn note(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        during: &'static str,
    ) -> Note<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let shard = usize::try_from(number % SHARDS as u64).unwrap_or_default();
        let shard = &self.shards[shard];
        shard.lock().push(Entry {
            number,
            player: player.clone(),
            slot: slot.clone(),
            during,
            seen: None,
            reported: false,
        });
        Note { shard, number }
    }

    /// What has been found by looks for at least this long and was not reported
    /// yet, and for how long it was.
    pub(crate) fn overdue(&self, longest: Duration) -> Vec<Event> {
        let now = Instant::now();
        let mut overdue = Vec::new();
        for shard in &self.shards {
            for entry in shard.lock().iter_mut() {
                let kept_for = now - *entry.seen.get_or_insert(now);
                if kept_for < longest || entry.reported {
                    continue;
                }
                entry.reported = true;
                overdue.push(Event::DocumentKept {
                    player: entry.player.clone(),
                    slot: entry.slot.clone(),
                    during: entry.during,
                    kept_for,
                });
            }
        }
        overdue
    }
}

impl Drop for Note<'_> {
    fn drop(&mut self) {
        let mut entries = self.shard.lock();
        if let Some(at) = entries.iter().position(|entry| entry.number == self.number) {
            entries.swap_remove(at);
        }
    }
}
