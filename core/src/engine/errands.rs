//! What a stored document waits to have done at the store: letters that are in
//! it are to be discarded, parcels that left it to be sent.
//!
//! Only what is beside a document in the store is acted on, never what is
//! merely in memory: a crash could take that back. Every errand can be run
//! again, by anybody, so that one which failed does no harm; and it is taken
//! off the document only after the store has acknowledged it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Engine, wind_up::party};
use crate::{
    Error, Event, GameDocument, LetterId, WriteId,
    codec::{Address, Envelope, Side},
    excerpt::Chain,
    state::SlotState,
};

/// The slots that have errands.
#[derive(Debug)]
pub(crate) struct Errands<D> {
    queue: Mutex<Vec<Arc<SlotState<D>>>>,
    wake: Notify,
}

impl<D> Default for Errands<D> {
    fn default() -> Self {
        Self {
            queue: Mutex::default(),
            wake: Notify::new(),
        }
    }
}

impl<D> Errands<D> {
    /// Has the errands of a slot run, all that are stored by then.
    pub(crate) fn push(&self, slot: &Arc<SlotState<D>>) {
        if !slot
            .dealings()
            .has_errands_queued
            .swap(true, Ordering::AcqRel)
        {
            self.queue.lock().push(Arc::clone(slot));
            self.wake.notify_one();
        }
    }
}

/// Runs errands until the last session of a manager that shuts down has ended.
pub(super) async fn run<D: GameDocument>(engine: Arc<Engine<D>>) {
    loop {
        tokio::select! {
            biased; // a simulation repeats itself
            () = engine.quiet.cancelled() => return,
            () = engine.errands.wake.notified() => {}
        }
        let slots = std::mem::take(&mut *engine.errands.queue.lock());
        for slot in slots {
            let work = Arc::clone(&engine).run_errands_until_done(slot);
            engine.runtime.spawn(work);
        }
    }
}

/// What was done and acknowledged.
#[derive(Debug, Default)]
struct Done {
    discarded: Vec<(LetterId, WriteId)>,
    sent: Vec<Address>,
    settled: Vec<Address>,
    forgotten: Vec<Side>,
}

impl Done {
    /// Takes it off the document.
    fn take_off(&self, envelope: &mut Envelope) {
        for (id, posting) in &self.discarded {
            envelope.letters.remove(id, *posting);
        }
        for address in &self.sent {
            let waiting = envelope.outbox.len();
            envelope.outbox.retain(|outgoing| outgoing.to != *address);
            if envelope.outbox.len() < waiting {
                envelope.settling.push(address.clone());
            }
        }
        let settled = |address: &Address| self.settled.contains(address);
        envelope.settling.retain(|address| !settled(address));
        envelope.acted.retain(|side| !self.forgotten.contains(side));
    }
}

impl<D: GameDocument> Engine<D> {
    /// Runs the errands of a slot again and again until none is left, or the
    /// slot is closed: then whoever loads it next goes on.
    async fn run_errands_until_done(self: Arc<Self>, slot: Arc<SlotState<D>>) {
        for failed in 0.. {
            if self.run_errands(&slot).await || slot.check_writable().is_err() {
                return;
            }
            tokio::select! {
                biased;
                () = self.quiet.cancelled() => return,
                () = tokio::time::sleep(self.errand_pause(failed)) => {}
            }
        }
    }

    /// How long to wait with another attempt at what failed this often before:
    /// a heartbeat at first, then longer.
    pub(super) fn errand_pause(&self, failed_before: u32) -> Duration {
        let pause = self.rare_pause(failed_before) / 12;
        self.settings.heartbeat_interval.max(pause)
    }

    /// Runs the errands of a slot once; returns whether all were done.
    pub(super) async fn run_errands(self: &Arc<Self>, slot: &Arc<SlotState<D>>) -> bool {
        let _alone = slot.dealings().errands.lock().await;
        slot.dealings()
            .has_errands_queued
            .store(false, Ordering::Release);
        let (stored, live) = (slot.stored_envelope(), slot.envelope());
        let mut done = Done::default();
        let result = self.run_stored(slot, &stored, &live, &mut done).await;
        if !done.discarded.is_empty() {
            // First, so that whoever misses an id sees that it was there.
            slot.dealings().discards.fetch_add(1, Ordering::AcqRel);
        }
        let changed = slot.edit_envelope(|envelope| done.take_off(envelope));
        if changed && !done.sent.is_empty() {
            // Only once that is stored too can they be settled.
            self.autosave.enqueue(slot);
        }
        if let Err(error) = &result {
            self.tell_errand_failed(slot, error);
        }
        result.is_ok()
    }

    /// Runs what is stored and still to be done. Parcels come last, since it
    /// is others' mailboxes that may be full; one of them holds up no other.
    async fn run_stored(
        self: &Arc<Self>,
        slot: &SlotState<D>,
        stored: &Envelope,
        live: &Envelope,
        done: &mut Done,
    ) -> Result<(), Error> {
        let player = &slot.core.player;
        for to in &stored.settling {
            if live.settling.contains(to) {
                let _room = self.background.room().await;
                let settle = self.store.settle(&to.player, &to.slot, &to.id, to.posting);
                settle.await?;
                done.settled.push(to.clone());
            }
        }
        for side in &stored.acted {
            if live.acted.contains(side) {
                let _room = self.background.room().await;
                let forget = self.store.forget_decision(side.trade, party(*side));
                forget.await?;
                done.forgotten.push(*side);
            }
        }
        for (id, posting) in stored.letters.iter() {
            if live.letters.contains(id, posting) {
                let _room = self.background.room().await;
                let discarded = self.store.discard(player, &slot.name, id, posting);
                discarded.await?;
                done.discarded.push((id.clone(), posting));
            }
        }
        let mut result = Ok(());
        for outgoing in &stored.outbox {
            if live.outbox.contains(outgoing) {
                match self.post_parcel((player, &slot.name), outgoing).await {
                    Ok(()) => done.sent.push(outgoing.to.clone()),
                    Err(error) => result = Err(error),
                }
            }
        }
        result
    }

    fn tell_errand_failed(&self, slot: &SlotState<D>, error: &Error) {
        let (player, name) = (&slot.core.player, &slot.name);
        tracing::warn!(%player, slot = %name, error = %Chain(error), "an errand failed");
        self.events.send(|| Event::ErrandFailed {
            player: player.clone(),
            slot: name.clone(),
            error: Arc::new(error.clone()),
        });
    }
}
