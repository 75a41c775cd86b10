//! A backend with open slots, to be saved and opened again and again.

use std::{hint::black_box, mem, sync::Arc};

use playerdata_core::backend::{Backend, Body};
use playerdata_raw_session::RawSession;
use tokio::runtime::Runtime;

use crate::{
    guarded::{self, OPENERS},
    shares::work_in_shares,
    timing::nanos_each,
};

/// The slots of a number of players, open on a backend and saved once.
#[derive(Debug)]
pub struct Bed<'r> {
    runtime: &'r Runtime,
    backend: Arc<dyn Backend>,
    bodies: Arc<Vec<Body>>,
    slots: Vec<RawSession>,
}

impl<'r> Bed<'r> {
    /// Opens the slots, and saves each once.
    ///
    /// # Panics
    ///
    /// If the backend fails.
    #[must_use]
    pub fn new(
        runtime: &'r Runtime,
        backend: Arc<dyn Backend>,
        players: u64,
        bodies: &Arc<Vec<Body>>,
    ) -> Self {
        let slots = runtime.block_on(guarded::open_slots(&backend, players));
        let mut bed = Self {
            runtime,
            backend,
            bodies: Arc::clone(bodies),
            slots,
        };
        bed.save_all(1, OPENERS as usize);
        bed
    }

    /// Saves each slot `rounds` times, `in_flight` at once. Returns
    /// nanoseconds a save.
    pub fn save_all(&mut self, rounds: u64, in_flight: usize) -> f64 {
        let slots = mem::take(&mut self.slots);
        let saving = guarded::save_all(&self.backend, slots, &self.bodies, rounds, in_flight);
        let (nanos_each, slots) = self.runtime.block_on(saving);
        self.slots = slots;
        nanos_each
    }

    /// Opens each slot again `rounds` times, `in_flight` at once, each time
    /// under a new claim. Returns nanoseconds an opening.
    ///
    /// # Panics
    ///
    /// If a slot is not opened, or holds nothing.
    pub fn open_all(&mut self, rounds: u64, in_flight: usize) -> f64 {
        let slots = mem::take(&mut self.slots);
        let openings = slots.len() as u64 * rounds;
        let opening = work_in_shares(slots, in_flight, |mut share, _| {
            let backend = Arc::clone(&self.backend);
            async move {
                for _ in 0..rounds {
                    for slot in &mut share {
                        let opened = slot.open(&*backend).await;
                        black_box(opened.record.expect("the slot was saved"));
                    }
                }
                share
            }
        });
        let (took, slots) = self.runtime.block_on(opening);
        self.slots = slots;
        nanos_each(took, openings)
    }
}
