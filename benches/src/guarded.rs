//! Guarded saves through a backend: claims, with a given number in flight.

use std::sync::Arc;

use playerdata_core::{
    ClaimNumber, IdSource, Incarnation, PlayerId, RandomIds, Revision, ServerId, ServerName,
    SessionId, SlotName, UnixMillis, WriteId,
    backend::{Acquisition, Backend, Body, Claim, Claimant, Opening, Record, Stamp, WriteOutcome},
};

use uuid::Uuid;

use crate::{shares::work_in_shares, timing::nanos_each};

/// A slot that is open under a claim, and can be saved again and again.
#[derive(Debug)]
pub struct OpenSlot {
    number: u64,
    claim: Claim,
    revision: Revision,
}

impl OpenSlot {
    /// Acquires the lock of player `number` and opens a slot.
    ///
    /// # Panics
    ///
    /// If the backend fails: a benchmark of a failing store says nothing.
    pub async fn new(backend: &dyn Backend, number: u64) -> Self {
        Self::named(backend, number, PlayerId::from(number), slot_name()).await
    }

    /// The same under names that were made before.
    ///
    /// # Panics
    ///
    /// If the backend fails.
    pub async fn named(
        backend: &dyn Backend,
        number: u64,
        player: PlayerId,
        slot: SlotName,
    ) -> Self {
        let ids = RandomIds;
        let session = SessionId::from_uuid(ids.next_id());
        let server = ServerId {
            name: ServerName::new("bench").expect("the constant is a valid name"),
            incarnation: Incarnation::starting_at(UnixMillis::new(1), ids.next_id()),
        };
        let claimant = Claimant {
            session,
            server,
            at: UnixMillis::new(1),
        };
        let acquired = backend.acquire(&player, &claimant, None).await;
        let Ok(Acquisition::Acquired { fence }) = acquired else {
            panic!("the player could not be acquired: {acquired:?}");
        };
        let claim = Claim {
            player,
            session,
            fence,
            slot,
            number: ClaimNumber::new(1),
        };
        match backend.open(&claim).await {
            Ok(Opening::Opened(opened)) => Self {
                number,
                claim,
                revision: opened.revision,
            },
            other => panic!("the slot could not be opened: {other:?}"),
        }
    }

    /// Opens the slot again, under the next claim.
    ///
    /// # Panics
    ///
    /// If it is not opened, or nothing is in it.
    pub async fn open_again(&mut self, backend: &dyn Backend) -> Record {
        self.claim.number = self.claim.number.next();
        match backend.open(&self.claim).await {
            Ok(Opening::Opened(opened)) => {
                self.revision = opened.revision;
                opened.record.expect("the slot was saved")
            }
            other => panic!("the slot could not be opened again: {other:?}"),
        }
    }

    /// Saves a body.
    ///
    /// # Panics
    ///
    /// If the save is not acknowledged.
    pub async fn save(&mut self, backend: &dyn Backend, body: &Body) {
        // The caller draws an id, not the backend: here it is a count.
        let id = u128::from(self.number) << 64 | u128::from(self.revision.get());
        let stamp = Stamp {
            base: self.revision,
            write_id: WriteId::from_uuid(Uuid::from_u128(id)),
            at: UnixMillis::new(1),
        };
        match backend.save(&self.claim, &stamp, body).await {
            Ok(WriteOutcome::Written { revision }) => self.revision = revision,
            other => panic!("the save was not acknowledged: {other:?}"),
        }
    }
}

/// The name of every slot here, made again each time.
///
/// # Panics
///
/// Never: the name is valid.
#[must_use]
pub fn slot_name() -> SlotName {
    SlotName::new("Slot1").expect("the constant is a valid name")
}

/// Opens a slot of each of this many players, many at a time.
///
/// # Panics
///
/// If the backend fails.
pub async fn open_slots(backend: &Arc<dyn Backend>, count: u64) -> Vec<OpenSlot> {
    let openers: Vec<_> = (0..OPENERS)
        .map(|first| {
            let backend = Arc::clone(backend);
            tokio::spawn(async move {
                let mut slots = Vec::new();
                for number in (first..count).step_by(OPENERS as usize) {
                    slots.push(OpenSlot::new(&*backend, number).await);
                }
                slots
            })
        })
        .collect();
    let mut slots = Vec::new();
    for opener in openers {
        slots.extend(opener.await.expect("a slot could not be opened"));
    }
    slots.sort_by_key(|slot| slot.number);
    scatter(&mut slots);
    slots
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
    slots: Vec<OpenSlot>,
    bodies: &Arc<Vec<Body>>,
    rounds: u64,
    in_flight: usize,
) -> (f64, Vec<OpenSlot>) {
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
    mut share: Vec<OpenSlot>,
    bodies: Arc<Vec<Body>>,
    rounds: u64,
    mut variant: usize,
) -> Vec<OpenSlot> {
    for _ in 0..rounds {
        for slot in &mut share {
            variant += 7;
            slot.save(&*backend, &bodies[variant % bodies.len()]).await;
        }
    }
    share
}
