//! Who changes a document, and who has to wait (A9).
//!
//! Game code never runs under a slot's lock. A change works on a copy, and the
//! slot is *kept* by the thread that makes it until the copy takes the
//! document's place. Reads and saves see the document as it was before.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
    thread::{self, ThreadId},
    time::Duration,
};

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use super::slot::{Live, SlotState};
use crate::{Busy, Error, codec::Envelope};

/// For how long after a change began others wait for its end. It is far longer
/// than a change should take on a busy machine, and short enough for a thread
/// that has other things to do. A change that takes longer makes each thread
/// wait once, not each time.
const PATIENCE: Duration = Duration::from_millis(500);

/// The change that a slot is kept by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keeper {
    thread: ThreadId,
    since: Instant,
    /// Distinguishes one change of a thread from the next.
    number: u32,
}

/// The right to change a slot, until it is dropped.
#[derive(Debug)]
pub(crate) struct Change<'a, D> {
    slot: &'a SlotState<D>,
}

impl<D> SlotState<D> {
    /// Takes the slot for a change. Returns the right to it, and the document
    /// to make it on.
    pub(crate) fn keep(&self) -> Result<(Change<'_, D>, Arc<D>), Error> {
        let mut live = self.lock_for_change()?;
        live.keeps = live.keeps.wrapping_add(1);
        live.keeper = Some(Box::new(Keeper {
            thread: thread::current().id(),
            since: Instant::now(),
            number: live.keeps,
        }));
        Ok((Change { slot: self }, Arc::clone(&live.document)))
    }

    #[cold]
    pub(super) fn lock_when_free(&self) -> Result<MutexGuard<'_, Live<D>>, Error> {
        let thread = thread::current().id();
        loop {
            let live = self.live.lock();
            let Some(keeper) = live.keeper.as_deref().copied() else {
                return Ok(live);
            };
            drop(live);
            if keeper.thread == thread {
                return Err(self.busy(Busy::Reentrant));
            }
            let wait = Wait::begin(thread, keeper.thread);
            let waited = self.wait_for(keeper, wait.closes_circle);
            drop(wait);
            waited.map_err(|busy| self.busy(busy))?;
        }
    }

    /// Waits a while for the end of a change, or says why not.
    fn wait_for(&self, keeper: Keeper, closes_circle: bool) -> Result<(), Busy> {
        let mut live = self.live.lock();
        if live.keeper.as_deref() != Some(&keeper) {
            return Ok(());
        }
        if closes_circle {
            return Err(Busy::Deadlock);
        }
        let left = PATIENCE.saturating_sub(keeper.since.elapsed());
        // A clock that a test has paused does not go on meanwhile.
        let late = left.is_zero() || self.freed.wait_for(&mut live, left).timed_out();
        if late && live.keeper.as_deref() == Some(&keeper) {
            return Err(Busy::Kept);
        }
        Ok(())
    }

    fn busy(&self, busy: Busy) -> Error {
        Error::SlotBusy {
            player: self.core.player.clone(),
            slot: self.name.clone(),
            busy,
        }
    }
}

impl<D> Change<'_, D> {
    /// Puts the changed document in its place, if the slot still takes
    /// changes. Returns whether the slot has to be queued for the autosave.
    pub(crate) fn commit(self, document: D) -> Result<bool, Error> {
        self.commit_with(document, |_| ())
    }

    /// Puts the changed document in its place, with a change of what is kept
    /// beside it: both are
    /// in every save from then on, or neither is.
    pub(crate) fn commit_with(
        self,
        document: D,
        note: impl FnOnce(&mut Arc<Envelope>),
    ) -> Result<bool, Error> {
        let document = Arc::new(document);
        let mut live = self.slot.live.lock();
        // Under one lock with the change: it either precedes the last save's
        // snapshot or is refused.
        self.slot.check_takes_changes(&live)?;
        note(&mut live.envelope);
        let (before, must_queue) = live.put(document);
        drop(live);
        drop(before); // it may be game code that does that: not under the lock
        Ok(must_queue)
    }
}

impl<D> Drop for Change<'_, D> {
    fn drop(&mut self) {
        self.slot.live.lock().keeper = None;
        self.slot.freed.notify_all();
    }
}

/// Which thread waits for which, of all that wait for a slot.
static WAITS: LazyLock<Mutex<HashMap<ThreadId, ThreadId>>> = LazyLock::new(Mutex::default);

/// That a thread waits for another.
struct Wait {
    thread: ThreadId,
    /// Whether the other one waits for it in turn. Of the threads in a circle,
    /// the last one to wait sees it.
    closes_circle: bool,
}

impl Wait {
    fn begin(thread: ThreadId, for_thread: ThreadId) -> Self {
        let mut waits = WAITS.lock();
        waits.insert(thread, for_thread);
        let mut at = for_thread;
        // A circle without this thread is broken by another.
        for _ in 0..waits.len() {
            match waits.get(&at) {
                Some(next) if at != thread => at = *next,
                _ => break,
            }
        }
        Self {
            thread,
            closes_circle: at == thread,
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        WAITS.lock().remove(&self.thread);
    }
}
