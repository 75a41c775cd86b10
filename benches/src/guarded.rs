//! Guarded saves through a backend: claims, with a given number in flight.

use std::sync::Arc;

use playerdata_core::backend::{Backend, Body};
use playerdata_raw_session::RawSession;

use crate::{shares::work_in_shares, timing::nanos_each};

/// Opens a slot of each of this many players, many at a time.
///
/// # Panics
///
/// If the backend fails.
pub async fn open_slots(backend: &Arc<dyn Backend>, count: u64) -> Vec<RawSession> {
    let openers: Vec<_> = (0..OPENERS)
        .map(|first| {
            let backend = Arc::clone(backend);
            tokio::spawn(async move {
                let mut slots = Vec::new();
                for number in (first..count).step_by(OPENERS as usize) {
                    slots.push((number, RawSession::start(&*backend, number).await));
                }
                slots
            })
        })
        .collect();
    let mut slots = Vec::new();
    for opener in openers {
        slots.extend(opener.await.expect("a slot could not be opened"));
    }
    slots.sort_by_key(|(number, _)| *number);
    scatter(&mut slots);
    slots.into_iter().map(|(_, slot)| slot).collect()
}

/// Slots that are opened at the same time: few enough for an emulator on a
/// busy machine.
pub const OPENERS: u64 = 32;

/// Puts things that lie side by side far apart, always in the same way: the
/// players who save at the same time are not neighbours in the store.
pub fn scatter<T>(things: &mut [T]) {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for last in (1..things.len()).rev() {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        things.swap(last, (seed % (last as u64 + 1)) as usize);
    }
}

/// Saves each slot `rounds` times, `in_flight` saves at once, each of which
/// goes round its share of the slots. Returns nanoseconds a save.
///
/// # Panics
///
/// If a save is not acknowledged.
pub async fn save_all(
    backend: &Arc<dyn Backend>,
    slots: Vec<RawSession>,
    bodies: &Arc<Vec<Body>>,
    rounds: u64,
    in_flight: usize,
) -> (f64, Vec<RawSession>) {
    let saves = slots.len() as u64 * rounds;
    let saving = work_in_shares(slots, in_flight, |share, number| {
        let (backend, bodies) = (Arc::clone(backend), Arc::clone(bodies));
        save_share(backend, share, bodies, rounds, number)
    });
    let (took, slots) = saving.await;
    (nanos_each(took, saves), slots)
}

async fn save_share(
    backend: Arc<dyn Backend>,
    mut share: Vec<RawSession>,
    bodies: Arc<Vec<Body>>,
    rounds: u64,
    mut variant: usize,
) -> Vec<RawSession> {
    for _ in 0..rounds {
        for slot in &mut share {
            variant += 7;
            let body = &bodies[variant % bodies.len()];
            slot.save_body(&*backend, body).await;
        }
    }
    share
}
