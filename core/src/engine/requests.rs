//! Saves that game code asks for: all that are asked for while one is under
//! way share the next write (A10).

use std::{mem, panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt;

use super::Engine;
use crate::{
    Error, GameDocument, SaveReason,
    state::{Batch, SaveResult, SlotState},
};

/// The task that makes the saves. If it ends early, because its runtime does,
/// those who wait get an error.
struct Driver<D> {
    slot: Arc<SlotState<D>>,
    done: bool,
}

impl<D> Driver<D> {
    /// What to do next; if that is nothing, the driver is done.
    fn next_batch(&mut self) -> Option<Batch> {
        let mut requests = self.slot.dealings().requests.lock();
        let batch = requests.next.take();
        if batch.is_none() {
            requests.driven = false;
            self.done = true;
        }
        batch
    }
}

impl<D> Drop for Driver<D> {
    fn drop(&mut self) {
        if !self.done {
            let requests = mem::take(&mut *self.slot.dealings().requests.lock());
            drop(requests); // wakes those who wait
        }
    }
}

impl<D: GameDocument> Engine<D> {
    /// Asks for a save of all that the document holds now. It is made in a
    /// task of its own, whether or not anybody waits for it (E7).
    pub(crate) fn request_save(self: &Arc<Self>, slot: &Arc<SlotState<D>>) -> SaveResult {
        let mut requests = slot.dealings().requests.lock();
        let result = requests.next.get_or_insert_with(Batch::new).result.clone();
        let driven = mem::replace(&mut requests.driven, true);
        drop(requests);
        if !driven {
            let driver = Driver {
                slot: Arc::clone(slot),
                done: false,
            };
            let saves = Arc::clone(self).make_requested_saves(driver);
            self.runtime.spawn(saves);
        }
        result
    }

    async fn make_requested_saves(self: Arc<Self>, mut driver: Driver<D>) {
        loop {
            // Whoever asks while a save is under way, the autosave's included,
            // shares the next one.
            drop(driver.slot.write_state.lock().await);
            let Some(batch) = driver.next_batch() else {
                return;
            };
            let save = self.save_with_retries(&driver.slot, SaveReason::Requested);
            let result = AssertUnwindSafe(save).catch_unwind().await;
            let result = result.unwrap_or_else(|_| {
                Err(Error::Panicked {
                    player: driver.slot.core.player.clone(),
                    during: "saving a slot",
                })
            });
            // Whether anybody waits for it or not: a failure is an event.
            let _ = batch.sender.send(result);
        }
    }
}
