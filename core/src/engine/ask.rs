//! Saves that game code asks for: all that are asked for while one is under
//! way share the next write (A10).

use std::{mem, panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt;

use super::Engine;
use crate::{
    Error, GameDocument, SaveReason,
    state::{Batch, SlotState, Told},
};

/// The task that makes the saves. If it ends early, because its runtime does,
/// those who wait are told.
struct Driver<D> {
    slot: Arc<SlotState<D>>,
    done: bool,
}

impl<D> Driver<D> {
    /// What to do next; if that is nothing, the driver is done.
    fn next_batch(&mut self) -> Option<Batch> {
        let mut asked = self.slot.asked.lock();
        let batch = asked.next.take();
        if batch.is_none() {
            asked.driven = false;
            self.done = true;
        }
        batch
    }
}

impl<D> Drop for Driver<D> {
    fn drop(&mut self) {
        if !self.done {
            let asked = mem::take(&mut *self.slot.asked.lock());
            drop(asked); // wakes those who wait
        }
    }
}

impl<D: GameDocument> Engine<D> {
    /// Asks for a save of all that the document holds now. It is made in a
    /// task of its own, whether or not anybody waits for it (E7).
    pub(crate) fn ask_for_save(self: &Arc<Self>, slot: &Arc<SlotState<D>>) -> Told {
        let mut asked = slot.asked.lock();
        let told = asked.next.get_or_insert_with(Batch::new).told.clone();
        let driven = mem::replace(&mut asked.driven, true);
        drop(asked);
        if !driven {
            let driver = Driver {
                slot: Arc::clone(slot),
                done: false,
            };
            let saves = Arc::clone(self).make_asked_saves(driver);
            self.runtime.spawn(saves);
        }
        told
    }

    async fn make_asked_saves(self: Arc<Self>, mut driver: Driver<D>) {
        loop {
            // Whoever asks while a save is under way, be it the autosave's,
            // shares the next one.
            drop(driver.slot.saver.lock().await);
            let Some(batch) = driver.next_batch() else {
                return;
            };
            let save = self.save_with_retries(&driver.slot, SaveReason::Asked);
            let result = AssertUnwindSafe(save).catch_unwind().await;
            let result = result.unwrap_or_else(|_| {
                Err(Error::Panicked {
                    player: driver.slot.core.player.clone(),
                    during: "saving a slot",
                })
            });
            // Whether anybody waits for it or not: a failure is an event.
            let _ = batch.tell.send(result);
        }
    }
}
